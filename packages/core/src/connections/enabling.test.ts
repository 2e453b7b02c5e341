/** Which applications a connection is enabled for, and who may sign in through it. */
import { bootServer, databaseKinds, postForm, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REALM = 'http://auth0.com/oauth/grant-type/password-realm';
const PASSWORD = 'correct horse battery';

interface Connection {
  readonly id: string;
  readonly name: string;
  readonly strategy: string;
  readonly enabled_for_all: boolean;
  readonly enabled_applications: string[];
}

describe.each(databaseKinds)('connections and applications on %s', (kind) => {
  let server: TestServer;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const connect = async (body: object = {}) => {
    const answer = await server.api('POST', '/connections', { name: `pool-${++made}`, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body as Connection;
  };
  const application = async () => {
    const { body } = await server.api('POST', '/applications', {
      name: `App ${++made}`,
      type: 'web',
      grant_types: ['password', REALM, 'refresh_token'],
    });
    return body as { id: string; client_id: string; client_secret: string };
  };
  const patch = async (id: string, body: object) => {
    const answer = await server.api('PATCH', `/connections/${id}`, body);
    return { status: answer.status, body: answer.body as Connection & { errors?: { field: string }[] } };
  };
  const signIn = (realm: string, app: { client_id: string; client_secret: string }, username: string) =>
    postForm(server, '/oauth/token', {
      grant_type: REALM,
      realm,
      username,
      password: PASSWORD,
      client_id: app.client_id,
      client_secret: app.client_secret,
    });

  it('is enabled for all unless a list is given, and lets nobody else sign in', async () => {
    const pool = await connect();
    expect(pool).toMatchObject({ strategy: 'database', enabled_for_all: true, enabled_applications: [] });
    const [mine, other] = [await application(), await application()];
    const email = `member-${made}@example.com`;
    await server.api('POST', '/users', { email, password: PASSWORD, connection: pool.name });
    expect((await signIn(pool.name, other, email)).status).toBe(200);
    const limited = await patch(pool.id, { enabled_applications: [mine.client_id] });
    expect(limited.body).toMatchObject({ enabled_for_all: false, enabled_applications: [mine.id] });
    const refused = await signIn(pool.name, other, email);
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'connection_not_enabled', error_description: 'the connection is not enabled for the application' },
    });
    // Whether the password was right makes no difference: it is not tried.
    expect((await signIn(pool.name, other, 'nobody@example.com')).body.code).toBe('connection_not_enabled');
    expect((await signIn(pool.name, mine, email)).status).toBe(200);
    const { body } = await server.api('GET', '/connections?limit=100');
    const listed = (body as { connections: Connection[] }).connections.find(({ id }) => id === pool.id);
    expect(listed).toMatchObject({ enabled_for_all: false, enabled_applications: [mine.id] });
    expect((await patch(pool.id, { enabled_for_all: true })).body).toMatchObject({ enabled_applications: [] });
    expect((await signIn(pool.name, other, email)).status).toBe(200);
  });

  it('refuses unknown applications and contradictions, changing nothing', async () => {
    const app = await application();
    const pool = await connect({ enabled_applications: [app.id] });
    const unknown = await patch(pool.id, { enabled_applications: [app.id, 'app_none'] });
    expect(unknown).toMatchObject({ status: 400, body: { errors: [{ field: 'enabled_applications.1' }] } });
    const both = await patch(pool.id, { enabled_for_all: true, enabled_applications: [app.id] });
    expect(both).toMatchObject({ status: 400, body: { errors: [{ field: 'enabled_applications' }] } });
    expect((await server.api('GET', `/connections/${pool.id}`)).body).toMatchObject({
      enabled_for_all: false,
      enabled_applications: [app.id],
    });
    const none = await connect({ enabled_for_all: false });
    expect(none).toMatchObject({ enabled_for_all: false, enabled_applications: [] });
  });

  it('forgets a deleted application, and tells changes of the list', async () => {
    const [kept, gone] = [await application(), await application()];
    const pool = await connect({ enabled_applications: [gone.id, kept.client_id] });
    expect(pool.enabled_applications).toEqual([kept.id, gone.id].sort());
    expect((await server.api('DELETE', `/applications/${gone.id}`)).status).toBe(204);
    expect((await server.api('GET', `/connections/${pool.id}`)).body).toMatchObject({
      enabled_for_all: false,
      enabled_applications: [kept.id],
    });
    await patch(pool.id, { enabled_applications: [] });
    await patch(pool.id, { enabled_applications: [] });
    expect((await server.api('DELETE', `/connections/${pool.id}`)).status).toBe(204);
    const { body } = await server.api('GET', `/audit?target=${pool.id}&order=asc`);
    const { events } = body as { events: { event_type: string; data: object }[] };
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'connection.created',
      'connection.updated',
      'connection.deleted',
    ]);
    expect(events[1]?.data).toEqual({
      before: { enabled_applications: [kept.id] },
      after: { enabled_applications: [] },
    });
  });

  it('keeps other strategies, through which nobody signs in with a password', async () => {
    const social = await connect({ strategy: 'google-oauth2' });
    expect(social.strategy).toBe('google-oauth2');
    const refused = await signInWith(server, { grant_type: REALM, realm: social.name });
    expect(refused.body).toMatchObject({ error: 'invalid_grant', code: 'connection_without_passwords' });
    expect((await patch(social.id, { strategy: 'database' })).status).toBe(400);
    expect((await server.api('POST', '/connections', { name: 'bad', strategy: 'No Such' })).status).toBe(400);
    expect((await signInWith(server)).status).toBe(200);
  });
});
