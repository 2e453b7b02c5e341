/** Connections, rules, the mail provider, and the tenant's settings. */
import { claimsIn } from '@reeve/testkit';
import { expect } from 'vitest';
import { type Made, type Run, scenario, type User } from '../scenario.ts';

const connections = scenario(
  'a connection from creation to deletion',
  [
    'connections.create',
    'connections.getAll',
    'connections.get',
    'connections.update',
    'connections.delete',
    'connections.checkStatus',
    'connections.deleteUserByEmail',
  ],
  async (run) => {
    const { connection, id } = await run
      .call<Made & { name: string }>('connections.create', {
        name: run.tag,
        strategy: 'auth0',
        options: { passwordPolicy: 'low' },
      })
      .then((made) => ({ connection: made.name, id: made.id }));
    expect(connection).toBe(run.tag);
    expect(await run.call('connections.get', { id })).toMatchObject({ id, name: run.tag, strategy: 'auth0' });
    expect(await run.call<Made[]>('connections.getAll', { name: run.tag })).toMatchObject([{ id }]);
    const strategies = await run.quiet<Made[]>('connections.getAll', { strategy: 'auth0', name: run.tag });
    expect(strategies).toMatchObject([{ id }]);
    expect(await run.quiet<Made[]>('connections.getAll', { strategy: 'samlp', name: run.tag })).toEqual([]);
    expect((await run.refused(409, 'connections.create', { name: run.tag, strategy: 'auth0' })).status).toBe(409);
    await run.call('connections.checkStatus', { id });

    const member = { connection, email: run.mail('member'), password: 'sixsix', email_verified: true };
    const made = await run.call<User>('users.create', member);
    expect(made.identities).toMatchObject([{ connection }]);
    const options = { passwordPolicy: 'good' };
    expect(await run.call('connections.update', { id }, { options })).toMatchObject({ id, options });
    const weak = { ...member, email: run.mail('weak') };
    expect((await run.refused(400, 'users.create', weak)).message).toContain('PasswordStrengthError');

    await run.call('connections.deleteUserByEmail', { id, email: member.email });
    await run.refused(404, 'users.get', { id: made.user_id });
    const other = await run.call<User>('users.create', {
      ...member,
      email: run.mail('other'),
      password: 'Good enough 1!',
    });
    await run.call('connections.delete', { id });
    await run.refused(404, 'connections.get', { id });
    await run.refused(404, 'connections.checkStatus', { id });
    await run.refused(404, 'users.get', { id: other.user_id });
    expect(await run.call<Made[]>('connections.getAll', { name: run.tag })).toEqual([]);
  },
);

const rules = scenario(
  'a rule at sign-in',
  ['rules.create', 'rules.getAll', 'rules.get', 'rules.update', 'rules.delete'],
  async (run) => {
    const { email } = await run.user('ruled');
    const only = (then: string) =>
      `function (user, context, callback) { if (user.email !== '${email}') return callback(null, user, context); ${then} }`;
    const rule = await run.call('rules.create', {
      name: `rule ${run.tag}`,
      script: only(`callback(new UnauthorizedError('Not today.'));`),
      enabled: true,
    });
    const { id } = rule;
    const denied = await run.signIn(email);
    expect(denied.status).toBe(403);
    expect(denied.body.error_description).toContain('Not today.');
    expect(await run.call('rules.get', { id })).toEqual(rule);
    const ruleIds = async (params: object) => (await run.quiet<Made[]>('rules.getAll', params)).map((each) => each.id);
    expect(await ruleIds({ enabled: true })).toContain(id);
    expect(await run.call('rules.update', { id }, { enabled: false })).toMatchObject({ id, enabled: false });
    expect(await ruleIds({ enabled: true })).not.toContain(id);
    expect((await run.signIn(email)).status).toBe(200);
    const script = only(`context.idToken['https://x.example/plan'] = 'gold'; callback(null, user, context);`);
    await run.call('rules.update', { id }, { enabled: true, script });
    const { body } = await run.signIn(email, { scope: 'openid' });
    expect(claimsIn(body.id_token)['https://x.example/plan']).toBe('gold');
    const taken = await run.refused(409, 'rules.create', { name: `rule ${run.tag}`, script });
    expect(taken.status).toBe(409);
    await run.call('rules.delete', { id });
    await run.refused(404, 'rules.get', { id });
    expect(await ruleIds({})).not.toContain(id);
    expect(claimsIn((await run.signIn(email, { scope: 'openid' })).body.id_token)).not.toHaveProperty(
      'https://x.example/plan',
    );
  },
);

