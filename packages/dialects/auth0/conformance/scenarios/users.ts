/** Users: what is written is what is read, searched, and let in. */
import { expect } from 'vitest';
import { CONNECTION, PASSWORD, type Run, scenario, type User } from '../scenario.ts';

const lifecycle = scenario(
  'a user from creation to deletion',
  ['users.create', 'users.get', 'users.update', 'users.delete'],
  async (run) => {
    const user = await run.user('Jane', { name: 'Jane', verify_email: false });
    expect(user.email).toBe(run.mail('jane'));
    expect(user.user_id).toMatch(/^auth0\|[0-9a-f]{24}$/);
    expect(JSON.stringify(user)).not.toContain(PASSWORD);
    const id = user.user_id;
    expect(await run.call<User>('users.get', { id })).toEqual(user);
    expect((await run.signIn(user.email)).status).toBe(200);

    const again = await run.refused(409, 'users.create', { connection: CONNECTION, email: run.mail('jane') });
    expect(again).toMatchObject({ errorCode: 'auth0_idp_error', message: 'The user already exists.' });
    const weak = { connection: CONNECTION, email: run.mail('weak'), password: 'a' };
    expect((await run.refused(400, 'users.create', weak)).message).toContain('PasswordStrengthError');
    const nowhere = { connection: 'nowhere', email: run.mail('nowhere') };
    expect((await run.refused(400, 'users.create', nowhere)).errorCode).toBe('inexistent_connection');
    const unknown = { connection: CONNECTION, email: run.mail('unknown'), colour: 'red' };
    expect((await run.refused(400, 'users.create', unknown)).errorCode).toBe('invalid_body');

    await run.call('users.update', { id }, { blocked: true });
    expect((await run.signIn(user.email)).status).toBeGreaterThanOrEqual(400);
    const renamed = await run.call<User>(
      'users.update',
      { id },
      { blocked: false, given_name: 'Jane', nickname: 'jd' },
    );
    expect(renamed).toMatchObject({ given_name: 'Jane', nickname: 'jd', email: user.email });
    await run.call('users.update', { id }, { password: 'another passphrase' });
    expect((await run.signIn(user.email)).status).toBeGreaterThanOrEqual(400);
    expect((await run.signIn(user.email, { password: 'another passphrase' })).status).toBe(200);
    expect(await run.call<User>('users.get', { id })).toMatchObject({ given_name: 'Jane', logins_count: 2 });

    const other = await run.user('other');
    const taken = await run.refused(400, 'users.update', { id }, { email: other.email });
    expect(taken.errorCode).toBe('auth0_idp_error');
    const both = await run.refused(400, 'users.update', { id }, { password: 'long enough', email: run.mail('new') });
    expect(both.errorCode).toBe('operation_not_supported');

    await run.call('users.delete', { id });
    expect((await run.refused(404, 'users.get', { id })).errorCode).toBe('inexistent_user');
    expect((await run.refused(404, 'users.update', { id }, { name: 'x' })).errorCode).toBe('inexistent_user');
    expect((await run.signIn(user.email, { password: 'another passphrase' })).status).toBeGreaterThanOrEqual(400);
    await run.call('users.delete', { id });
  },
);

const metadata = scenario(
  'metadata merges at its top level',
  ['users.updateUserMetadata', 'users.updateAppMetadata'],
  async (run) => {
    const bags = { user_metadata: { a: { x: 1, y: 2 }, b: 1, c: [1] }, app_metadata: { plan: 'gold', k: 1 } };
    const { user_id: id } = await run.user('bags', bags);
    const changed = await run.call<User>('users.updateUserMetadata', { id }, { a: { y: 3 }, b: null, d: 4 });
    expect(changed.user_metadata).toEqual({ a: { y: 3 }, c: [1], d: 4 });
    expect(changed.app_metadata).toEqual(bags.app_metadata);
    await run.call('users.updateAppMetadata', { id }, { plan: 'silver' });
    const read = await run.call<User>('users.get', { id });
    expect(read).toMatchObject({ app_metadata: { plan: 'silver', k: 1 }, user_metadata: { d: 4 } });
    await run.call('users.updateAppMetadata', { id }, {});
    expect((await run.call<User>('users.get', { id })).app_metadata).toEqual({});
    expect((await run.refused(404, 'users.updateAppMetadata', { id: 'auth0|nobody' }, { a: 1 })).errorCode).toBe(
      'inexistent_user',
    );
  },
  { lines: 'legacy' },
);

