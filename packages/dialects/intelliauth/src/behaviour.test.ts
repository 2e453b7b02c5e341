/** What the contract says of the client as a whole, against the real server: tokens, errors, lists, imports, retries. */
import { Readable } from 'node:stream';
import {
  ADMIN_EMAIL,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  postForm,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { IntelliAuthApiError, IntelliAuthManagement, type IntelliAuthOptions, type User } from './index.ts';

const globalFetch = globalThis.fetch;
type Sent = { readonly line: string; readonly bearer: string | undefined; readonly body: unknown };

describe.each(databaseKinds)('the client on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let count = 0;
  const newEmail = () => `behaviour-${++count}@example.test`;
  /** A client, and what it sent by its `fetch` option. */
  const clientWith = (more: Partial<IntelliAuthOptions> = {}) => {
    const sent: Sent[] = [];
    const tokenRequests = () => sent.filter(({ line }) => line === 'POST /oauth/token');
    const { fetch: own = globalFetch, ...options } = more;
    const client = new IntelliAuthManagement({
      tenantUrl: server.url,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      audience: `${server.url}/api`,
      ...options,
      fetch: (url, init) => {
        const bearer = init.headers.authorization?.replace('Bearer ', '');
        sent.push({ line: `${init.method} ${new URL(url).pathname}`, bearer, body: init.body });
        return (own as typeof globalFetch)(url, init as RequestInit) as never;
      },
    });
    return { client, sent, tokenRequests };
  };
  const failureOf = async (call: PromiseLike<unknown>): Promise<IntelliAuthApiError> => {
    const error: unknown = await Promise.resolve(call).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(IntelliAuthApiError);
    return error as IntelliAuthApiError;
  };
  const application = async (more: object = {}) => {
    const body = { name: `App ${++count}`, type: 'machine_to_machine', scopes: ['users:read'], ...more };
    const made = (await server.api('POST', '/applications', body)).body as { client_id: string; client_secret: string };
    return { clientId: made.client_id, clientSecret: made.client_secret };
  };
  const revoke = async (token: string | undefined) => {
    const credentials = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
    expect((await postForm(server, '/oauth/revoke', { token: token ?? '', ...credentials })).status).toBe(200);
  };

  it('making it sends nothing, and names what is missing', () => {
    expect(clientWith().sent).toEqual([]);
    for (const name of ['tenantUrl', 'clientId', 'clientSecret', 'audience'] as const)
      expect(() => clientWith({ [name]: undefined } as never)).toThrow(name);
  });

  it('asks for one token with the given scope, and uses its own fetch for everything', async () => {
    const { client, sent } = clientWith({ scope: 'users:read audit:read' });
    vi.stubGlobal('fetch', () => Promise.reject(new Error('The global fetch was used.')));
    onTestFinished(() => void vi.unstubAllGlobals());
    await client.users.list();
    expect(sent.map(({ line }) => line)).toEqual(['POST /oauth/token', 'GET /api/v1/users']);
    expect(Object.fromEntries(new URLSearchParams(sent[0]?.body as string))).toEqual({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      audience: `${server.url}/api`,
      scope: 'users:read audit:read',
    });
    const denied = await failureOf(client.groups.create({ name: 'No' }));
    expect(denied).toMatchObject({ status: 403, code: 'insufficient_scope' });
    for await (const _event of client.audit.stream({ event_types: ['tenant.created'] }));
    await failureOf(client.users.bulkImport([{ email: newEmail() }]));
    expect(sent.map(({ line }) => line).slice(3)).toEqual(['GET /api/v1/audit/stream', 'POST /api/v1/users/import']);
  });

  it('100 calls at once that find no token cause one token request; so do 100 that find a revoked one', async () => {
    const { client, sent, tokenRequests } = clientWith();
    const calls = () => Promise.all(Array.from({ length: 100 }, () => client.users.list({ limit: 1 })));
    expect((await calls()).every(({ users }) => users.length === 1)).toBe(true);
    expect(tokenRequests()).toHaveLength(1);
    await revoke(sent.at(-1)?.bearer);
    await calls();
    expect(tokenRequests()).toHaveLength(2);
  });

  it('a revoked token is fetched again once, and the call repeated once', async () => {
    const { client, sent } = clientWith();
    await client.users.list();
    await revoke(sent.at(-1)?.bearer);
    sent.length = 0;
    const email = newEmail();
    expect(await client.users.create({ email, email_verified: true })).toMatchObject({ email });
    const lines = ['POST /api/v1/users', 'POST /oauth/token', 'POST /api/v1/users'];
    expect(sent.map(({ line }) => line)).toEqual(lines);
    expect(sent[0]?.bearer).not.toBe(sent[2]?.bearer);
    expect((await client.users.list({ email })).users).toHaveLength(1);
  });

  it('a call that is answered 401 again is not tried a third time', async () => {
    const { client, sent } = clientWith({
      fetch: async (url, init) => {
        const answer = await fetch(url, init as RequestInit);
        if (!url.endsWith('/oauth/token')) return answer;
        const granted = (await answer.json()) as { access_token: string };
        await revoke(granted.access_token);
        return Response.json(granted);
      },
    });
    expect(await failureOf(client.users.list())).toMatchObject({ status: 401, code: 'token_revoked' });
    const attempt = ['POST /oauth/token', 'GET /api/v1/users'];
    expect(sent.map(({ line }) => line)).toEqual([...attempt, ...attempt]);
  });

  it('a token that has expired on the server is fetched again', async () => {
    const { client, sent, tokenRequests } = clientWith(await application({ access_token_lifetime: 3600 }));
    await client.users.list();
    server.clock.advance(3_601_000);
    await client.users.list();
    expect(sent.map(({ line }) => line).slice(1)).toEqual([
      'GET /api/v1/users',
      'GET /api/v1/users',
      'POST /oauth/token',
      'GET /api/v1/users',
    ]);
    await client.users.list();
    expect(tokenRequests()).toHaveLength(2);
  });

  it.each([
    [60, 2],
    [90, 1],
  ])('a token that lives %i s serves two calls after %i token requests', async (access_token_lifetime, requests) => {
    const { client, tokenRequests } = clientWith(await application({ access_token_lifetime }));
    await client.users.list();
    await client.users.list();
    expect(tokenRequests()).toHaveLength(requests);
  });

  it('a refused token request is the error of the call, without the secret', async () => {
    const clientSecret = 'not the secret at all';
    const { client, sent } = clientWith({ clientSecret });
    const error = await failureOf(client.users.get('usr_1'));
    expect(error).toMatchObject({
      name: 'IntelliAuthApiError',
      status: 401,
      code: 'invalid_client',
      request_id: expect.stringMatching(/^req_/),
    });
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(clientSecret);
    expect(sent).toHaveLength(1);
    const { events } = await clientWith().client.audit.list({ request_id: error.request_id as string });
    expect(events).toMatchObject([{ event_type: 'token.refused' }]);
  });

  it('values of custom fields come with the user, and writing back what was read changes nothing', async () => {
    expect((await server.api('POST', '/custom-fields', { key: `school`, type: 'string' })).status).toBe(201);
    const { client } = clientWith();
    const custom_fields = { school: 'A' };
    const app_metadata = { plan: 'gold' };
    const { id } = await client.users.create({ email: newEmail(), email_verified: true, app_metadata, custom_fields });
    const read = await client.users.get(id);
    expect(read).toMatchObject({ custom_fields, app_metadata, user_metadata: {} });
    const { name, nickname, user_metadata } = read;
    const body = { name, nickname, user_metadata, app_metadata: read.app_metadata, custom_fields: read.custom_fields };
    expect(await client.users.update(id, body)).toEqual(read);
    const { events } = await client.audit.list({ target: id, event_types: ['user.updated'] });
    expect(events).toEqual([]);
  });

  it('every refusal is found in the audit log by its request id', async () => {
    const { client } = clientWith();
    const narrow = clientWith({ scope: 'users:read' }).client;
    const { email } = await client.users.create({ email: newEmail() });
    const refusals: [() => PromiseLike<unknown>, number, string][] = [
      [() => client.users.get('usr_01HZX3V7J5Y6K8M9N0P1Q2R3S4'), 404, 'not_found'],
      [() => client.users.get('no id at all'), 404, 'not_found'],
      [() => client.users.create({ email: email as string }), 409, 'email_taken'],
      [() => client.users.create({ email: 'no address' }), 400, 'invalid_request'],
      [() => client.users.create({ emial: newEmail() } as never), 400, 'invalid_request'],
      [() => client.users.create({ email: newEmail(), password: 'short' }), 422, 'weak_password'],
      [() => client.users.list({ limit: 101 }), 400, 'invalid_request'],
      [() => client.users.list({ serach: 'a' } as never), 400, 'invalid_request'],
      [() => client.users.list({ cursor: 'nowhere' }), 400, 'invalid_cursor'],
      [() => narrow.users.disable('usr_1'), 403, 'insufficient_scope'],
      [() => client.users.bulkImport('email', { contentType: 'text/html' as never }), 415, 'unsupported_media_type'],
    ];
    for (const [call, status, code] of refusals) {
      const error = await failureOf(call());
      expect(error).toMatchObject({ status, code, request_id: expect.stringMatching(/^req_/) });
      const { events } = await client.audit.list({ request_id: error.request_id as string });
      expect(events, `${code}: ${error.message}`).toMatchObject([
        { event_type: 'request.refused', request_id: error.request_id, data: { code, status } },
      ]);
    }
  });

  it('what succeeds is found by its request id too', async () => {
    const { client } = clientWith();
    const { data, request_id } = await client.users.create({ email: newEmail(), email_verified: true }).withResponse();
    const { events } = await client.audit.list({ request_id: request_id as string });
    expect(events).toMatchObject([{ event_type: 'user.created', target: { id: data.id } }]);
    expect(events[0]?.actor.id).toMatch(/^app_/);
  });

  it('an id stays one segment of its path', async () => {
    const { client, sent } = clientWith();
    const { users } = await client.users.list({ email: ADMIN_EMAIL });
    const victim = (users[0] as User).id;
    sent.length = 0;
    for (const id of ['.', '..', '', undefined as never, '\ud800'])
      expect(await failureOf(client.users.delete(id))).toMatchObject({ status: 0, code: 'invalid_parameter' });
    expect(sent).toEqual([]);
    for (const id of [
      `usr_1/../${victim}`,
      `../users/${victim}`,
      `..%2f${victim}`,
      `${victim}?a`,
      `${victim}#`,
      `${victim}/`,
    ])
      expect(await failureOf(client.users.get(id)), id).toMatchObject({ status: 404, code: 'not_found' });
    expect(await client.users.get(victim)).toMatchObject({ email: ADMIN_EMAIL });
  });

  it('5xx and network errors are tried `attempts` times, and a create whose answer was lost is not doubled', async () => {
    const faults: ('lost' | 502)[] = ['lost', 502];
    const { client, sent } = clientWith({
      retry: { attempts: 3, baseMs: 1 },
      fetch: async (url, init) => {
        const answer = await fetch(url, init as RequestInit);
        const fault = url.endsWith('/oauth/token') ? undefined : faults.shift();
        if (fault === undefined) return answer;
        await answer.text();
        if (fault === 'lost') throw new TypeError('fetch failed');
        return new Response('', { status: fault });
      },
    });
    const email = newEmail();
    const user = await client.users.create({ email, email_verified: true });
    expect(sent.map(({ line }) => line).slice(1)).toEqual(Array(3).fill('POST /api/v1/users'));
    expect((await client.users.list({ email })).users).toEqual([user]);
    faults.push(502, 502, 'lost', 'lost');
    expect(await failureOf(client.users.get(user.id))).toMatchObject({
      status: 0,
      code: 'connection_failed',
      request_id: null,
      cause: expect.objectContaining({ message: 'fetch failed' }),
    });
    expect(faults.splice(0)).toHaveLength(1);
    sent.length = 0;
    expect(await failureOf(client.users.get('usr_1'))).toMatchObject({ status: 404 });
    expect(sent).toHaveLength(1);
  });

  const marked = (mark: string, n: number) =>
    Array.from({ length: n }, (_, i) => ({
      email: `${mark}.${i}@example.test`,
      name: `Žofie 名前 😀 ${i}`,
      user_metadata: { [mark]: i },
    }));
  /** What is in the directory after an import: every row once, unharmed. */
  const expectAll = async (mark: string, n: number) => {
    const { client } = clientWith();
    const found = new Map<string | null, string | null>();
    for await (const { email, name } of client.users.list({ search: `${mark}.`, limit: 100 })) {
      expect(found.has(email)).toBe(false);
      found.set(email, name);
    }
    expect(found.size).toBe(n);
    for (const { email, name } of marked(mark, n)) expect(found.get(email)).toBe(name);
  };

  it('bulkImport takes thousands of rows from a Readable of objects, in one request', async () => {
    const { client, sent } = clientWith();
    const answer = await client.users.bulkImport(Readable.from(marked('readable', 3000)));
    expect(answer).toMatchObject({ inserted: 3000, updated: 0, failed: 0, total: 3000, errors: [] });
    expect(sent.map(({ line }) => line)).toEqual(['POST /oauth/token', 'POST /api/v1/users/import']);
    await expectAll('readable', 3000);
    expect((await client.users.list()).users).toHaveLength(50);
    expect((await client.users.list({ limit: 100 })).users).toHaveLength(100);
  });

  it('bulkImport takes the bytes of a file in pieces that split characters, and tells which lines failed', async () => {
    const rows = marked('bytes', 400);
    const lines = rows.map((row) => JSON.stringify(row));
    lines.splice(200, 0, '{"email":"broken', JSON.stringify({ email: rows[3]?.email }));
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 61) yield new Uint8Array(bytes.subarray(at, at + 61));
    }
    const answer = await clientWith().client.users.bulkImport(pieces());
    expect(answer).toMatchObject({ inserted: 400, failed: 2, total: 402 });
    expect(answer.errors).toEqual([
      { line: 201, key: null, code: 'invalid_json', field: null, message: expect.any(String) },
      { line: 202, key: rows[3]?.email, code: 'email_taken', field: 'email', message: expect.any(String) },
    ]);
    await expectAll('bytes', 400);
  });

  it('bulkImport takes CSV when it is told, and sends no mail', async () => {
    async function* csv() {
      yield 'email,name\n';
      for (const { email, name } of marked('csv', 20)) yield `${email},"${name}"\n`;
    }
    const { client } = clientWith();
    const answer = await client.users.bulkImport(csv(), { contentType: 'text/csv' });
    expect(answer).toMatchObject({ inserted: 20, failed: 0, total: 20 });
    await expectAll('csv', 20);
    const signIn = await signInWith(server, { username: 'csv.1@example.test', password: 'anything at all' });
    expect(signIn.body).toMatchObject({ code: 'invalid_credentials' });
    expect((await client.mails.list({ limit: 100 })).mails.filter(({ to }) => to.startsWith('csv.'))).toEqual([]);
  });
});
