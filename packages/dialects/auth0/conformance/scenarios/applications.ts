/** Applications, their grants, the APIs these are for, and tokens that end early. */
import { claimsIn } from '@reeve/testkit';
import { expect } from 'vitest';
import { type Made, type Run, scenario } from '../scenario.ts';

interface App extends Record<string, unknown> {
  readonly client_id: string;
  readonly client_secret: string;
  readonly name: string;
}

const makeApp = (run: Run, name: string, more: object = {}) =>
  run.call<App>('clients.create', { name: `${name} ${run.tag}`, app_type: 'non_interactive', ...more });
const credentialsOf = ({ client_id, client_secret }: App) => ({
  grant_type: 'client_credentials',
  client_id,
  client_secret,
});

const makeApi = (run: Run, more: object = {}) =>
  run.call<Made & { identifier: string }>('resourceServers.create', {
    identifier: `https://api.${run.tag}.example/`,
    name: `API ${run.tag}`,
    scopes: [{ value: 'read:a', description: 'Read' }, { value: 'write:a' }],
    ...more,
  });

const clients = scenario(
  'an application from creation to deletion',
  ['clients.create', 'clients.get', 'clients.getAll', 'clients.update', 'clients.delete', 'clients.rotateClientSecret'],
  async (run) => {
    const api = await makeApi(run);
    const app = await makeApp(run, 'app', { description: 'one' });
    const { client_id } = app;
    expect(app.client_secret.length).toBeGreaterThanOrEqual(32);
    await run.call('clientGrants.create', { client_id, audience: api.identifier, scope: ['read:a'] });
    const ask = (given: App) => run.token({ ...credentialsOf(given), audience: api.identifier });
    expect((await ask(app)).status).toBe(200);

    expect(await run.call<App>('clients.get', { client_id })).toMatchObject({ client_id, description: 'one' });
    const picked = await run.quiet<App[]>('clients.getAll', { fields: 'client_id,name' });
    expect(picked).toContainEqual({ client_id, name: app.name });
    expect((await run.quiet<App[]>('clients.getAll', { is_global: true })).map(({ name }) => name)).toEqual([
      'All Applications',
    ]);
    const changed = await run.call<App>(
      'clients.update',
      { client_id },
      { name: `new ${run.tag}`, description: 'two' },
    );
    expect(changed).toMatchObject({ client_id, name: `new ${run.tag}`, description: 'two' });
    expect(await run.call<App>('clients.get', { client_id })).toMatchObject({ name: `new ${run.tag}` });

    const rotated = await run.call<App>('clients.rotateClientSecret', { client_id });
    expect(rotated.client_secret).not.toBe(app.client_secret);
    expect((await ask(app)).status).toBe(401);
    expect((await ask({ ...app, client_secret: rotated.client_secret })).status).toBe(200);

    await run.call('clients.delete', { client_id });
    await run.refused(404, 'clients.get', { client_id });
    await run.refused(404, 'clients.update', { client_id }, { name: 'gone' });
    expect((await ask({ ...app, client_secret: rotated.client_secret })).status).toBe(401);
    expect((await run.refused(400, 'clients.create', { name: 'x', colour: 'red' })).errorCode).toBe('invalid_body');
  },
);

interface Grant extends Made {
  readonly scope: string[];
}

const grants = scenario(
  'what an application may ask of an API',
  ['clientGrants.create', 'clientGrants.getAll', 'clientGrants.update', 'clientGrants.delete'],
  async (run) => {
    const { identifier: audience } = await makeApi(run);
    const app = await makeApp(run, 'granted');
    const { client_id } = app;
    const scopeOf = async () => {
      const { status, body } = await run.token({ ...credentialsOf(app), audience });
      return status === 200 ? claimsIn(body.access_token).scope : status;
    };
    expect(await scopeOf()).toBe(403);
    const { id } = await run.call('clientGrants.create', { client_id, audience, scope: ['read:a'] });
    expect(await scopeOf()).toBe('read:a');
    const again = await run.refused(409, 'clientGrants.create', { client_id, audience, scope: ['read:a'] });
    expect(again.status).toBe(409);
    await run.call('clientGrants.update', { id }, { scope: ['read:a', 'write:a'] });
    expect(await scopeOf()).toBe('read:a write:a');
    const found = await run.call<Grant[]>('clientGrants.getAll', { client_id });
    expect(found).toMatchObject([{ id, client_id, audience, scope: ['read:a', 'write:a'] }]);
    expect(await run.call<Grant[]>('clientGrants.getAll', { audience: `${audience}none` })).toEqual([]);
    await run.call('clientGrants.delete', { id });
    expect(await run.call<Grant[]>('clientGrants.getAll', { client_id })).toEqual([]);
    expect(await scopeOf()).toBe(403);
  },
);

