/** Tokens for the tenant's own APIs, and for the Auth0 Management API by client grants: who gets them, what they say, where they are good. */
import type { Application, ClientGrant, ResourceServer } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import {
  askForToken,
  bootServer,
  claimsIn,
  databaseKinds,
  managementClient,
  type OAuthResponse,
  postForm,
  postJson,
  refreshWith,
  signInWith,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a good long password';
type Machine = Application & { readonly client_secret: string };

describe.each(databaseKinds)('tokens for resource servers on %s', (kind) => {
  let server: TestServer;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const call = async <T>(verb: string, path: string, body: unknown, status: number): Promise<T> => {
    const answer = await server.api(verb, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    return answer.body as T;
  };
  const makeApi = (body: object = {}) =>
    call<ResourceServer>(
      'POST',
      '/resource-servers',
      {
        identifier: `https://api-${++made}.example/api`,
        scopes: ['read', 'write', 'drop'].map((value) => ({ value })),
        ...body,
      },
      201,
    );
  const makeMachine = (body: object = {}) =>
    call<Machine>('POST', '/applications', { name: 'machine', type: 'machine_to_machine', ...body }, 201);
  const grant = (application: string, audience: string, scopes: readonly string[]) =>
    call<ClientGrant>('POST', '/client-grants', { application, audience, scopes }, 201);
  const ask = ({ client_id, client_secret }: Machine, more: Record<string, string> = {}) =>
    askForToken(server, { client_id, client_secret, ...more });
  const expectDenied = (answer: OAuthResponse, description: string | RegExp) =>
    expect(answer).toMatchObject({
      status: 403,
      body: { error: 'access_denied', error_description: expect.stringMatching(description) },
    });
  const makePerson = async () => {
    const email = `buyer-${kind}-${++made}@example.test`;
    const { id } = await call<{ id: string }>(
      'POST',
      '/users',
      { email, password: PASSWORD, email_verified: true },
      201,
    );
    return { id, email };
  };
  const signIn = (username: string, more: Record<string, string>) =>
    signInWith(server, { username, password: PASSWORD, ...more });
  const permissionsOf = (api: ResourceServer, ...names: string[]) => ({
    permissions: names.map((permission) => ({ resource_server: api.id, permission })),
  });
  const introspect = async (token: string | undefined) =>
    (await postForm(server, '/oauth/introspect', { ...managementClient, token: token ?? '' })).body;
  const managementAudience = () => `${server.url.replace('http:', 'https:')}/api/v2/`;

  it('carry what a client grant grants, and live as long as the API says', async () => {
    const api = await makeApi({ token_lifetime: 120 });
    const machine = await makeMachine();
    expectDenied(await ask(machine, { audience: api.identifier }), 'Client is not authorized to access "https://api-');
    await grant(machine.id, api.identifier, ['write', 'read']);
    const { status, body } = await ask(machine, { audience: api.identifier });
    expect([status, body.scope, body.expires_in], JSON.stringify(body)).toEqual([200, 'write read', 120]);
    const claims = claimsIn(body.access_token) as { iat: number; exp: number };
    expect(claims).toMatchObject({
      aud: api.identifier,
      api_id: api.id,
      azp: machine.client_id,
      sub: `${machine.client_id}@clients`,
      scope: 'write read',
    });
    expect(claims.exp - claims.iat).toBe(120);
    expect(claims).not.toHaveProperty('permissions');
    expect((await ask(machine, { audience: api.identifier, scope: 'read' })).body.scope).toBe('read');
    for (const scope of ['drop', 'fly', 'users:read'])
      expect(await ask(machine, { audience: api.identifier, scope })).toMatchObject({
        status: 400,
        body: { error: 'invalid_scope', scope },
      });
    const json = await postJson(server, '/oauth/token', {
      grant_type: 'client_credentials',
      client_id: machine.client_id,
      client_secret: machine.client_secret,
      audience: api.identifier,
    });
    expect(json.body.scope).toBe('write read');
    expectDenied(await ask(machine, { audience: 'https://api-0.example/api2' }), '^Service not found: https://api-0');
  });

  it('are no tokens for the server itself, whatever the API is called, and even when it is gone', async () => {
    const api = await makeApi({ scopes: [{ value: 'users:read' }, { value: 'read:users' }] });
    const machine = await makeMachine({ scopes: ['users:read'] });
    await grant(machine.id, api.identifier, ['users:read', 'read:users']);
    const { access_token: token } = (await ask(machine, { audience: api.identifier })).body;
    const use = async () => (await withBearer(server, token, '/api/v1/users')).status;
    expect(await use()).toBe(401);
    expect(await introspect(token)).toMatchObject({
      active: true,
      aud: api.identifier,
      scope: 'users:read read:users',
    });
    await call('DELETE', `/resource-servers/${api.id}`, undefined, 204);
    expect(await introspect(token)).toEqual({ active: false });
    expect(await use()).toBe(401);
    expect(await ask(machine, { audience: api.identifier })).toMatchObject({
      status: 400,
      body: { error: 'invalid_target' },
    });
    // What is for the server itself stays as it was.
    const native = await ask(machine);
    expect((await withBearer(server, native.body.access_token, '/api/v1/users')).status).toBe(200);
  });

  it('follow a change of the grant at once', async () => {
    const api = await makeApi();
    const machine = await makeMachine();
    const { id } = await grant(machine.id, api.identifier, ['read', 'write']);
    const { access_token: token } = (await ask(machine, { audience: api.identifier })).body;
    expect(await introspect(token)).toMatchObject({ active: true, scope: 'read write' });
    await call('PATCH', `/client-grants/${id}`, { scopes: ['write', 'drop'] }, 200);
    expect(await introspect(token)).toMatchObject({ active: true, scope: 'write' });
    expect((await ask(machine, { audience: api.identifier })).body.scope).toBe('write drop');
    await call('PATCH', `/resource-servers/${api.id}`, { scopes: [{ value: 'drop' }] }, 200);
    expect(await introspect(token)).toMatchObject({ active: true, scope: '' });
    expect((await ask(machine, { audience: api.identifier })).body.scope).toBe('drop');
    await call('DELETE', `/client-grants/${id}`, undefined, 204);
    expectDenied(await ask(machine, { audience: api.identifier }), 'not authorized');
  });

  it('of a person carry the scopes asked for, and open /userinfo', async () => {
    const api = await makeApi();
    const { email } = await makePerson();
    const audience = api.identifier;
    expect((await signIn(email, { audience })).body.scope).toBe('read write drop');
    const { body } = await signIn(email, { audience, scope: 'openid email read offline_access' });
    expect(body.scope).toBe('openid email read');
    expect(body).not.toHaveProperty('refresh_token');
    expect(claimsIn(body.access_token)).toMatchObject({ aud: audience, api_id: api.id, scope: 'openid email read' });
    const info = await withBearer(server, body.access_token, '/userinfo');
    expect(info).toMatchObject({ status: 200, body: { email } });
    expect((await withBearer(server, body.access_token, '/api/v1/users')).status).toBe(401);
    expect(await signIn(email, { audience, scope: 'read fly' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('of a person carry only what the person holds, where the API enforces it', async () => {
    const api = await makeApi({ enforce_policies: true });
    const person = await makePerson();
    const audience = api.identifier;
    const { id: role } = await call<{ id: string }>('POST', '/roles', { code: `buyer-${kind}` }, 201);
    await call('POST', `/roles/${role}/permissions`, permissionsOf(api, 'write'), 204);
    await call('POST', `/users/${person.id}/permissions`, permissionsOf(api, 'read'), 204);
    expect((await signIn(person.email, { audience, scope: 'read write drop' })).body.scope).toBe('read');
    await call('PUT', `/users/${person.id}/roles`, { roles: [role] }, 200);
    const { body } = await signIn(person.email, { audience, scope: 'openid read write drop' });
    expect(body.scope).toBe('openid read write');
    expect(claimsIn(body.access_token)).not.toHaveProperty('permissions');
    await call('DELETE', `/roles/${role}/permissions`, permissionsOf(api, 'write'), 204);
    expect(await introspect(body.access_token)).toMatchObject({ active: true, scope: 'openid read' });
    expect((await signIn(person.email, { audience })).body.scope).toBe('read');
  });

  it('tell permissions in a claim of their own, where the API wants it', async () => {
    const api = await makeApi({ enforce_policies: true, token_dialect: 'access_token_authz' });
    const person = await makePerson();
    const audience = api.identifier;
    await call('POST', `/users/${person.id}/permissions`, permissionsOf(api, 'drop', 'read'), 204);
    const { access_token: token } = (await signIn(person.email, { audience, scope: 'openid read' })).body;
    expect(claimsIn(token)).toMatchObject({ scope: 'openid read', permissions: ['read', 'drop'] });
    await call('DELETE', `/users/${person.id}/permissions`, permissionsOf(api, 'drop'), 204);
    expect(await introspect(token)).toMatchObject({ active: true, permissions: ['read'] });
    const machine = await makeMachine();
    await grant(machine.id, audience, ['write']);
    expect(claimsIn((await ask(machine, { audience })).body.access_token)).toMatchObject({ permissions: ['write'] });
    await call('PATCH', `/resource-servers/${api.id}`, { enforce_policies: false }, 200);
    const open = await signIn(person.email, { audience, scope: 'read' });
    expect(claimsIn(open.body.access_token)).not.toHaveProperty('permissions');
  });

  it('are refreshed for the same API, with what is held then', async () => {
    const api = await makeApi({
      allow_offline_access: true,
      enforce_policies: true,
      token_dialect: 'access_token_authz',
    });
    const person = await makePerson();
    const audience = api.identifier;
    await call('POST', `/users/${person.id}/permissions`, permissionsOf(api, 'read', 'write'), 204);
    const first = (await signIn(person.email, { audience, scope: 'offline_access read write' })).body;
    expect(first.refresh_token).toBeTruthy();
    const second = (await refreshWith(server, first.refresh_token)).body;
    expect(claimsIn(second.access_token)).toMatchObject({
      aud: audience,
      api_id: api.id,
      scope: 'offline_access read write',
      permissions: ['read', 'write'],
    });
    await call('DELETE', `/users/${person.id}/permissions`, permissionsOf(api, 'write'), 204);
    const third = (await refreshWith(server, second.refresh_token, { audience })).body;
    expect(claimsIn(third.access_token)).toMatchObject({ aud: audience, permissions: ['read'] });
    expect(third.scope).toBe('offline_access read');
    const other = await refreshWith(server, third.refresh_token, { audience: (await makeApi()).identifier });
    expect(other).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    await call('PATCH', `/resource-servers/${api.id}`, { allow_offline_access: false }, 200);
    expect(await refreshWith(server, third.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('keep to the lifetime of the API in a person’s token', async () => {
    const api = await makeApi({ token_lifetime: 90 });
    const { email } = await makePerson();
    const { body } = await signIn(email, { audience: api.identifier, scope: 'openid' });
    expect(body.expires_in).toBe(90);
    const idToken = claimsIn(body.id_token) as { iat: number; exp: number };
    expect(idToken.exp - idToken.iat).toBeGreaterThan(90);
  });

  it('for the Auth0 Management API follow the application’s scopes, then the grant, and then nothing', async () => {
    const audience = managementAudience();
    const machine = await makeMachine({ scopes: ['users:read'] });
    const implicit = await ask(machine, { audience });
    const spelled = [...auth0Scopes].flatMap(([scope, permission]) => (permission === 'users:read' ? [scope] : []));
    expect(implicit.body.scope?.split(' ').sort()).toEqual(spelled.sort());
    const { client_grants } = await call<{ client_grants: ClientGrant[] }>(
      'GET',
      `/client-grants?application=${machine.id}`,
      undefined,
      200,
    );
    const path = `/client-grants/${client_grants[0]?.id}`;
    await call('PATCH', path, { scopes: ['read:users', 'delete:clients'] }, 200);
    expect(await introspect(implicit.body.access_token)).toMatchObject({ active: true, scope: 'read:users' });
    const explicit = (await ask(machine, { audience })).body;
    expect(explicit.scope).toBe('read:users delete:clients');
    expect(await ask(machine, { audience, scope: 'read:stats' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope', scope: 'read:stats' },
    });
    // The native API goes by the application's own scopes still.
    expect((await ask(machine)).body.scope).toBe('users:read');
    await call('DELETE', path, undefined, 204);
    expect(await ask({ ...machine, client_secret: 'wrong' }, { audience })).toMatchObject({
      status: 401,
      body: { error: 'access_denied', error_description: 'Unauthorized' },
    });
    const other = await makeMachine({ grant_types: ['refresh_token'] });
    expect(await ask(other, { audience })).toMatchObject({
      status: 403,
      body: {
        error: 'unauthorized_client',
        error_description: "Grant type 'client_credentials' not allowed for the client.",
      },
    });
    const left = await introspect(explicit.access_token);
    expect(left).toMatchObject({ active: true, scope: '' });
    expectDenied(await ask(machine, { audience }), `not authorized to access "${audience}"`);
  });
});
