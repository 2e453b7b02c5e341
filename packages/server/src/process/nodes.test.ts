/**
 * Several servers on one PostgreSQL: what one does holds on all of them, a job outlives its server, and a deployment is
 * replaced server by server without a call that fails.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { kill } from 'node:process';
import { openDatabase, SHARE_MILLISECONDS } from '@reeve/core';
import { ReeveManagement } from '@reeve/sdk';
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  askForToken,
  CLIENT_ID,
  CLIENT_SECRET,
  freshDatabase,
  type ServerProcess,
  signInWith,
  spawnServer,
  startBalancer,
  type TestDatabase,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What a server may still take for granted of the directory, as CONTRIBUTING and the guard say. */
const BOUND_MILLISECONDS = 1000;
const PATIENCE = 120_000;

interface Node {
  readonly process: ServerProcess;
  readonly url: string;
}

const statusAt = async (url: string, path: string, token: string): Promise<number> => {
  const response = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
};

/** Asks until it is refused. Returns how long after `since` the last request was sent that was not refused; negative: none was. */
async function lastAccepted(since: number, ask: () => Promise<boolean>): Promise<number> {
  let last = Number.NEGATIVE_INFINITY;
  for (;;) {
    const sentAt = performance.now();
    if (!(await ask())) return last;
    last = sentAt - since;
  }
}

