/** What a user may do, belongs to, and proves beside the password. */
import { rememberBrowser, totpCodeAt } from '@reeve/core';
import { expect } from 'vitest';
import { type Made, type Run, scenario } from '../scenario.ts';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** The native id of a user whom Auth0 calls otherwise. */
const nativeIdOf = async ({ world }: Run, email: string): Promise<string> => {
  const { users } = await world.native<{ users: Made[] }>('GET', `/users?email=${encodeURIComponent(email)}`);
  return (users[0] as Made).id;
};

const roles = scenario('roles of a user', ['users.assignRoles', 'users.getRoles', 'users.removeRoles'], async (run) => {
  const { user_id: id, email } = await run.user('roles');
  const make = (name: string) =>
    run.world.native<Made>('POST', '/roles', { name: `${name} ${run.tag}`, code: `${name}-${run.tag}` });
  const [reader, writer] = [await make('reader'), await make('writer')];
  await run.call('users.assignRoles', { id }, { roles: [reader.id, writer.id] });
  const held = await run.call<Made[]>('users.getRoles', { id });
  expect(held.map((role) => role.id).sort()).toEqual([reader.id, writer.id].sort());
  const native = `/users/${await nativeIdOf(run, email)}/roles`;
  expect((await run.world.native<{ roles: Made[] }>('GET', native)).roles).toHaveLength(2);
  await run.call('users.removeRoles', { id }, { roles: [writer.id] });
  expect((await run.call<Made[]>('users.getRoles', { id })).map((role) => role.id)).toEqual([reader.id]);
  await run.refused(404, 'users.getRoles', { id: 'auth0|nobody' });
});

const permissions = scenario(
  'permissions of a user',
  ['users.assignPermissions', 'users.getPermissions', 'users.removePermissions'],
  async (run) => {
    const { user_id: id, email } = await run.user('permissions');
    const identifier = `https://api.${run.tag}.example/`;
    const scopes = [{ value: 'read:things', description: 'Read' }, { value: 'write:things' }];
    const api = await run.call('resourceServers.create', {
      identifier,
      name: `Things ${run.tag}`,
      scopes,
      enforce_policies: true,
      token_dialect: 'access_token_authz',
    });
    const named = (...names: string[]) => ({
      permissions: names.map((name) => ({ permission_name: name, resource_server_identifier: identifier })),
    });
    await run.call('users.assignPermissions', { id }, named('read:things', 'write:things'));
    const held = await run.call<object[]>('users.getPermissions', { id });
    expect(held).toHaveLength(2);
    expect(held).toContainEqual(
      expect.objectContaining({
        permission_name: 'read:things',
        resource_server_identifier: identifier,
        sources: [expect.objectContaining({ source_type: 'DIRECT' })],
      }),
    );
    const granted = async () => {
      const { status, body } = await run.signIn(email, { audience: identifier, scope: 'read:things write:things' });
      expect(status, JSON.stringify(body)).toBe(200);
      const [, payload] = body.access_token.split('.') as [string, string];
      return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { permissions: string[] }).permissions.sort();
    };
    expect(await granted()).toEqual(['read:things', 'write:things']);
    await run.call('users.removePermissions', { id }, named('write:things'));
    expect(await run.call<object[]>('users.getPermissions', { id })).toMatchObject([
      { permission_name: 'read:things' },
    ]);
    expect(await granted()).toEqual(['read:things']);
    await run.call('resourceServers.delete', { id: api.id });
    expect(await run.call<object[]>('users.getPermissions', { id })).toEqual([]);
  },
);

const organizations = scenario('organizations of a user', ['users.getUserOrganizations'], async (run) => {
  const { user_id: id, email } = await run.user('organizations');
  expect(await run.call<Made[]>('users.getUserOrganizations', { id })).toEqual([]);
  const { id: organization } = await run.world.native<Made>('POST', '/organizations', { name: run.tag });
  await run.world.native('PUT', `/organizations/${organization}/members/${await nativeIdOf(run, email)}`, {});
  const found = await run.call<Made[]>('users.getUserOrganizations', { id });
  expect(found).toMatchObject([{ id: organization, name: run.tag }]);
  await run.world.native('DELETE', `/organizations/${organization}`);
  expect(await run.call<Made[]>('users.getUserOrganizations', { id })).toEqual([]);
});

