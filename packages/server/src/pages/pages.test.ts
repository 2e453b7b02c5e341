/** The hosted pages as a browser meets them, and what their links do, once. */
import { request } from 'node:http';
import { bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const read = async (response: Response): Promise<Answer> => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});

/** The hidden inputs of the page's only form. */
function formOf(text: string): { action: string; hidden: Record<string, string> } {
  const forms = [...text.matchAll(/<form method="post" action="([^"]+)">/g)];
  expect(forms).toHaveLength(1);
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
  return {
    action: forms[0]?.[1] as string,
    hidden: Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
  };
}

const PASSWORD = 'a new passphrase ✓';
const both = (password: string) => ({ password, password_again: password });

describe.each(databaseKinds)('hosted pages on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
  });
  afterAll(() => server.stop());

  const open = async (link: string): Promise<Answer> => read(await fetch(link));
  const post = async (path: string, fields: Record<string, string>): Promise<Answer> =>
    read(await fetch(server.url + path, { method: 'POST', body: new URLSearchParams(fields) }));
  /** Opens the link, then submits its form as a browser would. */
  const submit = async (link: string, fields: Record<string, string> = {}): Promise<Answer> => {
    const page = await open(link);
    expect(page.status, page.text).toBe(200);
    const { action, hidden } = formOf(page.text);
    return post(action, { ...hidden, ...fields });
  };

  let count = 0;
  const newEmail = () => `person${++count}@example.com`;
  async function createUser(fields: object = {}): Promise<{ id: string; email: string }> {
    const email = newEmail();
    const { status, body } = await server.api('POST', '/users', { email, ...fields });
    expect(status, JSON.stringify(body)).toBe(201);
    return { id: (body as { id: string }).id, email };
  }
  const userOf = async (id: string) => (await server.api('GET', `/users/${id}`)).body as Record<string, unknown>;
  const eventsOf = (type: string, column: 'target_id' | 'actor_id', id: string) =>
    server.services.database.read((db) =>
      db
        .selectFrom('events')
        .select(['type', 'actor_type', 'actor_id', 'target_id', 'request_id', 'data'])
        .where('type', '=', type)
        .where(column, '=', id)
        .execute(),
    );
  const rowOf = (id: string) =>
    server.services.database.read((db) =>
      db
        .selectFrom('users')
        .leftJoin('credentials', 'credentials.user_num', 'users.num')
        .select(['users.num', 'users.token_version', 'credentials.password_hash'])
        .where('users.id', '=', id)
        .executeTakeFirstOrThrow(),
    );
  async function requestReset(id: string, email: string, body: object = {}): Promise<string> {
    const { status } = await server.api('POST', `/users/${id}/reset-password`, body);
    expect(status).toBe(202);
    return (await readMail(server, email)).link;
  }

  describe('every page', () => {
    it('runs no script, sets no cookie, leaks no address and is readable by a screen reader', async () => {
      const { id, email } = await createUser({ name: '<b>Ada</b>' });
      const links = [(await readMail(server, email)).link, await requestReset(id, email)];
      const invited = newEmail();
      await server.api('POST', '/invitations', { email: invited, name: '"><script>alert(1)</script>' });
      links.push((await readMail(server, invited)).link, `${server.url}/verify-email?ticket=nothing`);
      for (const link of links) {
        const { headers, text } = await open(link);
        expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
        const policy = headers.get('content-security-policy') ?? '';
        expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; /);
        expect(policy).toContain("frame-ancestors 'none'; base-uri 'none'");
        expect(await hashOf(/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '')).toBe(
          /sha256-([^']+)/.exec(policy)?.[1],
        );
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('set-cookie')).toBeNull();
        expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
        expect(text).not.toMatch(/<script|<b>|\son\w+=|style="|https?:/i);
        expect(text.match(/<h1>/g)).toHaveLength(1);
        const inputs = [...text.matchAll(/<input id="([^"]+)"/g)].map(([, name]) => name as string);
        for (const name of inputs) expect(text).toContain(`<label for="${name}">`);
      }
    });

    it('refuses what is no form of its own', async () => {
      const send = (body: string, type: string) =>
        fetch(`${server.url}/verify-email`, { method: 'POST', body, headers: { 'content-type': type } }).then(read);
      const form = 'application/x-www-form-urlencoded';
      const answers = [
        [await send('{"ticket":"x"}', 'application/json'), 415],
        [await send(`ticket=${'x'.repeat(70_000)}`, form), 413],
        [await send('ticket=%E0%A4', form), 400],
        [await send('ticket=%00', form), 400],
        [await send('', form), 404],
      ] as const;
      for (const [{ status, headers, text }, expected] of answers) {
        expect(status).toBe(expected);
        expect(headers.get('content-type')).toMatch(/^text\/html/);
        expect(text).toContain('<h1>');
      }
    });

    it('leaves a trace of a refusal, and none of the ticket', async () => {
      const secret = 'this-is-a-secret-ticket';
      const answer = await open(`${server.url}/reset-password?ticket=${secret}`);
      expect(answer.status).toBe(404);
      const rows = await server.services.database.read((db) =>
        db
          .selectFrom('events')
          .selectAll()
          .where('request_id', '=', answer.headers.get('x-request-id') as string)
          .execute(),
      );
      expect(rows).toMatchObject([{ type: 'request.refused', actor_type: 'anonymous' }]);
      expect(JSON.stringify(rows)).not.toContain(secret);
      expect(answer.text).not.toContain(secret);
    });

    it('knows the tickets of its own tenant only', async () => {
      const { email } = await createUser();
      const { ticket } = await readMail(server, email);
      await server.work().write(async ({ db, now, newId }) => {
        const { num } = await db
          .insertInto('tenants')
          .values({
            id: newId('ten'),
            name: 'other',
            display_name: null,
            is_default: 0,
            settings: '{}',
            created_at: now,
            updated_at: now,
          })
          .returning('num')
          .executeTakeFirstOrThrow();
        await db.insertInto('tenant_domains').values({ domain: 'other.test', tenant_id: num }).execute();
      });
      const statusAt = (host: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          request(`${server.url}/verify-email?ticket=${ticket}`, { headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on('error', reject)
            .end();
        });
      expect(await statusAt('other.test')).toBe(404);
      expect(await statusAt('nobody.test')).toBe(400);
      expect(await statusAt('localhost')).toBe(200);
    });
  });

  describe('/verify-email', () => {
    it('verifies at the press of the button, not before, and once', async () => {
      const { id, email } = await createUser();
      const { link } = await readMail(server, email);
      for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(link, { method })).status).toBe(200);
      expect(await userOf(id)).toMatchObject({ email_verified: false });
      expect((await submit(link)).text).toContain('Your e-mail address is verified');
      expect(await userOf(id)).toMatchObject({ email_verified: true });
      expect(await eventsOf('user.email_verified', 'target_id', id)).toMatchObject([
        { actor_type: 'user', actor_id: id, request_id: expect.stringMatching(/^req_/) },
      ]);
      const used = await open(link);
      expect(used).toMatchObject({ status: 410, text: expect.stringContaining('This link no longer works') });
      expect(used.text).not.toContain(email);
      expect(await server.api('POST', `/users/${id}/send-verification`)).toMatchObject({ status: 409 });
    });

    it('lets exactly one of many redemptions through', async () => {
      const { id, email } = await createUser();
      const { ticket } = await readMail(server, email);
      const answers = await Promise.all(Array.from({ length: 20 }, () => post('/verify-email', { ticket })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(410)]);
      expect(await eventsOf('user.email_verified', 'target_id', id)).toHaveLength(1);
    });

    it('is dead when it is late, replaced, or for another address', async () => {
      const { id, email } = await createUser();
      const first = await readMail(server, email);
      const sent = await server.api('POST', `/users/${id}/send-verification`);
      expect(sent).toMatchObject({ status: 202, body: { user_id: id, sent_to: email } });
      expect((await post('/verify-email', { ticket: first.ticket })).status).toBe(410);
      const second = await readMail(server, email);
      const moved = newEmail();
      await server.api('PATCH', `/users/${id}`, { email: moved, email_verified: false });
      expect((await post('/verify-email', { ticket: second.ticket })).status).toBe(410);
      expect(await userOf(id)).toMatchObject({ email_verified: false });
      const { body } = await server.api('POST', `/users/${id}/send-verification`);
      const third = await readMail(server, moved);
      server.clock.advance(Date.parse((body as { expires_at: string }).expires_at) - server.clock.now());
      expect(await open(third.link)).toMatchObject({ status: 410, text: expect.stringContaining('has expired') });
      expect((await post('/verify-email', { ticket: third.ticket })).status).toBe(410);
      expect(await userOf(id)).toMatchObject({ email_verified: false });
    });

    it('does not take a ticket of another kind', async () => {
      const { id, email } = await createUser({ email_verified: true });
      const ticket = new URL(await requestReset(id, email)).searchParams.get('ticket') as string;
      expect((await post('/verify-email', { ticket })).status).toBe(404);
      expect((await open(`${server.url}/reset-password?ticket=${ticket}`)).status).toBe(200);
    });
  });

  describe('/reset-password', () => {
    it('sets the password and ends everything that the old one began', async () => {
      const { id, email } = await createUser({ password: 'the old password' });
      const before = await rowOf(id);
      await server.work().write(async ({ db, now, tenant, newId }) => {
        const session = { tenant_id: tenant.id, user_id: id, application_id: null, ip: null, user_agent: null };
        await db
          .insertInto('sessions')
          .values({
            ...session,
            id: newId('ses'),
            created_at: now,
            last_used_at: now,
            expires_at: now + 1e9,
            revoked_at: null,
          })
          .execute();
        const lockout = { user_num: before.num, tenant_id: tenant.id, failures: 7 };
        await db
          .insertInto('lockouts')
          .values({ ...lockout, last_failed_at: now, locked_until: now + 300_000 })
          .execute();
      });
      const link = await requestReset(id, email, { password_must_be_reset: true });
      expect(await userOf(id)).toMatchObject({ password_must_be_reset: true });
      expect(await eventsOf('user.password_reset_required', 'target_id', id)).toHaveLength(1);
      expect((await rowOf(id)).token_version).toBe(before.token_version + 1);
      expect(await sessionsOf(id)).toEqual([{ is_revoked: true }]);
      const page = await open(link);
      expect(page.text).toContain(email);
      expect(page.text).toContain('8 to 128 characters');
      expect((await submit(link, both(PASSWORD))).status).toBe(200);
      expect(await userOf(id)).toMatchObject({
        password_must_be_reset: false,
        has_password: true,
        email_verified: true,
      });
      const after = await rowOf(id);
      expect(after.token_version).toBe(before.token_version + 2);
      expect(await server.services.hasher.verify(after.password_hash as string, PASSWORD)).toBe(true);
      for (const type of ['user.password_changed', 'user.email_verified', 'user.unlocked'])
        expect(await eventsOf(type, 'target_id', id), type).toMatchObject([{ actor_type: 'user', actor_id: id }]);
      expect(await server.services.database.read((db) => db.selectFrom('lockouts').selectAll().execute())).toEqual([]);
      expect((await open(link)).status).toBe(410);
    });

    const sessionsOf = async (id: string) =>
      (
        await server.services.database.read((db) =>
          db.selectFrom('sessions').select('revoked_at').where('user_id', '=', id).execute(),
        )
      ).map(({ revoked_at }) => ({ is_revoked: revoked_at !== null }));

    it('shows the form again where the password does not do, and the link still works', async () => {
      const { id, email } = await createUser({ email_verified: true });
      const link = await requestReset(id, email);
      for (const [fields, field, message] of [
        [both('short'), 'password', 'The password must have at least 8 characters.'],
        [both(''), 'password', 'Enter a password.'],
        [{ password: PASSWORD, password_again: 'another one' }, 'password_again', 'the two differ'],
      ] as const) {
        const { status, text } = await submit(link, fields);
        expect(status).toBe(422);
        expect(text).toContain('<title>Error: ');
        expect(text).toContain('role="alert"');
        expect(text).toContain(`<a href="#${field}">`);
        expect(text).toContain(message);
        expect(text).toMatch(
          new RegExp(`<input id="${field}"[^>]* aria-describedby="[^"]*${field}-wrong-0"[^>]* aria-invalid="true"`),
        );
        expect(text).not.toContain(PASSWORD);
      }
      expect(await eventsOf('user.password_changed', 'target_id', id)).toEqual([]);
      expect((await submit(link, both(PASSWORD))).status).toBe(200);
    });

    it('lets exactly one of two different passwords win', async () => {
      const { id, email } = await createUser({ email_verified: true });
      const ticket = new URL(await requestReset(id, email)).searchParams.get('ticket') as string;
      const passwords = ['first password', 'second password', 'third password'];
      const answers = await Promise.all(passwords.map((one) => post('/reset-password', { ticket, ...both(one) })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410]);
      const winner = passwords[answers.findIndex(({ status }) => status === 200)] as string;
      const { password_hash } = await rowOf(id);
      expect(await server.services.hasher.verify(password_hash as string, winner)).toBe(true);
      expect(await eventsOf('user.password_changed', 'target_id', id)).toHaveLength(1);
    });

    it('works no longer when the address has changed or a newer link was asked for', async () => {
      const { id, email } = await createUser({ email_verified: true });
      const first = await requestReset(id, email);
      const second = await requestReset(id, email);
      expect((await open(first)).status).toBe(410);
      await server.api('PATCH', `/users/${id}`, { email: newEmail(), email_verified: true });
      const ticket = new URL(second).searchParams.get('ticket') as string;
      expect((await post('/reset-password', { ticket, ...both(PASSWORD) })).status).toBe(410);
      expect((await rowOf(id)).password_hash).toBeNull();
    });

    it('needs an address to send to', async () => {
      const made = await server.api('POST', '/users', { username: `nomail${kind}` });
      const { id } = made.body as { id: string };
      for (const path of ['reset-password', 'send-verification'])
        expect(await server.api('POST', `/users/${id}/${path}`)).toMatchObject({
          status: 409,
          body: { code: 'conflict' },
        });
      expect(await server.api('POST', '/users/usr_nothing/reset-password')).toMatchObject({ status: 404 });
      expect(await server.api('POST', '/users/usr_nothing/send-verification')).toMatchObject({ status: 404 });
    });
  });

  it('holds a stranger to the rate limit, with a page', async () => {
    const limited = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: '3' } });
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) statuses.push((await fetch(`${limited.url}/invitation?ticket=x`)).status);
      expect(statuses).toEqual([404, 404, 404, 429]);
      const answer = await read(await fetch(`${limited.url}/invitation?ticket=x`));
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(answer.text).toContain('Too many');
    } finally {
      await limited.stop();
    }
  });
});

const hashOf = async (text: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('base64');
