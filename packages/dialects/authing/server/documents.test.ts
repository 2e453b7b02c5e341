/** What no document and no body may do at the door, on both databases. */
import { bootServer, CLIENT_ID, CLIENT_SECRET, databaseKinds, randomOf, type TestServer } from '@reeve/testkit';
import { hostileTexts } from '@reeve/testkit/walk';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, DEFECT, type Door, openDoor } from './door.fixture.ts';
import { documentOf, rootFields, variablesOf } from './walk.fixture.ts';

describe.each(databaseKinds)('the Authing door on %s', (kind) => {
  let server: TestServer;
  let door: Door;
  let token: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    door = await openDoor(server);
    token = door.token;
  });
  afterAll(() => server.stop());
  const ask: Door['ask'] = (...args) => door.ask(...args);
  const newUser: Door['newUser'] = (info) => door.newUser(info);
  const get: Door['get'] = (...args) => door.get(...args);

  describe('documents', () => {
    it('are refused as a whole where the caller may not ask a part of them, before anything is done', async () => {
      const scopes = ['users:write'];
      const writer = await door.narrow(scopes);
      const create = (more: string) => `mutation { createUser(userInfo: { username: "partly" }) { id ${more} } }`;
      expect(codeOf(await ask(create('groups { totalCount }'), {}, writer))).toBe(1001);
      expect(codeOf(await ask(create('...on User { roles { totalCount } }'), {}, writer))).toBe(1001);
      expect((await ask('{ isUserExists(username: "partly") }')).data).toEqual({ isUserExists: false });
      expect((await ask(create('username'), {}, writer)).errors).toBeUndefined();
    });

    it('that are refused, in whole or in part, are told in the audit log: each once', async () => {
      const { username } = await newUser();
      const cases: Readonly<Record<string, readonly [code: string, query: string, variables?: object]>> = {
        'nobody, twice': ['not_found', '{ a: user(id: "none") { id } b: user(id: "none") { id } }'],
        'one of two': ['not_found', '{ isUserExists(username: "x") user(id: "none") { id } }'],
        'who is there': [
          'username_taken',
          'mutation ($i: CreateUserInput!) { createUser(userInfo: $i) { id } }',
          { i: { username } },
        ],
        'a bad argument': ['invalid_request', '{ users(limit: 0) { totalCount } }'],
        'a variable of another type': [
          'invalid_request',
          'query ($p: Int) { users(page: $p) { totalCount } }',
          { p: {} },
        ],
        'no document': ['invalid_request', '}{'],
      };
      const refusals = async () => {
        const { body } = await server.api('GET', '/audit?event_types=request.refused&limit=2');
        return (body as { events: { id: string; actor: object; data: object }[] }).events;
      };
      for (const [what, [code, query, variables]] of Object.entries(cases)) {
        const [last] = await refusals();
        expect((await ask(query, variables)).errors, what).toBeDefined();
        const [told, before] = await refusals();
        expect(told, what).toMatchObject({
          actor: { type: 'application' },
          data: { code, path: '/authing/graphql/v2' },
        });
        expect(before?.id, what).toBe(last?.id);
      }
    });

    it('ask for one token of the application, which nobody is told to have asked for', async () => {
      const asked = (name: string) => `${name}: accessToken(userPoolId: $id, secret: $secret) { exp }`;
      const issued = async () =>
        ((await server.api('GET', '/audit?event_types=token.issued&limit=1')).body as { events: [{ id: string }] })
          .events[0];
      const before = await issued();
      const variables = { id: CLIENT_ID, secret: CLIENT_SECRET };
      const declared = 'query ($id: String!, $secret: String!)';
      const twice = await ask(
        `${declared} { ${asked('a')} ...B } fragment B on Query { ${asked('b')} }`,
        variables,
        null,
      );
      expect(twice).toMatchObject({ data: null, errors: [{ message: { message: expect.stringContaining('once') } }] });
      expect(await issued()).toEqual(before);
      expect((await ask(`${declared} { ${asked('a')} }`, variables, null)).errors).toBeUndefined();
      expect(await issued()).toMatchObject({ actor: { type: 'anonymous', id: null } });
    });

    it('keep no character that is none in a value of a field, or in an option', async () => {
      const key = `odd_${kind}`;
      await ask(`mutation { setUdf(targetType: USER, key: "${key}", label: "L", dataType: OBJECT) { key } }`);
      const { id } = await newUser();
      const set =
        'mutation ($id: String!, $l: [UserDefinedDataInput!]) { setUdvBatch(targetType: USER, targetId: $id, udvList: $l) { key } }';
      for (const value of ['{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"\\u0000":1}']) {
        const answer = await ask(set, { id, l: [{ key, value }] });
        expect(answer.errors?.[0]?.message, value).toEqual({
          code: 500,
          message: expect.stringContaining('custom_fields'),
        });
      }
      const select =
        'mutation ($o: String) { setUdf(targetType: USER, key: "opted", label: "L", dataType: SELECT, options: $o) { key } }';
      const answer = await ask(select, { o: '["a\\u0000"]' });
      expect(answer.errors?.[0]?.message.message).toContain('options');
    });

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
      expect(JSON.stringify(answer)).not.toMatch(DEFECT);
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
      for (let i = 0; i < 52; i++) userIds.push((await newUser()).id);
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
      // What shows few users may read much.
      const reading = await ask(`{ ${aliases(10, 'users(limit: 1000) { list { groups { totalCount } } }')} }`);
      expect(reading.errors?.[0]?.message.message).toContain('too large');
      // Many ids are read at once: one by one they would be too much.
      const batch = aliases(10, 'udfValueBatch(targetType: USER, targetIds: $userIds) { targetId }');
      const found = await ask(`query ($userIds: [String!]!) { ${batch} }`, { userIds });
      expect(found.errors).toBeUndefined();
      expect(found.data?.a9).toEqual(userIds.map((targetId) => ({ targetId })));
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
        const told = (await response.json()) as object;
        expect(told).toMatchObject({ errors: [{ message: { code: 500 } }] });
        expect(JSON.stringify(told), body.slice(0, 40)).not.toMatch(DEFECT);
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
      const { one, upTo } = randomOf(7);
      for (let i = 0; i < 100; i++) {
        const text = Array.from({ length: 3 + upTo(20) }, () => one(words)).join(' ');
        const answer = await ask(`{ ${text} }`, { a: [null] });
        expect(answer.status, text).toBe(200);
        expect(JSON.stringify(answer), text).not.toMatch(DEFECT);
      }
    });

    it('valid ones of every root field, with random variables of its types, never fail the server', async () => {
      const random = randomOf(11);
      const { id } = await newUser();
      await ask(`mutation { createGroup(code: "drawn", name: "Drawn") { code } createRole(code: "drawn") { code } }`);
      const texts = [
        ...hostileTexts,
        '{"a":[1]}',
        '2021-02-30T00:00:00Z',
        ...[id, 'drawn', 'default'].flatMap((known) => Array(4).fill(known)),
      ];
      let answered = 0;
      for (let round = 0; round < 4; round++)
        for (const field of rootFields) {
          const variables = variablesOf(field, { random, texts });
          const answer = await ask(documentOf(field, variables), variables);
          const what = `${field} ${JSON.stringify(variables).slice(0, 1000)}`;
          expect(answer.status, what).toBe(200);
          expect(JSON.stringify(answer), what).not.toMatch(DEFECT);
          if (!answer.errors) answered += 1;
        }
      // Not all is refused at once: what is drawn names something.
      expect(answered).toBeGreaterThan(rootFields.length / 2);
    });

    it('routes that are none are told in the vendor’s form', async () => {
      expect(await get('/api/v2/nothing', token)).toMatchObject({ status: 200, body: { code: 404 } });
    });
  });
});
