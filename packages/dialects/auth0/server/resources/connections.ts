/** `/connections`. A connection of strategy `auth0` is a database of users; any other is kept, and nobody signs in through it. */
import {
  array,
  boolean,
  type Connection,
  json,
  nullable,
  object,
  optional,
  type Static,
  string,
} from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  deleteConnectionWithUsers,
  extensionsOf,
  fieldProblem,
  findClientIds,
  listConnections,
  lockConnection,
  noBody,
  operations,
  Problem,
  present,
  resultOf,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import { ifThere } from '../absence.ts';
import { merged } from '../client.ts';
import { findConnection, inexistentConnection, requireConnection } from '../connection.ts';
import { keyset } from '../keyset.ts';
import {
  type CheckpointQuery,
  checkpointQuery,
  type FieldsQuery,
  fieldsQuery,
  type KeysetList,
  listOf,
  nothing,
  offsetQuery,
  PER_PAGE,
  pageOf,
  pickEach,
  pickFields,
} from '../paging.ts';
import { checkPolicy, policyOf, withPolicy } from '../password-policy.ts';
import { text } from '../schema.ts';
import { type Holds, withoutSecrets } from '../secrets.ts';

const inexistent = { not_found: { status: 404, ...inexistentConnection } } as const;
const exists = {
  name_taken: { status: 409, code: 'connection_conflict', message: 'A connection with the same name already exists' },
} as const;

