/** Mails by the tenant's own provider, against a real mail server; and what is told of a provider, and what never. */
import { once } from 'node:events';
import { auth0Caller, bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { smtpServerOf } from './provider.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Received {
  readonly from: string;
  readonly to: string[];
  readonly user: string | undefined;
}

/** A mail server that asks for a user and a password. */
async function startSmtp(name: string) {
  const received: Received[] = [];
  const connections: string[] = [];
  const smtp = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onConnect({ id }, callback) {
      connections.push(id);
      callback();
    },
    onAuth: ({ username, password }, _session, callback) =>
      password === `password of ${name}` ? callback(null, { user: username }) : callback(new Error('no such user')),
    onData(stream, { envelope, user }, callback) {
      stream.resume();
      stream.on('end', () => {
        received.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          user: user as string | undefined,
        });
        callback();
      });
    },
  });
  smtp.on('error', () => {});
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  stops.push(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  const { port } = smtp.server.address() as { port: number };
  const credentials = {
    smtp_host: '127.0.0.1',
    smtp_port: port,
    smtp_user: `user-${name}`,
    smtp_pass: `password of ${name}`,
  };
  return { received, connections, credentials };
}

describe.each(databaseKinds)('mail providers on %s', (kind) => {
  const boot = async (): Promise<TestServer> => {
    const server = await bootServer(kind);
    stops.push(() => server.stop());
    return server;
  };
  const mailTo = async (server: TestServer, email: string): Promise<void> => {
    const { body } = await server.api('POST', '/users', { email });
    expect((await server.api('POST', `/users/${(body as { id: string }).id}/send-verification`)).status).toBeLessThan(
      300,
    );
  };

  it('is contacted when there is a mail for it, never when its settings are stored or shown', async () => {
    const server = await boot();
    const { received, connections, credentials } = await startSmtp('one');
    const auth0 = await auth0Caller(server);
    const made = await auth0('POST', '/emails/provider', { name: 'smtp', enabled: true, credentials });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect((await auth0('PATCH', '/emails/provider', { credentials: { ...credentials } })).status).toBe(200);
    expect((await auth0('GET', '/emails/provider')).status).toBe(200);
    expect((await auth0('DELETE', '/emails/provider')).status).toBe(204);
    expect((await server.api('POST', '/mail-provider', { name: 'smtp', credentials })).status).toBe(201);
    expect((await server.api('PATCH', '/mail-provider', { default_from_address: 'a@b.example' })).status).toBe(200);
    expect(connections).toEqual([]);
    // It is sent one mail; whatever had been begun earlier would have arrived before that.
    expect((await server.api('POST', '/users', { email: 'only@example.com' })).status).toBe(201);
    await vi.waitFor(() => expect(received).toHaveLength(1), 10_000);
    expect(connections).toHaveLength(1);
  });

  it('carries the tenant’s mails while it is enabled, from its address', async () => {
    const server = await boot();
    const [one, two] = [await startSmtp('one'), await startSmtp('two')];
    const made = await server.api('POST', '/mail-provider', {
      name: 'smtp',
      default_from_address: 'hello@tenant.example',
      credentials: one.credentials,
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    await mailTo(server, 'first@example.com');
    await vi.waitFor(() => expect(one.received.length).toBeGreaterThan(0), 10_000);
    expect(one.received[0]).toEqual({ from: 'hello@tenant.example', to: ['first@example.com'], user: 'user-one' });
    await server.api('PATCH', '/mail-provider', { credentials: two.credentials, default_from_address: null });
    await mailTo(server, 'second@example.com');
    await vi.waitFor(() => expect(two.received.length).toBeGreaterThan(0), 10_000);
    expect(two.received[0]).toMatchObject({ to: ['second@example.com'], user: 'user-two' });
    expect(two.received[0]?.from).not.toBe('hello@tenant.example');
    // Disabled, of a kind that takes no SMTP, or gone: the server's own way, here a file.
    await server.api('PATCH', '/mail-provider', { enabled: false });
    await mailTo(server, 'third@example.com');
    expect((await readMail(server, 'third@example.com')).link).toContain('http');
    const other = await server.api('PATCH', '/mail-provider', {
      name: 'ses',
      enabled: true,
      credentials: { access_key_id: 'a', secret_access_key: 'b', region: 'eu-west-1' },
    });
    expect(other.body).toMatchObject({ name: 'ses', credentials: { region: 'eu-west-1' } });
    await mailTo(server, 'fourth@example.com');
    expect((await readMail(server, 'fourth@example.com')).link).toContain('http');
    expect((await server.api('DELETE', '/mail-provider')).status).toBe(204);
    await mailTo(server, 'fifth@example.com');
    expect((await readMail(server, 'fifth@example.com')).link).toContain('http');
    expect(one.received.map(({ to }) => to[0])).not.toContain('third@example.com');
  });

  it('is one per tenant, and its secrets are told to nobody', async () => {
    const server = await boot();
    expect((await server.api('GET', '/mail-provider')).status).toBe(404);
    expect((await server.api('PATCH', '/mail-provider', { enabled: true })).status).toBe(404);
    expect((await server.api('DELETE', '/mail-provider')).status).toBe(404);
    const body = {
      name: 'sendgrid',
      enabled: false,
      credentials: { api_key: 'hidden-key-1', api_user: 'shown-user' },
      settings: { message: { view_control_link: true } },
    };
    const [first, second] = await Promise.all([
      server.api('POST', '/mail-provider', body),
      server.api('POST', '/mail-provider', body),
    ]);
    expect([first.status, second.status].sort()).toEqual([201, 409]);
    const { body: shown } = await server.api('GET', '/mail-provider');
    expect(shown).toMatchObject({
      name: 'sendgrid',
      enabled: false,
      default_from_address: null,
      credentials: { api_user: 'shown-user' },
      settings: { message: { view_control_link: true } },
    });
    expect((shown as { credentials: object }).credentials).toEqual({ api_user: 'shown-user' });
    await server.api('PATCH', '/mail-provider', { credentials: { api_key: 'hidden-key-2' } });
    const same = await server.api('PATCH', '/mail-provider', { credentials: { api_key: 'hidden-key-2' } });
    expect(same.body).toMatchObject({ credentials: { api_user: 'shown-user' } });
    await server.api('DELETE', '/mail-provider');
    const rows = await server
      .work()
      .read(async (db) => [
        await db.selectFrom('mail_providers').selectAll().execute(),
        await db.selectFrom('events').selectAll().where('target_type', '=', 'mail_provider').orderBy('num').execute(),
      ]);
    const text = JSON.stringify(rows);
    expect(text).not.toContain('hidden-key');
    expect((rows[1] as { type: string }[]).map(({ type }) => type)).toEqual([
      'mail_provider.created',
      'mail_provider.updated',
      'mail_provider.deleted',
    ]);
  });

  it('refuses what a provider does not know or lacks, and keeps private hosts', async () => {
    const server = await boot();
    const wrong = [
      [{ name: 'sendgrid', credentials: {} }, 'credentials.api_key'],
      [{ name: 'smtp', credentials: { smtp_host: 'mail.internal' } }, 'credentials.smtp_port'],
      [{ name: 'smtp', credentials: { smtp_host: 'a', smtp_port: 25, smtp_user: 'u' } }, 'credentials.smtp_pass'],
      [{ name: 'mandrill', credentials: { api_key: 'k', smtp_host: 'a' } }, 'credentials.smtp_host'],
      [{ name: 'pigeon', credentials: {} }, 'name'],
      [{ name: 'custom', credentials: {}, default_from_address: 'nobody' }, 'default_from_address'],
    ] as const;
    for (const [body, field] of wrong) {
      const answer = await server.api('POST', '/mail-provider', body);
      expect(answer, field).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    }
    const kept = { name: 'smtp', enabled: false, credentials: { smtp_host: '10.0.0.7', smtp_port: 25 } };
    expect((await server.api('POST', '/mail-provider', kept)).body).toMatchObject({ credentials: kept.credentials });
    const moved = await server.api('PATCH', '/mail-provider', { name: 'resend' });
    expect(moved).toMatchObject({ status: 400, body: { errors: [{ field: 'credentials.api_key' }] } });
    expect((await server.api('GET', '/mail-provider')).body).toMatchObject({ name: 'smtp' });
  });
});

describe('the mail servers of providers', () => {
  const of = (name: Parameters<typeof smtpServerOf>[0]['name'], more: object = {}) =>
    smtpServerOf({ name, credentials: { api_key: 'key', ...more }, isOfDefaultTenant: false });

  it('are asked with the key as the password, and over TLS only', () => {
    expect(of('sendgrid')).toEqual({
      host: 'smtp.sendgrid.net',
      port: 587,
      auth: { user: 'apikey', pass: 'key' },
      requireTLS: true,
    });
    expect(of('mandrill', { api_user: 'me' })?.auth).toEqual({ user: 'me', pass: 'key' });
    expect(of('sparkpost', { region: 'eu' })).toMatchObject({ host: 'smtp.eu.sparkpostmail.com', requireTLS: true });
    expect(of('resend')).toMatchObject({ host: 'smtp.resend.com', auth: { user: 'resend' }, requireTLS: true });
  });

  it('are none where the keys are not for SMTP', () => {
    for (const name of ['ses', 'mailgun', 'azure_cs', 'ms365', 'custom'] as const) expect(of(name)).toBeUndefined();
  });
});
