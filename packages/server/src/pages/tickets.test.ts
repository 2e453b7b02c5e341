/** Links that the caller brings to the person: what they do, once, and where they send the person afterwards. */
import type { User } from '@reeve/contract';
import { createWork, operations } from '@reeve/core';
import { bootServer, databaseKinds, readMail, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const RESULT = 'https://app.example/done?from=reeve';
const PASSWORD = 'a new passphrase ✓';

describe.each(databaseKinds)('tickets on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
  });
  afterAll(() => server.stop());

  let people = 0;
  const makeUser = async (more: object = {}): Promise<User> => {
    const email = `ticket${++people}@example.com`;
    const answer = await server.api('POST', '/users', { email, email_verified: false, ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const ask = (kind: 'email-verification' | 'password-change', { id }: User, body: object = {}) =>
    server.api('POST', `/users/${id}/tickets/${kind}`, body);
  const linkOf = async (...given: Parameters<typeof ask>): Promise<string> => {
    const answer = await ask(...given);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return (answer.body as { ticket: string }).ticket;
  };
  const open = (link: string) => fetch(link, { redirect: 'manual' });
  const submit = (link: string, fields: Record<string, string> = {}) => {
    const { origin, pathname, searchParams } = new URL(link);
    const body = new URLSearchParams({ ticket: searchParams.get('ticket') as string, ...fields });
    return fetch(origin + pathname, { method: 'POST', body, redirect: 'manual' });
  };
  const read = async ({ id }: User): Promise<User> => (await server.api('GET', `/users/${id}`)).body;
  const resultOf = (answer: Response): Record<string, string> => {
    expect(answer.status).toBe(303);
    const url = new URL(answer.headers.get('location') as string);
    return { at: url.origin + url.pathname, ...Object.fromEntries(url.searchParams) };
  };
  const mailsTo = async ({ email }: User) =>
    server.work().read((db) =>
      db
        .selectFrom('mails')
        .select('id')
        .where('recipient', '=', email as string)
        .execute(),
    );

  it('verify an address and go on to the result', async () => {
    const user = await makeUser();
    const link = await linkOf('email-verification', user, { result_url: RESULT, include_email_in_redirect: true });
    expect(link.startsWith(`${server.url}/verify-email?ticket=`)).toBe(true);
    const page = await open(link);
    expect(page.status).toBe(200);
    // Browsers hold the redirect after the form to the page's policy.
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example;");
    expect((await read(user)).email_verified).toBe(false);
    const expected = { at: 'https://app.example/done', from: 'reeve', email: user.email, message: expect.any(String) };
    expect(resultOf(await submit(link))).toEqual({ ...expected, success: 'true' });
    expect((await read(user)).email_verified).toBe(true);
    for (const dead of [await open(link), await submit(link)])
      expect(resultOf(dead)).toEqual({ ...expected, success: 'false' });
    expect(await mailsTo(user)).toEqual([]);
    const { body } = await server.api('GET', `/audit?event_types=user.email_verification_requested&target=${user.id}`);
    expect((body as { events: object[] }).events).toMatchObject([{ data: { mailed: false } }]);
  });

  it('tell the result which organization they were for', async () => {
    const user = await makeUser();
    const { id } = (await server.api('POST', '/organizations', { name: `acme-${kind}` })).body as { id: string };
    for (const [what, fields] of [
      ['email-verification', {}],
      ['password-change', { password: PASSWORD, password_again: PASSWORD }],
    ] as const) {
      const link = await linkOf(what, user, { organization: `acme-${kind}`, result_url: RESULT });
      const told = { success: 'true', organization_id: id, organization_name: `acme-${kind}` };
      expect(resultOf(await submit(link, fields))).toMatchObject(told);
      const refused = await ask(what, user, { organization: 'nowhere' });
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'organization', code: 'exists' }] } });
    }
    const { body } = await server.api('GET', `/audit?event_types=user.email_verification_requested&target=${user.id}`);
    expect((body as { events: object[] }).events).toMatchObject([{ data: { organization_id: id } }]);
  });

  it('last as long as was asked, five days where nothing was', async () => {
    const user = await makeUser();
    const { body } = await ask('email-verification', user);
    const left = Date.parse((body as { expires_at: string }).expires_at) - server.clock.now();
    expect(Math.abs(left - 432_000_000)).toBeLessThan(10_000);
    const link = await linkOf('email-verification', user, { ttl: 30, result_url: RESULT });
    server.clock.advance(31_000);
    const expired = resultOf(await open(link));
    expect(expired).toMatchObject({ success: 'false', message: expect.stringContaining('expired') });
    expect(expired).not.toHaveProperty('email');
    const plain = await linkOf('email-verification', user, { ttl: 30 });
    server.clock.advance(31_000);
    expect((await open(plain)).status).toBe(410);
  });

  it('let one of several redemptions win', async () => {
    const user = await makeUser();
    const link = await linkOf('password-change', user, { result_url: RESULT });
    const fields = { password: PASSWORD, password_again: PASSWORD };
    const answers = await Promise.all([submit(link, fields), submit(link, fields), submit(link, fields)]);
    expect(answers.map((answer) => resultOf(answer).success).sort()).toEqual(['false', 'false', 'true']);
    const { body } = await server.api('GET', `/audit?event_types=user.password_changed&target=${user.id}`);
    expect((body as { events: object[] }).events).toHaveLength(1);
  });

  it('set a password, and prove the address only where that was said', async () => {
    for (const mark_email_as_verified of [false, true]) {
      const user = await makeUser();
      const link = await linkOf('password-change', user, { mark_email_as_verified });
      const answer = await submit(link, { password: PASSWORD, password_again: PASSWORD });
      expect(answer.status, await answer.text()).toBe(200);
      const now = await read(user);
      expect(now).toMatchObject({ email_verified: mark_email_as_verified, has_password: true });
      const since = server.clock.now() - Date.parse(now.last_password_change_at as string);
      expect(Math.abs(since)).toBeLessThan(10_000);
      expect((await signInWith(server, { username: user.email as string, password: PASSWORD })).status).toBe(200);
      expect((await open(link)).status).toBe(410);
    }
  });

  it('apply the password that they bring, once it is confirmed', async () => {
    const user = await makeUser({ password: 'the former password' });
    const link = await linkOf('password-change', user, { new_password: PASSWORD, result_url: RESULT });
    const page = await (await open(link)).text();
    expect(page).not.toContain('type="password"');
    const enter = (password: string) => signInWith(server, { username: user.email as string, password });
    expect((await enter('the former password')).status).toBe(200);
    expect(resultOf(await submit(link))).toMatchObject({ success: 'true' });
    expect((await enter(PASSWORD)).status).toBe(200);
    expect((await enter('the former password')).status).toBe(400);
    const stored = await server
      .work()
      .read(async (db) => [
        await db.selectFrom('tickets').selectAll().execute(),
        await db.selectFrom('events').selectAll().execute(),
      ]);
    expect(JSON.stringify(stored)).not.toContain(PASSWORD);
    const weak = await ask('password-change', user, { new_password: 'short' });
    expect(weak).toMatchObject({ status: 422, body: { code: 'weak_password', errors: [{ field: 'new_password' }] } });
  });

  it('serve a person without an address, too', async () => {
    const user = await makeUser({ email: undefined, email_verified: undefined, username: `noaddress${kind}` });
    expect(await ask('email-verification', user)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    const link = await linkOf('password-change', user, { mark_email_as_verified: true });
    const answer = await submit(link, { password: PASSWORD, password_again: PASSWORD });
    expect(answer.status, await answer.text()).toBe(200);
    expect(await read(user)).toMatchObject({ email: null, email_verified: false, has_password: true });
  });

  it('refuse what they can’t be made with', async () => {
    const user = await makeUser();
    for (const [body, field] of [
      [{ result_url: 'javascript:alert(1)' }, 'result_url'],
      [{ result_url: '/relative' }, 'result_url'],
      [{ result_url: 'https://' }, 'result_url'],
      [{ result_url: 'http://[bad' }, 'result_url'],
      [{ ttl: 0 }, 'ttl'],
      [{ ttl: 2_592_001 }, 'ttl'],
      [{ application: 'nobody' }, 'application'],
    ] as const)
      expect(await ask('email-verification', user, body), field).toMatchObject({
        status: 400,
        body: { errors: [{ field }] },
      });
    await server.api('PUT', `/users/${user.id}/roles`, { roles: ['super_admin'] });
    const { services, tenant } = server;
    const actor = { type: 'application', id: 'app_x', applicationId: 'app_x', impersonatorId: null } as const;
    const weak = createWork({ services, tenant, actor, scopes: new Set(['users:write']) });
    const input = { user_id: user.id, body: {}, query: undefined };
    await expect(operations.tickets.createPasswordChange(weak, input)).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
  });

  it('still lead a mailed link to its page, which proves the address', async () => {
    const user = await makeUser();
    await server.api('POST', `/users/${user.id}/reset-password`, {});
    const { link } = await readMail(server, user.email as string);
    const answer = await submit(link, { password: PASSWORD, password_again: PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain("form-action 'self';");
    expect((await read(user)).email_verified).toBe(true);
  });
});
