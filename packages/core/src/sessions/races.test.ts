/** Whatever changes one user's sessions at once waits in a line, never in a ring. */
import {
  bootServer,
  databaseKinds,
  freshDatabase,
  managementClient,
  postForm,
  type Rw3issPerson,
  refreshWith,
  rw3issCaller,
  rw3issPerson,
  signInWith,
  type TestDatabase,
  type TestServer,
} from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../database/open.ts';

const PASSWORD = 'Correct-horse-1';
const ROUNDS = 6;

/** Deadlocks that PostgreSQL met in a database that nobody is connected to any more: then all are counted. */
async function deadlocksIn({ url }: TestDatabase): Promise<number> {
  const database = openDatabase(url);
  try {
    for (;;) {
      const { rows } = await sql<{ others: number; deadlocks: number }>`select deadlocks,
        (select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) as others
        from pg_stat_database where datname = current_database()`.execute(database.root);
      const [row] = rows;
      if (row && Number(row.others) === 0) return Number(row.deadlocks);
    }
  } finally {
    await database.close();
  }
}

describe.each(databaseKinds)('races of sessions on %s', (kind) => {
  let fresh: TestDatabase;
  let server: TestServer;
  let isClosed = false;
  beforeAll(async () => {
    fresh = await freshDatabase(kind, { from: 'migrated' });
    server = await bootServer(kind, { on: fresh, realHashes: true });
  });
  afterAll(async () => {
    if (!isClosed) await server.stop();
    await fresh.drop();
  });

  it('end in an answer, without a deadlock', async () => {
    const email = `raced-${kind}@example.com`;
    const made = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD });
    expect(made.status).toBe(201);
    const login = () => rw3issPerson(server, { email, password: PASSWORD });
    const native = () => signInWith(server, { username: email, password: PASSWORD, scope: 'openid offline_access' });
    const stranger = rw3issCaller(server);
    const admin = await rw3issPerson(server);
    const refresh = ({ tokens }: Rw3issPerson) =>
      stranger('POST', '/auth/refresh', { refresh_token: tokens.refresh_token });
    const statuses = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      const [one, two, three, ...others] = await Promise.all([login(), login(), login(), native(), native(), native()]);
      const kept = others.map(({ body }) => body.refresh_token as string);
      const answers = await Promise.all([
        admin.call('POST', `/admin/users/${one.id}/revoke-sessions`),
        stranger('POST', '/auth/logout', { refresh_token: two.tokens.refresh_token }),
        stranger('POST', '/auth/login', { email, password: PASSWORD }),
        ...[one, two, three, one].map(refresh),
        ...[...kept, kept[0]].map((token) => refreshWith(server, token)),
        postForm(server, '/oauth/revoke', { token: kept[1] as string, ...managementClient }),
      ]);
      for (const { status } of answers) statuses.add(status);
      for (const { status } of answers.slice(0, 3)) expect(status).toBe(200);
    }
    expect([...statuses].filter((status) => status >= 500)).toEqual([]);
    isClosed = true;
    await server.stop();
    if (kind === 'postgres') expect(await deadlocksIn(fresh)).toBe(0);
    // A deadlock is noticed after a second.
  }, 60_000);
});