describe('several servers on one PostgreSQL', () => {
  let database: TestDatabase;
  const nodes: Node[] = [];
  const environment = (name: string, more: Record<string, string> = {}) => ({
    REEVE_DATA_DIR: join(database.dir, name),
    REEVE_DATABASE_URL: database.url,
    REEVE_SECRET_KEY: secretKey,
    REEVE_ADMIN_EMAIL: ADMIN_EMAIL,
    REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    REEVE_CLIENT_ID: CLIENT_ID,
    REEVE_CLIENT_SECRET: CLIENT_SECRET,
    ...more,
  });
  const secretKey = randomBytes(32).toString('hex');
  let started = 0;
  const start = async (more: Record<string, string> = {}): Promise<Node> => {
    const process = spawnServer(environment(`node-${started++}`, more));
    return { process, url: await process.url };
  };
  const clientOf = (url: string) =>
    new ReeveManagement({ tenantUrl: url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
  const [a, b] = [() => nodes[0] as Node, () => nodes[1] as Node];

  beforeAll(async () => {
    database = await freshDatabase('postgres');
  });
  afterAll(async () => {
    await Promise.all(nodes.map(({ process }) => process.kill('SIGKILL')));
    await database.drop();
  });

  it('are migrated and founded by exactly one of those that start together', async () => {
    nodes.push(...(await Promise.all([start(), start(), start()])));
    const founders = nodes.filter(({ process }) => process.stdout().includes('A new directory was made'));
    expect(founders).toHaveLength(1);
    const directory = openDatabase(database.url);
    try {
      const count = (table: 'tenants' | 'users' | 'applications') =>
        directory.read(async (db) => (await db.selectFrom(table).select('id').execute()).length);
      expect([await count('tenants'), await count('users')]).toEqual([1, 1]);
    } finally {
      await directory.close();
    }
    const totals = await Promise.all(nodes.map(({ url }) => clientOf(url).users.list({ include_total: true })));
    expect(totals.map(({ total }) => total)).toEqual([1, 1, 1]);
    await (nodes.pop() as Node).process.kill('SIGTERM');
  });

  it(`know within ${BOUND_MILLISECONDS} ms what another one has ended or changed`, { timeout: PATIENCE }, async () => {
    const reeve = clientOf(a().url);
    const password = 'Correct-Horse-7';
    const admins = await reeve.roles.list({ search: 'super_admin' });
    const roleId = admins.roles.find(({ code }) => code === 'super_admin')?.id as string;
    const person = async (name: string) => {
      const user = await reeve.users.create({ email: `${name}@example.com`, email_verified: true, password });
      await reeve.roles.addMember(roleId, user.id);
      const signedIn = await signInWith(a(), { username: `${name}@example.com`, password, scope: 'openid users:read' });
      expect(signedIn.status, JSON.stringify(signedIn.body)).toBe(200);
      const token = signedIn.body.access_token;
      // The other server knows the token, too.
      expect(await statusAt(b().url, '/users', token)).toBe(200);
      return { user, token };
    };
    const measured: Record<string, number> = {};
    const bound = async (what: string, change: () => Promise<unknown>, ask: () => Promise<boolean>) => {
      await change();
      measured[what] = await lastAccepted(performance.now(), ask);
      expect(measured[what], what).toBeLessThan(BOUND_MILLISECONDS);
    };
    const disabled = await person('disabled');
    await bound(
      'a user is disabled',
      () => reeve.users.disable(disabled.user.id),
      async () => (await statusAt(b().url, '/users', disabled.token)) === 200,
    );
    const demoted = await person('demoted');
    await bound(
      'a role is taken',
      () => reeve.roles.removeMember(roleId, demoted.user.id),
      async () => (await statusAt(b().url, '/users', demoted.token)) === 200,
    );
    const gone = await person('signed-out');
    const { sessions } = await reeve.sessions.listForUser(gone.user.id);
    await bound(
      'a session is ended',
      () => reeve.sessions.revoke(sessions[0]?.id as string),
      async () => (await statusAt(b().url, '/users', gone.token)) === 200,
    );
    const { application, secret } = await machineOf(reeve);
    const own = await askForToken(b(), { client_id: application.client_id, client_secret: secret });
    expect(await statusAt(b().url, '/users', own.body.access_token)).toBe(200);
    await bound(
      'an application is disabled',
      () => reeve.applications.disable(application.id),
      async () => (await statusAt(b().url, '/users', own.body.access_token)) === 200,
    );
    await bound(
      'an application may not ask for tokens',
      async () => {},
      async () => (await askForToken(b(), { client_id: application.client_id, client_secret: secret })).status === 200,
    );
    console.log('last accepted, in ms after the change was answered:', measured);
  });

  it('count failures and requests together', { timeout: PATIENCE }, async () => {
    const limit = 300;
    const limited = await Promise.all([1, 2].map(() => start({ REEVE_RATE_LIMIT: String(limit) })));
    nodes.push(...limited);
    const [c, d] = limited as [Node, Node];
    await clientOf(c.url).users.create({
      email: 'locked@example.com',
      email_verified: true,
      password: 'Right-Horse-7',
    });
    const attempt = async (node: Node, username: string): Promise<string | undefined> =>
      (await signInWith(node, { username, password: 'wrong', scope: 'openid' })).body.code;
    /** Tries at both until both say that it is locked. Returns how many tries were taken for tries. */
    const triesUntilLocked = async (username: string): Promise<number> => {
      let tries = 0;
      const bothLocked = async () => {
        const codes = [await attempt(c, username), await attempt(d, username)];
        for (const code of codes) expect(['invalid_credentials', 'user_locked']).toContain(code);
        tries += codes.filter((code) => code === 'invalid_credentials').length;
        return codes.every((code) => code === 'user_locked');
      };
      await expect.poll(bothLocked, { timeout: PATIENCE, interval: SHARE_MILLISECONDS }).toBe(true);
      return tries;
    };
    // The seventh failure of an account locks it.
    expect(await triesUntilLocked('locked@example.com')).toBe(7);
    // A stranger's failures are exchanged: each server alone would take seven.
    expect(await triesUntilLocked(`${'stranger'.repeat(600)}@example.com`)).toBeLessThan(12);
    const ask = async ({ url }: Node, token: string) => {
      const response = await fetch(`${url}/api/v1/users?limit=1`, { headers: { authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      const header = (name: string) => Number(response.headers.get(`ratelimit-${name}`));
      return { status: response.status, left: header('remaining'), reset: header('reset'), window: windowOf(response) };
    };
    const { body } = await askForToken(c);
    // A minute that has just begun: what follows takes a few seconds.
    await expect
      .poll(async () => (await ask(c, body.access_token)).reset, { timeout: PATIENCE, interval: 500 })
      .toBeGreaterThan(20);
    const first = await ask(c, body.access_token);
    let accepted = limit - first.left;
    const use = async (node: Node) => {
      const answer = await ask(node, body.access_token);
      expect(answer.window).toBe(first.window);
      if (answer.status === 200) accepted++;
      return answer;
    };
    while ((await use(c)).left > limit / 2);
    const usedAtC = accepted;
    // The other one hears of it within two exchanges.
    const patiently = { timeout: PATIENCE, interval: 100 };
    await expect.poll(async () => (await use(d)).left, patiently).toBeLessThan(limit - usedAtC + 1);
    while ((await use(d)).status !== 429);
    await expect.poll(async () => (await use(c)).status, patiently).toBe(429);
    expect(accepted).toBeGreaterThanOrEqual(limit);
    // Over the limit goes what one counted while the other did not know yet.
    expect(accepted).toBeLessThanOrEqual(limit + 20);
    for (const { process } of limited) expect(await process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    nodes.splice(-2);
  });

  it('take up the job of one that was killed', { timeout: PATIENCE }, async () => {
    const rows = 20_000;
    const file = Array.from({ length: rows }, (_, i) => ({ email: `queued.${i}@example.com`, user_id: `queued-${i}` }));
    const { body } = await askForToken(a(), { audience: `https://${new URL(a().url).host}/api/v2/` });
    const directory = openDatabase(database.url);
    // So that it is the first one's job for sure.
    kill(b().process.pid, 'SIGSTOP');
    try {
      const { id: connectionId } = await directory.read((db) =>
        db.selectFrom('connections').select('id').where('is_default', '=', 1).executeTakeFirstOrThrow(),
      );
      const form = new FormData();
      form.append('users', new Blob([JSON.stringify(file)], { type: 'application/json' }), 'users.json');
      form.append('connection_id', connectionId);
      form.append('send_completion_email', 'false');
      const put = await fetch(`${a().url}/api/v2/jobs/users-imports`, {
        method: 'POST',
        headers: { authorization: `Bearer ${body.access_token}` },
        body: form,
      });
      const { id } = (await put.json()) as { id: string };
      const job = () =>
        directory.read((db) => db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
      await expect.poll(async () => (await job()).total, { timeout: PATIENCE, interval: 5 }).toBeGreaterThan(500);
      await a().process.kill('SIGKILL');
      const left = await job();
      expect(left).toMatchObject({ state: 'running', queue: 'import' });
      expect(left.total).toBeLessThan(rows);
      kill(b().process.pid, 'SIGCONT');
      await expect.poll(async () => (await job()).state, { timeout: PATIENCE, interval: 100 }).toBe('completed');
      expect(await job()).toMatchObject({ total: rows, inserted: rows, failed: 0 });
      const pieces = () => directory.read((db) => db.selectFrom('import_files').select('position').execute());
      await expect.poll(pieces, { timeout: PATIENCE, interval: 100 }).toEqual([]);
      nodes.splice(0, 1, await start());
    } finally {
      kill(b().process.pid, 'SIGCONT');
      await directory.close();
    }
  });

  it('are replaced one after another under load, and no call fails', { timeout: PATIENCE }, async () => {
    const balancer = await startBalancer(() => nodes.map(({ url }) => url));
    try {
      const reeve = clientOf(balancer.url);
      let isOver = false;
      let calls = 0;
      const work = async (worker: number) => {
        for (let i = 0; !isOver; i++) {
          const user = await reeve.users.create({ username: `rolling-${worker}-${i}` });
          expect((await reeve.users.get(user.id)).username).toBe(`rolling-${worker}-${i}`);
          await reeve.users.update(user.id, { nickname: `n${i}` });
          calls += 3;
        }
        return worker;
      };
      const workers = Array.from({ length: 8 }, (_, worker) => work(worker));
      const failed = Promise.all(workers);
      const replaceAll = async () => {
        for (const old of [...nodes]) {
          const before = calls;
          nodes.push(await start());
          nodes.splice(nodes.indexOf(old), 1);
          expect(await old.process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
          await expect.poll(() => calls, { timeout: PATIENCE, interval: 20 }).toBeGreaterThan(before + 50);
        }
      };
      await Promise.race([replaceAll(), failed]);
      isOver = true;
      await failed;
      const { total } = await reeve.users.list({ search: 'rolling-', include_total: true, limit: 1 });
      expect(total).toBe(calls / 3);
    } finally {
      await balancer.close();
    }
  });
});

/** The minute that a request was counted in. */
const windowOf = ({ headers }: Response): number => Number(headers.get('x-ratelimit-reset'));

async function machineOf(reeve: ReeveManagement) {
  const { client_secret, ...application } = await reeve.applications.create({
    name: 'Another machine',
    type: 'machine_to_machine',
    scopes: ['users:read'],
  });
  return { application, secret: client_secret as string };
}
