/** The recorded calls of the contract, replayed: each document, its variables, paths, headers and bodies. */
import { readFileSync } from 'node:fs';
import type { Captured } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Parsed, parsed } from './document.fixture.ts';
import { operations } from './operations.ts';
import { call, clientOf, decrypt, graphql, jwt, rest, startUpstream, type Upstream } from './upstream.fixture.ts';

interface Operation {
  readonly kind: string;
  readonly rootField: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<string, string>>;
  readonly selection: readonly string[];
  readonly nestedArgs?: Parsed['nestedArgs'];
}
interface Variant {
  readonly call: string;
  readonly operation?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
interface Method {
  readonly id: string;
  readonly surface: string;
  readonly transport: 'graphql' | 'rest' | 'local';
  readonly operation: string | null;
  readonly variables_example?: Readonly<Record<string, unknown>>;
  readonly verb: string | null;
  readonly path: string | null;
  readonly variants?: readonly Variant[];
}
interface OtherMethod {
  readonly method: string;
  readonly params: readonly string[];
  readonly transport: 'graphql' | 'rest' | 'local';
  readonly kind?: string;
  readonly operation?: string;
  readonly rootField?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly sends?: readonly string[];
  readonly verb?: string;
  readonly path?: string;
  readonly query?: readonly string[];
  readonly body?: readonly string[] | null;
  readonly minimal_arguments_use?: string;
}
const contract = JSON.parse(readFileSync(new URL('../contract/authing.json', import.meta.url), 'utf8')) as {
  graphql: { operations: Record<string, Operation>; field_sets: Record<string, string[]> };
  methods: Method[];
  other_modules: { module: string; access: string; methods: OtherMethod[] }[];
  constructor: { request_headers: { always: Record<string, string> } };
};

const selectionOf = (selection: readonly string[]): string[] =>
  selection
    .flatMap((path) => {
      const [, prefix = '', set = ''] = /^(.*?)(@\w+)$/.exec(path) ?? [];
      return set ? (contract.graphql.field_sets[set] ?? []).map((field) => `${prefix}${field}`) : [path];
    })
    .sort();

const documentOf = (name: string): Parsed => {
  const {
    kind,
    rootField,
    variables,
    args,
    selection,
    nestedArgs = {},
  } = contract.graphql.operations[name] as Operation;
  const given = Object.fromEntries(Object.keys(args).map((arg) => [arg, `$${arg}`]));
  return {
    kind,
    name,
    variables: { ...variables },
    root: rootField,
    args: given,
    selection: selectionOf(selection),
    nestedArgs,
  };
};

const ID = '5f9d0cef60d09ff5a4c87c06';
const role = { id: 'r', code: 'ROLEA', namespace: 'default' };
const user = { id: ID, username: 'bob' };
const data = {
  createUser: user,
  updateUser: user,
  users: { totalCount: 1, list: [user] },
  searchUser: { totalCount: 1, list: [user] },
  findUser: user,
  isUserExists: true,
  udv: [],
  udfValueBatch: [],
  setUdvBatch: [],
  setUdfValueBatch: { code: 200, message: '' },
  removeUdv: [],
  refreshToken: { token: 't', iat: 1, exp: 2 },
  user: {
    groups: { totalCount: 0, list: [] },
    roles: { totalCount: 1, list: [role] },
    authorizedResources: { totalCount: 0, list: [] },
    departments: { totalCount: 0, list: [] },
  },
  group: { users: { totalCount: 0, list: [] }, authorizedResources: { totalCount: 0, list: [] } },
  role: { users: { totalCount: 0, list: [] }, authorizedResources: { totalCount: 0, list: [] } },
  authorizedResources: { totalCount: 0, list: [] },
};

/** What is called for each row, and for each of its variants. */
const calls: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  'users.create': [
    [
      {
        username: 'bob',
        email: 'Bob@Example.com',
        password: 'passw0rd',
        phone: '188xxxx8888',
        nickname: 'Nick',
        loginsCount: 2,
        signedUp: '2020-10-15T17:55:37+08:00',
      },
    ],
    [
      { username: 'carol', password: 'passw0rd' },
      { keepPassword: true, resetPasswordOnFirstLogin: true, identity: { provider: 'wechat', userIdInIdp: '1111' } },
    ],
  ],
  'users.update': [[ID, { nickname: 'Nick2', password: 'passw0rd', tokenExpiredAt: '2020-10-15T17:55:37+08:00' }]],
  'users.detail': [[ID], [ID, { withCustomData: true }]],
  'users.getUdfValue': [[ID]],
  'users.getUdfValueBatch': [[[ID, ID]]],
  'users.setUdfValue': [
    [ID, { school: 'HUST', age: 20, vip: true, extra: { a: [1] }, born: new Date('2001-02-03T04:05:06.000Z') }],
  ],
  'users.setUdfValueBatch': [
    [
      [
        { userId: ID, data: { school: 'A' } },
        { userId: ID, data: { school: 'B', age: 100 } },
      ],
    ],
  ],
  'users.removeUdfValue': [[ID, 'school']],
  'users.delete': [[ID]],
  'users.deleteMany': [[[ID]]],
  'users.batch': [[['bob']], [['bob'], { queryField: 'username', withCustomData: true }]],
  'users.list': [[], [1, 10, { withCustomData: true }]],
  'users.exists': [[{ username: 'bob' }]],
  'users.find': [[{ email: 'BOB@example.com' }], [{ username: 'bob', withCustomData: true }]],
  'users.search': [
    ['bob'],
    [
      'o',
      {
        fields: ['username'],
        page: 1,
        limit: 5,
        departmentOpts: [{ departmentId: 'd', includeChildrenDepartments: true }],
        groupOpts: [{ code: 'g' }],
        roleOpts: [{ code: 'r', namespace: 'n' }],
        withCustomData: true,
      },
    ],
  ],
  'users.refreshToken': [[ID]],
  checkLoginStatus: [[jwt({ data: { id: ID } })]],
  'users.listGroups': [[ID]],
  'users.addGroup': [[ID, 'g1']],
  'users.removeGroup': [[ID, 'g1']],
  'users.listRoles': [[ID]],
  'users.addRoles': [[ID, ['ROLEA']]],
  'users.removeRoles': [[ID, ['ROLEA'], 'default']],
  'users.listAuthorizedResources': [[ID, 'code']],
};

