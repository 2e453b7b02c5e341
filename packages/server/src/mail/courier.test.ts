/** The out-box against a real mail server: sent once, tried again, given up, and never lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createWork, enqueueMail, MAIL_ATTEMPTS, MAIL_LEASE } from '@reeve/core';
import {
  bootServer,
  databaseKinds,
  freshDatabase,
  parseMail,
  readMail,
  serverProgram,
  type TestServer,
} from '@reeve/testkit';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCourier } from './courier.ts';
import { createSmtpTransport } from './smtp.ts';

interface Received {
  readonly to: string[];
  readonly from: string;
  readonly raw: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

class Refusal extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

interface SmtpOptions extends SMTPServerOptions {
  /** Called when a message is complete, before it is acknowledged. Throwing refuses it. */
  readonly judge?: (received: Received, count: number) => Promise<void> | void;
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startSmtp({ judge, ...options }: SmtpOptions = {}) {
  const received: Received[] = [];
  let offered = 0;
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: options.onAuth ? [] : ['AUTH', 'STARTTLS'],
    ...options,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: Received = {
          to: rcptTo.map(({ address }) => address),
          from: mailFrom ? mailFrom.address : '',
          raw: Buffer.concat(chunks).toString('utf8'),
          isSecure: session.secure,
          user: session.user as string | undefined,
        };
        try {
          await judge?.(mail, ++offered);
          received.push(mail);
          callback();
        } catch (error) {
          callback(error as Error);
        }
      });
    },
  });
  // Connections that a killed or impatient client breaks off.
  smtp.on('error', () => {});
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const { port } = smtp.server.address() as { port: number };
  const stop = () => new Promise<void>((resolve) => smtp.close(() => resolve()));
  stops.push(stop);
  return { received, port, url: `smtp://127.0.0.1:${port}`, stop };
}

