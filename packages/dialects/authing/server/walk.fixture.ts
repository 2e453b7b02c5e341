/** A tenant as a walker of this door sees it: its tokens, and a valid call of every root field and of every row of REST. */
import type { DialectRow } from '@reeve/core';
import type { Random, TestServer } from '@reeve/testkit';
import { type Estate, targetOf, type VendorAnswer, type VendorCall, vendorAsk, vendorPath } from '@reeve/testkit/walk';
import {
  GraphQLBoolean,
  type GraphQLInputType,
  GraphQLString,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { expect } from 'vitest';
import { authing, operations } from './index.ts';
import { GRAPHQL } from './problems.ts';
import { schema } from './schema.ts';

export type Variables = Readonly<Record<string, unknown>>;

export const restRows = authing.rows.filter(({ path }) => path !== GRAPHQL);
export const rootFields = Object.keys(operations);
const graphqlRow = authing.rows.find(({ path }) => path === GRAPHQL) as DialectRow;

const fieldOf = (name: string) =>
  [schema.getQueryType(), schema.getMutationType()].flatMap((type) => type?.getFields()[name] ?? [])[0];
export const isMutation = (name: string): boolean => name in (schema.getMutationType()?.getFields() ?? {});

/** Every value of the type, and of what hangs on it without arguments, two levels deep. */
function selectionOf(type: unknown, depth = 2): string {
  const named = getNamedType(type as never);
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).flatMap((field) => {
    if (isLeafType(getNamedType(field.type))) return [field.name];
    return field.args.length > 0 || depth === 0 ? [] : [`${field.name} ${selectionOf(field.type, depth - 1)}`];
  });
  return fields.filter((text) => !text.endsWith(' ')).length === 0 ? '' : `{ ${fields.join(' ')} }`;
}

/** A document of one root field, with the variables that are given. */
export function documentOf(name: string, variables: Variables): string {
  const field = fieldOf(name);
  const args = (field?.args ?? []).filter((arg) => arg.name in variables);
  const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const kind = isMutation(name) ? 'mutation' : 'query';
  const call = args.length === 0 ? name : `${name}(${passed})`;
  return `${kind} ${declared === '' ? '' : `(${declared})`} { ${call} ${selectionOf(field?.type, 1)} }`;
}

interface Draw {
  readonly random: Random;
  readonly texts: readonly string[];
}

const NUMBERS = [-1, 0, 1, 2, 50, 2 ** 31 - 1, -(2 ** 31)];

/** A random value of an input type. */
function drawn(type: GraphQLInputType, draw: Draw): unknown {
  const { random, texts } = draw;
  const of = isNonNullType(type) ? (type.ofType as GraphQLInputType) : type;
  if (of === type && random.chance(0.25)) return null;
  if (isListType(of)) return Array.from({ length: random.upTo(3) }, () => drawn(of.ofType, draw));
  if (isInputObjectType(of))
    return Object.fromEntries(
      Object.values(of.getFields())
        .filter((field) => isNonNullType(field.type) || random.chance(0.5))
        .map((field) => [field.name, drawn(field.type, draw)]),
    );
  if (isEnumType(of)) return random.one(of.getValues()).name;
  return of === GraphQLString ? random.one(texts) : of === GraphQLBoolean ? random.chance(0.5) : random.one(NUMBERS);
}

/** Random variables of a root field: each is valid by its type. */
export const variablesOf = (name: string, draw: Draw): Variables =>
  Object.fromEntries(
    (fieldOf(name)?.args ?? [])
      .filter((arg) => isNonNullType(arg.type) || draw.random.chance(0.7))
      .map((arg) => [arg.name, drawn(arg.type, draw)]),
  );

