/** Rules at sign-in: what they are told, what becomes of their word, and what they can't do to the server or to each other. */
import {
  bootServer,
  claimsIn,
  databaseKinds,
  refreshWith,
  signInWith,
  type TestServer,
  type TokenAnswer,
} from '@reeve/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Rules that spin cost their bound of CPU time, which a busy machine gives slowly. */
const SLOW = { timeout: 60_000 };
const scope = { scope: 'openid offline_access' };
const inId = (value: string) =>
  `function (user, context, callback) { context.idToken['https://x/v'] = ${value}; callback(null, user, context); }`;

describe.each(databaseKinds)('rules at sign-in on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const made: string[] = [];
  afterEach(async () => {
    for (const id of made.splice(0)) await server.api('DELETE', `/rules/${id}`);
  });
  let count = 0;
  const rule = async (script: string, more: object = {}): Promise<string> => {
    const answer = await server.api('POST', '/rules', { name: `rule ${++count}`, script, ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const { id } = answer.body as { id: string };
    made.push(id);
    return id;
  };
  const allowed = async (more: Record<string, string> = scope): Promise<TokenAnswer> => {
    const answer = await signInWith(server, more);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const claimOf = async (script: string) => {
    await rule(script);
    return claimsIn((await allowed()).id_token)['https://x/v'];
  };
  const denied = async (script: string) => {
    const id = await rule(script);
    const answer = await signInWith(server, scope);
    await server.api('DELETE', `/rules/${id}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(403);
    expect(answer.body).toMatchObject({ error: 'access_denied', code: 'rule_denied' });
    return answer.body.error_description as string;
  };

  it('puts what rules say into the tokens, in their order, but no reserved claim', async () => {
    await rule(
      `function second(user, context, callback) {
        context.idToken['https://x/order'].push(2);
        context.accessToken['https://x/mail'] = user.email;
        callback(null, user, context);
      }`,
      { order: 20 },
    );
    await rule(
      `async function first(user, context, callback) {
        await Promise.resolve();
        context.idToken['https://x/order'] = [1];
        for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'azp', 'scope', 'uid', 'sid', 'tv', 'imp', 'act', '__proto__'])
          context.idToken[name] = context.accessToken[name] = 'forged';
        callback(null, user, context);
      }`,
      { order: 10 },
    );
    await rule(`function off(user, context, callback) { callback(new Error('never')); }`, { enabled: false });
    const plain = { access: claimsIn(await server.token()), tokens: await allowed() };
    const access = claimsIn(plain.tokens.access_token);
    const id = claimsIn(plain.tokens.id_token);
    expect(id['https://x/order']).toEqual([1, 2]);
    expect(access['https://x/mail']).toBe('admin@reeve.test');
    expect(access['https://x/order']).toBeUndefined();
    expect(JSON.stringify([access, id])).not.toContain('forged');
    expect(access.sub).toBe(id.sub);
  });

  it('tells rules about the user, the application and the request, and stores nothing of what they change', async () => {
    await server.api('POST', '/custom-fields', { key: 'vip', type: 'boolean' });
    const { body: found } = await server.api('GET', '/users?email=admin@reeve.test');
    const [{ id }] = (found as { users: [{ id: string }] }).users;
    await server.api('PATCH', `/users/${id}`, { custom_fields: { vip: true } });
    const seen = (await claimOf(
      `function (user, context, callback) {
        user.app_metadata.changed = true;
        user.email = 'other@example.com';
        context.idToken['https://x/v'] = { user, context: { ...context, idToken: 0, accessToken: 0 } };
        callback(null, user, context);
      }`,
    )) as { user: Record<string, unknown>; context: Record<string, unknown> };
    expect(seen.user).toMatchObject({
      user_id: expect.stringContaining('|'),
      email_verified: expect.any(Boolean),
      blocked: false,
      app_metadata: { custom_fields: { vip: true } },
    });
    expect(seen.context).toMatchObject({
      clientID: 'test-management',
      connection: 'Username-Password-Authentication',
      connectionStrategy: 'database',
      protocol: 'oauth2-password',
      request: { ip: '127.0.0.1' },
      authorization: { roles: [expect.any(String)] },
    });
    const { logins_count: logins } = seen.user;
    expect((seen.context.stats as { loginsCount: number }).loginsCount).toBe(logins);
    const { body } = await server.api('GET', `/users/${seen.user.uid}`);
    expect(body).toMatchObject({ email: 'admin@reeve.test', sign_in_count: logins, app_metadata: {} });
  });

  it('refuses with the words of the rule, begins no session, and records why', async () => {
    const sessions = () => server.work().read((db) => db.selectFrom('sessions').select('id').execute());
    const before = (await sessions()).length;
    expect(await denied(`function (u, c, callback) { callback(new UnauthorizedError('not on Sundays')); }`)).toBe(
      'not on Sundays',
    );
    expect(await denied(`function (u, c, callback) { callback('plain words'); }`)).toBe('plain words');
    expect(await denied(`function () { throw new Error('thrown'); }`)).toBe('thrown');
    expect(await denied(`async function () { throw new UnauthorizedError('later'); }`)).toBe('later');
    expect(await denied(`async function () { null.x; }`)).toContain('null');
    expect((await sessions()).length).toBe(before);
    const { body } = await server.api('GET', '/audit?event_types=user.sign_in_failed&limit=5');
    const { events } = body as { events: { data: object; actor: object; target: { id: string } }[] };
    expect(events[4]).toMatchObject({
      target: { type: 'user' },
      data: { reason: 'rule_denied', message: 'not on Sundays', rule: expect.stringMatching(/^rule /) },
    });
  });

  it('asks no rule about a wrong password or a user who may not sign in', async () => {
    await rule(`function () { throw new Error('asked'); }`);
    const wrong = await signInWith(server, { password: 'wrong password' });
    expect(wrong.body).toMatchObject({ error: 'invalid_grant', code: 'invalid_credentials' });
    const user = (await server.api('POST', '/users', { email: `off-${kind}@example.com`, password: 'correct horse' }))
      .body as { id: string };
    await server.api('POST', `/users/${user.id}/disable`);
    const disabled = await signInWith(server, { username: `off-${kind}@example.com`, password: 'correct horse' });
    expect(disabled.body).toMatchObject({ code: 'user_disabled' });
  });

  it('runs at a refresh, and a refusal there leaves the refresh token usable', async () => {
    const { refresh_token } = await allowed();
    const id = await rule(
      `function (user, context, callback) {
        if (context.protocol === 'oauth2-refresh-token') return callback(new UnauthorizedError('no refresh today'));
        callback(null, user, context);
      }`,
    );
    const refused = await refreshWith(server, refresh_token);
    expect(refused).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: 'no refresh today' },
    });
    await server.api('PATCH', `/rules/${id}`, { script: inId('context.protocol') });
    const refreshed = await refreshWith(server, refresh_token);
    expect(refreshed.status, JSON.stringify(refreshed.body)).toBe(200);
    expect(claimsIn(refreshed.body.id_token)['https://x/v']).toBe('oauth2-refresh-token');
    // Used again it is a theft, whatever the rules say.
    await server.api('PATCH', `/rules/${id}`, { script: `function () { throw new Error('denied'); }` });
    const again = await refreshWith(server, refresh_token);
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(again.body.error_description).toContain('used before');
  });

  it('gives rules nothing of the host', async () => {
    const found = await claimOf(
      inId(`(() => {
        const global = [].constructor.constructor('return this')();
        return ['process', 'require', 'fetch', 'setTimeout', 'setInterval', 'XMLHttpRequest', 'WebAssembly', 'Buffer', 'std', 'os', 'Worker', 'performance', 'module', 'Deno', 'navigator', 'Atomics']
          .filter((name) => typeof global[name] !== 'undefined');
      })()`),
    );
    expect(found).toEqual([]);
    const escapes = [
      `user.constructor.constructor('return process')()`,
      `callback.constructor('return process.env')()`,
      `console.log.constructor('return require("fs")')()`,
      `Error.prepareStackTrace.call()`,
      `eval('process')`,
    ];
    for (const attempt of escapes)
      expect(
        await denied(
          `function (user, context, callback) { context.idToken.x = ${attempt}; callback(null, user, context); }`,
        ),
        attempt,
      ).not.toBe('');
    for (const attempt of [`import('node:fs')`, `(async () => {}).constructor('return process')()`])
      expect(
        await denied(`async function (u, c, callback) { await ${attempt}; callback(null, u, c); }`),
        attempt,
      ).not.toBe('');
  });

  it('lets nothing pass from rule to rule or from run to run but user and context', async () => {
    await rule(
      `function (user, context, callback) {
        Object.prototype.polluted = 'yes';
        globalThis.kept = 'yes';
        configuration.kept = 'yes';
        JSON.stringify = () => '{"user":{},"context":{"idToken":{"https://x/v":"forged"}}}';
        Array.prototype.push = () => 'hijacked';
        callback(null, user, context);
      }`,
      { order: 1 },
    );
    await rule(
      inId(`[String({}.polluted), typeof kept, String(configuration.kept), JSON.stringify([1]), [].push(1)].join()`),
      { order: 2 },
    );
    for (let run = 1; run <= 2; run++) {
      const { id_token } = await allowed();
      expect(claimsIn(id_token)['https://x/v']).toBe('undefined,undefined,undefined,[1],1');
    }
    const probe: object = {};
    expect('polluted' in probe).toBe(false);
  });

  it('bounds time, and serves others meanwhile', SLOW, async () => {
    await rule(`function () { while (true) {} }`);
    const asked = signInWith(server, scope);
    let isAnswered = false;
    void asked.then(() => (isAnswered = true));
    const health = await fetch(`${server.url}/health/live`);
    expect([health.status, isAnswered]).toEqual([200, false]);
    expect((await asked).body).toMatchObject({ error: 'access_denied', error_description: 'rule timed out' });
    await server.api('DELETE', `/rules/${made.pop()}`);
    expect(await denied(`async function () { for (;;) await 1; }`)).toBe('rule timed out');
    expect(await denied(`function () { /(a+)+$/.test('a'.repeat(40) + 'b'); }`)).toBe('rule timed out');
    // Nothing is left that could call it: this takes no time.
    expect(await denied(`function () {}`)).toMatch(/^rule timed out: it did not call/);
    expect(await denied(`async function () { await new Promise(() => {}); }`)).toMatch(
      /^rule timed out: it did not call/,
    );
  });

  it('bounds memory and depth', SLOW, async () => {
    const hoard = `const all = []; for (;;) all.push(new Array(1e5).fill(1));`;
    expect(await denied(`function () { ${hoard} }`)).toContain('memory');
    expect(
      await denied(`function () { return [new Uint8Array(20 * 2 ** 20), new Uint8Array(20 * 2 ** 20)]; }`),
    ).toContain('memory');
    expect(await denied(`function () { 'x'.repeat(2 ** 29); }`)).toContain('memory');
    expect(await denied(`function f() { return f() + 1; }`)).toContain('stack');
    expect(await denied(`function () { JSON.parse('['.repeat(2e4)); }`)).toMatch(/deep|stack/);
    expect(
      await denied(`function () { let o = {}; for (let i = 0; i < 2e4; i++) o = { o }; JSON.stringify(o); }`),
    ).toMatch(/deep|stack/);
    // A rule that catches it goes on within the bound, and the next sign-in begins anew.
    expect(await claimOf(inId(`(() => { try { ${hoard} } catch { return 'caught'; } })()`))).toBe('caught');
    expect(claimsIn((await allowed()).id_token)['https://x/v']).toBe('caught');
  });

  it('bounds what a rule gives back', async () => {
    expect(await denied(inId(`'x'.repeat(70000)`))).toContain('65536');
    expect(await denied(`function (u, c, callback) { c.self = c; callback(null, u, c); }`)).toContain('circular');
    expect(await denied(`function (u, c, callback) { callback(null, u, 'text'); }`)).toContain('two objects');
    expect(await denied(`function (u, c, callback) { callback('x'.repeat(5000)); }`)).toHaveLength(500);
    expect(await denied(`function (u, c, callback) { callback(new Error('a\\nb\\u0000c')); }`)).toBe('a b c');
    expect(await denied(`function (u, c, callback) { callback({ toString() { throw 1; } }); }`)).toBe(
      'the rule refused',
    );
    expect(await claimOf(inId(`1 + 1`))).toBe(2);
  });

  it('ends a rule that can’t be interrupted with its thread, and names it', SLOW, async () => {
    const deaf = `function () { [].indexOf.call({ length: 2 ** 53 - 1 }, 1); }`;
    const [first, second] = await Promise.all([denied(deaf), server.api('GET', '/rules')]);
    expect(first).toBe('rule timed out');
    expect(second.status).toBe(200);
    const { body } = await server.api('GET', '/audit?event_types=user.sign_in_failed&limit=1');
    expect((body as { events: { data: object }[] }).events[0]).toMatchObject({
      data: { message: 'rule timed out', rule: `rule ${count}` },
    });
    expect(await claimOf(inId(`'alive'`))).toBe('alive');
  });
});

describe('the threads of rules', () => {
  it('are none before a rule asks for one, and end with the server', async () => {
    const server = await bootServer('sqlite');
    try {
      const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
      const before = threads();
      expect((await signInWith(server)).status).toBe(200);
      expect(threads()).toBe(before);
    } finally {
      await server.stop();
    }
  });
});
