/**
 * Injection: what a caller sends is a value to the database, whatever it looks like and wherever it stands, and names no
 * member of the server's own objects.
 */

import { rw3iss } from '@reeve/auth-client/server';
import { auth0 } from '@reeve/auth0/server';
import type { Schema } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import type { DialectRow } from '@reeve/core';
import {
  ask,
  auth0Caller,
  auth0Scopes,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  type ObservedStatements,
  observeStatements,
  postForm,
} from '@reeve/testkit';
import {
  type Call,
  createRw3issEstate,
  markedBodies,
  markedText,
  markedValue,
  parametersIn,
  startWalk,
  targetOf,
  type VendorCall,
  validCall,
  vendorAsk,
  vendorPath,
  type Walk,
} from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphqlDocuments } from './graphql.ts';

/** No statement of ours has it; letters and digits only, so that every text with a pattern takes it. */
const WORD = 'zqmarkedword';

/** Conditions that would be true of everything, were they conditions. */
const ALWAYS_TRUE = [
  "' or '1'='1",
  "x') or ('1'='1",
  '" or ""="',
  '%',
  's_stem',
  'S_mebody',
  '*',
  '%%',
  '[a-z]',
  '\\',
  '$1',
  '*:*',
];

describe.each(databaseKinds)('injection on %s', (kind) => {
  let observed: ObservedStatements;
  let walk: Walk;
  beforeAll(async () => {
    observed = observeStatements();
    walk = await startWalk(kind);
  });
  afterAll(async () => {
    observed[Symbol.dispose]();
    await walk.stop();
  });

  const marked = (): string[] => [...observed.seen].filter((sql) => sql.toLowerCase().includes(WORD));
  /** Runs what sends the word; fails where a statement was made of it, or where none was made at all. */
  const expectNoneOf = async (send: () => Promise<unknown>): Promise<void> => {
    observed.seen.clear();
    await send();
    expect(marked()).toEqual([]);
    expect(observed.seen.size).toBeGreaterThan(0);
  };

  it('sees a statement that a text of a caller was put into', async () => {
    observed.seen.clear();
    await walk.server.services.database.read((db) =>
      db
        .selectFrom('tenants')
        .select((e) => e.lit(null).as(WORD))
        .execute(),
    );
    expect(marked()).toHaveLength(1);
  });

  it('of SQL is none by any text of the native API', { timeout: 120_000 }, async () => {
    const { home } = walk;
    await expectNoneOf(async () => {
      for (const { id, route } of routes) {
        const call = await validCall(home, id, route);
        // Hashing would take most of the time.
        const { password: _password, ...good } = (call.body ?? {}) as Record<string, unknown>;
        const calls: Call[] = [
          ...Object.keys(call.params ?? {}).map((name) => ({ ...call, params: { ...call.params, [name]: WORD } })),
          ...markedQueries(route).map((query) => ({ ...call, query: { ...call.query, ...query } })),
          ...(call.raw
            ? []
            : markedBodies((route.body ?? {}) as Schema, good, WORD).map((body) => ({ ...call, body }))),
        ];
        await Promise.all(calls.map((one) => home.call(id, one)));
      }
    });
  });

  it('of SQL is none by any text of the Auth0 dialect, search queries among them', { timeout: 120_000 }, async () => {
    const { server, home } = walk;
    const bearer = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    const ids: Record<string, string> = {
      users: `auth0|${WORD}`,
      roles: await home.role(),
      organizations: await home.organization(),
      connections: await home.connection(),
      clients: WORD,
      'resource-servers': await home.resourceServer(),
    };
    await home.call('users.create', {
      body: { email: `${WORD}@example.com`, user_metadata: { [WORD]: WORD } },
    });
    const send = async (row: DialectRow) => {
      const area = row.path.split('/')[1] ?? '';
      const params = Object.fromEntries(
        parametersIn(row).map((name, i) => [name, (i === 0 ? ids[area] : undefined) ?? WORD]),
      );
      const bodies = row.body ? markedBodies(row.body as Schema, requiredOf(row.body as Schema), WORD) : [];
      const asked = markedQueries(row).map((query) => vendorPath(auth0.prefix, row, { params, query }));
      await Promise.all(asked.map((path) => vendorAsk(server.url, row, path, { bearer })));
      const path = vendorPath(auth0.prefix, row, { params });
      const sent = bodies.length > 0 ? bodies : [undefined];
      await Promise.all(sent.map((body) => vendorAsk(server.url, row, path, { bearer, body })));
    };
    await expectNoneOf(async () => {
      const rows = auth0.rows.filter(({ uploads }) => !uploads);
      for (const row of rows.filter(({ verb }) => verb !== 'DELETE')) await send(row);
      const auth0Api = await auth0Caller(server);
      for (const q of [
        `name:"${WORD}' or 1=1"`,
        `user_metadata.${WORD}:${WORD}`,
        `app_metadata.a.${WORD}:"1"`,
        `_exists_:user_metadata.${WORD}`,
        `email:*${WORD}* OR name:${WORD}*`,
        `identities.connection:"${WORD}" AND NOT user_id:"auth0|${WORD}"`,
        `created_at:[2026-01-01 TO *] AND nickname:${WORD}?`,
      ])
        expect((await auth0Api('GET', `/users?search_engine=v3&q=${encodeURIComponent(q)}`)).status, q).toBe(200);
      for (const q of [`ip:"${WORD}"`, `user_id:"auth0|${WORD}"`, `client_id:${WORD}`, `type:s AND user_name:${WORD}`])
        expect((await auth0Api('GET', `/logs?q=${encodeURIComponent(q)}`)).status, q).toBeLessThan(500);
      for (const row of rows.filter(({ verb }) => verb === 'DELETE')) await send(row);
    });
  });

  it('of SQL is none by any text of the rw3iss dialect', { timeout: 120_000 }, async () => {
    const estate = createRw3issEstate(walk.server, walk.home);
    await expectNoneOf(async () => {
      for (const row of rw3iss.rows) {
        const call = await estate.valid(row);
        const target = targetOf(row);
        const good = (call.body ?? {}) as Record<string, unknown>;
        const calls: VendorCall[] = [
          ...markedQueries(row).map((query) => ({ ...call, query })),
          ...parametersIn(row).map((name) => ({ ...call, params: { ...call.params, [name]: WORD } })),
          ...markedBodies((row.body ?? {}) as Schema, good, WORD).map((body) => ({ ...call, body })),
        ];
        await Promise.all(calls.map((one) => estate.call(target, one)));
      }
    });
  });

  it('of SQL is none by any argument or variable of the Authing dialect', { timeout: 120_000 }, async () => {
    const { server } = walk;
    const send = async (query: string, bearer?: string) => {
      const response = await fetch(`${server.url}/authing/graphql/v2`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
        body: JSON.stringify({ query }),
      });
      return (await response.json()) as { data: never; errors?: unknown };
    };
    const { data } = await send(
      `{ accessToken(userPoolId: "${CLIENT_ID}", secret: "${CLIENT_SECRET}") { accessToken } }`,
    );
    const bearer = (data as { accessToken: { accessToken: string } }).accessToken.accessToken;
    const documents = await graphqlDocuments((query) => send(query, bearer), WORD);
    expect(documents.length).toBeGreaterThan(30);
    await expectNoneOf(async () => {
      await Promise.all(documents.map((document) => send(document, bearer)));
      for (const path of [`/api/v2/users/${WORD}`, `/api/v2/udfs?targetType=${WORD}`])
        await fetch(`${server.url}/authing${path}`, { headers: { authorization: `Bearer ${bearer}` } });
    });
  });
});

