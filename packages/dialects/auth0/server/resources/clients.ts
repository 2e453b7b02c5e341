/** `/clients`. */
import { type Application, applications, boolean, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  fieldProblem,
  operations,
  Problem,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import {
  clientFields,
  clientView,
  clientViews,
  globalClient,
  globalClientId,
  inexistentClient,
  merged,
  nativePart,
  newClientDefaults,
  ownPart,
  typeOf,
} from '../client.ts';
import {
  checkpointQuery,
  type FieldsQuery,
  fieldsQuery,
  type KeysetList,
  matching,
  offsetQuery,
  pageOf,
  pickEach,
  pickFields,
} from '../paging.ts';
import { QueryProblem } from '../problems.ts';
import { text } from '../schema.ts';
import { noBody, resultOf } from '../value.ts';

const known: ReadonlySet<string> = new Set(applications.grantTypes);
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
  const { app_type: type, is_first_party: isFirst, global } = client as Partial<Record<string, unknown>>;
  return (
    (query.is_global === undefined || query.is_global === global) &&
    (query.is_first_party === undefined || query.is_first_party === isFirst) &&
    (types === undefined || types.includes(String(type))) &&
    (query.external_client_id === undefined || client.client_id === query.external_client_id)
  );
};

/** The cursor of the page behind all applications. */
const LAST = 'global';

async function list({ work, holds, query }: DialectCall<ListQuery>) {
  if (query.q !== undefined && query.q !== '')
    throw new QueryProblem("Query validation error: 'clients can not be searched by q here'.");
  const all: KeysetList<View> = async (cursor, limit) => {
    // The tenant's own client stands behind all others: where there is no room left for it, on a page by itself.
    if (cursor === LAST) return { items: [await globalClient(work, holds)], next: null };
    const asked = { limit, ...(cursor === undefined ? {} : { cursor }) };
    const page = resultOf(await operations.applications.list(work, { query: asked, body: undefined }));
    const views: View[] = await clientViews(work, holds, page.applications);
    if (page.next_cursor !== null) return { items: views, next: page.next_cursor };
    if (views.length >= limit) return { items: views, next: LAST };
    return { items: [...views, await globalClient(work, holds)], next: null };
  };
  return pickEach('clients', await pageOf('clients', query, matching(all, matches(query))), query);
}

async function create({ work, holds, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const type = typeOf(body.app_type);
  const fields = newClientDefaults(body);
  return together(work, async (inner, unit) => {
    const native = { ...nativePart(fields, type, known), name: body.name, type, secret_overlap: 0 };
    const made = resultOf(await operations.applications.create(inner, { query: undefined, body: native }));
    const kept = merged(undefined, ownPart(fields));
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
    const { id, type } = await applicationBy(inner, clientId);
    if (body.app_type !== undefined && typeOf(body.app_type) !== type)
      throw fieldProblem('app_type', 'kind', `must stay of the kind ${type}; create another client for another kind`);
    const native = nativePart(body, type, known);
    if (Object.keys(native).length > 0)
      await operations.applications.update(inner, { application_id: id, query: undefined, body: native });
    await setExtension(unit, 'applications', id, 'auth0', (kept) => merged(kept, ownPart(body)));
    return (await clientViews(inner, holds, [await applicationBy(inner, clientId)]))[0];
  });
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
  try {
    const { id } = await applicationBy(work, params.client_id as string);
    await operations.applications.delete(work, { application_id: id, ...noBody });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error;
  }
}

async function rotateSecret({ work, holds, params }: DialectCall) {
  return together(work, async (inner) => {
    const { id } = await applicationBy(inner, params.client_id as string);
    const input = { application_id: id, query: undefined, body: { overlap: 0 } };
    const { client_secret } = resultOf(await operations.applications.rotateSecret(inner, input));
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
