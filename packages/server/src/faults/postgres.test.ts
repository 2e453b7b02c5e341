/**
 * PostgreSQL dies under a server that lives on. Meanwhile every door answers 503 and when to come back; afterwards the
 * server goes on by itself, and nothing that was answered is lost: also where a standby takes over.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@reeve/core';
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  CLIENT_ID,
  CLIENT_SECRET,
  type ServerProcess,
  spawnServer,
  startProxy,
} from '@reeve/testkit';
import { type Cluster, createCluster, faultScale, faultSeeds, type Run, startRun } from '@reeve/testkit/faults';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const CHANGES = 50 * faultScale;

let dir: string;
let primary: Cluster;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reeve-faults-'));
  primary = await createCluster();
});
afterEach(async () => {
  await primary.remove();
  await rm(dir, { recursive: true, force: true });
});

const start = (databaseUrl: string): ServerProcess =>
  spawnServer({
    REEVE_DATA_DIR: dir,
    REEVE_DATABASE_URL: databaseUrl,
    REEVE_ADMIN_EMAIL: ADMIN_EMAIL,
    REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    REEVE_CLIENT_ID: CLIENT_ID,
    REEVE_CLIENT_SECRET: CLIENT_SECRET,
  });

const credentials = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
/** A way in through every door: they stand on one database. */
const DOORS: readonly (readonly [path: string, body?: object, key?: string])[] = [
  ['/health/ready'],
  ['/api/v1/users'],
  ['/api/v1/groups', { name: 'Away' }],
  ['/api/v1/users/lookup', { emails: [ADMIN_EMAIL] }],
  ['/oauth/token', { grant_type: 'client_credentials', ...credentials }],
  ['/oauth/token', { grant_type: 'password', username: ADMIN_EMAIL, password: ADMIN_PASSWORD, ...credentials }],
  ['/userinfo'],
  ['/api/v2/users'],
  ['/rw3iss/api/v1/admin/users'],
  ['/rw3iss/api/v1/auth/login', { email: ADMIN_EMAIL, password: ADMIN_PASSWORD }],
  ['/authing/graphql/v2', { query: 'query { users { totalCount } }' }],
];

/** Asks for what needs the database, with a token that was good. What is answered is judged with the rest of the run. */
async function knock(
  url: string,
  token: string,
  run: Run,
  [path, body, key]: (typeof DOORS)[number],
): Promise<Knocked> {
  const answer = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(key ? { 'idempotency-key': key } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  run.answers.judge(`${path} ${JSON.stringify(body)}`, answer);
  return { path, status: answer.status, text: await answer.text() };
}
interface Knocked {
  readonly path: string;
  readonly status: number;
  readonly text: string;
}

async function tokenOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'client_credentials', audience: `${url}/api`, ...credentials }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

it.each(faultSeeds())('goes on by itself after PostgreSQL died (seed %i)', { timeout: 600_000 }, async (seed) => {
  await primary.start();
  const server = start(primary.url);
  try {
    const url = await server.url;
    const token = await tokenOf(url);
    const run = await startRun({ seed, urls: [url], plainUrl: url });
    for (const signal of ['SIGKILL', 'SIGQUIT'] as const) {
      await run.workload.more(CHANGES);
      await primary.end(signal);
      for (const door of DOORS) {
        const { path, status, text } = await knock(url, token, run, door);
        // GraphQL tells its errors in an answer that went well.
        if (path === '/authing/graphql/v2')
          expect([status, text]).toEqual([200, expect.stringContaining('{"errors":[')]);
        else expect([path, status], text).toEqual([path, 503]);
      }
      await primary.start();
    }
    await run.workload.more(CHANGES);
    expect(await run.conclude(primary.url)).toEqual([]);
    expect(run.answers.byStatus.get(503)).toBeGreaterThan(0);
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  } finally {
    await server.kill('SIGKILL');
  }
});

/** PostgreSQL lets a commit wait for its standby without end; its caller must not. */
async function refusesAlone({ url }: Cluster): Promise<void> {
  const database = openDatabase(`${url}?statement_timeout=500`);
  try {
    const alone = database.write((db) => db.schema.createTable('alone').addColumn('n', 'integer').execute());
    await expect(alone).rejects.toMatchObject({ code: 'overloaded' });
  } finally {
    await database.close();
  }
}

it.each(faultSeeds())(
  'keeps what was answered when the standby takes over (seed %i)',
  { timeout: 600_000 },
  async (seed) => {
    const standby = await primary.copyAsStandby();
    const kept = { wal_keep_size: '256MB' };
    const following = { ...kept, primary_conninfo: `${primary.url}?application_name=standby` };
    await primary.start({ ...kept, synchronous_standby_names: 'standby' });
    await refusesAlone(primary);
    await standby.start(following);
    // One address for whichever is the primary, as of a load balancer.
    const proxy = await startProxy(primary.url);
    const server = start(`${proxy.url}?statement_timeout=1500`);
    try {
      const url = await server.url;
      const token = await tokenOf(url);
      const run = await startRun({ seed, urls: [url], plainUrl: url });
      const makeRole = () => knock(url, token, run, ['/api/v1/roles', { code: 'both' }, `both-${seed}`]);
      const made = () =>
        vi.waitFor(async () => {
          const { status, text } = await makeRole();
          expect(status, text).toBe(201);
        }, 30_000);
      await run.workload.more(CHANGES);
      // Alone the primary keeps nothing safe: nothing is answered as done, and it is done when the standby is back.
      await standby.end('SIGKILL');
      const unsafe = await makeRole();
      expect(unsafe.status, unsafe.text).toBe(503);
      await standby.start(following);
      await made();
      await run.workload.more(CHANGES);
      await primary.end('SIGKILL');
      proxy.retarget(standby.url);
      // What is read is right already; what is written waits until the standby may.
      await made();
      const early = await knock(url, token, run, ['/api/v1/roles', { code: 'early' }]);
      expect(early.status, early.text).toBe(503);
      await standby.query('select pg_promote()');
      await run.workload.more(CHANGES);
      expect(await run.conclude(standby.url)).toEqual([]);
      expect(run.answers.byStatus.get(503)).toBeGreaterThan(0);
      const roles = await standby.query(`select code from roles where code in ('both', 'early')`);
      expect(roles).toEqual([{ code: 'both' }]);
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      await server.kill('SIGKILL');
      await proxy.close();
      await standby.remove();
    }
  },
);
