/** Several operations as one change: all of it or nothing, on both databases. */
import { operations, type Rendered, setExtension, together } from '@reeve/core';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const noBody = { query: undefined, body: undefined } as const;

describe.each(databaseKinds)('operations together on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const eventsOf = async (id: string) => {
    const { body } = await server.api('GET', `/audit?target=${id}&order=asc`);
    return (body as { events: { event_type: string }[] }).events.map(({ event_type }) => event_type);
  };

  it('sees what the operation before it did, and keeps all of it with its events', async () => {
    const id = await together(server.work(), async (work) => {
      const made = await operations.users.create(work, { query: undefined, body: { username: 'together' } });
      const { id: user_id } = JSON.parse((made as Rendered<unknown>).json) as { id: string };
      await operations.users.disable(work, { user_id, ...noBody });
      return user_id;
    });
    expect((await server.api('GET', `/users/${id}`)).body).toMatchObject({ username: 'together', state: 'disabled' });
    expect(await eventsOf(id)).toEqual(['user.created', 'user.disabled']);
  });

  it('keeps nothing where a later operation is refused: no row, no event, no total', async () => {
    const before = (await server.api('GET', '/users?include_total=true&limit=1')).body as { total: number };
    let created = '';
    const failing = together(server.work(), async (work) => {
      const made = await operations.users.create(work, { query: undefined, body: { username: 'undone' } });
      created = (JSON.parse((made as Rendered<unknown>).json) as { id: string }).id;
      await operations.roles.addMember(work, { role_id: 'rol_none', user_id: created, ...noBody });
    });
    await expect(failing).rejects.toMatchObject({ code: 'not_found' });
    expect((await server.api('GET', `/users/${created}`)).status).toBe(404);
    expect(await eventsOf(created)).toEqual([]);
    expect((await server.api('GET', '/users?include_total=true&limit=1')).body).toMatchObject({ total: before.total });
  });

  it('tells what it changes of one resource by one event, in the order in which things happened', async () => {
    const made = await server.api('POST', '/applications', { name: 'told', type: 'web' });
    const { id: application_id } = made.body as { id: string };
    await together(server.work(), async (work, unit) => {
      const update = (body: object) => operations.applications.update(work, { application_id, query: undefined, body });
      await update({ name: 'first' });
      await setExtension(unit, 'applications', application_id, 'auth0', { logo_uri: 'x' });
      await update({ description: 'second' });
      // Told already: the same field is another change.
      await update({ name: 'third' });
      await operations.applications.disable(work, { application_id, ...noBody });
      await update({ redirect_uris: ['https://a.example/'] });
    });
    const { body } = await server.api('GET', `/audit?target=${application_id}&order=asc`);
    const events = (body as { events: { event_type: string; data: { after?: object } }[] }).events.slice(1);
    expect(events.map(({ event_type, data }) => [event_type, data.after])).toEqual([
      ['application.updated', { name: 'first', extensions: { auth0: { logo_uri: 'x' } }, description: 'second' }],
      ['application.updated', { name: 'third' }],
      ['application.disabled', { enabled: false }],
      ['application.updated', { redirect_uris: ['https://a.example/'] }],
    ]);
  });

  it('hashes passwords before the unit, and refuses one that was not announced', async () => {
    const create = (announced: string[]) =>
      together(
        server.work(),
        (work) =>
          operations.users.create(work, {
            query: undefined,
            body: { email: 'hashed@example.com', email_verified: true, password: 'correct horse' },
          }),
        announced,
      );
    await expect(create([])).rejects.toThrow('not announced');
    await create(['correct horse']);
    const { body } = await server.api('GET', '/users?email=hashed@example.com');
    expect(body).toMatchObject({ users: [{ has_password: true }] });
  });
});
