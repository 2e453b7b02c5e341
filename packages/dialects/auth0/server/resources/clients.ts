/** `/clients`. */
import { type Application, boolean, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  extensionsOf,
  lockApplication,
  noBody,
  operations,
  Problem,
  resultOf,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import { ifThere } from '../absence.ts';
import {
  besidePart,
  changedKind,
  clientFields,
  clientView,
  clientViews,
  globalClient,
  globalClientId,
  inexistentClient,
  kindOf,
  merged,
  nativePart,
  newClientDefaults,
  ownPart,
  withGrants,
} from '../client.ts';
import { keyset } from '../keyset.ts';
import {
  asTheyAre,
  checkpointQuery,
  type FieldsQuery,
  fieldsQuery,
  followedBy,
  type KeysetList,
  listOf,
  matching,
  offsetQuery,
  pageOf,
  pickEach,
  pickFields,
  viewed,
} from '../paging.ts';
import { QueryProblem } from '../problems.ts';
import { text } from '../schema.ts';

const inexistent = { not_found: inexistentClient } as const;
const READ = ['read:clients', 'read:client_keys', 'read:client_credentials', 'read:client_summary'];

const name = string({ minLength: 1, maxLength: 200, pattern: '^[^<>]+$' });
const createBody = object({ name, ...clientFields });
const updateBody = object({ name: optional(name), ...clientFields });
const listQuery = object({
  ...fieldsQuery,
  ...offsetQuery,
  ...checkpointQuery,
  is_global: optional(boolean()),
  is_first_party: optional(boolean()),
  app_type: optional(text(1024)),
  external_client_id: optional(text()),
  q: optional(text()),
});
type ListQuery = Static<typeof listQuery>;
type View = Awaited<ReturnType<typeof clientViews>>[number] | Awaited<ReturnType<typeof globalClient>>;

const matches = (query: ListQuery) => (client: View) => {
  const types = query.app_type?.split(',');
  const { app_type: type, is_first_party: isFirst } = client as Partial<Record<string, unknown>>;
  return (
    (query.is_first_party === undefined || query.is_first_party === isFirst) &&
    (types === undefined || types.includes(String(type)))
  );
};

async function list({ work, holds, query }: DialectCall<ListQuery>) {
  if (query.q !== undefined && query.q !== '')
    throw new QueryProblem("Query validation error: 'clients can not be searched by q here'.");
  const all = await listed(work, query);
  const views = async (page: readonly Listed[]): Promise<View[]> => [
    ...(await clientViews(
      work,
      holds,
      page.filter((item) => item !== GLOBAL),
    )),
    // It is the last one of all.
    ...(page.at(-1) === GLOBAL ? [await globalClient(work, holds)] : []),
  ];
  // What is shown of these is partly kept beside the application: each has to be looked at.
  const isJudged = query.app_type !== undefined || query.is_first_party !== undefined;
  const answer = isJudged
    ? await pageOf('clients', query, matching(viewed(all, views), matches(query)), asTheyAre)
    : await pageOf('clients', query, all, views);
  return pickEach('clients', answer, query);
}

/** Stands for the tenant's own client in a list. */
const GLOBAL = 'global';
type Listed = Application | typeof GLOBAL;

/** The clients that a query asks for, as far as the directory tells. */
async function listed(
  work: Work,
  { is_global: isGlobal, external_client_id: id }: ListQuery,
): Promise<KeysetList<Listed>> {
  if (id !== undefined) {
    const isAsked = isGlobal === undefined || isGlobal === (id === globalClientId(work));
    const found = id === globalClientId(work) ? GLOBAL : await ifThere(applicationBy(work, id));
    return listOf(isAsked && found ? [found] : []);
  }
  if (isGlobal === true) return listOf([GLOBAL]);
  const own: KeysetList<Listed> = keyset(
    (page) => operations.applications.list(work, { query: page, body: undefined }),
    'applications',
  );
  return isGlobal === false ? own : followedBy(own, GLOBAL);
}

async function create({ work, holds, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const kind = kindOf(body);
  const fields = newClientDefaults(body);
  return together(work, async (inner, unit) => {
    const native = { ...nativePart(fields, kind.is_public), ...kind, name: body.name, secret_overlap: 0 };
    const made = resultOf(await operations.applications.create(inner, { query: undefined, body: native }));
    const kept = merged(undefined, besidePart(fields, kind.is_public));
    await setExtension(unit, 'applications', made.id, 'auth0', kept, { isCreation: true });
    const { client_secret: secret, ...application } = made;
    return clientView(application, kept, { tenant: work.tenant.name, holds, secret });
  });
}

const applicationBy = async (work: Work, clientId: string): Promise<Application> => {
  const found = resultOf(await operations.applications.get(work, { application_id: clientId, ...noBody }));
  if (found.client_id !== clientId) throw new Problem('not_found', inexistentClient.message);
  return found;
};

async function get({ work, holds, params, query }: DialectCall<FieldsQuery>) {
  if (params.client_id === globalClientId(work)) return pickFields(await globalClient(work, holds), query);
  const [view] = await clientViews(work, holds, [await applicationBy(work, params.client_id as string)]);
  return pickFields(view as object, query);
}

async function update({ work, holds, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  const clientId = params.client_id as string;
  if (clientId === globalClientId(work)) return updateGlobal(work, holds, body);
  return together(work, async (inner, unit) => {
    await lockApplication(unit, clientId);
    const before = await applicationBy(inner, clientId);
    const { id: application_id } = before;
    const { native, own } = changeOf(before, (await keptOf(inner, application_id)) ?? {}, body);
    if (Object.keys(native).length > 0)
      await operations.applications.update(inner, { application_id, query: undefined, body: native });
    await setExtension(unit, 'applications', application_id, 'auth0', (kept) => merged(kept, own));
    // What was public has no secret yet: Auth0's clients find one in the answer.
    const secret =
      before.is_public && native.is_public === false ? await newSecretOf(inner, application_id) : undefined;
    const [view] = await clientViews(inner, holds, [await applicationBy(inner, clientId)]);
    return { ...view, ...(secret === undefined ? {} : { client_secret: secret }) };
  });
}

const keptOf = async (work: Work, id: string) =>
  (await work.read((db) => extensionsOf(db, work, 'applications', 'auth0', [id]))).get(id);

/** A change as the application's own, and what is kept beside it. */
function changeOf(before: Application, kept: Record<string, unknown>, body: Static<typeof updateBody>) {
  const kind: Partial<Pick<Application, 'type' | 'is_public'>> = changedKind(before, kept, body) ?? {};
  const { is_public: isPublic = before.is_public } = kind;
  const fields = withGrants(body, before, kept, isPublic);
  return { native: { ...nativePart(fields, isPublic), ...kind }, own: besidePart(fields, isPublic) };
}

async function newSecretOf(work: Work, application_id: string): Promise<string> {
  const input = { application_id, query: undefined, body: { overlap: 0 } };
  return resultOf(await operations.applications.rotateSecret(work, input)).client_secret;
}

async function updateGlobal(work: Work, holds: DialectCall['holds'], body: Static<typeof updateBody>) {
  if (body.name !== undefined && body.name !== 'All Applications')
    throw new Problem('protected_resource', 'The client "All Applications" keeps its name.');
  return together(work, async (inner, unit) => {
    await setExtension(unit, 'tenants', work.tenant.publicId, 'auth0', (kept) => ({
      ...kept,
      global_client: merged(kept?.global_client as Record<string, unknown> | undefined, ownPart(body)),
    }));
    return globalClient(inner, holds);
  });
}

/** Idempotent: a client that is not there is gone already. */
async function remove({ work, params }: DialectCall) {
  if (params.client_id === globalClientId(work))
    throw new Problem('protected_resource', 'The client "All Applications" stays.');
  const found = await ifThere(applicationBy(work, params.client_id as string));
  if (found) await ifThere(operations.applications.delete(work, { application_id: found.id, ...noBody }));
}

async function rotateSecret({ work, holds, params }: DialectCall) {
  return together(work, async (inner) => {
    const { id } = await applicationBy(inner, params.client_id as string);
    const client_secret = await newSecretOf(inner, id);
    const [view] = await clientViews(inner, holds, [await applicationBy(inner, params.client_id as string)]);
    return { ...view, client_secret };
  });
}

export const clients: readonly DialectRow[] = [
  row('GET /clients', { scopes: READ, query: listQuery, run: list }),
  row('POST /clients', { scopes: ['create:clients'], body: createBody, status: 201, run: create }),
  row('GET /clients/{client_id}', { scopes: READ, query: object(fieldsQuery), problems: inexistent, run: get }),
  row('PATCH /clients/{client_id}', {
    scopes: ['update:clients', 'update:client_keys', 'update:client_credentials'],
    body: updateBody,
    problems: inexistent,
    run: update,
  }),
  row('DELETE /clients/{client_id}', { scopes: ['delete:clients'], status: 204, run: remove }),
  // Public keys of clients are nothing that this server takes.
  row('GET /clients/{client_id}/credentials', {
    scopes: ['read:client_credentials'],
    problems: inexistent,
    run: async ({ work, params }) => {
      await applicationBy(work, params.client_id as string);
      return [];
    },
  }),
  row('POST /clients/{client_id}/rotate-secret', {
    scopes: ['update:client_keys'],
    problems: inexistent,
    run: rotateSecret,
  }),
];
