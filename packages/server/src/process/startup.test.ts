import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { ask, databaseKinds, freshDatabase, type ServerProcess, spawnServer, type TestDatabase } from '@reeve/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BOOTSTRAP = {
  REEVE_ADMIN_EMAIL: 'chief@example.com',
  REEVE_ADMIN_PASSWORD: 'correct horse battery',
  REEVE_CLIENT_ID: 'startup-client',
  REEVE_CLIENT_SECRET: 'startup-secret-0123456789',
};

let running: ServerProcess[] = [];
const start = (environment: Readonly<Record<string, string>>) => {
  const server = spawnServer(environment);
  running.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(running.map((server) => server.kill('SIGKILL')));
  running = [];
});

describe.each(databaseKinds)('start-up on %s', (kind) => {
  let database: TestDatabase;
  let environment: Record<string, string>;
  beforeEach(async () => {
    database = await freshDatabase(kind);
    environment = { REEVE_DATA_DIR: database.dir, REEVE_DATABASE_URL: database.url };
    return () => database.drop();
  });

  it('prints credentials once, with the URL and a snippet; afterwards the URL only', async () => {
    const first = start({ ...environment, ...BOOTSTRAP });
    const url = await first.url;
    expect(first.stdout().trimEnd().endsWith(`\nlistening on ${url}`)).toBe(true);
    for (const text of [...Object.values(BOOTSTRAP), url, 'new ReeveManagement({', `audience: '${url}/api'`])
      expect(first.stdout()).toContain(text);
    expect(first.stdout().match(/listening on/g)).toHaveLength(1);
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(first.stderr()).toBe('');
    const second = start({ ...environment, ...BOOTSTRAP });
    expect(second.stdout()).toBe('');
    expect(`listening on ${await second.url}\n`).toBe(second.stdout());
    expect(second.stderr()).toBe('');
  });

  it('says which bootstrap values a later start does not find, and changes nothing', async () => {
    const first = start({ ...environment, ...BOOTSTRAP });
    await first.url;
    await first.kill('SIGTERM');
    const other = {
      REEVE_ADMIN_EMAIL: 'chief@example.com',
      REEVE_ADMIN_PASSWORD: 'another password',
      REEVE_CLIENT_ID: 'another-client',
      REEVE_CLIENT_SECRET: 'another-secret-0123456789',
    };
    const second = start({ ...environment, ...other });
    await second.url;
    const [note, listening, ...more] = second.stdout().trimEnd().split('\n');
    expect(note).toMatch(/not changed.*REEVE_CLIENT_ID, REEVE_CLIENT_SECRET, REEVE_ADMIN_PASSWORD\.$/);
    expect(listening).toMatch(/^listening on /);
    expect(more).toEqual([]);
    expect(second.stdout()).not.toContain('another');
    await second.kill('SIGTERM');
    const third = start({ ...environment, REEVE_ADMIN_EMAIL: 'nobody@example.com' });
    await third.url;
    expect(third.stdout()).toMatch(/not changed.*REEVE_ADMIN_EMAIL\.\n/);
    await third.kill('SIGTERM');
    const fourth = start({ ...environment, ...BOOTSTRAP });
    await fourth.url;
    expect(fourth.stdout()).toMatch(/^listening on \S+\n$/);
  });

  it('refuses a secret key that the database was not made with', async () => {
    const first = start(environment);
    await first.url;
    await first.kill('SIGTERM');
    const key = join(database.dir, 'secret.key');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(readFileSync(key, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    const second = start({ ...environment, REEVE_SECRET_KEY: 'ab'.repeat(32) });
    expect(await second.exit).toEqual({ code: 1, signal: null });
    expect(second.stderr()).toMatch(/^REEVE_SECRET_KEY [^\n]+\n$/);
    expect(second.stdout()).toBe('');
    const third = start({ ...environment, REEVE_SECRET_KEY: readFileSync(key, 'utf8').trim().toUpperCase() });
    await third.url;
  });

  it('lets one of two processes found an empty directory, and serves from both', async () => {
    if (kind === 'sqlite') mkdirSync(database.dir, { recursive: true });
    const both = [start({ ...environment, ...BOOTSTRAP }), start({ ...environment, ...BOOTSTRAP })];
    await Promise.all(both.map(({ url }) => url));
    expect(both.filter((server) => server.stdout().includes('A new directory was made'))).toHaveLength(1);
  });
});

describe('wrong values', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await freshDatabase('sqlite');
    return () => database.drop();
  });

  const refused = async (environment: Record<string, string>): Promise<string> => {
    const server = start({ REEVE_DATA_DIR: database.dir, ...environment });
    expect(await server.exit, server.stderr()).toEqual({ code: 1, signal: null });
    expect(server.stdout()).toBe('');
    expect(server.stderr()).toMatch(/^[^\n]+\n$/);
    return server.stderr();
  };

  // What is wrong by itself is judged in config.test.ts.
  it.each([
    ['REEVE_PORT', 'http'],
    ['REEVE_HOST', '192.0.2.1'],
    ['REEVE_HOST', 'no.such.host.invalid'],
    ['REEVE_DATABASE_URL', 'postgres://reeve:hidden-word@127.0.0.1:1/reeve'],
    ['REEVE_DATABASE_URL', 'sqlite:/nowhere/at/all/reeve.db'],
  ])('%s=%s stops the start with one line', { timeout: 30_000 }, async (name, value) => {
    const line = await refused({ [name]: value });
    expect(line).toContain(name);
    expect(line).not.toContain('hidden-word');
  });

  it('founds nothing while its port is in use: the credentials are still to be shown', {
    timeout: 30_000,
  }, async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    await refused({ REEVE_PORT: String(port) });
    holder.close();
    const next = start({ REEVE_DATA_DIR: database.dir });
    await next.url;
    expect(next.stdout()).toContain('A new directory was made');
    if (process.platform !== 'win32') expect(statSync(join(database.dir, 'reeve.db')).mode & 0o777).toBe(0o600);
  });

  it('founds nothing while its certificate can’t be written', { timeout: 30_000 }, async () => {
    const folder = join(database.dir, 'tls');
    writeFileSync(folder, 'in the way');
    const environment = { REEVE_HTTPS_PORT: String(await freePort()) };
    expect(await refused(environment)).toMatch(/^REEVE_DATA_DIR: .*tls can't be written \(E[A-Z]+\)\.$/m);
    rmSync(folder);
    const next = start({ REEVE_DATA_DIR: database.dir, ...environment });
    await next.url;
    expect(next.stdout()).toContain('A new directory was made');
    expect(existsSync(join(folder, 'ca.pem'))).toBe(true);
  });

  it('names the database that is none, the port that is in use, and the folder that can’t be made', async () => {
    const path = join(database.dir, 'text.db');
    writeFileSync(path, 'this is no database, whatever its name says '.repeat(100));
    expect(await refused({ REEVE_DATABASE_URL: `sqlite:${path}` })).toContain('REEVE_DATABASE_URL');
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    try {
      expect(await refused({ REEVE_PORT: String(port) })).toMatch(/^REEVE_PORT: port \d+ of 127.0.0.1 is in use/);
      expect(await refused({ REEVE_HTTPS_PORT: String(port) })).toContain('REEVE_HTTPS_PORT');
    } finally {
      holder.close();
    }
    expect(await refused({ REEVE_DATA_DIR: join(path, 'below') })).toContain('REEVE_DATA_DIR');
    writeFileSync(join(database.dir, 'secret.key'), 'not a key');
    expect(await refused({})).toContain('secret.key');
  });
});

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

