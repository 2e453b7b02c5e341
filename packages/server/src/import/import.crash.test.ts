/** kill -9 in the middle of an import, on both databases: after a restart it is resumed, and nothing is lost or doubled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createVault, type Database, findDefaultTenant, findSigningKeys, openDatabase } from '@reeve/core';
import { CLIENT_ID, CLIENT_SECRET, databaseKinds, freshDatabase, serverProgram } from '@reeve/testkit';
import { importJWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';

const SECRET_KEY = '0123456789abcdef'.repeat(4);
const ROWS = 30_000;
const PATIENCE = 120_000;

interface Spawned {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

async function start(url: string, dir: string): Promise<Spawned> {
  const child = spawn(process.execPath, serverProgram(), {
    env: {
      PATH: process.env.PATH,
      REEVE_PORT: '0',
      REEVE_DATA_DIR: dir,
      REEVE_DATABASE_URL: url,
      REEVE_SECRET_KEY: SECRET_KEY,
      REEVE_CLIENT_ID: CLIENT_ID,
      REEVE_CLIENT_SECRET: CLIENT_SECRET,
      REEVE_RATE_LIMIT: 'off',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const listening = new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const found = /^listening on (\S+)$/m.exec(text)?.[1];
      if (found) resolve(found);
    });
    void ended.then(() => reject(new Error(`The server ended: ${text}`)));
  });
  return { url: await listening, child, ended };
}

async function tokenFor(database: Database, url: string): Promise<string> {
  const tenant = await database.read(findDefaultTenant);
  const vault = createVault(SECRET_KEY);
  const [key] = await database.read((db) => findSigningKeys(db, vault, tenant?.id as number, Date.now()));
  return new SignJWT({ azp: CLIENT_ID, scope: 'users:write jobs:read', jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: key?.kid as string, typ: 'at+jwt' })
    .setIssuer(`${url}/`)
    .setAudience(`${url}/api`)
    .setSubject(`${CLIENT_ID}@clients`)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK(key?.privateJwk as never, 'RS256'));
}

const file = Array.from({ length: ROWS }, (_, i) => {
  const scattered = (i * 7919) % ROWS;
  return JSON.stringify({
    email: `crash.${scattered.toString(36)}@example.com`,
    name: `Crash ${i}`,
    user_metadata: { n: i },
    // Every hundredth row fails.
    ...(i % 100 === 99 ? { unknown: true } : {}),
  });
}).join('\n');
const GOOD = ROWS - ROWS / 100;

describe.each(databaseKinds)('an import killed on %s', (kind) => {
  it(
    'is resumed with nothing lost and nothing doubled',
    async () => {
      const { url, dir, drop } = await freshDatabase(kind);
      let server = await start(url, dir);
      const database = openDatabase(url);
      try {
        let token = await tokenFor(database, server.url);
        const send = (query = '') =>
          fetch(`${server.url}/api/v1/users/import?${query}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
            body: file,
          });
        const job = () =>
          database.read((db) => db.selectFrom('jobs').selectAll().orderBy('id', 'desc').executeTakeFirst());
        const cut = send().then(
          () => 'answered',
          () => 'cut',
        );
        await expect
          .poll(async () => (await job())?.total ?? 0, { timeout: PATIENCE, interval: 5 })
          .toBeGreaterThan(3000);
        server.child.kill('SIGKILL');
        await server.ended;
        expect(await cut).toBe('cut');
        const left = await job();
        expect(left?.state).toBe('running');
        expect(left?.total).toBeLessThan(ROWS);
        const usersOf = () =>
          database.read((db) =>
            db.selectFrom('users').select(['id', 'doc']).where('doc', 'like', '%"crash.%').execute(),
          );
        expect((await usersOf()).length).toBe(left?.inserted);

        server = await start(url, dir);
        token = await tokenFor(database, server.url);
        const resume = () => send(`resume=${left?.id}`);
        let answer = await resume();
        // On PostgreSQL another node might be at it until the lease has run out, which nobody waits for here.
        if (answer.status === 409 && kind === 'postgres') {
          await database.write((db) => db.updateTable('jobs').set({ lease_until: Date.now() }).execute());
          answer = await resume();
        }
        const told = (await answer.json()) as {
          total: number;
          inserted: number;
          failed: number;
          errors: { line: number }[];
        };
        expect(told).toMatchObject({ total: ROWS, inserted: GOOD, failed: ROWS - GOOD });
        expect(told.errors.map(({ line }) => line)).toEqual(
          Array.from({ length: ROWS / 100 }, (_, i) => (i + 1) * 100),
        );
        const users = await usersOf();
        expect(users).toHaveLength(GOOD);
        expect(new Set(users.map(({ doc }) => (JSON.parse(doc) as { email: string }).email)).size).toBe(GOOD);
        const events = await database.read((db) =>
          db
            .selectFrom('events')
            .select('target_id')
            .where('type', '=', 'user.created')
            .where('request_id', 'is not', null)
            .execute(),
        );
        const targets = events.map(({ target_id }) => target_id as string).sort();
        expect(targets).toEqual(users.map(({ id }) => id).sort());
        const leaves = await database.read((db) => db.selectFrom('metadata').select('user_num').execute());
        expect(leaves).toHaveLength(GOOD);
      } finally {
        server.child.kill('SIGTERM');
        await server.ended;
        await database.close();
        await drop();
      }
    },
    PATIENCE * 2,
  );
});
