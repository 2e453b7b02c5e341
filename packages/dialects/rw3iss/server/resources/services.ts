/** `/admin/m2m-clients`: applications that act for themselves. What they are for is kept as it was given. */
import { type Application, array, object, optional, type Static, string } from '@reeve/contract';
import {
  type Bag,
  type DialectCall,
  type DialectRow,
  everyItem,
  extensionsOf,
  noBody,
  operations,
  Problem,
  resultOf,
  row,
  setExtension,
  together,
  toWire,
  uuidOf,
  type Work,
} from '@reeve/core';
import { SYSTEM_ADMIN } from '../gate.ts';
import { idFrom } from '../ids.ts';
import { ownIdOf } from '../user.ts';
import { present } from '../value.ts';

/** What only this vendor knows of a service. */
interface ServiceExtension {
  readonly scopes?: readonly string[];
  readonly allowed_audiences?: readonly string[];
  readonly created_by?: string;
  readonly revoked_at?: string;
}

async function views(work: Work, applications: readonly Application[]) {
  const ids = applications.map(({ id }) => id);
  const kept = await work.read((db) => extensionsOf(db, work, 'applications', 'rw3iss', ids));
  return applications.map((application) => {
    const { scopes, allowed_audiences, created_by, revoked_at } = (kept.get(application.id) ?? {}) as ServiceExtension;
    return {
      id: uuidOf(application.id),
      created_at: application.created_at,
      updated_at: application.updated_at,
      client_id: application.client_id,
      name: application.name,
      description: application.description ?? '',
      scopes: scopes ?? [],
      allowed_audiences: allowed_audiences ?? [],
      status: application.enabled ? 'active' : 'disabled',
      ...present({ revoked_at: application.enabled ? null : revoked_at, created_by }),
    };
  });
}

/** Those that came with the tenant run the server itself. */
const isService = ({ type, is_first_party }: Application): boolean => type === 'machine_to_machine' && !is_first_party;

async function list({ work }: DialectCall) {
  const applications = await everyItem('applications', (query) =>
    operations.applications.list(work, { query: { ...query, enabled: true }, body: undefined }),
  );
  return { clients: await views(work, applications.filter(isService)) };
}

async function find(work: Work, id: string | undefined): Promise<Application> {
  const application_id = idFrom('app', 'clientId', id);
  const found = resultOf(await operations.applications.get(work, { application_id, ...noBody }));
  if (!isService(found)) throw new Problem('not_found', 'No service has this id.');
  return found;
}

const get = async ({ work, params }: DialectCall) => (await views(work, [await find(work, params.id)]))[0];

const texts = optional(array(string({ minLength: 1, maxLength: 280 }), { maxItems: 200 }));
const createBody = object({
  client_id: string({ minLength: 3, maxLength: 100, pattern: '^[A-Za-z0-9._~-]+$' }),
  name: string({ minLength: 1, maxLength: 200 }),
  description: optional(string({ maxLength: 2000 })),
  scopes: texts,
  allowed_audiences: texts,
});

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { client_id, name, description, ...given } = body;
  return together(work, async (inner, unit) => {
    const { client_secret, ...made } = resultOf(
      await operations.applications.create(inner, {
        query: undefined,
        body: {
          client_id: client_id.toLowerCase(),
          name,
          type: 'machine_to_machine',
          ...(description ? { description } : {}),
        },
      }),
    );
    const kept = { ...given, created_by: uuidOf(ownIdOf(work)) };
    await setExtension(unit, 'applications', made.id, 'rw3iss', kept as unknown as Bag, { isCreation: true });
    return { client: (await views(inner, [made]))[0], client_secret };
  });
}

/** Contract `services.revoke`: it stays readable. Doing it again changes nothing. */
async function revoke({ work, params }: DialectCall) {
  const { id, enabled } = await find(work, params.id);
  if (!enabled) return;
  await together(work, async (inner, unit) => {
    await operations.applications.disable(inner, { application_id: id, ...noBody });
    await setExtension(unit, 'applications', id, 'rw3iss', (before) => ({ ...before, revoked_at: toWire(unit.now) }));
  });
}

export const services: readonly DialectRow[] = [
  row('GET /admin/m2m-clients', { scopes: SYSTEM_ADMIN, run: list }),
  row('GET /admin/m2m-clients/{id}', { scopes: SYSTEM_ADMIN, run: get }),
  row('POST /admin/m2m-clients', {
    scopes: SYSTEM_ADMIN,
    status: 201,
    body: createBody,
    // Contract `services.create`.
    problems: { client_id_taken: { status: 400, code: 'INVALID_INPUT' } },
    run: create,
  }),
  row('DELETE /admin/m2m-clients/{id}', { scopes: SYSTEM_ADMIN, status: 204, run: revoke }),
];