export interface AuthingEstate {
  readonly native: Estate;
  /** A management token of a new application that holds these scopes. */
  token(scopes: readonly string[]): Promise<string>;
  ask(query: string, variables: Variables, bearer: string | null): Promise<VendorAnswer>;
  row(row: DialectRow, call: VendorCall): Promise<VendorAnswer>;
  /** Variables with which a root field succeeds and, where it is a change, changes something. */
  variables(field: string): Promise<Variables>;
  valid(row: DialectRow): Promise<VendorCall>;
  credentials(scopes: readonly string[]): Promise<{ readonly userPoolId: string; readonly secret: string }>;
}

export function createAuthingEstate(server: TestServer, native: Estate, host?: string): AuthingEstate {
  const send = (row: DialectRow, path: string, call: Pick<VendorCall, 'bearer' | 'body' | 'raw'>) =>
    vendorAsk(server.url, row, path, { ...call, ...(host === undefined ? {} : { host }) });
  const estate: AuthingEstate = {
    native,
    async credentials(scopes) {
      const body = { name: native.unique(), type: 'machine_to_machine', scopes };
      const made = await native.call('applications.create', { body });
      expect(made.status, made.text).toBe(201);
      const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
      return { userPoolId: client_id, secret: client_secret };
    },
    async token(scopes) {
      const variables = await estate.credentials(scopes);
      const { body, text } = await estate.ask(documentOf('accessToken', variables), variables, null);
      const { data } = body as { data: { accessToken: { accessToken: string } } | null };
      if (!data) throw new Error(text);
      return data.accessToken.accessToken;
    },
    ask: (query, variables, bearer) =>
      send(graphqlRow, `${authing.prefix}${GRAPHQL}`, { bearer, body: { query, variables } }),
    row: (row, call) => send(row, vendorPath(authing.prefix, row, call), call),
    variables: async (field) => (await fieldMakers[field]?.(estate)) ?? {},
    valid: async (row) => (await rowMakers[targetOf(row)]?.(estate)) ?? {},
  };
  return estate;
}

const made = async (e: AuthingEstate, operation: string, call: object): Promise<never> => {
  const { status, body, text } = await e.native.call(operation, call);
  expect(status, `${operation}: ${text}`).toBeLessThan(300);
  return body as never;
};

/** The id here of a new user. */
async function user(e: AuthingEstate, more: object = {}): Promise<string> {
  const user_id = await e.native.user({ username: e.native.unique(), ...more });
  const { identities } = (await made(e, 'users.get', { params: { user_id } })) as { identities: { subject: string }[] };
  return identities[0]?.subject as string;
}
async function coded(e: AuthingEstate, operation: string, more: object = {}): Promise<{ code: string; id: string }> {
  const code = e.native.unique();
  const { id } = (await made(e, operation, { body: { code, ...more } })) as { id: string };
  return { code, id };
}
const group = (e: AuthingEstate) => coded(e, 'groups.create', { name: 'Group' });
const role = (e: AuthingEstate) => coded(e, 'roles.create');
const resource = (e: AuthingEstate) => coded(e, 'resources.create', { type: 'data', actions: [{ name: 'read' }] });
async function field(e: AuthingEstate): Promise<string> {
  const key = e.native.unique();
  await made(e, 'customFields.create', { body: { key, type: 'string' } });
  return key;
}
const USER = { targetType: 'USER' } as const;
const NAMESPACE = { namespace: 'default' } as const;

/** A user with a value of a field. */
async function valued(e: AuthingEstate) {
  const key = await field(e);
  return { ...USER, targetId: await user(e, { custom_fields: { [key]: 'a' } }), key };
}
async function membership(e: AuthingEstate, operation: string, grouping: { code: string; id: string }, name: string) {
  const user_id = await e.native.user({ username: e.native.unique() });
  const { identities } = (await made(e, 'users.get', { params: { user_id } })) as { identities: { subject: string }[] };
  await made(e, operation, { params: { user_id, [name]: grouping.id } });
  return [identities[0]?.subject as string];
}

type Maker<T> = (e: AuthingEstate) => Promise<T> | T;