/** Puts in what the recording has names for. */
const filled = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, inner) => (inner === '{id}' ? ID : inner));

/** The text of a password in place of its ciphertext, as the recording has a name for it. */
const unsealed = (text: string): unknown =>
  JSON.parse(text, (key, value) => {
    if (key !== 'password') return value;
    expect(decrypt(value)).toBe('passw0rd');
    return '<base64 RSA ciphertext>';
  });

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
  upstream.answering = ({ url }) => (url === '/graphql/v2' ? graphql(data) : rest(url.includes('batch') ? [] : user));
});
afterAll(() => upstream[Symbol.dispose]());

/** What the call asked for; exactly one request, or none. */
const replay = async (surface: string, args: readonly unknown[]): Promise<Captured | undefined> => {
  upstream.asked.length = 0;
  await call(clientOf(upstream), surface, args);
  expect(upstream.asked.length).toBeLessThan(2);
  return upstream.asked[0];
};

const expectHeaders = ({ headers, body }: Captured, more: Readonly<Record<string, string>> = {}) => {
  const { 'user-agent': _, ...always } = contract.constructor.request_headers.always;
  expect(headers).toMatchObject({
    ...always,
    'x-authing-userpool-id': 'POOL',
    authorization: `Bearer ${jwt()}`,
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...more,
  });
};

let replayed = 0;
describe('each recorded call', () => {
  const rows = contract.methods.flatMap((row) =>
    [undefined, ...(row.variants ?? [])].map((variant, at) => ({
      name: variant?.call ?? row.surface,
      row,
      variant,
      at,
    })),
  );

  it.each(rows)('$name', async ({ row, variant, at }) => {
    const args = calls[row.surface]?.[at] as readonly unknown[];
    const sent = await replay(row.surface, args);
    replayed++;
    if (row.transport === 'local') return expect(sent).toBeUndefined();
    if (!sent) throw new Error('nothing was sent');
    expect(sent.method).toBe(row.verb);
    expectHeaders(sent);
    if (row.transport === 'graphql') {
      const { query, variables, ...more } = unsealed(sent.body) as { query: string; variables: unknown };
      expect(more).toEqual({});
      expect(parsed(query)).toEqual(documentOf(variant?.operation ?? (row.operation as string)));
      const given = variant?.variables ?? (variant?.operation ? undefined : row.variables_example);
      if (given) expect(variables).toEqual(filled(given));
      return;
    }
    const [path, query] = sent.url.split('?');
    expect(path).toBe(row.path?.replace('{userId}', ID));
    if (row.verb === 'GET') {
      expect(sent.body).toBe('');
      expect(query).toBe(`with_custom_data=${variant?.query?.with_custom_data ?? 'false'}`);
    } else expect(JSON.parse(sent.body)).toEqual(variant?.body ?? { ids: ['bob'], type: 'id', withCustomData: false });
  });

  it('was replayed, every one', () => {
    expect(contract.methods).toHaveLength(24);
    expect(Object.keys(calls)).toEqual(expect.arrayContaining(contract.methods.map(({ surface }) => surface)));
    expect(rows).toHaveLength(30);
    expect(replayed).toBe(30);
  });
});

describe('each operation', () => {
  it.each(Object.keys(contract.graphql.operations))('%s', (name) => {
    expect(parsed((operations as Record<string, { text: string }>)[name]?.text ?? '')).toEqual(documentOf(name));
  });
});