const own = {
  options: optional(json({ maxProperties: 200 })),
  realms: optional(array(text(128), { maxItems: 10 })),
  is_domain_connection: optional(boolean()),
  show_as_button: optional(boolean()),
  metadata: optional(json({ maxProperties: 10 })),
  authentication: optional(json({ maxProperties: 20 })),
  connected_accounts: optional(json({ maxProperties: 20 })),
} as const;
const shared = {
  display_name: optional(nullable(text(128))),
  enabled_clients: optional(array(text(128), { maxItems: 1000 })),
  ...own,
};
const name = string({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$' });
const strategy = string({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9_-]*$' });
const createBody = object({ name, strategy, ...shared });
const updateBody = object(shared);
const listQuery = object({
  ...offsetQuery,
  ...checkpointQuery,
  ...fieldsQuery,
  strategy: optional(array(text(64), { maxItems: 100 })),
  name: optional(text(128)),
});

type Kept = Readonly<Record<string, unknown>> | undefined;

/** Client ids by application id, for the lists of who may use a connection. */
async function clientIdsOf(work: Work, connections: readonly Connection[]): Promise<ReadonlyMap<string, string>> {
  if (connections.some(({ enabled_for_all: isAll }) => isAll)) return allClientIds(work);
  const ids = new Set(connections.flatMap(({ enabled_applications: enabled }) => enabled));
  return work.read((db) => findClientIds(db, work.tenant.id, [...ids]));
}

const allClientIds = (work: Work): Promise<ReadonlyMap<string, string>> =>
  work.read((db) => findClientIds(db, work.tenant.id));

const optionsOf = ({ strategy: kind, password_policy }: Connection, { options = {} }: { options?: Kept }) =>
  kind === 'database' ? withPolicy(options, password_policy) : options;

const view = (connection: Connection, kept: Kept = {}, clients: ReadonlyMap<string, string>) => ({
  id: connection.id,
  name: connection.name,
  ...present({ display_name: connection.display_name }),
  strategy: connection.strategy === 'database' ? 'auth0' : connection.strategy,
  realms: [connection.name],
  is_domain_connection: false,
  ...kept,
  options: optionsOf(connection, kept),
  enabled_clients: connection.enabled_for_all
    ? [...clients.values()]
    : connection.enabled_applications.flatMap((id) => clients.get(id) ?? []),
});

type View = ReturnType<typeof view>;

/** Secrets are for those who may change connections. */
async function views(work: Work, holds: Holds, connections: readonly Connection[]) {
  const ids = connections.map(({ id }) => id);
  const kept = await work.read((db) => extensionsOf(db, work, 'connections', 'auth0', ids));
  const clients = await clientIdsOf(work, connections);
  const shownOf = (all: Kept) => (all && !holds('update:connections') ? withoutSecrets(all) : all);
  return connections.map((connection) => view(connection, shownOf(kept.get(connection.id)), clients));
}

const nativeOf = ({ display_name, enabled_clients }: Static<typeof updateBody>) => ({
  ...(display_name === undefined ? {} : { display_name }),
  ...(enabled_clients === undefined
    ? {}
    : { enabled_for_all: false, enabled_applications: [...new Set(enabled_clients)] }),
});

/** A connection that is for all clients stays so where all of them are named, as tooling does that writes back what it read. */
async function enablingOf(work: Work, before: Connection, body: Static<typeof updateBody>) {
  const { enabled_clients: wanted, ...rest } = body;
  if (wanted === undefined || !before.enabled_for_all) return nativeOf(body);
  const all = await allClientIds(work);
  return nativeOf([...all.values()].every((id) => wanted.includes(id)) ? rest : body);
}

/** The password policy of a database connection, where options are given: they replace those before. */
function nativePolicy(options: Kept) {
  if (options === undefined) return {};
  checkPolicy(options);
  return { password_policy: policyOf(options) };
}

const keptOf = ({ display_name: _d, enabled_clients: _e, ...kept }: Static<typeof updateBody>) => kept;

async function list({ work, holds, query }: DialectCall<Static<typeof listQuery>>) {
  const answer = await pageOf('connections', query, await listed(work, query), (page) => views(work, holds, page));
  return pickEach('connections', answer, query);
}

/** The connections that a query asks for: by their name, which is one's alone, or by their strategies. */
async function listed(work: Work, query: Static<typeof listQuery>): Promise<KeysetList<Connection>> {
  const strategies = query.strategy
    ?.filter((kind) => kind !== 'database')
    .map((kind) => (kind === 'auth0' ? 'database' : kind));
  if (query.name !== undefined) {
    const found = await findConnection(work, 'name', query.name);
    return listOf(found && (strategies?.includes(found.strategy) ?? true) ? [found] : []);
  }
  if (!strategies) return keyset((page) => listConnections(work, page), 'connections');
  const [first, ...rest] = strategies;
  if (first === undefined) return nothing;
  return keyset((page) => listConnections(work, { ...page, strategies: [first, ...rest] }), 'connections');
}

const byId = requireConnection;

async function create({ work, holds, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { name: called, strategy: kind, ...rest } = body;
  return together(work, async (inner, unit) => {
    const isDatabase = kind === 'auth0';
    const native = {
      name: called,
      ...(isDatabase ? nativePolicy(rest.options) : { strategy: kind }),
      ...nativeOf({ enabled_clients: [], ...rest }),
    };
    const made = resultOf(await operations.connections.create(inner, { query: undefined, body: native }));
    await setExtension(unit, 'connections', made.id, 'auth0', merged(undefined, keptOf(rest)), { isCreation: true });
    return (await views(inner, holds, [made]))[0];
  });
}

async function update({ work, holds, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  return together(work, async (inner, unit) => {
    await lockConnection(unit, params.id as string);
    const before = await byId(inner, params.id as string);
    const native = {
      ...(await enablingOf(inner, before, body)),
      ...(before.strategy === 'database' ? nativePolicy(body.options) : {}),
    };
    if (Object.keys(native).length > 0)
      await operations.connections.update(inner, { connection_id: before.id, query: undefined, body: native });
    // `options` is replaced as a whole.
    await setExtension(unit, 'connections', before.id, 'auth0', (kept) => merged(kept, keptOf(body)));
    return (await views(inner, holds, [await byId(inner, before.id)]))[0];
  });
}

async function get({ work, holds, params, query }: DialectCall<FieldsQuery>) {
  const [found] = await views(work, holds, [await byId(work, params.id as string)]);
  return pickFields(found as object, query);
}

/** Who may use the connection, as newer clients read and change it. */
async function listClients({ work, holds, params, query }: DialectCall<CheckpointQuery>) {
  const [found] = await views(work, holds, [await byId(work, params.id as string)]);
  const ids = (found as View).enabled_clients;
  const start = query.from === undefined ? 0 : ids.indexOf(query.from) + 1;
  if (query.from !== undefined && start === 0)
    throw new Problem('invalid_cursor', 'The client that the last page ended with is no longer enabled; begin again.');
  const page = ids.slice(start, start + (query.take ?? PER_PAGE));
  const isMore = start + page.length < ids.length;
  return { clients: page.map((client_id) => ({ client_id })), ...(isMore ? { next: page.at(-1) } : {}) };
}

const clientsBody = array(object({ client_id: text(128), status: boolean() }), { minItems: 1, maxItems: 50 });

async function updateClients({ work, params, body: changes }: DialectCall<undefined, Static<typeof clientsBody>>) {
  await together(work, async (inner, unit) => {
    await lockConnection(unit, params.id as string);
    const { id, enabled_for_all: isForAll, enabled_applications: enabled } = await byId(inner, params.id as string);
    const before = isForAll ? [...(await allClientIds(inner)).keys()] : enabled;
    const ids = new Set(before);
    for (const [i, { client_id: clientId, status: isOn }] of changes.entries()) {
      const application = await applicationIdOf(inner, clientId);
      if (application !== undefined) isOn ? ids.add(application) : ids.delete(application);
      else if (isOn) throw fieldProblem(`${i}.client_id`, 'exists', `No client has the id "${clientId}".`);
    }
    if (isForAll && ids.size === before.length) return;
    const native = { enabled_for_all: false, enabled_applications: [...ids] };
    await operations.connections.update(inner, { connection_id: id, query: undefined, body: native });
  });
}

async function applicationIdOf(work: Work, clientId: string): Promise<string | undefined> {
  const found = await ifThere(operations.applications.get(work, { application_id: clientId, ...noBody }));
  return found && resultOf(found).id;
}

/** Idempotent. The connection's users go with it, in batches: cut off, it is called again. */
async function remove({ work, params, holds }: DialectCall) {
  const checkMayDeleteUsers = () => {
    if (!holds('delete:users'))
      throw new Problem(
        'insufficient_scope',
        'The connection has users. Insufficient scope, expected any of: delete:users',
      );
  };
  await ifThere(deleteConnectionWithUsers(work, { connectionId: params.id as string, checkMayDeleteUsers }));
}

async function deleteUser({ work, params, query }: DialectCall<{ email: string }>) {
  const { id } = await byId(work, params.id as string);
  const asked = { connection: id, email: query.email, limit: 1 };
  const { users } = resultOf(await operations.users.list(work, { query: asked, body: undefined }));
  for (const user of users) await operations.users.delete(work, { user_id: user.id, ...noBody });
}

export const connections: readonly DialectRow[] = [
  row('GET /connections', { scopes: ['read:connections'], query: listQuery, run: list }),
  row('POST /connections', {
    scopes: ['create:connections'],
    body: createBody,
    status: 201,
    problems: exists,
    run: create,
  }),
  row('GET /connections/{id}', {
    scopes: ['read:connections'],
    query: object(fieldsQuery),
    problems: inexistent,
    run: get,
  }),
  row('PATCH /connections/{id}', {
    scopes: ['update:connections'],
    body: updateBody,
    problems: inexistent,
    run: update,
  }),
  row('DELETE /connections/{id}', { scopes: ['delete:connections'], status: 204, run: remove }),
  row('GET /connections/{id}/clients', {
    scopes: ['read:connections'],
    query: object(checkpointQuery),
    problems: inexistent,
    run: listClients,
  }),
  row('PATCH /connections/{id}/clients', {
    scopes: ['update:connections'],
    body: clientsBody,
    status: 204,
    problems: inexistent,
    run: updateClients,
  }),
  // A database is online as long as the server is; a connector of another kind is none of this server's.
  row('GET /connections/{id}/status', {
    scopes: ['read:connections'],
    problems: inexistent,
    run: async ({ work, params }) => {
      const { strategy: kind } = await byId(work, params.id as string);
      if (kind !== 'database') throw new Problem('not_found', 'The connector is offline.');
    },
  }),
  row('DELETE /connections/{id}/users', {
    scopes: ['delete:users'],
    query: object({ email: string({ minLength: 1, maxLength: 254 }) }),
    status: 204,
    problems: inexistent,
    run: deleteUser,
  }),
];
