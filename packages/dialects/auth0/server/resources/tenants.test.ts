/** The tenant's settings of Auth0 that requests for tokens fall back on. */
import {
  type Auth0Call,
  auth0Caller,
  bootServer,
  CLIENT_ID,
  databaseKinds,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('default_audience and default_directory on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const set = (body: object) => call('PATCH', '/tenants/settings', body);
  const settings = async () => (await call('GET', '/tenants/settings')).body as Record<string, unknown>;

  it('are the tenant’s own settings, and take effect', async () => {
    const identifier = 'https://default.example/';
    const { id } = (await call('POST', '/resource-servers', { identifier, name: 'default' })).body as { id: string };
    const directory = await call('POST', '/connections', {
      name: 'directory',
      strategy: 'auth0',
      enabled_clients: [CLIENT_ID],
    });
    expect(directory.status, JSON.stringify(directory.body)).toBe(201);
    const made = {
      connection: 'directory',
      email: 'in@directory.test',
      password: 'long enough for it',
      email_verified: true,
    };
    expect((await call('POST', '/users', made)).status).toBe(201);
    const changed = await set({ default_audience: identifier, default_directory: 'directory', session_lifetime: 5 });
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { default_audience: identifier, default_directory: 'directory', session_lifetime: 5 },
    ]);
    const native = (await server.api('GET', '/tenant')).body as { settings: object };
    expect(native.settings).toMatchObject({ default_audience: identifier, session_lifetime: 5 * 3600 });
    const { status } = await signInWith(server, { username: made.email, password: made.password });
    expect(status).toBe(200);
    await call('PATCH', '/tenants/settings', { support_email: 'a@b.test' });
    expect(await settings()).toMatchObject({ default_audience: identifier, default_directory: 'directory' });
    expect((await call('DELETE', `/resource-servers/${id}`)).status).toBe(204);
    expect(await settings()).not.toHaveProperty('default_audience');
    expect((await set({ default_directory: '' })).body).not.toHaveProperty('default_directory');
    expect(native.settings).toMatchObject({ default_connection: expect.stringMatching(/^con_/) });
  });

  it('are refused by Auth0’s name where they name nothing', async () => {
    await call('POST', '/connections', { name: 'social', strategy: 'google-oauth2' });
    for (const [body, field] of [
      [{ default_audience: 'https://nowhere.example/' }, 'default_audience'],
      [{ default_directory: 'nowhere' }, 'default_directory'],
      [{ default_directory: 'social' }, 'default_directory'],
    ] as const) {
      const refused = await set({ ...body, friendly_name: 'changed' });
      expect([refused.status, refused.body], JSON.stringify(refused.body)).toMatchObject([
        400,
        { errorCode: 'invalid_body', message: expect.stringContaining(`on property ${field}.`) },
      ]);
    }
    expect((await settings()).friendly_name).not.toBe('changed');
  });
});
