/** `/resource-servers`: the APIs of the tenant, and the Management API itself as the system's own. */
import { createHash } from 'node:crypto';
import {
  array,
  boolean,
  integer,
  nullable,
  object,
  optional,
  type ResourceServer,
  type Static,
  string,
} from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import {
  type DialectCall,
  type DialectRow,
  noBody,
  operations,
  Problem,
  present,
  resourceServerSubjects,
  resultOf,
  row,
  type Work,
} from '@reeve/core';
import { ifThere } from '../absence.ts';
import { managementAudience } from '../audience.ts';
import { keyset } from '../keyset.ts';
import {
  type FieldsQuery,
  fieldsQuery,
  followedBy,
  type KeysetList,
  type OffsetQuery,
  offsetQuery,
  pageOf,
  pickEach,
  pickFields,
} from '../paging.ts';
import { text } from '../schema.ts';

const inexistent = {
  not_found: { status: 404, code: 'inexistent_resource_server', message: 'The resource server does not exist' },
} as const;
const exists = {
  identifier_taken: {
    status: 409,
    code: 'resource_server_conflict',
    message: 'A resource server with the same identifier already exists.',
  },
} as const;

const seconds = integer({ minimum: 1, maximum: 2_592_000 });
const fields = {
  name: optional(text(200)),
  scopes: optional(
    array(object({ value: text(280), description: optional(nullable(string({ maxLength: 500 }))) }), {
      maxItems: 1000,
    }),
  ),
  // Tokens are signed with the tenant's key: no other algorithm would be true.
  signing_alg: optional(string({ enum: ['RS256'] } as object)),
  allow_offline_access: optional(boolean()),
  token_lifetime: optional(seconds),
  token_lifetime_for_web: optional(seconds),
  skip_consent_for_verifiable_first_party_clients: optional(boolean()),
  enforce_policies: optional(boolean()),
  token_dialect: optional(nullable(string({ enum: ['access_token', 'access_token_authz'] } as object))),
  // Tooling writes back what it read.
  is_system: optional(boolean({ const: false } as object)),
} as const;
const createBody = object({ identifier: text(600), ...fields });
const updateBody = object(fields);
const listQuery = object({
  ...offsetQuery,
  identifiers: optional(array(text(600), { maxItems: 100 })),
  ...fieldsQuery,
});

const view = (server: ResourceServer, id: string) => ({
  id,
  name: server.name,
  identifier: server.identifier,
  is_system: false,
  scopes: server.scopes.map(({ value, description }) => ({ value, ...present({ description }) })),
  signing_alg: server.signing_alg,
  allow_offline_access: server.allow_offline_access,
  token_lifetime: server.token_lifetime,
  token_lifetime_for_web: server.token_lifetime_for_web,
  skip_consent_for_verifiable_first_party_clients: server.skip_consent,
  enforce_policies: server.enforce_policies,
  token_dialect: server.token_dialect,
});

async function views(work: Work, servers: readonly ResourceServer[]) {
  const ids = servers.map(({ id }) => id);
  const subjects = await work.read((db) => resourceServerSubjects(db, work.tenant.id, ids));
  return servers.map((server) => view(server, subjects.get(server.id) as string));
}

/** The Management API: nobody made it and nobody changes it. */
const systemServer = (work: Work): ReturnType<typeof view> => ({
  id: createHash('sha256').update(work.tenant.publicId).digest('hex').slice(0, 24),
  name: 'Auth0 Management API',
  identifier: managementAudience(work),
  is_system: true,
  scopes: [...auth0Scopes.keys()].map((value) => ({ value })),
  signing_alg: 'RS256',
  allow_offline_access: false,
  token_lifetime: 86_400,
  token_lifetime_for_web: 7200,
  skip_consent_for_verifiable_first_party_clients: true,
  enforce_policies: false,
  token_dialect: 'access_token',
});

/** Stands for it in a list. */
const SYSTEM = 'system';

const isSystem = (work: Work, name: string | undefined) => {
  const { id, identifier } = systemServer(work);
  return name === id || name === identifier;
};

const nativeOf = ({
  skip_consent_for_verifiable_first_party_clients: skip,
  token_dialect: dialect,
  signing_alg: _alg,
  is_system: _system,
  ...rest
}: Static<typeof updateBody>) => ({
  ...rest,
  ...(skip === undefined ? {} : { skip_consent: skip }),
  ...(dialect === undefined ? {} : { token_dialect: (dialect ?? 'access_token') as ResourceServer['token_dialect'] }),
});

async function list({ work, query }: DialectCall<OffsetQuery & FieldsQuery & { identifiers?: string[] }>) {
  const { identifiers } = query;
  const filter = identifiers ? { identifiers } : {};
  const own: KeysetList<ResourceServer | typeof SYSTEM> = keyset(
    (page) => operations.resourceServers.list(work, { query: { ...filter, ...page }, body: undefined }),
    'resource_servers',
  );
  const hasSystem = !identifiers || identifiers.includes(managementAudience(work));
  const all = hasSystem ? followedBy(own, SYSTEM) : own;
  const answer = await pageOf('resource_servers', query, all, async (page) => [
    ...(await views(
      work,
      page.filter((item) => item !== SYSTEM),
    )),
    // It is the last one of all.
    ...(page.at(-1) === SYSTEM ? [systemServer(work)] : []),
  ]);
  return pickEach('resource_servers', answer, query);
}

const one = async (work: Work, server: ResourceServer) => (await views(work, [server]))[0];

async function get({ work, params, query }: DialectCall<FieldsQuery>) {
  if (isSystem(work, params.id)) return pickFields(systemServer(work), query);
  const input = { resource_server_id: params.id as string, ...noBody };
  const found = await one(work, resultOf(await operations.resourceServers.get(work, input)));
  return pickFields(found as object, query);
}

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { identifier, ...rest } = body;
  const made = await operations.resourceServers.create(work, {
    query: undefined,
    body: { identifier, ...nativeOf(rest) } as never,
  });
  return one(work, resultOf(made));
}

const protect = (work: Work, name: string | undefined) => {
  if (isSystem(work, name)) throw new Problem('protected_resource', 'System resource servers can not be changed.');
};

async function update({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  protect(work, params.id);
  const input = { resource_server_id: params.id as string, query: undefined, body: nativeOf(body) as never };
  return one(work, resultOf(await operations.resourceServers.update(work, input)));
}

/** Idempotent. */
async function remove({ work, params }: DialectCall) {
  protect(work, params.id);
  await ifThere(operations.resourceServers.delete(work, { resource_server_id: params.id as string, ...noBody }));
}

export const resourceServers: readonly DialectRow[] = [
  row('GET /resource-servers', { scopes: ['read:resource_servers'], query: listQuery, run: list }),
  row('POST /resource-servers', {
    scopes: ['create:resource_servers'],
    body: createBody,
    status: 201,
    problems: exists,
    run: create,
  }),
  row('GET /resource-servers/{id}', {
    scopes: ['read:resource_servers'],
    query: object(fieldsQuery),
    problems: inexistent,
    run: get,
  }),
  row('PATCH /resource-servers/{id}', {
    scopes: ['update:resource_servers'],
    body: updateBody,
    status: 201,
    problems: inexistent,
    run: update,
  }),
  row('DELETE /resource-servers/{id}', { scopes: ['delete:resource_servers'], status: 204, run: remove }),
];