/** Three users that only this run has. */
const trio = async (run: Run) => ({
  ann: await run.user('ann', {
    name: `Ann ${run.tag}`,
    app_metadata: { plan: `gold-${run.tag}`, depth: { level: 3 } },
  }),
  bob: await run.user('bob', { name: `Bob ${run.tag}`, user_metadata: { tags: ['x', run.tag] } }),
  cid: await run.user('cid', { name: `${run.tag} Cid`, blocked: true }),
});

const search = scenario('search', ['users.getAll'], async (run) => {
  const { ann, bob, cid } = await trio(run);
  const found = async (q: string, more: object = {}) => {
    const users = await run.call<User[]>('users.getAll', { q, search_engine: 'v3', sort: 'email:1', ...more });
    return users.map(({ email }) => email);
  };
  const mine = `email:*.${run.tag}@example.com`;
  expect(await found(`email:"${ann.email.toUpperCase()}"`)).toEqual([ann.email]);
  expect(await found(`user_id:"${ann.user_id}" OR user_id:"${bob.user_id}"`)).toEqual([ann.email, bob.email]);
  expect(await found(`name:Ann* AND app_metadata.plan:"gold-${run.tag}"`)).toEqual([ann.email]);
  expect(await found(`app_metadata.plan:"gold-${run.tag}" AND app_metadata.depth.level:3`)).toEqual([ann.email]);
  expect(await found(`user_metadata.tags:"${run.tag}"`)).toEqual([bob.email]);
  expect(await found(`${mine} AND NOT blocked:true`)).toEqual([ann.email, bob.email]);
  expect(await found(`${mine} AND _exists_:app_metadata.plan`)).toEqual([ann.email]);
  expect(await found(`${mine} AND created_at:[2020-01-01 TO *]`)).toEqual([ann.email, bob.email, cid.email]);
  expect(await found(`${mine} AND created_at:[* TO 2020-01-01]`)).toEqual([]);
  expect(await found(mine, { sort: 'email:-1' })).toEqual([cid.email, bob.email, ann.email]);
  expect(await found(mine, { page: 1, per_page: 2 })).toEqual([cid.email]);
  expect(await found(`email:"nobody.${run.tag}@example.com"`)).toEqual([]);
  const [only] = await run.call<User[]>('users.getAll', { q: `email:"${bob.email}"`, fields: 'email,user_id' });
  expect(only).toEqual({ email: bob.email, user_id: bob.user_id });
  const malformed = await run.refused(400, 'users.getAll', { q: 'email:(', search_engine: 'v3' });
  expect(malformed.errorCode).toBe('invalid_query_string');
});

const totals = scenario(
  'a page with its total',
  ['users.getAll'],
  async (run) => {
    await trio(run);
    const q = `name:*${run.tag}* OR name:${run.tag}*`;
    const page = await run.call<Record<string, unknown>>('users.getAll', {
      q: `email:*.${run.tag}@example.com`,
      include_totals: true,
      per_page: 2,
      page: 1,
    });
    expect(page).toMatchObject({ start: 2, limit: 2, length: 1, total: 3 });
    expect(page.users).toHaveLength(1);
    expect(Object.values(page).filter(Array.isArray)).toHaveLength(1);
    expect((await run.refused(400, 'users.getAll', { q, per_page: 101 })).errorCode).toBe('invalid_query_string');
    const picked = await run.call<{ users: object[] }>('users.getAll', {
      q: `email:*.${run.tag}@example.com`,
      include_totals: true,
      fields: 'identities,app_metadata',
      include_fields: false,
      sort: 'email:1',
    });
    for (const user of picked.users) expect(user).not.toHaveProperty('identities');
  },
  { lines: 'legacy' },
);