/** Queries of one parameter each, with the word in it. */
const markedQueries = ({ query }: Pick<DialectRow, 'query'>): Record<string, string>[] =>
  Object.entries((query as Schema | undefined)?.properties ?? {})
    .map(([name, schema]) => ({ [name]: [markedValue(schema, WORD)].flat().join() }))
    .filter((one) => JSON.stringify(one).includes(WORD));

/** What a body needs at least, of nothing that is there. */
const requiredOf = (schema: Schema): Record<string, unknown> =>
  Object.fromEntries(
    (schema.required ?? []).map((name) => [name, markedValue(schema.properties?.[name] ?? {}, 'nothing')]),
  );

describe.each(databaseKinds)('odd names on %s', (kind) => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await startWalk(kind);
  });
  afterAll(() => walk.stop());

  it('that would be true of everything, were they conditions, find nothing', async () => {
    const { home } = walk;
    await home.user({ email: 'somebody@example.com', name: 'Somebody' });
    const lists = routes.filter(({ route }) => route.items && !route.path.includes('{'));
    let asked = 0;
    for (const { id, route } of lists) {
      const names = Object.entries((route.query as Schema | undefined)?.properties ?? {}).filter(
        ([name, schema]) => markedText(schema, WORD) !== undefined && schema.type === 'string' && name !== 'cursor',
      );
      for (const [name] of names)
        for (const text of ALWAYS_TRUE) {
          const answer = await home.call(id, { query: { [name]: text } });
          const found = (answer.body as Record<string, unknown[]>)[route.items as string];
          asked++;
          if (answer.status === 200) expect(found, `${id} ${name}=${text}`).toEqual([]);
          else expect(answer.status, `${id} ${name}=${text}: ${answer.text}`).toBe(400);
        }
    }
    expect(asked).toBeGreaterThan(100);
    const auth0Api = await auth0Caller(walk.server);
    for (const text of ALWAYS_TRUE) {
      const value = encodeURIComponent(text);
      for (const path of [
        `/users-by-email?email=${value}`,
        `/users?search_engine=v3&q=${encodeURIComponent(`name:${JSON.stringify(text)}`)}`,
        `/roles?name_filter=${value}`,
        `/connections?name=${value}`,
      ]) {
        const { status, body } = await auth0Api('GET', path);
        if (status === 200) expect(body, path).toEqual([]);
        else expect(status, path).toBe(400);
      }
    }
  });

  it('leave the prototypes as they are', async () => {
    const { server, home } = walk;
    const shapes = [Object, Array, Function, String].map(({ prototype }) => prototype as object);
    const before = shapes.map((shape) => Reflect.ownKeys(shape).length);
    const authorization = `Bearer ${await server.token()}`;
    const user = await home.user();
    const names = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__'];
    const bodies = names.flatMap((name) => [
      `{"${name}":{"polluted":1}}`,
      `{"user_metadata":{"${name}":{"polluted":1}}}`,
      `{"user_metadata":{"constructor":{"prototype":{"polluted":1}}}}`,
      `{"app_metadata":{"a":{"${name}":{"polluted":1}}}}`,
      `{"custom_fields":{"${name}":"1"}}`,
      `{"email":"p@example.com","profile":{"${name}":{"polluted":1}}}`,
    ]);
    const auth0Token = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    const calls = [
      ['POST', '/api/v1/users', authorization],
      ['PATCH', `/api/v1/users/${user}`, authorization],
      ['POST', '/api/v2/users', `Bearer ${auth0Token}`],
      ['PATCH', '/api/v2/tenants/settings', `Bearer ${auth0Token}`],
      ['POST', '/oauth/token', ''],
      ['POST', '/rw3iss/api/v1/auth/login', ''],
      ['POST', '/authing/graphql/v2', ''],
    ] as const;
    for (const [method, path, bearer] of calls)
      for (const body of bodies) {
        const headers = { 'content-type': 'application/json', ...(bearer === '' ? {} : { authorization: bearer }) };
        const { status, text } = await ask(server.url, { path, method, headers, body });
        expect(status, `${path} ${body}: ${text}`).toBeLessThan(500);
      }
    const query = '__proto__[polluted]=1&__proto__.polluted=1&constructor[prototype][polluted]=1&__proto__=1';
    for (const path of [`/api/v1/users?${query}`, `/api/v2/users?${query}`, `/verify-email?${query}&ticket=x`])
      expect((await ask(server.url, { path, headers: { authorization } })).status, path).toBeLessThan(500);
    await postForm(server, '/oauth/token', Object.fromEntries(new URLSearchParams(query)));
    const page = await fetch(`${server.url}/verify-email`, { method: 'POST', body: new URLSearchParams(query) });
    expect(page.status).toBe(404);
    const graphql = {
      query: 'query ($__proto__: String, $constructor: String) { isUserExists(username: $constructor) }',
      variables: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    };
    const sent = `{"query":${JSON.stringify(graphql.query)},"variables":${graphql.variables}}`;
    const headers = { 'content-type': 'application/json' };
    expect((await ask(server.url, { path: '/authing/graphql/v2', method: 'POST', headers, body: sent })).status).toBe(
      200,
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(shapes.map((shape) => Reflect.ownKeys(shape).length)).toEqual(before);
  });

  it('are no members of the server’s own tables', async () => {
    const auth0Api = await auth0Caller(walk.server);
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      for (const path of ['/api/v1/users/', '/api/v1/roles/', '/docs/assets/', '/api/v1/custom-fields/'])
        expect(
          (
            await ask(walk.server.url, {
              path: path + name,
              headers: { authorization: `Bearer ${await walk.server.token()}` },
            })
          ).status,
          path + name,
        ).toBe(404);
      for (const path of [`/users?sort=${name}:1`, `/users?fields=${name}`, `/users?q=${name}:x&search_engine=v3`]) {
        const { status, body } = await auth0Api('GET', path);
        expect(status, path).toBeLessThan(500);
        if (status === 200) for (const user of body as object[]) expect(Object.keys(user), path).not.toContain(name);
      }
      expect(
        (
          await postForm(walk.server, '/oauth/token', {
            grant_type: name,
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
          })
        ).status,
      ).toBe(400);
      const sorted = await walk.home.call('users.list', { query: { sort: name } });
      expect(sorted.status).toBe(400);
    }
  });
});