const apis = scenario(
  'an API from creation to deletion',
  [
    'resourceServers.create',
    'resourceServers.getAll',
    'resourceServers.get',
    'resourceServers.update',
    'resourceServers.delete',
  ],
  async (run) => {
    const api = await makeApi(run, { token_lifetime: 600 });
    const { id, identifier } = api;
    const { email } = await run.user('ofapi');
    const ask = () => run.signIn(email, { audience: identifier, scope: 'read:a' });
    const first = await ask();
    expect([first.status, first.body.expires_in], JSON.stringify(first.body)).toEqual([200, 600]);
    expect(await run.call('resourceServers.get', { id })).toEqual(api);
    const all = await run.quiet<Made[]>('resourceServers.getAll', {});
    expect(all).toContainEqual(api);
    expect(all.filter(({ is_system: isSystem }) => isSystem)).toMatchObject([
      { identifier: `https://${run.world.domain}/api/v2/` },
    ]);
    const taken = await run.refused(409, 'resourceServers.create', { identifier, name: 'again' });
    expect(taken.status).toBe(409);
    const scopes = [{ value: 'read:a' }, { value: 'read:b' }];
    await run.call('resourceServers.update', { id }, { name: `new ${run.tag}`, token_lifetime: 900, scopes });
    expect(await run.call('resourceServers.get', { id })).toMatchObject({ name: `new ${run.tag}`, scopes });
    expect((await ask()).body.expires_in).toBe(900);
    await run.call('resourceServers.delete', { id });
    expect((await run.refused(404, 'resourceServers.get', { id })).status).toBe(404);
    expect((await ask()).status).toBe(403);
  },
);

const blacklist = scenario(
  'tokens that end early',
  ['blacklistedTokens.add', 'blacklistedTokens.getAll'],
  async (run) => {
    const audience = `https://${run.world.domain}/api/v2/`;
    const app = await makeApp(run, 'blacklisted');
    await run.call('clientGrants.create', { client_id: app.client_id, audience, scope: ['read:users'] });
    const { body } = await run.token({ ...credentialsOf(app), audience });
    const reader = run.withToken(body.access_token);
    expect(await reader.quiet<object[]>('users.getAll', {})).not.toEqual([]);
    const { jti } = claimsIn(body.access_token) as { jti: string };
    await run.call('blacklistedTokens.add', { aud: app.client_id, jti });
    expect(await run.call<object[]>('blacklistedTokens.getAll', { aud: app.client_id })).toEqual([
      { aud: app.client_id, jti },
    ]);
    expect((await reader.refused(401, 'users.getAll', {})).status).toBe(401);
    const { body: next } = await run.token({ ...credentialsOf(app), audience });
    expect(await run.withToken(next.access_token).quiet<object[]>('users.getAll', {})).not.toEqual([]);
    expect((await run.refused(400, 'blacklistedTokens.add', { aud: app.client_id })).errorCode).toBe('invalid_body');
  },
);

const devices = scenario(
  'devices of a user',
  ['deviceCredentials.createPublicKey', 'deviceCredentials.getAll', 'deviceCredentials.delete'],
  async (run) => {
    const { user_id, email } = await run.user('device');
    const audience = `https://${run.world.domain}/api/v2/`;
    const scope = 'create:current_user_device_credentials';
    const { status, body } = await run.signIn(email, { audience, scope });
    expect(status, JSON.stringify(body)).toBe(200);
    const own = run.withToken(body.access_token);
    const device = { device_name: 'phone', type: 'public_key', value: 'AAAA', device_id: `d-${run.tag}` };
    expect((await run.refused(403, 'deviceCredentials.createPublicKey', device)).errorCode).toBe('insufficient_scope');
    const { id } = await own.call('deviceCredentials.createPublicKey', device);
    const list = () => run.call<Made[]>('deviceCredentials.getAll', { user_id, type: 'public_key' });
    expect(await list()).toMatchObject([{ id, user_id, device_name: 'phone', device_id: device.device_id }]);
    expect(JSON.stringify(await list())).not.toContain('AAAA');
    await run.call('deviceCredentials.delete', { id });
    expect(await list()).toEqual([]);
    await run.call('deviceCredentials.delete', { id });
  },
);

const token = scenario(
  'the token that calls are made with',
  ['getAccessToken'],
  async (run) => {
    const held = await run.quiet<string>('getAccessToken');
    expect(claimsIn(held)).toMatchObject({ aud: `https://${run.world.domain}/api/v2/` });
    const answer = await fetch(`${run.world.url}/api/v2/users`, { headers: { authorization: `Bearer ${held}` } });
    expect(answer.status).toBe(200);
    const given = await run.withToken(held).call<string>('getAccessToken');
    expect(given).toBe(held);
    await run.withToken('not.a.token').refused(401, 'users.get', { id: 'auth0|nobody' });
  },
  { lines: 'legacy' },
);

const info = scenario(
  'what a client tells of itself',
  ['getClientInfo'],
  async (run) => {
    const told = await run.quiet<Record<string, unknown>>('getClientInfo');
    expect(told).toMatchObject({ name: 'node-auth0', version: expect.any(String) });
    expect(told.environment).toEqual([{ name: 'node.js', version: expect.any(String) }]);
    run.saw('environment', told.environment);
  },
  { lines: 'legacy' },
);

export const applications = [clients, grants, apis, blacklist, devices, token, info];
