/** The door over HTTP on both databases: tokens, passwords, rights, and users. */
import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import {
  ADMIN_EMAIL,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  claimsIn,
  databaseKinds,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, CREATE, codeOf, type Door, openDoor, UPDATE } from './door.fixture.ts';

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
  const key: Door['key'] = () => door.key();

  describe('the management token', () => {
    it('lives 15 days and is a JWT for this door', () => {
      const { exp, iat, aud, azp } = claimsIn(token);
      expect(Number(exp) - Number(iat)).toBe(1_296_000);
      expect([aud, azp]).toEqual([`${server.url}/authing`, CLIENT_ID]);
    });

    it('is refused alike to who is unknown and whose secret is wrong', async () => {
      const wrong = await door.askToken(CLIENT_ID, 'nope');
      expect(wrong).toMatchObject({ status: 200, data: null });
      expect(codeOf(wrong)).toBe(2224);
      expect((await door.askToken('nobody', CLIENT_SECRET)).errors).toEqual(wrong.errors);
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
      const reader = await door.narrow(['users:read']);
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

    it('and sessions that began before tokenExpiredAt end when it comes, those after it do not', async () => {
      const password = publicEncrypt({ key: await key(), padding: constants.RSA_PKCS1_PADDING }, Buffer.from('six-ch'));
      const { id, username } = await newUser({ password: password.toString('base64') });
      const stands = async (bearer: string) => codeOf(await ask('{ users { totalCount } }', {}, bearer)) === 1001;
      const isIn = async (bearer: unknown) =>
        (await fetch(`${server.url}/userinfo`, { headers: { authorization: `Bearer ${bearer}` } })).status === 200;
      const enter = async () =>
        (await signInWith(server, { username, password: 'six-ch', scope: 'openid' })).body.access_token;
      const end = (offset: number) => {
        const tokenExpiredAt = new Date(server.clock.now() + offset).toISOString();
        return ask(UPDATE, { id, input: { tokenExpiredAt } });
      };
      const [first, session] = [await tokenOf(id), await enter()];
      server.clock.advance(10_000);
      const [second, later] = [await tokenOf(id), await enter()];
      expect((await end(-5000)).errors).toBeUndefined();
      expect([await stands(first), await isIn(session)]).toEqual([false, false]);
      expect([await stands(second), await isIn(later)]).toEqual([true, true]);
      await end(60_000);
      const third = await tokenOf(id);
      expect([await stands(second), await stands(third), await isIn(later)]).toEqual([true, true, true]);
      server.clock.advance(61_000);
      const fourth = await tokenOf(id);
      expect([await stands(second), await stands(third), await isIn(later)]).toEqual([false, false, false]);
      expect(await stands(fourth)).toBe(true);
    });

    it('are given as long as the tenant lets applications act as users; each is told in the audit log', async () => {
      const { id } = await newUser();
      await tokenOf(id);
      const { body: told } = await server.api('GET', '/audit?event_types=user.impersonation_started&limit=1');
      expect(told).toMatchObject({ events: [{ actor: { type: 'application' }, target: { type: 'user' } }] });
      await server.api('PATCH', '/tenant', { settings: { allow_impersonation: false } });
      expect(codeOf(await ask(REFRESH, { id }))).toBe(1001);
      await server.api('PATCH', '/tenant', { settings: { allow_impersonation: true } });
      expect((await ask(REFRESH, { id })).errors).toBeUndefined();
    });

    it('of an administrator need roles:write, too', async () => {
      const scopes = ['users:read', 'users:impersonate'];
      const minter = await door.narrow(scopes);
      const found = await ask('query ($email: String) { findUser(email: $email) { id } }', { email: ADMIN_EMAIL });
      const admin = (found.data as unknown as { findUser: { id: string } }).findUser;
      expect(codeOf(await ask(REFRESH, admin, minter))).toBe(1001);
      expect((await ask(REFRESH, admin)).errors).toBeUndefined();
    });
  });

  describe('passwords', () => {
    const encrypt = async (text: string) =>
      publicEncrypt({ key: await key(), padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text));
    const signIn = (username: string, password: string) => signInWith(server, { username, password });

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

    it('tell a change by one event, whatever keeps the fields, and have changed then', async () => {
      const { id } = await newUser();
      const told = async () => {
        const query = 'query ($id: String) { user(id: $id) { updatedAt } }';
        const { user } = (await ask(query, { id })).data as unknown as { user: { updatedAt: string } };
        const { events } = (await server.api('GET', '/audit?event_types=user.updated&limit=2')).body as {
          events: { id: string; data: { after: object } }[];
        };
        return { ...user, events };
      };
      for (const [input, after] of [
        [{ city: 'C' }, { extensions: { authing: { city: 'C' } } }],
        [
          { nickname: 'N', city: 'D', externalId: id },
          { nickname: 'N', extensions: { authing: { city: 'D' } }, external_id: id },
        ],
        [{ externalId: null }, { external_id: null }],
      ] as const) {
        const before = await told();
        server.clock.advance(1000);
        expect((await ask(UPDATE, { id, input })).errors).toBeUndefined();
        const { updatedAt, events } = await told();
        expect(events[0]?.data.after).toEqual(after);
        expect(events[1]?.id).toBe(before.events[0]?.id);
        expect(updatedAt > before.updatedAt).toBe(true);
      }
      const before = await told();
      expect((await ask(UPDATE, { id, input: { city: 'D' } })).errors).toBeUndefined();
      expect(await told()).toEqual(before);
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

    it('count sign-ins in a number that can be told, and days that a calendar has', async () => {
      for (const input of [
        { loginsCount: 2_147_483_647 },
        { loginsCount: -1 },
        { lastLogin: '2021-02-30T00:00:00Z' },
      ]) {
        const answer = await ask(CREATE, { info: { username: 'uncounted', ...input } });
        expect(answer.errors?.[0]?.message.message).toContain(Object.keys(input)[0]);
      }
      expect((await ask('{ isUserExists(username: "uncounted") }')).data).toEqual({ isUserExists: false });
    });

    it('keep their external id apart from what other doors write, and give it back', async () => {
      const { id } = await newUser({ externalId: 'Ext-1' });
      const find = async (externalId: string) =>
        (await ask('query ($e: String) { findUser(externalId: $e) { id externalId } }', { e: externalId })).data;
      expect(await find('Ext-1')).toEqual({ findUser: { id, externalId: 'Ext-1' } });
      expect(await find('ext-1')).toEqual({ findUser: null });
      await server.api('POST', '/users', { username: `free${kind}`, app_metadata: { external_id: 'Ext-1' } });
      expect(await find('Ext-1')).toEqual({ findUser: { id, externalId: 'Ext-1' } });
      expect(codeOf(await ask(CREATE, { info: { username: 'second', externalId: 'Ext-1' } }))).toBe(2026);
      expect((await ask('{ isUserExists(username: "second") }')).data).toEqual({ isUserExists: false });
      expect((await ask(UPDATE, { id, input: { externalId: null } })).errors).toBeUndefined();
      await newUser({ externalId: 'Ext-1' });
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
});
