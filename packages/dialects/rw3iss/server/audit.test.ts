/** The audit log through the vendor's door: its actions, filters and pages. */
import { type EventType, eventTypes } from '@reeve/contract';
import { totpCodeAt, uuidOf } from '@reeve/core';
import {
  bootServer,
  databaseKinds,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionOf, eventsOf } from './action.ts';

const PASSWORD = 'Correct-horse-1';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly user_id?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly created_at: string;
}
interface Page {
  readonly entries: readonly Entry[];
  readonly page: number;
  readonly page_size: number;
  readonly total: number;
}

describe('actions', () => {
  const event = (event_type: EventType, data: object | null = null) => ({ event_type, data }) as never;

  it('are the vendor’s words where it has one, the event’s name elsewhere', () => {
    expect(actionOf(event('user.signed_in'))).toBe('login.success');
    expect(actionOf(event('user.password_changed'))).toBe('password.change');
    expect(actionOf(event('user.password_changed', { by_link: true }))).toBe('password.reset');
    expect(actionOf(event('mfa.factor_added', { type: 'totp' }))).toBe('2fa.setup_started');
    expect(actionOf(event('mfa.factor_added', { type: 'phone' }))).toBe('mfa.factor_added');
    expect(actionOf(event('group.created'))).toBe('group.created');
  });

  it('lead back to their events, those of one type told apart', () => {
    expect(eventsOf('login.success')).toEqual({ types: ['user.signed_in'] });
    expect(eventsOf('password.*')).toEqual({ types: ['user.password_changed'] });
    expect(eventsOf('password.reset')?.where).toBeDefined();
    expect(eventsOf('password.change')?.where).toBeDefined();
    expect(eventsOf('user.signed_in')).toBeUndefined();
    expect(eventsOf('nonsense')).toBeUndefined();
    expect(eventsOf('login')).toBeUndefined();
    for (const type of eventTypes) expect(eventsOf(actionOf(event(type)))?.types, type).toEqual([type]);
  });
});