describe('addresses', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await freshDatabase('sqlite');
    return () => database.drop();
  });

  it('listens where REEVE_HOST says, IPv6 and all addresses too', async () => {
    const six = start({ REEVE_DATA_DIR: database.dir, REEVE_HOST: '::1' });
    expect(await six.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${await six.url}/health/ready`)).status).toBe(200);
    await six.kill('SIGTERM');
    const all = start({ REEVE_DATA_DIR: database.dir, REEVE_HOST: '0.0.0.0' });
    expect(await all.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${await all.url}/health/live`)).status).toBe(200);
  });

  it('shows and uses REEVE_PUBLIC_URL', async () => {
    const port = await freePort();
    const server = start({
      REEVE_DATA_DIR: database.dir,
      REEVE_PORT: String(port),
      REEVE_PUBLIC_URL: 'https://id.example.com/',
    });
    expect(await server.url).toBe('https://id.example.com');
    expect(server.stdout()).toContain("tenantUrl: 'https://id.example.com'");
    const discovery = await ask(`http://127.0.0.1:${port}`, {
      path: '/.well-known/openid-configuration',
      headers: { host: 'id.example.com' },
    });
    expect((JSON.parse(discovery.text) as { issuer: string }).issuer).toBe('https://id.example.com/');
  });
});

describe('TLS', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await freshDatabase('sqlite');
    return () => database.drop();
  });

  /** Asks over TLS, trusting nobody but the server's own authority. */
  const askTls = (port: number, servername: string, ca: string, path = '/docs') =>
    new Promise<{ status: number; issuer: string; text: string }>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, servername, ca, headers: { host: `localhost:${port}` } }, (response) => {
        // Asked of the socket while it is open: it may be gone with the end of the answer.
        const issuer = String((response.socket as TLSSocket).getPeerCertificate().issuer.CN);
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('end', () => resolve({ status: response.statusCode as number, issuer, text }));
      })
        .once('error', reject)
        .end();
    });

  it('listens before it says so, under a certificate of its own authority, which stays', async () => {
    const port = await freePort();
    const environment = { REEVE_DATA_DIR: database.dir, REEVE_HTTPS_PORT: String(port) };
    const first = start(environment);
    await first.url;
    const file = (name: string) => join(database.dir, 'tls', name);
    const ca = readFileSync(file('ca.pem'), 'utf8');
    for (const name of ['ca.key', 'server.key']) expect(statSync(file(name)).mode & 0o777, name).toBe(0o600);
    const { status, issuer } = await askTls(port, 'localhost', ca);
    expect(status).toBe(200);
    expect(issuer).toMatch(/^Reeve [0-9a-f]{8}$/);
    expect((await askTls(port, '', ca)).status).toBe(200);
    const discovery = await askTls(port, 'localhost', ca, '/.well-known/openid-configuration');
    expect((JSON.parse(discovery.text) as { issuer: string }).issuer).toBe(`https://localhost:${port}/`);
    await expect(askTls(port, 'example.com', ca)).rejects.toThrow(/altnames/);
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    const second = start(environment);
    await second.url;
    expect(readFileSync(file('ca.pem'), 'utf8')).toBe(ca);
    expect((await askTls(port, 'localhost', ca)).issuer).toBe(issuer);
  });

  it('keeps no tls folder where it is off', async () => {
    const server = start({ REEVE_DATA_DIR: database.dir });
    await server.url;
    expect(existsSync(join(database.dir, 'tls'))).toBe(false);
    chmodSync(database.dir, 0o700);
  });
});
