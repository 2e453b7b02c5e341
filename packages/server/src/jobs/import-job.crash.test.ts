/**
 * kill -9 in the middle of an import in the background: the next start goes on with the spooled file by itself. Where servers
 * share a database, another one does: `process/nodes.test.ts`.
 */
import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@reeve/core';
import { CLIENT_ID, CLIENT_SECRET, freshDatabase, spawnServer } from '@reeve/testkit';
import { describe, expect, it } from 'vitest';

const ROWS = 20_000;
const PATIENCE = 120_000;

const file = JSON.stringify(
  Array.from({ length: ROWS }, (_, i) => ({
    email: `queued.${(i * 7919) % ROWS}@example.com`,
    user_id: `queued-${i}`,
    // Every hundredth row fails.
    ...(i % 100 === 99 ? { unknown: true } : {}),
  })),
);
const GOOD = ROWS - ROWS / 100;

describe('an import in the background, killed on sqlite', () => {
  it(
    'is taken up again at the next start, with nothing lost and nothing doubled',
    async () => {
      const { url, dir, drop } = await freshDatabase('sqlite');
      const environment = {
        REEVE_DATA_DIR: dir,
        REEVE_DATABASE_URL: url,
        REEVE_CLIENT_ID: CLIENT_ID,
        REEVE_CLIENT_SECRET: CLIENT_SECRET,
      };
      let server = spawnServer(environment);
      const at = await server.url;
      const database = openDatabase(url);
      try {
        const audience = `https://${new URL(at).host}/api/v2/`;
        const granted = await fetch(`${at}/oauth/token`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            grant_type: 'client_credentials',
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
            audience,
          }),
        });
        const { access_token: token } = (await granted.json()) as { access_token: string };
        const { id: connectionId } = await database.read((db) =>
          db.selectFrom('connections').select('id').executeTakeFirstOrThrow(),
        );
        const form = new FormData();
        form.append('users', new Blob([file], { type: 'application/json' }), 'users.json');
        form.append('connection_id', connectionId);
        form.append('send_completion_email', 'false');
        const answer = await fetch(`${at}/api/v2/jobs/users-imports`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: form,
        });
        expect(answer.status, await answer.clone().text()).toBe(202);
        const { id } = (await answer.json()) as { id: string };
        const spooled = join(dir, 'imports', `${id}.json`);
        expect((await stat(spooled)).mode & 0o777).toBe(0o600);
        const job = () =>
          database.read((db) => db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
        await expect.poll(async () => (await job()).total, { timeout: PATIENCE, interval: 5 }).toBeGreaterThan(2000);
        await server.kill('SIGKILL');
        expect((await job()).state).toBe('running');
        expect((await job()).total).toBeLessThan(ROWS);
        // What was being received when the server ended, and a file whose job nobody was told of.
        const abandoned = [join(dir, 'imports', 'x.part'), join(dir, 'imports', `job_${'0'.repeat(26)}.json`)];
        for (const path of abandoned) {
          await writeFile(path, '[');
          await chmod(path, 0o600);
        }

        server = spawnServer(environment);
        await server.url;
        await expect.poll(async () => (await job()).state, { timeout: PATIENCE, interval: 50 }).toBe('completed');
        expect(await job()).toMatchObject({ total: ROWS, inserted: GOOD, failed: ROWS - GOOD, queue: null });
        const users = await database.read((db) =>
          db.selectFrom('users').select('doc').where('doc', 'like', '%"queued.%').execute(),
        );
        expect(users).toHaveLength(GOOD);
        const errors = await database.read((db) =>
          db.selectFrom('job_errors').select(['line', 'code']).where('job_id', '=', id).execute(),
        );
        expect(new Set(errors.map(({ line }) => line)).size).toBe(ROWS / 100);
        await expect.poll(() => readdir(join(dir, 'imports')), { timeout: PATIENCE }).toEqual([]);
      } finally {
        await server.kill('SIGTERM');
        await database.close();
        await drop();
      }
    },
    PATIENCE * 2,
  );
});