const modules = ['users', 'groups', 'roles', 'udf', 'acl', ''];
/** What stands in for an argument that is an object. */
const bags = /^(options|opts|params|input|updates|data)$/;
const lists = /^(userIds|userId?s|codeList|policies|roleIds|targetIdentifiers|actions|opts|targets|udvList|input)$/;
const standInFor = (name: string): unknown => {
  if (/^(page|limit)$/.test(name)) return 3;
  if (name === 'udvList') return [{ key: 'k', value: 1 }];
  return lists.test(name) ? [`${name} 1`] : `${name} 1`;
};
/** Arguments whose names on the wire are others. */
const special: Readonly<Record<string, readonly unknown[]>> = {
  'roles.setUdfValue': ['r', { k: 1 }],
  'roles.setUdfValueBatch': [[{ roleId: 'r', data: { k: 1 } }]],
  'roles.listUsers': ['r', { namespace: 'n', page: 1, limit: 2, withCustomData: true }],
  'groups.listUsers': ['g', { page: 1, limit: 2, withCustomData: true }],
  'acl.updateDefaultApplicationAccessPolicy': [{ appId: 'appId 1', defaultStrategy: 'ALLOW_ALL' }],
  'users.listUserActions': [
    {
      clientIp: '1.1.1.1',
      operationNames: ['n'],
      userIds: ['u'],
      page: 1,
      limit: 2,
      excludeNonAppRecords: true,
      appIds: ['a'],
      start: 1,
      end: 2,
    },
  ],
};

const argumentsOf = (surface: string, row: OtherMethod): readonly unknown[] => {
  const params = row.params.map((param) => param.replace('?', ''));
  const inPath = (row.path?.match(/\w+(?=\})/g) ?? []).filter((name) => !params.includes(name));
  const names = [...(row.sends ?? []), ...(row.query ?? []), ...(row.body ?? []), ...inPath];
  const bag = Object.fromEntries(names.map((name) => [name, standInFor(name)]));
  return special[surface] ?? params.map((name) => (bags.test(name) ? bag : standInFor(name)));
};

describe('each other method', () => {
  const rows = contract.other_modules
    .map(({ module, methods }) => ({ module: module.startsWith('(') ? '' : (module.split(' ')[0] as string), methods }))
    .filter(({ module }) => modules.includes(module))
    .flatMap(({ module, methods }) =>
      methods.map((row) => ({ surface: `${module && `${module}.`}${row.method}`, row })),
    )
    .filter(({ row }) => !/^(setLang|make\w+Request)$/.test(row.method));

  it.each(rows)('$surface', async ({ surface, row }) => {
    const list = { totalCount: 0, list: [], allowed: true };
    upstream.answering = ({ url }) =>
      url === '/graphql/v2' ? graphql({ ...data, [row.rootField ?? '']: answerOf(row) }) : rest(list);
    const sent = (await replay(surface, argumentsOf(surface, row))) as Captured;
    expectHeaders(sent);
    expect(sent.method).toBe(row.verb ?? 'POST');
    if (row.transport === 'graphql') {
      const { query, variables } = JSON.parse(sent.body) as { query: string; variables: object };
      const found = parsed(query);
      const { operation: name, kind, rootField: root } = row;
      expect(found).toMatchObject({ name, kind, root, ...(row.variables ? { variables: row.variables } : {}) });
      return expect(Object.keys(variables).sort()).toEqual([...(row.sends ?? [])].sort());
    }
    const [path = '', query = ''] = sent.url.split('?');
    const pattern = row.path?.replace(/\{(\w+)\}/g, (_all, name) => (name === 'userPoolId' ? 'POOL' : `${name}%201`));
    expect(path).toBe(pattern);
    expect([...new Set([...new URLSearchParams(query).keys()])].sort()).toEqual([...(row.query ?? [])].sort());
    expect(Object.keys(sent.body ? JSON.parse(sent.body) : {}).sort()).toEqual([...(row.body ?? [])].sort());
  });

  it('was called, every one', () => expect(rows).toHaveLength(88));
});

const answerOf = ({ rootField }: OtherMethod): unknown =>
  rootField && rootField in data ? data[rootField as keyof typeof data] : { code: 200, message: '' };

it('sends the headers of an application and a tenant when there are', async () => {
  upstream.answering = () => graphql(data);
  upstream.asked.length = 0;
  const client = clientOf(upstream, { appId: 'APP', tenantId: 'TEN', lang: 'en-US', requestFrom: 'test' });
  await client.users.exists({ username: 'bob' });
  expectHeaders(upstream.asked[0] as Captured, {
    'x-authing-app-id': 'APP',
    'x-authing-app-tenant-id': 'TEN',
    'x-authing-lang': 'en-US',
    'x-authing-request-from': 'test',
  });
  client.setLang('zh-CN');
  await client.users.exists({ username: 'bob' });
  expectHeaders(upstream.asked[1] as Captured, { 'x-authing-lang': 'zh-CN', 'x-authing-request-from': 'test' });
  const [token] = upstream.tokenRequests.slice(-1) as [Captured];
  expect(token.headers.authorization).toBeUndefined();
  const { query, variables } = JSON.parse(token.body);
  expect(parsed(query)).toEqual(documentOf('accessToken'));
  expect(variables).toEqual({ userPoolId: 'POOL', secret: 'SECRET-OF-TEST' });
});
