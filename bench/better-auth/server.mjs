/**
 * better-auth with its admin plugin as its documentation sets it up: Node's HTTP server, the Node handler, node:sqlite,
 * sessions in the cookie cache; its own migrations index every column that its guide to performance names. The write-ahead
 * log, page cache and durability of commits are Reeve's settings. Reads BENCH_DIR and BENCH_USERS; makes the directory where it isn't there.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { admin } from 'better-auth/plugins';
import { person } from '../people.ts';

const ADMIN = { email: 'admin@example.com', password: 'bench-admin-password', name: 'Admin' };
const HOUR_SECONDS = 3600;

const database = new DatabaseSync(join(process.env.BENCH_DIR, 'better-auth.db'), { timeout: 5000 });
for (const pragma of ['page_size = 8192', 'journal_mode = WAL', 'synchronous = FULL', 'cache_size = -32768'])
  database.exec(`pragma ${pragma}`);

const authOf = (port) =>
  betterAuth({
    database,
    secret: 'bench-secret-0123456789-0123456789-0123456789',
    baseURL: `http://127.0.0.1:${port}`,
    emailAndPassword: { enabled: true },
    // Longer than its five minutes: the whole measurement, so that no round has the session read again.
    session: { cookieCache: { enabled: true, maxAge: HOUR_SECONDS } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [admin()],
  });

async function make(auth, users) {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  await auth.api.signUpEmail({ body: ADMIN });
  database.exec(`update "user" set role = 'admin'`);
  const insert = database.prepare(
    'insert into "user" (id, name, email, emailVerified, createdAt, updatedAt, role) values (?, ?, ?, 1, ?, ?, ?)',
  );
  database.exec('begin');
  const now = Date.now();
  for (let n = 0; n < users; n++) {
    const { name, email } = person(n);
    const at = new Date(now - users + n).toISOString();
    insert.run(randomBytes(24).toString('base64url'), name, email, at, at, 'user');
  }
  database.exec('commit; pragma wal_checkpoint(truncate)');
}

let handle;
const server = createServer((request, response) => handle(request, response));
// As Reeve's: a list of a million users keeps a connection waiting for longer than Node's five seconds.
server.keepAliveTimeout = 72_000;
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const auth = authOf(port);
  if (!database.prepare(`select 1 from sqlite_master where name = 'user'`).get())
    await make(auth, Number(process.env.BENCH_USERS));
  handle = toNodeHandler(auth);
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.once('SIGTERM', () => process.exit());
