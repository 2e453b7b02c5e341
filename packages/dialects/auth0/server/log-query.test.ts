/** Searches of Auth0's log: users who are gone, and what lies behind more entries than a search would look at one by one. */
import { keepHouse } from '@reeve/core';
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';
const OTHERS = 21_000;
const MANAGEMENT = { client_id: 'test-management', client_secret: 'test-management-secret-0123456789' };

interface Log {
  readonly log_id: string;
  readonly type: string;
  readonly user_id?: string;
  readonly client_id?: string;
  readonly details: { readonly event_type: string };
}

describe.each(databaseKinds)('searches of Auth0’s log on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const create = async (fields: object): Promise<string> => {
    const { status, body } = await call('POST', '/users', { connection: CONNECTION, email_verified: true, ...fields });
    expect(status, JSON.stringify(body)).toBe(201);
    return (body as { user_id: string }).user_id;
  };
  const pathOf = (userId: string) => `/users/${encodeURIComponent(userId)}`;
  const remove = async (userId: string) => expect((await call('DELETE', pathOf(userId), {})).status).toBe(204);
  const ask = async (query: string) => {
    const { status, body } = await call('GET', `/logs?${query}`);
    return { status, body: body as unknown };
  };
  const search = async (q: string, more = 'per_page=100'): Promise<Log[]> => {
    const { status, body } = await ask(`${more}&q=${encodeURIComponent(q)}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body as Log[];
  };
  const eventsOf = (logs: readonly Log[]) => logs.map(({ details }) => details.event_type).sort();
  const setRetention = (days: number) =>
    server.api('PATCH', '/tenant', { settings: { deleted_user_retention_days: days } });

  it('show and find a user who was deleted by the id that it had', async () => {
    const gone = await create({ email: 'gone@log.example' });
    await call('PATCH', pathOf(gone), { nickname: 'Gone' });
    await remove(gone);
    const logs = await search(`user_id:"${gone}"`);
    expect(eventsOf(logs)).toEqual(['user.created', 'user.deleted', 'user.erased', 'user.updated']);
    expect(logs.every((log) => log.user_id === gone)).toBe(true);
    const [newest] = await search('type:du');
    expect((await call('GET', `/logs/${newest?.log_id}`)).body).toMatchObject({ user_id: gone });
    expect(await search(`user_id:"${gone}" AND type:sdu`)).toHaveLength(1);
    expect(await search(`type:sdu AND NOT user_id:"${gone}"`)).toEqual([]);
    expect((await call('GET', `${pathOf(gone)}/logs`)).status).toBe(404);
    // The person is not told.
    expect(JSON.stringify(logs)).not.toContain('gone@log.example');
  });

  it('tell everybody who had an id, one after the other', async () => {
    const subject = { user_id: 'again' };
    const first = await create({ ...subject, email: 'first@log.example' });
    await remove(first);
    const second = await create({ ...subject, email: 'second@log.example' });
    expect(second).toBe(first);
    const logs = await search(`user_id:"${first}"`);
    expect(eventsOf(logs)).toEqual(['user.created', 'user.created', 'user.deleted', 'user.erased']);
    // Who has it now is told of what was done to and by that one.
    expect(eventsOf((await call('GET', `${pathOf(second)}/logs`)).body)).toEqual(['user.created']);
  });

  it('keep the id while the tenant keeps the deleted user, and afterwards', async () => {
    const { status } = await setRetention(7);
    expect(status).toBe(200);
    const kept = await create({ email: 'kept@log.example' });
    await remove(kept);
    await setRetention(0);
    expect(eventsOf(await search(`user_id:"${kept}"`))).toEqual(['user.created', 'user.deleted']);
    server.clock.advance(8 * 86_400_000);
    call = await auth0Caller(server);
    await keepHouse(server.services);
    const erased = await search(`user_id:"${kept}"`);
    expect(eventsOf(erased)).toEqual(['user.created', 'user.deleted', 'user.erased']);
    expect(erased.every((log) => log.user_id === kept)).toBe(true);
  });

  it('forget an id that was the person’s address', async () => {
    const personal = await create({ user_id: 'me@log.example', email: 'me@log.example' });
    await remove(personal);
    expect(await search(`user_id:"${personal}"`)).toEqual([]);
    const [log] = await search('type:du');
    expect(log?.user_id).toMatch(/^usr_/);
    expect(await search(`user_id:${log?.user_id}`)).toHaveLength(3);
  });

  it('show and find an account that is linked by the id that it has as an identity', async () => {
    const primary = await create({ email: 'primary@log.example' });
    const secondary = await create({ email: 'secondary@log.example' });
    const linked = await call('POST', `${pathOf(primary)}/identities`, { provider: 'auth0', user_id: secondary });
    expect(linked.status).toBe(201);
    expect(eventsOf(await search(`user_id:"${secondary}"`))).toEqual(['user.created']);
    expect(eventsOf(await search(`user_id:"${primary}"`))).toEqual(['user.created', 'user.linked']);
    await remove(primary);
    const [created] = await search(`user_id:"${secondary}"`);
    expect(created).toMatchObject({ user_id: secondary, type: 'ss' });
    expect(await search(`user_id:("${secondary}" OR "${primary}")`)).toHaveLength(5);
  });

  it('tell a user of what somebody else did with it beside the user itself', async () => {
    const member = await create({ email: 'member@log.example' });
    const made = await call('POST', '/organizations', { name: `log-${kind}` });
    const { id } = made.body as { id: string };
    await call('POST', `/organizations/${id}/members`, { members: [member] });
    const wanted = ['organization.member_added', 'user.created'];
    expect(eventsOf((await call('GET', `${pathOf(member)}/logs`)).body)).toEqual(wanted);
    expect(eventsOf(await search(`user_id:"${member}"`))).toEqual(wanted);
  });

  it('take the greatest query that they allow', async () => {
    const many = (count: number, clause: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => clause(n)).join(' OR ');
    const all = (await search('type:sapi')).length;
    expect(all).toBeGreaterThan(0);
    for (const [q, found] of [
      [`${many(255, () => 'type:sapi')} OR ip:1`, all],
      [many(128, (n) => `type:sapi AND ip:1.1.1.${n}`), 0],
      [many(128, (n) => `type:sapi AND NOT type:fp${n}`), all],
      [`type:sapi AND (${many(255, (n) => `client_id:c${n}`)})`, 0],
      [`type:sapi AND (${many(254, (n) => `user_id:u${n}`)} OR type:sapi)`, all],
      [many(256, (n) => `client_id:c${n}`), 0],
      [many(256, (n) => `log_id:x${n}`), 0],
    ] as const) {
      expect(Buffer.byteLength(q)).toBeLessThanOrEqual(8192);
      const { status, body } = await ask(`per_page=100&include_totals=true&q=${encodeURIComponent(q)}`);
      expect([q.slice(0, 80), status, (body as { total: number }).total]).toEqual([q.slice(0, 80), 200, found]);
    }
  });

  const askToken = (grant: string, { client_id, client_secret, ...fields }: Readonly<Record<string, unknown>>) =>
    fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: grant,
        client_id,
        client_secret,
        audience: `https://${new URL(server.url).host}/api/v2/`,
        ...fields,
      }),
    });

  describe('behind many entries', () => {
    let userId: string;
    let clientId: string;
    let day: string;
    beforeAll(async () => {
      const made = await call('POST', '/clients', { name: 'Rare', app_type: 'non_interactive' });
      const { client_id, client_secret } = made.body as Record<'client_id' | 'client_secret', string>;
      clientId = client_id;
      const audience = `https://${new URL(server.url).host}/api/v2/`;
      await call('POST', '/client-grants', { client_id: clientId, audience, scope: ['read:users'] });
      expect((await askToken('client_credentials', { client_id, client_secret })).status).toBe(200);
      userId = await create({ email: 'old@log.example', password: 'correct horse battery' });
      const wrong = { username: 'old@log.example', password: 'not this one', ...MANAGEMENT };
      expect((await askToken('password', wrong)).status).toBeGreaterThanOrEqual(400);
      day = new Date(server.clock.now()).toISOString().slice(0, 10);
      server.clock.advance(2 * 86_400_000);
      call = await auth0Caller(server);
      const data = JSON.stringify({ after: { nickname: 'x' } });
      for (let from = 0; from < OTHERS; from += 1000)
        await server.services.database.write((db) =>
          db
            .insertInto('events')
            .values(
              Array.from({ length: 1000 }, (_, i) => ({
                id: `evt_${String(from + i).padStart(26, '0')}`,
                tenant_id: server.tenant.id,
                type: 'user.updated' as const,
                actor_type: 'system' as const,
                actor_id: null,
                application_id: null,
                impersonator_id: null,
                target_type: 'user',
                target_id: 'usr_other',
                request_id: null,
                ip: '10.0.0.7',
                user_agent: null,
                data,
                created_at: server.clock.now(),
              })),
            )
            .execute(),
        );
    });

    const totalOf = async (q: string): Promise<number> => {
      const { status, body } = await ask(`per_page=1&include_totals=true&q=${encodeURIComponent(q)}`);
      expect(status, JSON.stringify(body)).toBe(200);
      return (body as { total: number }).total;
    };

    it('find what columns tell, in any combination, and count it', async () => {
      const [created] = await search(`user_id:"${userId}" AND type:ss`);
      expect(created?.user_id).toBe(userId);
      const ofClient = await search(`client_id:"${clientId}"`);
      expect(ofClient.map(({ client_id, type }) => [client_id, type])).toEqual([[clientId, 'seccft']]);
      expect(await search(`type:seccft AND NOT client_id:"${clientId}"`)).toEqual([]);
      expect(await search('ip:127.0.0.1 AND type:fp')).toHaveLength(1);
      expect(await search(`date:${day} AND type:fp`)).toHaveLength(1);
      expect(await search('type:fp OR log_id:nothing')).toHaveLength(1);
      expect(await search('NOT user_id:usr_other AND NOT ip:127.0.0.1')).toHaveLength(
        await totalOf('NOT ip:("10.0.0.7" OR "127.0.0.1")'),
      );
      expect(await totalOf('user_id:usr_other')).toBe(OTHERS);
      expect(await totalOf('type:sapi AND ip:"10.0.0.7"')).toBe(OTHERS);
      expect(await totalOf('type:scu')).toBe(0);
      expect(await search('_exists_:ip AND NOT _exists_:user_id AND type:sapi')).not.toEqual([]);
      expect(await totalOf('ip:"10.0.0.7" OR type:fp')).toBe(OTHERS + 1);
    });

    it('look entry by entry at what the rest of the query leaves over', async () => {
      expect(await search(`user_id:"${userId}" AND description:signup`)).toHaveLength(1);
      expect(await search(`date:[* TO ${day}] AND user_name:"old@log.example" AND type:ss`)).toHaveLength(1);
      const { status, body } = await ask(`q=${encodeURIComponent('user_name:nobody')}`);
      expect([status, (body as { errorCode: string }).errorCode]).toEqual([400, 'invalid_query_string']);
    });

    it('page exactly, by number and by checkpoint', async () => {
      const all = (await search(`user_id:"${userId}"`, 'per_page=100&sort=date:1')).map(({ log_id }) => log_id);
      expect(all.length).toBeGreaterThan(1);
      const q = encodeURIComponent(`user_id:"${userId}"`);
      const byNumber: string[] = [];
      for (let page = 0; page <= all.length; page++) {
        const { body } = await ask(`per_page=1&page=${page}&include_totals=true&sort=date:1&q=${q}`);
        const { logs, total, start, length } = body as { logs: Log[]; total: number; start: number; length: number };
        expect([total, start, length]).toEqual([all.length, page, page < all.length ? 1 : 0]);
        byNumber.push(...logs.map(({ log_id }) => log_id));
      }
      expect(byNumber).toEqual(all);
      const [first, ...rest] = all;
      expect((await ask(`from=${first}&take=100&q=${q}`)).body).toMatchObject(rest.map((log_id) => ({ log_id })));
      const own = (await call('GET', `${pathOf(userId)}/logs?per_page=100&sort=date:1`)).body as Log[];
      expect(own.map(({ log_id }) => log_id)).toEqual(expect.arrayContaining(all));
      const deep = (await ask('per_page=100&page=205&include_totals=true')).body as { logs: Log[]; total: number };
      expect(deep.logs).toHaveLength(100);
      expect(deep.total).toBeGreaterThan(OTHERS);
      expect((await ask('per_page=0&include_totals=true')).body).toMatchObject({ logs: [], length: 0, limit: 0 });
    });
  });
});