const smtp = (run: Run, secret: string) => ({
  name: 'smtp',
  enabled: true,
  default_from_address: run.mail('from'),
  credentials: { smtp_host: 'mail.internal', smtp_port: 25, smtp_user: 'u', smtp_pass: secret },
});

const provider = scenario(
  'the mail provider',
  ['emailProvider.configure', 'emailProvider.get', 'emailProvider.update'],
  async (run) => {
    await run.refused(404, 'emailProvider.get');
    const secret = `smtp-secret-${run.tag}`;
    const made = await run.call('emailProvider.configure', smtp(run, secret));
    try {
      expect(JSON.stringify(made)).not.toContain(secret);
      expect(made).toMatchObject({ name: 'smtp', enabled: true });
      const read = await run.call('emailProvider.get');
      expect(JSON.stringify(read)).not.toContain(secret);
      expect(read).toMatchObject({ credentials: { smtp_host: 'mail.internal' } });
      expect((await run.refused(409, 'emailProvider.configure', smtp(run, secret))).status).toBe(409);
      await run.refused(400, 'emailProvider.update', {}, { default_from_address: 'nobody' });
      await run.call('emailProvider.update', {}, { enabled: false, default_from_address: run.mail('other') });
      const changed = await run.call('emailProvider.get');
      expect(changed).toMatchObject({ name: 'smtp', enabled: false, default_from_address: run.mail('other') });
    } finally {
      await run.world.native('DELETE', '/mail-provider');
    }
    await run.refused(404, 'emailProvider.update', {}, { enabled: true });
  },
);

const noProvider = scenario('the mail provider deleted', ['emailProvider.delete'], async (run) => {
  await run.call('emailProvider.configure', smtp(run, 'a secret'));
  await run.call('emailProvider.delete');
  await run.refused(404, 'emailProvider.get');
});

const tenant = scenario('settings of the tenant', ['tenant.getSettings', 'tenant.updateSettings'], async (run) => {
  const first = { friendly_name: 'Reeve', session_lifetime: 168, flags: { enable_client_connections: true } };
  await run.quiet('tenant.updateSettings', first);
  const before = await run.call('tenant.getSettings');
  expect(before).toMatchObject(first);
  const renamed = { friendly_name: `Tenant ${run.tag}` };
  expect(await run.call('tenant.updateSettings', renamed)).toMatchObject(renamed);
  const native = await run.world.native<{ display_name: string }>('GET', '/tenant');
  expect(native.display_name).toBe(`Tenant ${run.tag}`);
  await run.call('tenant.updateSettings', { session_lifetime: 24, flags: { enable_client_connections: false } });
  expect(await run.call('tenant.getSettings')).toMatchObject({
    session_lifetime: 24,
    flags: { enable_client_connections: false },
  });
  const { settings } = await run.world.native<{ settings: object }>('GET', '/tenant');
  expect(settings).toMatchObject({ session_lifetime: 86_400 });
  expect((await run.refused(400, 'tenant.updateSettings', { colour: 'red' })).errorCode).toBe('invalid_body');
  expect(await run.call('tenant.updateSettings', first)).toEqual(before);
});

export const settings = [connections, rules, provider, noProvider, tenant];