async function boot(kind: 'sqlite' | 'postgres', smtpUrl: string, on?: { url: string; dir: string }) {
  const lines: string[] = [];
  const server = await bootServer(kind, {
    environment: { REEVE_SMTP_URL: smtpUrl },
    log: (line) => void lines.push(line),
    ...(on ? { on } : {}),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= server.stop();
    return stopped;
  };
  stops.push(stop);
  return { server: { ...server, stop }, lines };
}

interface MailBody {
  id: string;
  to: string;
  state: string;
  attempts: number;
  last_error: string | null;
  next_attempt_at: string | null;
  sent_at: string | null;
}

const mailsOf = async (server: TestServer, query = ''): Promise<MailBody[]> =>
  ((await server.api('GET', `/mails${query}`)).body as { mails: MailBody[] }).mails;

/** The newest mail, once it is as expected and in nobody's hands. */
const mailWhen = async (server: TestServer, expected: Partial<MailBody>): Promise<MailBody> => {
  const { next_attempt_at: _, ...columns } = expected;
  await vi.waitFor(
    async () => {
      const row = await server.services.database.read((db) =>
        db.selectFrom('mails').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst(),
      );
      expect(row).toMatchObject({ ...columns, lease_until: null });
    },
    { timeout: 15_000, interval: 10 },
  );
  const [mail] = await mailsOf(server);
  expect(mail).toMatchObject(expected);
  return mail as MailBody;
};

const create = async (server: TestServer, email: string) => {
  const { status } = await server.api('POST', '/users', { email });
  expect(status).toBe(201);
};

const eventsOf = async (server: TestServer, type: string) =>
  server.services.database.read((db) => db.selectFrom('events').selectAll().where('type', '=', type).execute());

describe.each(databaseKinds)('the courier on %s', (kind) => {
  it('hands a mail to the SMTP server and forgets its link', async () => {
    const smtp = await startSmtp();
    const { server, lines } = await boot(kind, smtp.url);
    await create(server, 'ada@example.com');
    const mail = await mailWhen(server, { state: 'sent', attempts: 1, last_error: null, next_attempt_at: null });
    expect(mail.sent_at).not.toBeNull();
    const [received] = smtp.received;
    expect(received?.to).toEqual(['ada@example.com']);
    const parsed = parseMail(received?.raw ?? '');
    expect(parsed.headers.get('message-id')).toBe(`<${mail.id.toLowerCase()}@localhost>`);
    const row = await server.services.database.read((db) => db.selectFrom('mails').selectAll().executeTakeFirst());
    expect(row).toMatchObject({ payload: null, lease_until: null });
    expect(lines.join('\n')).not.toContain(parsed.ticket);
    expect(await readdir(server.dir)).not.toContain('mail');
  });

  it('tries again after a temporary refusal, with growing pauses', async () => {
    const smtp = await startSmtp({
      judge(_, count) {
        if (count <= 2) throw new Refusal(451, 'busy');
      },
    });
    const { server } = await boot(kind, smtp.url);
    await create(server, 'ada@example.com');
    const first = await mailWhen(server, { state: 'pending', attempts: 1 });
    expect(first.last_error).toMatch(/451/);
    expect(pauseOf(server, first)).toBeCloseTo(5, 0);
    server.services.onMail();
    server.clock.advance(5_000);
    server.services.onMail();
    const second = await mailWhen(server, { state: 'pending', attempts: 2 });
    expect(pauseOf(server, second)).toBeCloseTo(30, 0);
    server.clock.advance(30_000);
    server.services.onMail();
    await mailWhen(server, { state: 'sent', attempts: 3 });
    expect(smtp.received).toHaveLength(1);
    expect(await eventsOf(server, 'mail.failed')).toHaveLength(0);
  });

  it.each([
    ['recipient', { onRcptTo: refusing(550, 'no such mailbox') }, 'EENVELOPE 550'],
    ['sender', { onMailFrom: refusing(553, 'not from you') }, 'EENVELOPE 553'],
    ['content', { judge: (mail: Received) => reject(554, `spam: ${mail.raw.match(/http\S+/)?.[0]}`) }, 'EMESSAGE 554'],
  ] as const)('gives a mail up at once when its %s is refused for good', async (_, refusal, reason) => {
    const smtp = await startSmtp(refusal as SmtpOptions);
    const { server, lines } = await boot(kind, smtp.url);
    await create(server, 'nobody@example.com');
    const mail = await mailWhen(server, { state: 'failed', attempts: 1, next_attempt_at: null });
    expect(mail.last_error).toMatch(/55\d/);
    expect(`${mail.last_error} ${lines.join('\n')}`).not.toMatch(/ticket=[\w-]{43}/);
    const [event] = await eventsOf(server, 'mail.failed');
    expect(event).toMatchObject({ target_type: 'mail', target_id: mail.id, actor_type: 'system' });
    expect(JSON.parse(event?.data ?? '')).toMatchObject({ template: 'verify_email', attempts: 1, reason });
    expect(event?.data).not.toContain('nobody@');
    expect((await mailsOf(server, '?state=failed')).map(({ id }) => id)).toEqual([mail.id]);
    expect(await mailsOf(server, '?state=sent')).toEqual([]);
  });

  it('waits for a server that is away, gives up in the end, and sends when it is told to', async () => {
    const away = await startSmtp();
    await away.stop();
    const database = await freshDatabase(kind);
    stops.push(() => database.drop());
    const { server } = await boot(kind, away.url, database);
    await create(server, 'ada@example.com');
    const pauses: number[] = [];
    for (let attempt = 1; attempt < MAIL_ATTEMPTS; attempt++) {
      const mail = await mailWhen(server, { state: 'pending', attempts: attempt });
      expect(mail.last_error).toMatch(/ECONNREFUSED/);
      pauses.push(pauseOf(server, mail));
      server.clock.advance(Date.parse(mail.next_attempt_at as string) - server.clock.now() + 1);
      server.services.onMail();
    }
    expect(pauses.map(Math.round)).toEqual([5, 30, 120, 600, 3600, 10_800, 21_600]);
    const { id } = await mailWhen(server, { state: 'failed', attempts: MAIL_ATTEMPTS });
    expect(await eventsOf(server, 'mail.failed')).toHaveLength(1);
    const now = server.clock.now();
    await server.stop();
    const smtp = await startSmtp();
    const { server: back } = await boot(kind, smtp.url, database);
    back.clock.advance(now - Date.now());
    const retried = await back.api('POST', `/mails/${id}/retry`);
    expect(retried).toMatchObject({ status: 200, body: { id, state: 'pending', attempts: 0 } });
    await mailWhen(back, { state: 'sent', attempts: 1 });
    expect(smtp.received).toHaveLength(1);
    expect(await eventsOf(back, 'mail.retried')).toHaveLength(1);
    expect(await back.api('POST', `/mails/${id}/retry`)).toMatchObject({ status: 409 });
    expect(await back.api('POST', '/mails/mai_nothing/retry')).toMatchObject({ status: 404 });
  });

  it('sends from the address that it signs in with, over TLS', async () => {
    const smtp = await startSmtp({
      secure: true,
      disabledCommands: [],
      authOptional: false,
      onAuth: ({ username, password }, _, callback) =>
        password === 'p@ss word' ? callback(null, { user: username as never }) : callback(new Error('no')),
    });
    const url = `smtps://post%40relay.example:p%40ss%20word@127.0.0.1:${smtp.port}?tls.rejectUnauthorized=false`;
    const { server } = await boot(kind, url);
    await create(server, 'ada@example.com');
    await mailWhen(server, { state: 'sent' });
    expect(smtp.received[0]).toMatchObject({ from: 'post@relay.example', isSecure: true, user: 'post@relay.example' });
    // Its certificate is its own: without leave it is not trusted, and neither are wrong credentials held against a mail.
    for (const wrong of [url.replace(/\?.*/, ''), url.replace('p%40ss', 'other')]) {
      const other = await boot(kind, wrong);
      await create(other.server, 'bea@example.com');
      const mail = await mailWhen(other.server, { state: 'pending', attempts: 1 });
      expect(mail.last_error).toMatch(/certificate|535|Invalid login/i);
      expect(mail.last_error).not.toContain('p@ss');
    }
    expect(smtp.received).toHaveLength(1);
  });

  it('takes up TLS where the server offers it, and insists where the URL does', async () => {
    const offering = await startSmtp({ disabledCommands: ['AUTH'] });
    const plain = await startSmtp();
    const url = `smtp://127.0.0.1:${offering.port}?tls.rejectUnauthorized=false&from=post@id.example`;
    const { server } = await boot(kind, url);
    await create(server, 'ada@example.com');
    await mailWhen(server, { state: 'sent' });
    expect(offering.received).toMatchObject([{ isSecure: true, from: 'post@id.example' }]);
    const { server: strict } = await boot(kind, `${plain.url}?requireTLS=true`);
    await create(strict, 'ada@example.com');
    await mailWhen(strict, { state: 'pending', attempts: 1 });
    expect(plain.received).toEqual([]);
  });

  it('sends each mail once, however many couriers there are', async () => {
    const smtp = await startSmtp();
    const { server } = await boot(kind, smtp.url);
    // One process writes to an SQLite file; it has several carriers all the same.
    const more = kind === 'postgres' ? [1, 2] : [];
    const others = await Promise.all(
      more.map(() => boot(kind, smtp.url, { url: server.databaseUrl, dir: server.dir })),
    );
    const emails = Array.from({ length: 40 }, (_, i) => `user${i}@example.com`);
    const wakeAll = () => {
      for (const { services } of [server, ...others.map((other) => other.server)]) services.onMail();
    };
    await Promise.all(
      emails.map(async (email) => {
        await create(server, email);
        wakeAll();
      }),
    );
    await vi.waitFor(async () => expect(await mailsOf(server, '?state=sent&limit=100')).toHaveLength(40), {
      timeout: 10_000,
      interval: 20,
    });
    expect(smtp.received.map(({ to }) => to[0]).sort()).toEqual(emails.sort());
    expect(await mailsOf(server, '?state=pending')).toEqual([]);
  });

  it('waits for the mail in hand when the server is stopped', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const smtp = await startSmtp({
      judge() {
        arrived();
        return held;
      },
    });
    const database = await freshDatabase(kind);
    stops.push(() => database.drop());
    const { server } = await boot(kind, smtp.url, database);
    await create(server, 'ada@example.com');
    await arrival;
    const stopping = server.stop();
    release();
    await stopping;
    const { server: next } = await boot(kind, smtp.url, database);
    await mailWhen(next, { state: 'sent', attempts: 1 });
    expect(smtp.received).toHaveLength(1);
  });

  it('does not wait forever for a server that hangs', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const smtp = await startSmtp({
      judge() {
        arrived();
        return new Promise(() => {});
      },
    });
    const away = await startSmtp();
    await away.stop();
    const { server } = await boot(kind, away.url);
    const transport = createSmtpTransport(smtp.url);
    const courier = createCourier({ services: server.services, transport, log: () => {}, graceMilliseconds: 50 });
    await enqueueUnseen(server, 'ada@example.com');
    courier.wake();
    await arrival;
    await courier.close();
    const mail = await mailWhen(server, { state: 'pending', attempts: 1 });
    expect(mail.last_error).toMatch(/stopping|abort/i);
    expect(pauseOf(server, mail)).toBeLessThanOrEqual(5);
  });

  it('loses no mail to kill -9, and names a second copy like the first', async () => {
    let hold = true;
    const messageIds: (string | undefined)[] = [];
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const smtp = await startSmtp({
      async judge({ raw }) {
        messageIds.push(parseMail(raw).headers.get('message-id'));
        arrived();
        if (hold) await new Promise(() => {});
      },
    });
    const database = await freshDatabase(kind);
    stops.push(() => database.drop());
    const away = await startSmtp();
    await away.stop();
    const { server } = await boot(kind, away.url, database);
    const id = await enqueueUnseen(server, 'ada@example.com');
    await server.stop();
    const child = await startProgram({
      REEVE_DATA_DIR: database.dir,
      REEVE_DATABASE_URL: database.url,
      REEVE_SMTP_URL: smtp.url,
    });
    await arrival;
    child.kill('SIGKILL');
    await once(child, 'exit');
    hold = false;
    const { server: next } = await boot(kind, smtp.url, database);
    expect(await mailsOf(next)).toMatchObject([{ id, state: 'pending', attempts: 1 }]);
    next.clock.advance(MAIL_LEASE + 1_000);
    next.services.onMail();
    await mailWhen(next, { state: 'sent', attempts: 2 });
    expect(messageIds).toHaveLength(2);
    expect(messageIds[1]).toBe(messageIds[0]);
  });

  it('cancels what a later mail of the kind has replaced, and what has expired', async () => {
    const away = await startSmtp();
    await away.stop();
    const { server } = await boot(kind, away.url);
    const { body } = await server.api('POST', '/users', { email: 'ada@example.com', email_verified: true });
    const { id } = body as { id: string };
    for (let i = 0; i < 3; i++)
      expect(await server.api('POST', `/users/${id}/reset-password`, {})).toMatchObject({ status: 202 });
    expect((await mailsOf(server)).map(({ state }) => state)).toEqual(['pending', 'cancelled', 'cancelled']);
    const payloads = await server.services.database.read((db) =>
      db.selectFrom('mails').select('payload').where('state', '=', 'cancelled').execute(),
    );
    expect(payloads.map(({ payload }) => payload)).toEqual([null, null]);
    await mailWhen(server, { state: 'pending', attempts: 1 });
    server.clock.advance(2 * 3_600_000);
    server.services.onMail();
    const expired = await mailWhen(server, { state: 'cancelled', next_attempt_at: null });
    expect(expired.last_error).toMatch(/expired/);
  });

  it('forgets the link of a failed mail that a later one has replaced', async () => {
    const smtp = await startSmtp({ onRcptTo: refusing(550, 'no such mailbox') as never });
    const { server } = await boot(kind, smtp.url);
    const { body } = await server.api('POST', '/users', { email: 'ada@example.com', email_verified: true });
    const { id } = body as { id: string };
    await server.api('POST', `/users/${id}/reset-password`, {});
    const first = await mailWhen(server, { state: 'failed' });
    await server.api('POST', `/users/${id}/reset-password`, {});
    expect(await server.api('POST', `/mails/${first.id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
  });
});

describe('without an SMTP server', () => {
  it('writes whole files that only their owner can read, and says where', async () => {
    const lines: string[] = [];
    const server = await bootServer('sqlite', { log: (line) => void lines.push(line) });
    stops.push(() => server.stop());
    await create(server, 'ada\u001b[31m@example.com');
    const mail = await readMail(server, 'ada\u001b[31m@example.com');
    expect((await stat(mail.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(server.dir, 'mail'))).toEqual([`${mail.id}.eml`]);
    await vi.waitFor(() => expect(lines.at(-1)).toBe(`mail for ada?[31m@example.com is in ${mail.path}`));
    expect(lines.join('\n')).not.toContain(mail.ticket);
    expect(await readFile(mail.path, 'utf8')).toContain(mail.link);
  });

  it('finds by itself a mail that nobody told it of', async () => {
    const server = await bootServer('sqlite');
    stops.push(() => server.stop());
    const id = await enqueueUnseen(server, 'ada@example.com');
    await mailWhen(server, { state: 'sent', attempts: 1 });
    expect(await readdir(join(server.dir, 'mail'))).toEqual([`${id}.eml`]);
  });

  it('stops the start where the sender is no address', async () => {
    await expect(
      bootServer('sqlite', { environment: { REEVE_SMTP_URL: 'smtp://127.0.0.1?from=nobody' } }),
    ).rejects.toThrow(/REEVE_SMTP_URL/);
  });
});

const pauseOf = (server: TestServer, mail: MailBody): number =>
  (Date.parse(mail.next_attempt_at as string) - server.clock.now()) / 1000;

function refusing(code: number, message: string) {
  return (_address: unknown, _session: unknown, callback: (error: Error) => void) =>
    callback(new Refusal(code, message));
}
function reject(code: number, message: string): never {
  throw new Refusal(code, message);
}

/** Puts a mail into the out-box without waking this process's courier. Returns its id. */
async function enqueueUnseen(server: TestServer, email: string): Promise<string> {
  const services = { ...server.services, onMail: () => {} };
  await createWork({ services, tenant: server.tenant }).write((unit) =>
    enqueueMail(unit, {
      template: 'verify_email',
      recipient: email,
      userId: null,
      payload: { link: `${server.url}/verify-email?ticket=x`, name: null, expiresAt: unit.now + 86_400_000 },
    }),
  );
  const [mail] = await mailsOf(server);
  return (mail as MailBody).id;
}

/** The program as `npm start` runs it, in a process of its own. */
async function startProgram(environment: Record<string, string>) {
  const child = spawn(process.execPath, serverProgram(), {
    env: {
      ...process.env,
      REEVE_PORT: '0',
      REEVE_ADMIN_EMAIL: 'admin@reeve.test',
      REEVE_ADMIN_PASSWORD: 'correct horse battery',
      REEVE_CLIENT_ID: 'test-management',
      REEVE_CLIENT_SECRET: 'test-management-secret-0123456789',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stops.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let told = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    told += chunk;
    if (told.includes('listening on ')) break;
  }
  return child;
}
