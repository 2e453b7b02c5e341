import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';
import { insertSession } from '../sessions/sessions.store.ts';

describe.each(databaseKinds)('states of users on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let people = 0;
  const person = async (): Promise<string> =>
    ((await server.api('POST', '/users', { username: `state-${++people}` })).body as { id: string }).id;
  const numOf = (id: string) =>
    server
      .work()
      .read(
        async (db) => (await db.selectFrom('users').select('num').where('id', '=', id).executeTakeFirstOrThrow()).num,
      );
  const events = (type: string, target: string) =>
    server
      .work()
      .read((db) => countRows(db.selectFrom('events').where('type', '=', type).where('target_id', '=', target)));
  const total = async (state: string) =>
    ((await server.api('GET', `/users?state=${state}&include_total=true&limit=1`)).body as { total: number }).total;

  it('disables once, ending sessions and tokens, and keeps the totals', async () => {
    const id = await person();
    const session = await server
      .work()
      .write((unit) => insertSession(unit, { userId: id, applicationId: null, ip: null, userAgent: null }));
    const [active, disabled] = [await total('active'), await total('disabled')];
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.api('POST', `/users/${id}/disable`)));
    for (const { status, body } of answers) expect([status, body]).toMatchObject([200, { state: 'disabled' }]);
    expect([await events('user.disabled', id), await events('session.revoked', session.id)]).toEqual([1, 1]);
    expect([await total('active'), await total('disabled')]).toEqual([active - 1, disabled + 1]);
    expect((await server.api('GET', `/users/${id}/sessions`)).body).toMatchObject({ sessions: [] });
    const enabled = await server.api('POST', `/users/${id}/enable`);
    expect(enabled.body).toMatchObject({ state: 'active' });
    expect(enabled.headers.get('etag')).toBe('"v3"');
    await server.api('POST', `/users/${id}/enable`);
    expect(await events('user.enabled', id)).toBe(1);
    expect([await total('active'), await total('disabled')]).toEqual([active, disabled]);
    for (const verb of ['disable', 'enable', 'reset-mfa'])
      expect((await server.api('POST', `/users/usr_nobody/${verb}`)).status).toBe(404);
  });

  it('lifts a lockout, and tells so where it still held', async () => {
    const id = await person();
    const lock = async (lockedUntil: number | null) => {
      const user_num = await numOf(id);
      await server
        .work()
        .write(({ db, tenant, now }) =>
          db
            .insertInto('lockouts')
            .values({ tenant_id: tenant.id, user_num, failures: 7, last_failed_at: now, locked_until: lockedUntil })
            .execute(),
        );
    };
    for (const [until, told] of [
      [null, 0],
      [server.clock.now() - 1, 0],
      [server.clock.now() + 60_000, 1],
    ] as const) {
      await lock(until);
      expect((await server.api('POST', `/users/${id}/enable`)).status).toBe(200);
      expect(await events('user.unlocked', id)).toBe(told);
    }
    const left = await server.work().read((db) => countRows(db.selectFrom('lockouts')));
    expect(left).toBe(0);
  });

  it('removes every factor', async () => {
    const [id, other] = [await person(), await person()];
    for (const one of [id, id, other]) {
      const user_num = await numOf(one);
      await server.work().write((unit) =>
        unit.db
          .insertInto('authentication_methods')
          .values({
            id: unit.newId('fac'),
            tenant_id: unit.tenant.id,
            user_num,
            type: 'totp',
            name: null,
            secret: null,
            confirmed_at: null,
            last_used_at: null,
            created_at: unit.now,
          })
          .execute(),
      );
    }
    expect((await server.api('POST', `/users/${id}/reset-mfa`)).body).toEqual({ user_id: id, removed: 2 });
    expect((await server.api('POST', `/users/${id}/reset-mfa`)).body).toEqual({ user_id: id, removed: 0 });
    expect((await server.api('POST', `/users/${other}/reset-mfa`)).body).toEqual({ user_id: other, removed: 1 });
  });
});