const fieldMakers: Readonly<Record<string, Maker<Variables>>> = {
  accessToken: (e) => e.credentials(['users:read']),
  udf: () => USER,
  udv: valued,
  udfValueBatch: async (e) => ({ ...USER, targetIds: [await user(e)] }),
  users: () => ({ page: 1, limit: 1 }),
  isUserExists: (e) => ({ username: e.native.unique() }),
  findUser: async (e) => {
    const username = e.native.unique();
    await user(e, { username });
    return { username };
  },
  searchUser: (e) => ({ query: e.native.unique(), limit: 1 }),
  user: async (e) => ({ id: await user(e) }),
  archivedUsers: () => ({ page: 1 }),
  role: async (e) => ({ code: (await role(e)).code }),
  roles: () => ({ limit: 1 }),
  group: async (e) => ({ code: (await group(e)).code }),
  groups: async (e) => ({ userId: await user(e), limit: 1 }),
  authorizedResources: async (e) => ({ ...USER, ...NAMESPACE, targetIdentifier: await user(e) }),
  authorizedTargets: async (e) => ({ ...NAMESPACE, resource: (await resource(e)).code, resourceType: 'DATA' }),
  allow: async (e) => ({ resource: e.native.unique(), action: 'read', userId: await user(e), ...NAMESPACE }),
  authorizeResource: async (e) => ({
    ...NAMESPACE,
    resource: e.native.unique(),
    resourceType: 'DATA',
    opts: [{ targetType: 'GROUP', targetIdentifier: (await group(e)).code, actions: ['read'] }],
  }),
  createUser: (e) => ({ userInfo: { username: e.native.unique(), externalId: e.native.unique(), city: 'Bern' } }),
  updateUser: async (e) => ({ id: await user(e), input: { nickname: e.native.unique() } }),
  setUdf: (e) => ({ ...USER, key: e.native.unique(), dataType: 'STRING', label: 'L' }),
  setUdvBatch: async (e) => ({ ...USER, targetId: await user(e), udvList: [{ key: await field(e), value: '"x"' }] }),
  setUdfValueBatch: async (e) => ({
    ...USER,
    input: [{ targetId: await user(e), key: await field(e), value: '"x"' }],
  }),
  removeUdv: valued,
  refreshToken: async (e) => ({ id: await user(e) }),
  createGroup: (e) => ({ code: e.native.unique(), name: 'Group' }),
  addUserToGroup: async (e) => ({ userIds: [await user(e)], code: (await group(e)).code }),
  removeUserFromGroup: async (e) => {
    const one = await group(e);
    return { userIds: await membership(e, 'groups.addMember', one, 'group_id'), code: one.code };
  },
  createRole: (e) => ({ code: e.native.unique() }),
  assignRole: async (e) => ({ roleCode: (await role(e)).code, userIds: [await user(e)] }),
  revokeRole: async (e) => {
    const one = await role(e);
    return { roleCodes: [one.code], userIds: await membership(e, 'roles.addMember', one, 'role_id') };
  },
  deleteUser: async (e) => ({ id: await user(e) }),
  deleteUsers: async (e) => ({ ids: [await user(e)] }),
  sendFirstLoginVerifyEmail: async (e) => ({ userId: await user(e), appId: 'any' }),
  deleteRole: async (e) => ({ code: (await role(e)).code }),
  deleteRoles: async (e) => ({ codeList: [(await role(e)).code] }),
  updateRole: async (e) => ({ code: (await role(e)).code, description: 'Other' }),
  removeUdf: async (e) => ({ ...USER, key: await field(e) }),
  deleteGroups: async (e) => ({ codeList: [(await group(e)).code] }),
  updateGroup: async (e) => ({ code: (await group(e)).code, name: 'Other' }),
};

