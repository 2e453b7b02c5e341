import type { Application, Member, User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUserToChange } from '../users/users.store.ts';
import { grantApplication, hasApplicationGrant } from './users.ts';

describe.each(databaseKinds)('grants of applications on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const application = () => post<Application>('/applications', { name: `App ${++made}`, type: 'web' });
  const user = () => post<User>('/users', { username: `granted${++made}` });
  const grant = (app: string, id: string) => server.api('PUT', `/applications/${app}/users/${id}`);
  const revoke = (app: string, id: string) => server.api('DELETE', `/applications/${app}/users/${id}`);
  const usersOf = async (app: string, query = '') => {
    const { body } = await server.api('GET', `/applications/${app}/users?include_total=true${query}`);
    const { members, total, next_cursor } = body as { members: Member[]; total: number; next_cursor: string | null };
    return { ids: members.map(({ id }) => id), total, next_cursor };
  };
  const appsOf = async (id: string, query = '') =>
    (await server.api('GET', `/users/${id}/applications?limit=100${query}`)).body as { applications: Application[] };
  const eventsOf = async (app: string) => {
    const { body } = await server.api('GET', `/audit?target=${app}&order=asc`);
    const { events } = body as { events: { event_type: string; data: object }[] };
    return events.slice(1).map(({ event_type, data }) => [event_type, data]);
  };
  const isGranted = (app: string, id: string) =>
    server.work().read(async (db) => {
      const row = await findUserToChange(db, server.tenant.id, id);
      return hasApplicationGrant(db, server.tenant.id, app, row?.num ?? 0);
    });

  it('grants and revokes, telling only changes', async () => {
    const [app, person] = [await application(), await user()];
    expect(await usersOf(app.id)).toEqual({ ids: [], total: 0, next_cursor: null });
    for (const name of [app.id, app.client_id]) expect((await grant(name, person.id)).status).toBe(204);
    expect(await usersOf(app.client_id)).toMatchObject({ ids: [person.id], total: 1 });
    expect((await appsOf(person.id)).applications).toEqual([(await server.api('GET', `/applications/${app.id}`)).body]);
    expect(await isGranted(app.id, person.id)).toBe(true);
    for (const name of [app.client_id, app.id]) expect((await revoke(name, person.id)).status).toBe(204);
    expect(await usersOf(app.id)).toMatchObject({ ids: [], total: 0 });
    expect((await appsOf(person.id)).applications).toEqual([]);
    expect(await isGranted(app.id, person.id)).toBe(false);
    expect(await eventsOf(app.id)).toEqual([
      ['application.user_granted', { user_id: person.id }],
      ['application.user_revoked', { user_id: person.id }],
    ]);
  });

  it('knows neither unknown users nor unknown applications', async () => {
    const [app, person] = [await application(), await user()];
    for (const call of [grant, revoke]) {
      expect(await call('app_none', person.id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await call(app.id, 'usr_none')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect((await server.api('GET', '/applications/app_none/users')).status).toBe(404);
    expect((await server.api('GET', '/users/usr_none/applications')).status).toBe(404);
    expect(await eventsOf(app.id)).toEqual([]);
  });

  it('is granted once by many at the same time, and revoked once', async () => {
    const [app, person] = [await application(), await user()];
    const granted = await Promise.all(Array.from({ length: 6 }, () => grant(app.id, person.id)));
    expect(granted.map(({ status }) => status)).toEqual(granted.map(() => 204));
    expect(await usersOf(app.id)).toMatchObject({ ids: [person.id], total: 1 });
    const revoked = await Promise.all(Array.from({ length: 6 }, () => revoke(app.id, person.id)));
    expect(revoked.map(({ status }) => status)).toEqual(revoked.map(() => 204));
    expect((await eventsOf(app.id)).map(([type]) => type)).toEqual([
      'application.user_granted',
      'application.user_revoked',
    ]);
    expect(await usersOf(app.id)).toMatchObject({ total: 0 });
  });

  it('joins the unit of a door, once', async () => {
    const [app, person] = [await application(), await user()];
    const answers = await Promise.all(
      Array.from({ length: 3 }, () =>
        server.work().write(async (unit) => {
          const row = await findUserToChange(unit.db, unit.tenant.id, person.id);
          return grantApplication(unit, app.id, row as { num: number; id: string });
        }),
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await eventsOf(app.id)).toEqual([['application.user_granted', { user_id: person.id }]]);
  });

  it('lists in pages, and is a filter of users', async () => {
    const app = await application();
    const people = [await user(), await user(), await user()];
    for (const { id } of people) await grant(app.id, id);
    const newest = people.map(({ id }) => id).reverse();
    const first = await usersOf(app.id, '&limit=2');
    expect(first).toMatchObject({ ids: newest.slice(0, 2), total: 3 });
    expect(await usersOf(app.id, `&limit=2&cursor=${first.next_cursor}`)).toEqual({
      ids: newest.slice(2),
      total: 3,
      next_cursor: null,
    });
    const [person] = people as [User];
    const apps = [app, await application(), await application()];
    for (const { id } of apps) await grant(id, person.id);
    const { applications } = await appsOf(person.id);
    expect(applications.map(({ id }) => id)).toEqual(apps.map(({ id }) => id).reverse());
    for (const name of [app.id, app.client_id]) {
      const { body } = await server.api('GET', `/users?application=${name}&include_total=true`);
      expect(body).toMatchObject({ total: 3, users: newest.map((id) => ({ id })) });
    }
    const none = await server.api('GET', '/users?application=app_none&include_total=true');
    expect(none.body).toMatchObject({ users: [], total: 0 });
  });

  it('ends with the user and with the application, and total with it', async () => {
    const [app, other] = [await application(), await application()];
    const [gone, kept] = [await user(), await user()];
    for (const { id } of [gone, kept]) for (const one of [app, other]) await grant(one.id, id);
    expect((await server.api('DELETE', `/users/${gone.id}`)).status).toBe(204);
    expect(await usersOf(app.id)).toMatchObject({ ids: [kept.id], total: 1 });
    expect((await server.api('DELETE', `/applications/${app.id}`)).status).toBe(204);
    expect((await appsOf(kept.id)).applications.map(({ id }) => id)).toEqual([other.id]);
    const counted = await server
      .work()
      .read((db) => db.selectFrom('counters').select('n').where('name', '=', `users:application:${app.id}`).execute());
    expect(counted).toEqual([]);
  });

  it('is granted or gone where the user or the application is deleted meanwhile', async () => {
    for (let round = 0; round < 6; round++) {
      const [app, person, leaving] = [await application(), await user(), await user()];
      const answers = await Promise.all([
        grant(app.id, person.id),
        grant(app.id, leaving.id),
        server.api('DELETE', `/applications/${app.id}`),
        server.api('DELETE', `/users/${leaving.id}`),
      ]);
      for (const { status, body } of answers) expect([204, 404], JSON.stringify(body)).toContain(status);
      const left = await server.work().read(async (db) => ({
        rows: await db.selectFrom('application_users').selectAll().where('application_id', '=', app.id).execute(),
        counters: await db
          .selectFrom('counters')
          .select('n')
          .where('name', '=', `users:application:${app.id}`)
          .execute(),
      }));
      expect(left.rows).toEqual([]);
      expect(left.counters.reduce((sum, { n }) => sum + Number(n), 0)).toBe(0);
    }
  });
});
