/** Requests for tokens that leave something out: the tenant's settings say what is meant. */
import type { Connection, ResourceServer } from '@reeve/contract';
import {
  askForToken,
  bootServer,
  CLIENT_ID,
  claimsIn,
  databaseKinds,
  refreshWith,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a good long password';

describe.each(databaseKinds)('what a request for a token leaves out on %s', (kind) => {
  let server: TestServer;
  let api: ResourceServer;
  let pool: Connection;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());
  afterEach(() => set({ default_audience: null, default_connection: null }));

  const call = async <T>(verb: string, path: string, body: unknown): Promise<T> => {
    const answer = await server.api(verb, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body as T;
  };
  const set = (settings: object) => call('PATCH', '/tenant', { settings });
  const makeApi = async () => {
    const identifier = `https://fallback-${++made}.example/`;
    api = await call('POST', '/resource-servers', {
      identifier,
      scopes: [{ value: 'read' }, { value: 'write' }],
      allow_offline_access: true,
    });
    await call('POST', '/client-grants', { application: CLIENT_ID, audience: identifier, scopes: ['read'] });
    await set({ default_audience: identifier });
  };
  const native = () => `${server.url}/api`;
  const audienceOf = ({ body }: { body: { access_token?: string } }) => claimsIn(body.access_token).aud;

  it('is the API of default_audience', async () => {
    await makeApi();
    for (const asked of [{}, { audience: '' }]) {
      const own = await askForToken(server, asked);
      expect([own.body.scope, audienceOf(own)]).toEqual(['read', api.identifier]);
    }
    const realm = 'Username-Password-Authentication';
    const person = await signInWith(server, { scope: 'openid offline_access write' });
    expect([person.body.scope, audienceOf(person)]).toEqual(['openid offline_access write', api.identifier]);
    const grant_type = 'http://auth0.com/oauth/grant-type/password-realm';
    expect(audienceOf(await signInWith(server, { grant_type, realm }))).toBe(api.identifier);
    expect(audienceOf(await askForToken(server, { audience: native() }))).toBe(native());
    expect(audienceOf(await signInWith(server, { audience: native() }))).toBe(native());
  });

  it('is at a refresh what the first token was for', async () => {
    const before = await signInWith(server, { scope: 'offline_access' });
    await makeApi();
    expect(audienceOf(await refreshWith(server, before.body.refresh_token))).toBe(native());
    const after = await signInWith(server, { scope: 'offline_access write' });
    await set({ default_audience: null });
    expect(audienceOf(await refreshWith(server, after.body.refresh_token))).toBe(api.identifier);
  });

  it('is this API again once that API is deleted', async () => {
    await makeApi();
    await call('DELETE', `/resource-servers/${api.id}`, undefined);
    expect(audienceOf(await askForToken(server))).toBe(native());
  });

  it('is the connection of default_connection, and it alone', async () => {
    pool = await call('POST', '/connections', { name: `others-${++made}` });
    const email = `other-${kind}@example.com`;
    await call('POST', '/users', { email, password: PASSWORD, connection: pool.id });
    const ask = async (more: Record<string, string>) => (await signInWith(server, more)).body.code ?? 'in';
    const other = { username: email, password: PASSWORD };
    expect([await ask(other), await ask({})]).toEqual(['invalid_credentials', 'in']);
    await set({ default_connection: pool.name });
    expect([await ask(other), await ask({})]).toEqual(['in', 'invalid_credentials']);
    const grant_type = 'http://auth0.com/oauth/grant-type/password-realm';
    expect(await ask({ grant_type, realm: 'Username-Password-Authentication' })).toBe('in');
    await call('PATCH', `/connections/${pool.id}`, { enabled_applications: [] });
    expect(await ask(other)).toBe('connection_not_enabled');
  });

  it('is the default connection again once that connection is deleted', async () => {
    const gone = await call<Connection>('POST', '/connections', { name: `gone-${++made}` });
    await set({ default_connection: gone.id });
    expect((await signInWith(server)).body.code).toBe('invalid_credentials');
    await call('DELETE', `/connections/${gone.id}`, undefined);
    expect((await signInWith(server)).status).toBe(200);
  });
});