/** A resource that a user is granted. */
async function granted(e: AuthingEstate) {
  const { resources, subjects } = await e.native.grants();
  await made(e, 'resources.authorize', { body: { resources, subjects } });
  const params = { user_id: subjects[0]?.id as string };
  const { identities } = (await made(e, 'users.get', { params })) as { identities: { subject: string }[] };
  return { code: resources[0]?.code as string, subject: identities[0]?.subject as string };
}
async function namespace(e: AuthingEstate): Promise<VendorCall> {
  return { params: { pool: 'any', code: (await coded(e, 'resourceNamespaces.create')).code } };
}
const several = (subject: string, code: string) => ({
  ...NAMESPACE,
  opts: [{ ...USER, targetIdentifiers: [subject], resources: [{ code, actions: ['read'], resourceType: 'DATA' }] }],
});

const rowMakers: Readonly<Record<string, Maker<VendorCall>>> = {
  'GET /api/v2/users/{id}': async (e) => ({ params: { id: await user(e) } }),
  'GET /api/v2/users/{id}/orgs': async (e) => ({ params: { id: await user(e) } }),
  'POST /api/v2/users/batch': async (e) => ({ body: { ids: [await user(e)], type: 'id' } }),
  'POST /api/v2/users/kick': async (e) => ({ body: { userIds: [await user(e)] } }),
  'GET /logout': async (e) => ({ query: { userId: await user(e) } }),
  'GET /api/v2/users/login-status': async (e) => ({ query: { userId: await user(e) } }),
  'GET /api/v2/analysis/user-action': async (e) => ({
    query: { 'operator_arn[]': `arn:cn:authing:any:user:${await user(e)}`, page: '1', limit: '5' },
  }),
  'GET /api/v2/analysis/total-login-count': async (e) => ({
    query: { appId: (await e.credentials(['users:read'])).userPoolId },
  }),
  'GET /api/v2/analysis/exist-defined-field-count': async (e) => ({ query: { definedFieldKey: await field(e) } }),
  'POST /api/v3/resign-user': async (e) => ({ body: { userId: await user(e) } }),
  'POST /api/v3/resign-user-batch': async (e) => ({ body: { userIds: [await user(e)] } }),
  'POST /api/v2/roles/roleUsers': async (e) => ({ body: { code: (await role(e)).code, search: 'w' } }),
  'POST /api/v2/acl/is-allowed': async (e) => ({
    body: { ...NAMESPACE, userId: await user(e), resource: e.native.unique(), action: 'read' },
  }),
  'POST /api/v2/acl/list-authorized-resources-batch': async (e) => ({
    body: { ...NAMESPACE, targets: [{ ...USER, targetIdentifier: await user(e) }] },
  }),
  'POST /api/v2/acl/authorize-resources': async (e) => ({ body: several(await user(e), e.native.unique()) }),
  'POST /api/v2/acl/revoke-resources': async (e) => {
    const { code, subject } = await granted(e);
    return { body: several(subject, code) };
  },
  'POST /api/v2/acl/revoke-resource': async (e) => {
    const { code, subject } = await granted(e);
    return { body: { ...NAMESPACE, resource: code, opts: [{ ...USER, targetIdentifier: subject }] } };
  },
  'GET /api/v2/resources/detail': async (e) => ({ query: { code: (await resource(e)).code } }),
  'POST /api/v2/resources': (e) => ({ body: { code: e.native.unique(), type: 'DATA', ...NAMESPACE } }),
  'POST /api/v2/resources/{code}': async (e) => ({
    params: { code: (await resource(e)).code },
    body: { description: 'Other' },
  }),
  'DELETE /api/v2/resources/{code}': async (e) => ({ params: { code: (await resource(e)).code } }),
  'GET /api/v2/resource-namespace/{pool}': () => ({ params: { pool: 'any' } }),
  'POST /api/v2/resource-namespace/{pool}': (e) => ({
    params: { pool: 'any' },
    body: { code: e.native.unique(), name: 'Namespace' },
  }),
  'PUT /api/v2/resource-namespace/{pool}/code/{code}': async (e) => ({
    ...(await namespace(e)),
    body: { name: 'Other' },
  }),
  'DELETE /api/v2/resource-namespace/{pool}/code/{code}': namespace,
};