describe.each(databaseKinds)('the audit log through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const log = async (query: Record<string, string | number> = {}): Promise<Page> => {
    const text = new URLSearchParams(query as Record<string, string>);
    const { status, body } = await admin.call('GET', `/admin/audit-log?${text}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const signedIn = async () => {
    const email = `l${++count}@example.com`;
    const made = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD });
    const native = (made.body as { id: string }).id;
    return { email, native, ...(await rw3issPerson(server, { email, password: PASSWORD })) };
  };
  const actionsOf = async (user_id: string, more = {}) =>
    (await log({ user_id, ...more })).entries.map(({ action }) => action);

  it('tells what people did by the vendor’s names, newest first, and finds each by its name', async () => {
    const { id, email, call, tokens } = await signedIn();
    await rw3issCaller(server)('POST', '/auth/login', { email, password: 'wrong' });
    // Given up before it was enabled, it was not disabled.
    await call('POST', '/auth/2fa/setup', {});
    const { body } = await call('POST', '/auth/2fa/setup', {});
    const { secret } = body as { secret: string };
    await call('POST', '/auth/2fa/enable', { code: '000000' });
    await call('POST', '/auth/2fa/enable', { code: totpCodeAt(secret, server.clock.now()) });
    await call('POST', '/auth/password/change', { current_password: PASSWORD, new_password: 'Another-horse-2' });
    server.clock.advance(30_000);
    const code = totpCodeAt(secret, server.clock.now());
    await call('POST', '/auth/2fa/disable', { password: 'Another-horse-2', code });
    const refresh = () => rw3issCaller(server)('POST', '/auth/refresh', { refresh_token: tokens.refresh_token });
    await refresh();
    await refresh();
    const told = [
      'refresh.reuse_detected',
      '2fa.disabled',
      '2fa.verified',
      'password.change',
      '2fa.enabled',
      '2fa.failed',
      '2fa.setup_started',
      'mfa.factor_removed',
      'login.success',
    ];
    const all = told.toSpliced(-1, 0, '2fa.setup_started');
    expect((await actionsOf(id)).filter((action) => told.includes(action))).toEqual(all);
    const once = told.filter((action) => action !== '2fa.setup_started');
    for (const action of once) expect(await actionsOf(id, { action }), action).toEqual([action]);
    expect(await actionsOf(id, { action: '2fa.*' })).toEqual(all.filter((action) => action.startsWith('2fa.')));
    expect(await actionsOf(id, { action: 'user.signed_in' })).toEqual([]);
    // Nobody is signed in who fails to.
    const [failed] = (await log({ action: 'login.failed' })).entries;
    expect(failed).toMatchObject({ details: { subject_user_id: id, reason: 'invalid_credentials' } });
    expect(failed).not.toHaveProperty('user_id');
  });

  it('tells whom it was done to, and who acted as whom', async () => {
    const { id, native } = await signedIn();
    await admin.call('PUT', `/admin/users/${id}/roles`, { role_codes: ['buyer'] });
    const [entry] = (await log({ user_id: admin.id, action: 'user.roles_changed' })).entries;
    expect(entry).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: admin.id,
      action: 'user.roles_changed',
      resource_type: 'user',
      resource_id: id,
      ip_address: expect.any(String),
      user_agent: expect.any(String),
      details: { before: [], after: ['buyer'], subject_user_id: id },
      created_at: expect.stringMatching(/\.\d{3}Z$/),
    });
    const { body } = await admin.call('POST', `/admin/users/${id}/impersonate`, { reason: 'to see' });
    const { tokens } = body as { tokens: { access_token: string } };
    const as = rw3issCaller(server, tokens.access_token);
    expect(await as('GET', '/admin/audit-log')).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
    expect((await as('POST', '/auth/logout/all')).status).toBe(200);
    const both = { user_id: id, details: { impersonator_id: admin.id } };
    expect((await log({ user_id: id, action: 'user.impersonation_started' })).entries).toMatchObject([
      { ...both, details: { ...both.details, reason: 'to see' } },
    ]);
    expect((await log({ user_id: id, action: 'session.revoked' })).entries[0]).toMatchObject(both);
    await server.api('DELETE', `/users/${native}`);
  });

  it('tells an erasure from one’s own', async () => {
    const [own, other] = [await signedIn(), await signedIn()];
    await own.call('DELETE', '/me/account', { password: PASSWORD, confirmation: 'DELETE' });
    await admin.call('DELETE', `/admin/users/${other.id}/hard`, { reason: 'asked for' });
    const [self] = (await log({ action: 'user.self_deleted' })).entries;
    const [hard] = (await log({ action: 'user.hard_deleted' })).entries;
    expect(self).toMatchObject({ user_id: own.id, resource_id: own.id });
    expect(self?.details).not.toHaveProperty('subject_user_id');
    expect(hard).toMatchObject({ user_id: admin.id, details: { subject_user_id: other.id, reason: 'asked for' } });
  });

  it('finds what was done to an organization', async () => {
    const made = await server.api('POST', '/organizations', { name: `audited-${kind}` });
    const native = (made.body as { id: string }).id;
    await server.api('POST', '/organizations', { name: `other-${kind}` });
    const organization_id = uuidOf(native);
    const { entries, total } = await log({ organization_id });
    expect(entries).toMatchObject([{ action: 'organization.created', organization_id }]);
    expect(total).toBe(1);
  });

  it('pages by number with the true total, within a time', async () => {
    const whole = await log();
    expect(whole).toMatchObject({ page: 1, page_size: 50 });
    expect((await log({ page_size: 1000 })).page_size).toBe(200);
    const all = (await log({ page_size: 200 })).entries;
    expect(all).toHaveLength(whole.total);
    const created = all.map(({ created_at }) => created_at);
    expect(created).toEqual(created.toSorted().toReversed());
    const third = await log({ page: 3, page_size: 2 });
    expect(third).toEqual({ entries: all.slice(4, 6), page: 3, page_size: 2, total: whole.total });
    expect(await log({ page: 9999 })).toMatchObject({ entries: [], total: whole.total });
    const since = all[3]?.created_at as string;
    const from = all.filter(({ created_at }) => created_at >= since);
    expect(await log({ since, page_size: 200 })).toMatchObject({ entries: from, total: from.length });
    const before = all.filter(({ created_at }) => created_at < since);
    expect(await log({ until: since, page_size: 200 })).toMatchObject({ entries: before, total: before.length });
    const some = all.filter(({ action }) => action === 'login.success');
    expect(await log({ action: 'login.success', page_size: 1, page: 2 })).toMatchObject({
      entries: some.slice(1, 2),
      total: some.length,
    });
    expect(await log({ action: 'nonsense.*' })).toEqual({ entries: [], page: 1, page_size: 50, total: 0 });
  });

  it('refuses filters that say nothing, and who is no administrator', async () => {
    for (const [name, value] of [
      ['user_id', 'x'],
      ['organization_id', 'x'],
      ['since', 'yesterday'],
      ['until', '2026-13-01T00:00:00Z'],
    ] as const)
      expect(await admin.call('GET', `/admin/audit-log?${name}=${value}`)).toMatchObject(
        refused(400, 'INVALID_INPUT', name),
      );
    const { call } = await signedIn();
    expect(await call('GET', '/admin/audit-log')).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
  });
});
