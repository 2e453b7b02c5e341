import type { AddedAuthenticationMethod, AuthenticationMethod, Event } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';
import { rememberBrowser } from './browsers.ts';
import { findMultifactor, listEnrollments, removeFactors } from './enrollments.ts';
import { totpCodeAt } from './totp.ts';

const LOCK = 5 * 60_000;
const STEP = 30_000;
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const KEY = { key_id: 'key', public_key: 'MFkw', relying_party_identifier: 'example.com' };

describe.each(databaseKinds)('authentication methods on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let people = 0;
  const person = async (): Promise<string> =>
    (
      (await server.api('POST', '/users', { email: `f${++people}@example.com`, email_verified: true })).body as {
        id: string;
      }
    ).id;
  const pathOf = (user: string, method = '') => `/users/${user}/authentication-methods${method && `/${method}`}`;
  const add = async (user: string, body: object): Promise<AddedAuthenticationMethod> => {
    const answer = await server.api('POST', pathOf(user), body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const methodsOf = async (user: string): Promise<AuthenticationMethod[]> => {
    const { status, body } = await server.api('GET', pathOf(user));
    expect(status).toBe(200);
    return (body as { authentication_methods: AuthenticationMethod[] }).authentication_methods;
  };
  const eventsOf = async (user: string, types: string): Promise<Event[]> =>
    ((await server.api('GET', `/audit?target=${user}&event_types=${types}&limit=100`)).body as { events: Event[] })
      .events;
  const verify = (user: string, method: string, code: string, headers?: Record<string, string>) =>
    server.api('POST', `${pathOf(user, method)}/verify`, { code }, headers);
  const codeNow = (secret: string, offset = 0) => totpCodeAt(secret, server.clock.now() + offset * STEP);
  const wrongCode = (secret: string) => {
    const right = [-2, -1, 0, 1, 2].map((offset) => codeNow(secret, offset));
    return ['000000', '000001', '000002', '000003', '000004', '000005'].find((code) => !right.includes(code)) as string;
  };

  it('adds each type with its fields, shows a TOTP’s secret once, and stores it sealed', async () => {
    const user = await person();
    const made = await add(user, { type: 'totp', name: 'App' });
    expect(made).toMatchObject({ type: 'totp', name: 'App', confirmed: false, confirmed_at: null });
    expect(made.totp_secret).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(made.totp_uri as string);
    expect(uri.searchParams.get('secret')).toBe(made.totp_secret);
    expect(decodeURIComponent(uri.pathname)).toContain(`f${people}@example.com`);
    const given = await add(user, { type: 'totp', totp_secret: SECRET.toLowerCase(), confirmed: true });
    expect(given).toMatchObject({ totp_secret: SECRET, confirmed: true });
    const phone = await add(user, { type: 'phone', phone_number: '+15555550100' });
    expect(phone).toMatchObject({ confirmed: true, preferred_authentication_method: 'sms' });
    await add(user, { type: 'email', email: 'Ann@Example.com' });
    for (const type of ['webauthn-roaming', 'webauthn-platform', 'passkey']) await add(user, { type, ...KEY });
    await add(user, { type: 'push', name: 'Watch' });
    const methods = await methodsOf(user);
    expect(methods.map(({ type }) => type)).toEqual([
      'push',
      'passkey',
      'webauthn-platform',
      'webauthn-roaming',
      'email',
      'phone',
      'totp',
      'totp',
    ]);
    const read = await server.api('GET', pathOf(user, made.id));
    const { totp_secret, totp_uri, ...shown } = made;
    expect(read.body).toEqual(shown);
    const rows = await server.work().read((db) => db.selectFrom('authentication_methods').selectAll().execute());
    const events = await server.work().read((db) => db.selectFrom('events').selectAll().execute());
    for (const secret of [totp_secret as string, SECRET]) {
      expect(JSON.stringify(rows)).not.toContain(secret);
      expect(JSON.stringify(events)).not.toContain(secret);
    }
    const added = await eventsOf(user, 'mfa.factor_added');
    expect(added.map(({ data }) => data)).toEqual(methods.map(({ id, type }) => ({ type, method_id: id })));
  });

  it('refuses what a type lacks or has not, and changes nothing', async () => {
    const user = await person();
    for (const [body, field] of [
      [{ type: 'phone' }, 'phone_number'],
      [{ type: 'phone', phone_number: '555' }, 'phone_number'],
      [{ type: 'email' }, 'email'],
      [{ type: 'email', email: 'nobody' }, 'email'],
      [{ type: 'email', email: 'a@b.c', phone_number: '+15555550100' }, 'phone_number'],
      [{ type: 'totp', preferred_authentication_method: 'sms' }, 'preferred_authentication_method'],
      [{ type: 'totp', totp_secret: 'SHORT' }, 'totp_secret'],
      [{ type: 'totp', totp_secret: '0189018901890189' }, 'totp_secret'],
      [{ type: 'passkey', key_id: 'k' }, 'public_key'],
      [{ type: 'recovery-code' }, 'type'],
      [{ type: 'password' }, 'type'],
    ] as const) {
      const { status, body: problem } = await server.api('POST', pathOf(user), body);
      expect([status, problem]).toMatchObject([400, { code: 'invalid_request', errors: [{ field }] }]);
      const put = await server.api('PUT', pathOf(user), { authentication_methods: [body] });
      expect([put.status, put.body]).toMatchObject([400, { errors: [{ field: `authentication_methods.0.${field}` }] }]);
    }
    expect(await methodsOf(user)).toEqual([]);
    expect(await eventsOf(user, 'mfa.factor_added')).toEqual([]);
  });

  it('takes one address, number or key once, and twenty methods at most, also at the same time', async () => {
    const user = await person();
    await add(user, { type: 'email', email: 'twice@example.com' });
    const again = await server.api('POST', pathOf(user), { type: 'email', email: 'TWICE@example.com' });
    expect([again.status, again.body]).toMatchObject([409, { code: 'conflict' }]);
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => server.api('POST', pathOf(user), { type: 'totp' })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(19);
    for (const { body } of answers.filter(({ status }) => status !== 201))
      expect(body).toMatchObject({ code: 'limit_reached' });
    expect((await server.api('POST', `/users/${user}/recovery-code`)).body).toMatchObject({ code: 'limit_reached' });
    expect(await methodsOf(user)).toHaveLength(20);
    const page = await server.api('GET', `${pathOf(user)}?limit=15`);
    const { next_cursor } = page.body as { next_cursor: string };
    const rest = await server.api('GET', `${pathOf(user)}?limit=15&cursor=${next_cursor}`);
    expect((rest.body as { authentication_methods: object[]; next_cursor: null }).authentication_methods).toHaveLength(
      5,
    );
  });

  it('replaces all, with an event for each that comes or goes, or nothing at all', async () => {
    const user = await person();
    const old = [await add(user, { type: 'totp' }), await add(user, { type: 'push' })];
    const twice = { type: 'phone', phone_number: '+15555550100' };
    const refused = await server.api('PUT', pathOf(user), { authentication_methods: [twice, twice] });
    expect(refused.status).toBe(409);
    expect((await methodsOf(user)).map(({ id }) => id)).toEqual(old.map(({ id }) => id).reverse());
    const { status, body } = await server.api('PUT', pathOf(user), {
      authentication_methods: [twice, { type: 'totp', totp_secret: SECRET }],
    });
    expect(status).toBe(200);
    const { authentication_methods } = body as { authentication_methods: AddedAuthenticationMethod[] };
    expect(authentication_methods).toMatchObject([{ type: 'phone' }, { type: 'totp', totp_secret: SECRET }]);
    expect((await methodsOf(user)).map(({ id }) => id)).toEqual(authentication_methods.map(({ id }) => id).reverse());
    const removed = await eventsOf(user, 'mfa.factor_removed');
    expect(removed.map(({ data }) => data?.method_id)).toEqual(old.map(({ id }) => id).reverse());
    expect(await eventsOf(user, 'mfa.factor_added')).toHaveLength(4);
    expect((await server.api('PUT', pathOf(user), { authentication_methods: [] })).status).toBe(200);
    expect(await methodsOf(user)).toEqual([]);
  });

  it('changes names and how a phone is reached, and records only changes', async () => {
    const user = await person();
    const phone = await add(user, { type: 'phone', phone_number: '+15555550100' });
    const change = { name: 'Office', preferred_authentication_method: 'voice' };
    for (let i = 0; i < 2; i++)
      expect((await server.api('PATCH', pathOf(user, phone.id), change)).body).toMatchObject(change);
    expect(await eventsOf(user, 'mfa.factor_updated')).toHaveLength(1);
    expect((await server.api('PATCH', pathOf(user, phone.id), { name: null })).body).toMatchObject({ name: null });
    const totp = await add(user, { type: 'totp' });
    const refused = await server.api('PATCH', pathOf(user, totp.id), { preferred_authentication_method: 'sms' });
    expect([refused.status, refused.body]).toMatchObject([
      400,
      { errors: [{ field: 'preferred_authentication_method', code: 'unexpected' }] },
    ]);
    expect((await server.api('PATCH', pathOf(user, totp.id), { phone_number: '+15555550101' })).status).toBe(400);
    const stranger = await person();
    expect((await server.api('PATCH', pathOf(stranger, phone.id), { name: 'x' })).status).toBe(404);
    expect((await server.api('DELETE', pathOf(stranger, phone.id))).status).toBe(404);
    expect((await server.api('DELETE', pathOf(user, phone.id))).status).toBe(204);
    expect((await server.api('DELETE', pathOf(user))).body).toEqual({ removed: 1 });
    expect(await eventsOf(user, 'mfa.factor_removed')).toHaveLength(2);
  });

  it('accepts a right code once, which confirms the method, and one that was used or is wrong never', async () => {
    const user = await person();
    const { id, totp_secret } = await add(user, { type: 'totp' });
    const secret = totp_secret as string;
    const code = codeNow(secret);
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
    const first = await verify(user, id, spaced);
    expect([first.status, first.body]).toMatchObject([200, { id, type: 'totp' }]);
    expect((await server.api('GET', pathOf(user, id))).body).toMatchObject({
      confirmed: true,
      confirmed_at: (first.body as { verified_at: string }).verified_at,
      last_used_at: (first.body as { verified_at: string }).verified_at,
    });
    for (const used of [code, codeNow(secret, -1), wrongCode(secret)]) {
      const again = await verify(user, id, used);
      expect([again.status, again.body]).toMatchObject([422, { code: 'wrong_code' }]);
      expect(JSON.stringify(again.body)).not.toContain(used);
    }
    expect(await eventsOf(user, 'mfa.factor_verified')).toHaveLength(1);
    expect(await eventsOf(user, 'mfa.verification_failed')).toHaveLength(3);
    server.clock.advance(2 * STEP);
    expect((await verify(user, id, codeNow(secret))).status).toBe(200);
  });

  it('accepts a code from exactly one of many who send it at the same time', async () => {
    const user = await person();
    const { id, totp_secret } = await add(user, { type: 'totp' });
    const code = codeNow(totp_secret as string);
    const answers = await Promise.all(Array.from({ length: 5 }, () => verify(user, id, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422]);
  });

  it('shuts a method for five minutes after seven wrong codes, however many come at once', async () => {
    const user = await person();
    const { id, totp_secret } = await add(user, { type: 'totp' });
    const secret = totp_secret as string;
    const wrong = wrongCode(secret);
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(user, id, wrong)));
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(7);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(13);
    const locked = await verify(user, id, codeNow(secret));
    expect([locked.status, locked.body]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(200);
    const other = await add(user, { type: 'totp' });
    expect((await verify(user, other.id, codeNow(other.totp_secret as string))).status).toBe(200);
    server.clock.advance(LOCK + 1000);
    expect((await verify(user, id, wrongCode(secret))).status).toBe(422);
    expect((await verify(user, id, codeNow(secret))).status).toBe(200);
  });

  it('says again what it said to the same idempotency key, and counts a failure under one', async () => {
    const user = await person();
    const { id, totp_secret } = await add(user, { type: 'totp' });
    const key = { 'idempotency-key': crypto.randomUUID() };
    expect((await verify(user, id, wrongCode(totp_secret as string), key)).status).toBe(422);
    const code = codeNow(totp_secret as string);
    const first = await verify(user, id, code, key);
    const again = await verify(user, id, code, key);
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect(await eventsOf(user, 'mfa.factor_verified')).toHaveLength(1);
  });

  it('checks codes of nothing else, nor a secret that was moved to another method', async () => {
    const user = await person();
    const phone = await add(user, { type: 'phone', phone_number: '+15555550100' });
    expect((await verify(user, phone.id, '123456')).body).toMatchObject({ status: 409, code: 'conflict' });
    expect(await eventsOf(user, 'mfa.verification_failed')).toEqual([]);
    const one = await add(user, { type: 'totp' });
    const two = await add(user, { type: 'totp' });
    await server.work().write(async ({ db }) => {
      const { secret } = await db
        .selectFrom('authentication_methods')
        .select('secret')
        .where('id', '=', one.id)
        .executeTakeFirstOrThrow();
      await db.updateTable('authentication_methods').set({ secret }).where('id', '=', two.id).execute();
    });
    expect((await verify(user, two.id, codeNow(one.totp_secret as string))).status).toBe(500);
  });

  it('makes recovery codes of 24 characters: shown once, kept as a digest, used once, one at a time', async () => {
    const user = await person();
    const make = async () => {
      const { status, body } = await server.api('POST', `/users/${user}/recovery-code`);
      expect(status).toBe(200);
      return body as { id: string; recovery_code: string };
    };
    const [first, second] = [await make(), await make()];
    for (const { recovery_code } of [first, second]) expect(recovery_code).toMatch(/^[A-Z0-9]{24}$/);
    expect(await methodsOf(user)).toMatchObject([{ id: second.id, type: 'recovery-code', confirmed: true }]);
    expect(await eventsOf(user, 'mfa.factor_removed')).toMatchObject([{ data: { method_id: first.id } }]);
    const stored = await server
      .work()
      .read(async (db) => [
        await db.selectFrom('authentication_methods').selectAll().execute(),
        await db.selectFrom('events').selectAll().execute(),
      ]);
    expect(JSON.stringify(stored)).not.toContain(second.recovery_code);
    expect((await verify(user, first.id, first.recovery_code)).status).toBe(404);
    expect((await verify(user, second.id, first.recovery_code)).status).toBe(422);
    const typed = second.recovery_code.toLowerCase().replace(/(.{6})/g, '$1-');
    expect((await verify(user, second.id, typed)).status).toBe(200);
    expect((await verify(user, second.id, second.recovery_code)).status).toBe(404);
    expect(await methodsOf(user)).toEqual([]);
    expect(await eventsOf(user, 'mfa.factor_verified')).toHaveLength(1);
  });

  it('lets who may not make administrators give one no passkey', async () => {
    const { users } = (await server.api('GET', '/users?role=system_admin')).body as { users: { id: string }[] };
    const administrator = users[0]?.id as string;
    const post = (token: string, body: object) =>
      fetch(`${server.url}/api/v1${pathOf(administrator)}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const token = await server.token(['users:read', 'users:write']);
    expect((await post(token, { type: 'passkey', ...KEY })).status).toBe(403);
    expect(await methodsOf(administrator)).toEqual([]);
    expect((await post(token, { type: 'push' })).status).toBe(201);
    expect((await post(await server.token(), { type: 'passkey', ...KEY })).status).toBe(201);
  });

  it('forgets browsers, and resets everything at once, with the events', async () => {
    const [user, other] = [await person(), await person()];
    const remember = (id: string, secret: string, lifetime: number) =>
      server.work().write(async (unit) => {
        const { num } = await unit.db.selectFrom('users').select('num').where('id', '=', id).executeTakeFirstOrThrow();
        await rememberBrowser(unit, { userNum: num, secret, userAgent: 'x', expiresAt: unit.now + lifetime });
      });
    const left = () => server.work().read((db) => countRows(db.selectFrom('remembered_browsers')));
    await remember(user, `${user} 1`, 60_000);
    await remember(user, `${user} 2`, 60_000);
    await remember(user, `${user} 3`, -1);
    await remember(other, `${other} 1`, 60_000);
    const rows = await server.work().read((db) => db.selectFrom('remembered_browsers').selectAll().execute());
    expect(JSON.stringify(rows)).not.toContain(user);
    const forget = () => server.api('POST', `/users/${user}/forget-browsers`);
    expect((await forget()).body).toEqual({ user_id: user, forgotten: 2 });
    expect((await forget()).body).toEqual({ user_id: user, forgotten: 0 });
    expect(await left()).toBe(1);
    await remember(user, `${user} 4`, 60_000);
    await add(user, { type: 'totp' });
    await server.api('POST', `/users/${user}/recovery-code`);
    expect((await server.api('POST', `/users/${user}/reset-mfa`)).body).toEqual({ user_id: user, removed: 2 });
    expect(await eventsOf(user, 'mfa.factor_removed')).toHaveLength(2);
    expect(await eventsOf(user, 'user.browsers_forgotten')).toMatchObject([
      { data: { forgotten: 1 } },
      { data: { forgotten: 0 } },
      { data: { forgotten: 2 } },
    ]);
    expect(await left()).toBe(1);
  });

  it('go with the user', async () => {
    const user = await person();
    await add(user, { type: 'phone', phone_number: '+15555550177' });
    await server.work().write(async (unit) => {
      const { num } = await unit.db.selectFrom('users').select('num').where('id', '=', user).executeTakeFirstOrThrow();
      await rememberBrowser(unit, { userNum: num, secret: user, userAgent: null, expiresAt: unit.now + 60_000 });
    });
    expect((await server.api('DELETE', `/users/${user}`)).status).toBe(204);
    const found = await server
      .work()
      .read(async (db) => [
        await countRows(db.selectFrom('authentication_methods').where('phone_number', '=', '+15555550177')),
        await countRows(db.selectFrom('remembered_browsers').where('digest', '=', server.services.vault.digest(user))),
      ]);
    expect(found).toEqual([0, 0]);
  });

  it('are enrollments, providers and names to a vendor’s calls', async () => {
    const [user, bare] = [await person(), await person()];
    const totp = await add(user, { type: 'totp', name: 'App' });
    await server.api('POST', `/users/${user}/recovery-code`);
    expect(await findMultifactor(server.work(), [user, bare])).toEqual(new Map());
    const { verified_at } = (await verify(user, totp.id, codeNow(totp.totp_secret as string))).body as {
      verified_at: string;
    };
    const phone = await add(user, { type: 'phone', phone_number: '+15555550100', confirmed: false });
    expect(await listEnrollments(server.work(), { user_id: user })).toEqual([
      {
        id: totp.id,
        status: 'confirmed',
        type: 'totp',
        name: 'App',
        identifier: null,
        phone_number: null,
        enrolled_at: verified_at,
        last_auth: verified_at,
      },
      {
        id: phone.id,
        status: 'pending',
        type: 'phone',
        name: null,
        identifier: '+15555550100',
        phone_number: '+15555550100',
        enrolled_at: null,
        last_auth: null,
      },
    ]);
    expect(await findMultifactor(server.work(), [user, bare])).toEqual(new Map([[user, ['google-authenticator']]]));
    await add(user, { type: 'push' });
    const both = await findMultifactor(server.work(), [bare, user, user]);
    expect(both.get(user)).toEqual(['google-authenticator', 'guardian']);
    const remove = (provider: 'duo' | 'google-authenticator') =>
      removeFactors(server.work(), { user_id: user, provider });
    expect([await remove('duo'), await remove('google-authenticator'), await remove('google-authenticator')]).toEqual([
      0, 1, 0,
    ]);
    expect(await eventsOf(user, 'mfa.factor_removed')).toMatchObject([{ data: { type: 'totp', method_id: totp.id } }]);
  });
});