const methods = scenario(
  'authentication methods',
  [
    'users.createAuthenticationMethod',
    'users.getAuthenticationMethods',
    'users.getAuthenticationMethodById',
    'users.updateAuthenticationMethodById',
    'users.updateAuthenticationMethods',
    'users.deleteAuthenticationMethodById',
    'users.deleteAuthenticationMethods',
  ],
  async (run) => {
    const { user_id: id, email } = await run.user('methods');
    const native = `/users/${await nativeIdOf(run, email)}/authentication-methods`;
    const totp = await run.call(
      'users.createAuthenticationMethod',
      { id },
      { type: 'totp', name: 'A', totp_secret: SECRET },
    );
    const [stored] = (await run.world.native<{ authentication_methods: Made[] }>('GET', native)).authentication_methods;
    const code = totpCodeAt(SECRET, run.world.server.clock.now());
    await run.world.native('POST', `${native}/${stored?.id}/verify`, { code });
    const phone = { type: 'phone', name: 'B', phone_number: '+4930123456', preferred_authentication_method: 'sms' };
    const { id: phoneId } = await run.call('users.createAuthenticationMethod', { id }, phone);
    const list = async () => {
      const found = await run.call<Made[]>('users.getAuthenticationMethods', { id });
      return found.map((method) => method.type).sort();
    };
    expect(await list()).toEqual(['phone', 'totp']);
    expect(JSON.stringify(await run.quiet('users.getAuthenticationMethods', { id }))).not.toContain(SECRET);
    const one = { id, authentication_method_id: phoneId };
    expect(await run.call('users.getAuthenticationMethodById', one)).toMatchObject({ id: phoneId, name: 'B' });
    await run.call('users.updateAuthenticationMethodById', one, {
      name: 'C',
      preferred_authentication_method: 'voice',
    });
    expect(await run.call('users.getAuthenticationMethodById', one)).toMatchObject({
      name: 'C',
      preferred_authentication_method: 'voice',
    });
    await run.call('users.deleteAuthenticationMethodById', one);
    await run.refused(404, 'users.getAuthenticationMethodById', one);
    expect(await list()).toEqual(['totp']);
    await run.call('users.updateAuthenticationMethods', { id }, [
      { type: 'email', name: 'D', email: run.mail('second') },
    ]);
    expect(await list()).toEqual(['email']);
    await run.refused(404, 'users.getAuthenticationMethodById', { id, authentication_method_id: totp.id });
    await run.call('users.deleteAuthenticationMethods', { id });
    expect(await list()).toEqual([]);
  },
);

const authenticators = scenario('authenticators deleted', ['users.deleteAllAuthenticators'], async (run) => {
  const { user_id: id, email } = await run.user('authenticators');
  const native = `/users/${await nativeIdOf(run, email)}/authentication-methods`;
  await run.world.native('POST', native, { type: 'totp', totp_secret: SECRET, confirmed: true });
  await run.call('users.deleteAllAuthenticators', { id });
  const left = await run.world.native<{ authentication_methods: Made[] }>('GET', native);
  expect(left.authentication_methods).toEqual([]);
  await run.refused(404, 'users.deleteAllAuthenticators', { id: 'auth0|nobody' });
});

const factors = scenario(
  'enrollments, providers, recovery code, browsers',
  [
    'users.getGuardianEnrollments',
    'users.deleteMultifactorProvider',
    'users.regenerateRecoveryCode',
    'users.invalidateRememberBrowser',
  ],
  async (run) => {
    const { user_id: id, email } = await run.user('factors');
    const native = `/users/${await nativeIdOf(run, email)}/authentication-methods`;
    await run.world.native('POST', native, { type: 'totp', totp_secret: SECRET, confirmed: true });
    const enrolled = await run.call<object[]>('users.getGuardianEnrollments', { id });
    expect(enrolled).toMatchObject([{ status: 'confirmed', auth_method: 'authenticator' }]);
    await run.refused(400, 'users.deleteMultifactorProvider', { id, provider: 'nothing' });
    await run.call('users.deleteMultifactorProvider', { id, provider: 'google-authenticator' });
    expect(await run.call<object[]>('users.getGuardianEnrollments', { id })).toEqual([]);

    const codeOf = async () => {
      const { recovery_code: code } = await run.call<{ recovery_code: string }>('users.regenerateRecoveryCode', { id });
      expect(code).toMatch(/^[A-Z0-9]{24}$/);
      return code;
    };
    const [old, recent] = [await codeOf(), await codeOf()];
    const methods = await run.world.native<{ authentication_methods: Made[] }>('GET', native);
    const verify = (code: string) =>
      run.world.server.api('POST', `${native}/${methods.authentication_methods[0]?.id}/verify`, { code });
    expect((await verify(old)).status).toBeGreaterThanOrEqual(400);
    expect((await verify(recent)).status).toBe(200);

    const browsers = () =>
      run.world.server.services.database.read((db) => db.selectFrom('remembered_browsers').select('digest').execute());
    const before = (await browsers()).length;
    await rememberOne(run, email);
    expect(await browsers()).toHaveLength(before + 1);
    await run.call('users.invalidateRememberBrowser', { id });
    expect(await browsers()).toHaveLength(before);
  },
);

/** No call of the API remembers a browser: signing in does. */
const rememberOne = async (run: Run, email: string): Promise<void> => {
  const { server } = run.world;
  const id = await nativeIdOf(run, email);
  await server.work().write(async (unit) => {
    const { num } = await unit.db.selectFrom('users').select('num').where('id', '=', id).executeTakeFirstOrThrow();
    const expiresAt = server.clock.now() + 86_400_000;
    await rememberBrowser(unit, { userNum: num, secret: crypto.randomUUID(), userAgent: null, expiresAt });
  });
};

export const access = [roles, permissions, organizations, methods, authenticators, factors];