const byEmail = scenario('users by e-mail address', ['users.getByEmail'], async (run) => {
  const user = await run.user('byemail');
  expect(await run.call<User[]>('users.getByEmail', user.email)).toEqual([user]);
  expect(await run.call<User[]>('users.getByEmail', `nobody.${user.email}`)).toEqual([]);
});

const links = scenario('accounts linked and unlinked', ['users.link', 'users.unlink'], async (run) => {
  const primary = await run.user('primary', { user_metadata: { of: 'primary' } });
  const secondary = await run.user('secondary', { user_metadata: { of: 'secondary' } });
  const [provider, own] = secondary.user_id.split('|') as [string, string];
  const identities = await run.call<object[]>('users.link', primary.user_id, { provider, user_id: own });
  expect(identities).toMatchObject([{ user_id: primary.user_id.split('|')[1] }, { user_id: own }]);
  expect((await run.refused(404, 'users.get', { id: secondary.user_id })).errorCode).toBe('inexistent_user');
  const who = async (email: string) => {
    const { status, body } = await run.signIn(email, { scope: 'openid' });
    expect(status, JSON.stringify(body)).toBe(200);
    const answer = await fetch(`${run.world.url}/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    return ((await answer.json()) as { sub: string }).sub;
  };
  expect(await who(secondary.email)).toBe(primary.user_id);
  expect((await run.call<User>('users.get', { id: primary.user_id })).identities).toHaveLength(2);
  expect((await run.refused(404, 'users.link', primary.user_id, { provider, user_id: 'nobody' })).status).toBe(404);

  const left = await run.call<object[]>('users.unlink', { id: primary.user_id, provider, user_id: own });
  expect(left).toHaveLength(1);
  const restored = await run.call<User>('users.get', { id: secondary.user_id });
  expect(restored).toMatchObject({ user_id: secondary.user_id, email: secondary.email });
  expect(await who(secondary.email)).toBe(secondary.user_id);
  expect(await who(primary.email)).toBe(primary.user_id);
  // By the whole id, and without a provider.
  await run.call('users.link', primary.user_id, { user_id: secondary.user_id, connection_id: run.world.connectionId });
  expect(await who(secondary.email)).toBe(primary.user_id);
  await run.call('users.unlink', { id: primary.user_id, provider, user_id: own });
  expect(await who(secondary.email)).toBe(secondary.user_id);
});

/** Requests that clients send when an id is missing (contract §5). */
const stray = scenario(
  'calls without an id',
  ['users.getAll'],
  async (run) => {
    const user = await run.user('stray');
    // The drop-in sends none of them, the server answers 404 to the original's.
    const isRefused = (method: string, ...args: unknown[]) =>
      expect(run.quiet(method, ...args), method).rejects.toBeInstanceOf(Error);
    await isRefused('users.update', {}, { name: 'everybody' });
    await isRefused('users.getRoles', {});
    await isRefused('users.getGuardianEnrollments', {});
    await isRefused('clients.delete', {});
    await isRefused('rules.delete', {});
    const [found] = await run.call<User[]>('users.getAll', { q: `user_id:"${user.user_id}"` });
    expect(found).toEqual(user);
  },
  { lines: 'legacy' },
);

/** Everybody but administrators; the runs that follow make their own. */
const everybody = scenario(
  'everybody deleted, where the tenant allows it',
  ['users.deleteAll'],
  async (run) => {
    const user = await run.user('everybody');
    const id = user.user_id;
    const allow = (value: boolean) =>
      run.world.native('PATCH', '/tenant', { settings: { allow_delete_all_users: value } });
    await allow(false);
    expect((await run.refused(403, 'users.deleteAll')).errorCode).toBe('operation_not_supported');
    expect(await run.call<User>('users.get', { id })).toMatchObject({ email: user.email });
    await allow(true);
    try {
      await run.call('users.deleteAll');
    } finally {
      await allow(false);
    }
    expect((await run.refused(404, 'users.get', { id })).errorCode).toBe('inexistent_user');
    const left = await run.call<User[]>('users.getAll', {});
    expect(left.map(({ email }) => email)).toEqual(['admin@reeve.test']);
  },
  { lines: 'legacy' },
);

export const users = [lifecycle, metadata, search, totals, byEmail, links, stray];
/** Runs last. */
export const last = [everybody];
