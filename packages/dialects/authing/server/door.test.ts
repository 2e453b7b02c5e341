/** The door over HTTP on both databases: tokens, passwords, rights, and what no document may do. */
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import {
  ADMIN_EMAIL,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  claimsIn,
  databaseKinds,
  type TestServer,
} from '@reeve/testkit';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Answer {
  readonly status: number;
  readonly data?: Readonly<Record<string, never>> | null;
  readonly errors?: readonly { readonly message: { readonly code: number; readonly message: string } }[];
}

const TOKEN =
  'query ($id: String!, $secret: String!) { accessToken(userPoolId: $id, secret: $secret) { accessToken exp iat } }';
const CREATE = 'mutation ($info: CreateUserInput!) { createUser(userInfo: $info) { id username email } }';
const UPDATE =
  'mutation ($id: String, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { id tokenExpiredAt } }';

describe.each(databaseKinds)('the Authing door on %s', (kind) => {
  let server: TestServer;
  let token: string;
  let count = 0;
  const ask = async (query: string, variables: object = {}, bearer: string | null = token): Promise<Answer> => {
    const response = await fetch(`${server.url}/authing/graphql/v2`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
  const get = async (path: string, bearer?: string) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const response = await fetch(`${server.url}/authing${path}`, { headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const codeOf = ({ errors }: Answer) => errors?.[0]?.message.code;
  const newUser = async (info: object = {}) => {
    const { data, errors } = await ask(CREATE, { info: { username: `u${++count}`, ...info } });
    expect(errors).toBeUndefined();
    return (data as unknown as { createUser: { id: string; username: string } }).createUser;
  };
  const key = async () => {
    const { body } = await get('/api/v2/.well-known');
    return createPublicKey((body.data as { publicKey: string }).publicKey);
  };

  beforeAll(async () => {
    server = await bootServer(kind);
    const { data } = await ask(TOKEN, { id: CLIENT_ID, secret: CLIENT_SECRET }, null);
    token = (data as unknown as { accessToken: { accessToken: string } }).accessToken.accessToken;
  });
  afterAll(() => server.stop());

  describe('the management token', () => {
    it('lives 15 days and is a JWT for this door', () => {
      const { exp, iat, aud, azp } = claimsIn(token);
      expect(Number(exp) - Number(iat)).toBe(1_296_000);
      expect([aud, azp]).toEqual([`${server.url}/authing`, CLIENT_ID]);
    });

    it('is refused alike to who is unknown and whose secret is wrong', async () => {
      const wrong = await ask(TOKEN, { id: CLIENT_ID, secret: 'nope' }, null);
      expect(wrong).toMatchObject({ status: 200, data: null });
      expect(codeOf(wrong)).toBe(2224);
      expect((await ask(TOKEN, { id: 'nobody', secret: CLIENT_SECRET }, null)).errors).toEqual(wrong.errors);
    });

    it('is asked for: 2020 without one, with a forged one, and with one of another API', async () => {
      const { data: _, ...native } = await ask('{ users { totalCount } }', {}, await server.token());
      for (const bearer of [null, 'a.b.c', `${token.slice(0, -6)}AAAAAA`]) {
        const answer = await ask('{ users { totalCount } }', {}, bearer);
        expect([answer.status, answer.data, codeOf(answer)]).toEqual([200, null, 2020]);
      }
      expect(codeOf(native)).toBe(2020);
      const rest = await get('/api/v2/users/000000000000000000000000');
      expect(rest).toMatchObject({ status: 200, body: { code: 2020 } });
    });

    it('carries what the application holds: more is refused with 1001', async () => {
      const { body } = await server.api('POST', '/applications', {
        name: 'Reader',
        type: 'machine_to_machine',
        scopes: ['users:read'],
      });
      const { client_id: id, client_secret: secret } = body as { client_id: string; client_secret: string };
      const { data } = await ask(TOKEN, { id, secret }, null);
      const reader = (data as unknown as { accessToken: { accessToken: string } }).accessToken.accessToken;
      expect((await ask('{ users { totalCount } }', {}, reader)).errors).toBeUndefined();
      expect(codeOf(await ask(CREATE, { info: { username: 'x' } }, reader))).toBe(1001);
      expect(codeOf(await ask('{ users { list { groups { totalCount } } } }', {}, reader))).toBe(1001);
    });
  });

  describe('tokens of users', () => {
    const REFRESH = 'mutation ($id: String) { refreshToken(id: $id) { token } }';
    const tokenOf = async (id: string) =>
      ((await ask(REFRESH, { id })).data as unknown as { refreshToken: { token: string } }).refreshToken.token;

    it('give the user no right over others', async () => {
      const { id } = await newUser();
      expect(codeOf(await ask('{ users { totalCount } }', {}, await tokenOf(id)))).toBe(1001);
    });

    it('end with tokenExpiredAt, and with a block; an instant long past ends none', async () => {
      const { id } = await newUser();
      const at = (offset: number) => new Date(server.clock.now() + offset).toISOString();
      const old = await tokenOf(id);
      expect((await ask(UPDATE, { id, input: { tokenExpiredAt: at(-20 * 86_400_000) } })).errors).toBeUndefined();
      expect(codeOf(await ask('{ users { totalCount } }', {}, old))).toBe(1001);
      expect((await ask(UPDATE, { id, input: { tokenExpiredAt: at(0) } })).errors).toBeUndefined();
      expect(codeOf(await ask('{ users { totalCount } }', {}, old))).toBe(2020);
      const next = await tokenOf(id);
      expect(codeOf(await ask('{ users { totalCount } }', {}, next))).toBe(1001);
      await ask(UPDATE, { id, input: { blocked: true } });
      expect(codeOf(await ask('{ users { totalCount } }', {}, next))).toBe(2020);
    });

    it('of an administrator need roles:write, too', async () => {
      const scopes = ['users:read', 'users:impersonate'];
      const { body } = await server.api('POST', '/applications', {
        name: 'Minter',
        type: 'machine_to_machine',
        scopes,
      });
      const { client_id: id, client_secret: secret } = body as { client_id: string; client_secret: string };
      const { data } = await ask(TOKEN, { id, secret }, null);
      const minter = (data as unknown as { accessToken: { accessToken: string } }).accessToken.accessToken;
      const found = await ask('query ($email: String) { findUser(email: $email) { id } }', { email: ADMIN_EMAIL });
      const admin = (found.data as unknown as { findUser: { id: string } }).findUser;
      expect(codeOf(await ask(REFRESH, admin, minter))).toBe(1001);
      expect((await ask(REFRESH, admin)).errors).toBeUndefined();
    });
  });

  describe('passwords', () => {
    const encrypt = async (text: string) =>
      publicEncrypt({ key: await key(), padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text));
    const signIn = (username: string, password: string) =>
      fetch(`${server.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          grant_type: 'password',
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          username,
          password,
        }),
      });

    it('are decrypted and sign in; six characters suffice', async () => {
      const password = (await encrypt('sïx-ch')).toString('base64');
      const { username } = await newUser({ password });
      expect((await signIn(username, 'sïx-ch')).status).toBe(200);
      expect((await signIn(username, password)).status).not.toBe(200);
    });

    it('come without the leading zero of a ciphertext, too', async () => {
      let bytes = await encrypt('a password');
      while (bytes[0] !== 0) bytes = await encrypt('a password');
      const { username } = await newUser({ password: bytes.subarray(1).toString('base64') });
      expect((await signIn(username, 'a password')).status).toBe(200);
    });

    it('that are none are refused alike, with 2016, and change nothing', async () => {
      const { publicKey: foreign } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const foreignText = publicEncrypt({ key: foreign, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('x'));
      const raw = publicEncrypt({ key: await key(), padding: constants.RSA_NO_PADDING }, Buffer.alloc(256, 1));
      const texts = ['plain text', foreignText.toString('base64'), raw.toString('base64'), 'sm2:00', 'A'.repeat(400)];
      const answers = [];
      for (const password of [...texts, Buffer.alloc(256, 0xff).toString('base64')])
        answers.push(await ask(CREATE, { info: { username: 'refused', password } }));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(codeOf(answers[0] as Answer)).toBe(2016);
      const { data } = await ask('{ isUserExists(username: "refused") }');
      expect(data).toEqual({ isUserExists: false });
    });

    it('have one key for a tenant, sealed at rest', async () => {
      const [a, b] = await Promise.all([key(), key()]);
      expect(a.export({ format: 'jwk' })).toEqual(b.export({ format: 'jwk' }));
      const row = await server.services.database.read((db) =>
        db.selectFrom('tenants').select('extensions').where('num', '=', server.tenant.id).executeTakeFirstOrThrow(),
      );
      expect(row.extensions).toContain('password_key');
      expect(row.extensions).not.toContain('PRIVATE KEY');
    });
  });

  describe('users', () => {
    it('have what the directory has not, too, and lose it by null', async () => {
      const own = {
        oauth: '{"a":1}',
        browser: 'B',
        device: 'D',
        address: 'A',
        formatted: 'F',
        openid: 'o',
        lastIP: '1.2.3.4',
      };
      const { id } = await newUser(own);
      const fields = Object.keys(own).join(' ');
      const read = async () => (await ask(`{ user(id: "${id}") { ${fields} } }`)).data;
      expect(await read()).toEqual({ user: own });
      await ask(UPDATE, { id, input: { browser: null } });
      expect(await read()).toEqual({ user: { ...own, browser: null } });
    });

    it('may have an address without @; the wrong form of a field is told by its name', async () => {
      await newUser({ email: `odd${kind}` });
      const wrong = await ask(CREATE, { info: { username: 'has blank' } });
      expect(wrong.errors?.[0]?.message).toMatchObject({ code: 500, message: expect.stringContaining('username') });
      const unknown = await ask(CREATE, { info: { username: 'x', colour: 'red' } });
      expect(unknown.errors?.[0]?.message).toMatchObject({ code: 500, message: expect.stringContaining('colour') });
    });

    it('of another connection are not in the pool', async () => {
      const connection = `other-${kind}`;
      await server.api('POST', '/connections', { name: connection, strategy: 'database' });
      const made = await server.api('POST', '/users', { username: `apart${kind}`, connection });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      const { identities } = made.body as { identities: [{ subject: string }] };
      expect((await ask(`{ isUserExists(username: "apart${kind}") }`)).data).toEqual({ isUserExists: false });
      expect(codeOf(await ask(`{ user(id: "${identities[0].subject}") { id } }`))).toBe(2004);
    });

    it('take one external id once, whoever comes first', async () => {
      const info = (username: string) => ({ info: { username, externalId: 'raced' } });
      const answers = await Promise.all(['r1', 'r2', 'r3'].map((name) => ask(CREATE, info(name))));
      expect(answers.map(codeOf).toSorted()).toEqual([2026, 2026, undefined]);
    });

    it('more than 80 are not read at once: 2030', async () => {
      const response = await fetch(`${server.url}/authing/api/v2/users/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          ids: Array.from({ length: 81 }, (_, i) => String(i)),
          type: 'id',
          withCustomData: false,
        }),
      });
      expect([response.status, await response.json()]).toMatchObject([200, { code: 2030 }]);
    });
  });

  describe('documents', () => {
    it('may ask what there is', async () => {
      const { data } = await ask(getIntrospectionQuery(), {}, null);
      expect(data).toHaveProperty('__schema');
    });

    const nested = (depth: number) =>
      `{ users { list ${'{ groups { list { users { list '.repeat(depth)}{ id }${' } } } }'.repeat(depth)} } }`;
    const aliases = (n: number, field: string) => Array.from({ length: n }, (_, i) => `a${i}: ${field}`).join(' ');
    const cases: Readonly<Record<string, readonly [query: string, variables?: object]>> = {
      'too deep': [nested(4)],
      'far too deep': [nested(300)],
      'many aliases of a root field': [`{ ${aliases(11, 'users { totalCount }')} }`],
      'many aliases of a field': [`{ users { list { ${aliases(201, 'id')} } } }`],
      'fragments that multiply': [
        `{ users { ...A } } fragment A on PaginatedUsers { ${aliases(10, 'list { ...B }')} } fragment B on User { ${aliases(30, 'id')} }`,
      ],
      'fragments in a circle': ['{ users { ...A } } fragment A on PaginatedUsers { list { id } ...A }'],
      'a list that is too long': [
        'mutation ($ids: [String!]!) { deleteUsers(ids: $ids) { code } }',
        { ids: Array(1001).fill('x') },
      ],
      'variables of other types': ['query ($page: Int) { users(page: $page) { totalCount } }', { page: { a: 1 } }],
      'a number beyond Int': ['query ($page: Int) { users(page: $page) { totalCount } }', { page: 1e12 }],
      'a page far away': ['{ users(page: 2147483647, limit: 1000) { totalCount } }'],
      'a variable that is not declared': ['{ users(page: $page) { totalCount } }'],
      'a missing variable': ['query ($id: String!) { deleteUser: user(id: $id) { id } }'],
      'an unknown field': ['{ secrets }'],
      'no document': [''],
      'what is no GraphQL': ['}{'],
      'a subscription': ['subscription { users { totalCount } }'],
      'several operations without a name': ['query A { users { totalCount } } query B { users { totalCount } }'],
      'a character that is none': ['{ isUserExists(username: "\\u0000") }'],
      'half a character': ['{ isUserExists(username: "\\uD800") }'],
      'very many tokens': [`{ ${'a '.repeat(3000)} }`],
      'introspection in circles': [
        `{ __schema { types { ${'fields { type { '.repeat(12)} name ${'} }'.repeat(12)} } } }`,
      ],
    };
    it.each(Object.entries(cases))('%s: HTTP 200 and an error object, never 5xx', async (name, [query, variables]) => {
      const answer = await ask(query, variables);
      expect(answer.status).toBe(200);
      if (name === 'a page far away') return expect(answer.errors).toBeUndefined();
      expect(answer.errors?.[0]?.message).toEqual({ code: expect.any(Number), message: expect.stringMatching(/\S/) });
    });

    it('of several changes see each the one before', async () => {
      const set = (type: string, more = '') =>
        `setUdf(targetType: USER, key: "twice", label: "L", dataType: ${type}${more}) { dataType options }`;
      const { data, errors } = await ask(
        `mutation { a: ${set('NUMBER')} b: ${set('SELECT')} c: ${set('SELECT', ', options: "[\\"x\\"]"')} d: ${set('STRING')} }`,
      );
      expect(errors).toBeUndefined();
      expect(data).toEqual({
        a: { dataType: 'NUMBER', options: null },
        b: { dataType: 'SELECT', options: null },
        c: { dataType: 'SELECT', options: '[{"value":"x","label":"x"}]' },
        d: { dataType: 'STRING', options: null },
      });
    });

    it('that go round from users to groups to users read so much and no more', async () => {
      const { data } = await ask('mutation { createGroup(code: "round", name: "Round") { code } }');
      expect(data).toEqual({ createGroup: { code: 'round' } });
      const userIds = [];
      for (let i = 0; i < 30; i++) userIds.push((await newUser()).id);
      const add = 'mutation ($userIds: [String!]!) { addUserToGroup(userIds: $userIds, code: "round") { code } }';
      expect((await ask(add, { userIds })).errors).toBeUndefined();
      const members = (inner: string) => `users(limit: 30) { list { ${inner} } }`;
      const once = await ask(
        `{ group(code: "round") { ${members('groups { list { users(limit: 30) { totalCount } } }')} } }`,
      );
      expect(once.errors).toBeUndefined();
      const round = `groups { list { ${members('groups { list { users(limit: 30) { totalCount } } }')} } }`;
      const answer = await ask(`{ group(code: "round") { ${members(round)} } }`);
      expect(answer.errors?.[0]?.message).toEqual({ code: 500, message: expect.stringContaining('too large') });
    });

    it('bodies that are no requests are told in the same form', async () => {
      const bodies = [
        '',
        '{',
        '[]',
        '"x"',
        '{"query":1}',
        '{"query":"{__typename}","more":1}',
        `{"query":"${'x'.repeat(70_000)}"}`,
      ];
      for (const body of bodies) {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
        const response = await fetch(`${server.url}/authing/graphql/v2`, { method: 'POST', headers, body });
        expect(response.status, body.slice(0, 40)).toBe(200);
        expect(await response.json()).toMatchObject({ errors: [{ message: { code: 500 } }] });
      }
    });

    it('random ones of the schema’s own words never fail the server', async () => {
      const words = [
        'users',
        'findUser',
        'user',
        'searchUser',
        'role',
        'group',
        'udv',
        '(',
        ')',
        '{',
        '}',
        'id:',
        '"x"',
        '$a',
        'page:',
        '-1',
        'null',
        'list',
        'id',
        '[',
        ']',
        '...',
        '@skip',
        'true',
        'USER',
      ];
      let seed = 7;
      const next = (n: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed % n;
      };
      for (let i = 0; i < 200; i++) {
        const text = Array.from({ length: 3 + next(20) }, () => words[next(words.length)]).join(' ');
        expect((await ask(`{ ${text} }`, { a: [null] })).status, text).toBe(200);
      }
    });

    it('routes that are none are told in the vendor’s form', async () => {
      expect(await get('/api/v2/nothing', token)).toMatchObject({ status: 200, body: { code: 404 } });
    });
  });
});
