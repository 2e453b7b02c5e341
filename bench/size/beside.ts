/**
 * Beside better-auth's admin plugin, on as many users and on SQLite: the same request in turns. better-auth is installed
 * when it is asked for, from its own lock file.
 */
import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bearerOf } from '../bearer.ts';
import { compare } from '../compare.ts';
import type { Ask } from '../load.ts';
import { type Served, startBetterAuth, startReeve } from '../processes.ts';
import { fingerprint, KEPT } from '../seed.ts';
import type { Directory } from './directory.ts';
import { operationsOf, sampleOf } from './operations.ts';

const home = fileURLToPath(new URL('../better-auth/', import.meta.url));
const VARIETY = 2000;
const API = '/api/auth/admin';
/** Both change the one field that both have, of as many people. */
const CHANGED = { name: 'Nick {n}' };

async function install(): Promise<void> {
  try {
    await access(join(home, 'node_modules/better-auth'));
  } catch {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: home });
  }
}

/** A copy of better-auth's directory; what isn't kept yet is made. */
async function copyOf(users: number): Promise<string> {
  const name = `better-auth-${users}-${await fingerprint(join(home, 'server.mjs'), join(home, 'package.json'))}`;
  if (!(await readdir(KEPT)).includes(name)) {
    const made = await mkdtemp(join(KEPT, 'making-'));
    await (await startBetterAuth(made, users)).stop();
    await rename(made, join(KEPT, name));
  }
  const dir = await mkdtemp(join(tmpdir(), 'reeve-bench-copy-'));
  await mkdir(dir, { recursive: true });
  await cp(join(KEPT, name), dir, { recursive: true });
  return dir;
}

/** The administrator's cookies, as a browser would keep them. */
async function cookieOf({ port }: Served): Promise<string> {
  const origin = `http://127.0.0.1:${port}`;
  const response = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@example.com', password: 'bench-admin-password' }),
  });
  if (!response.ok) throw new Error(`better-auth let nobody in: ${response.status}.`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.slice(0, cookie.indexOf(';')))
    .join('; ');
}

function asksOf(dir: string, port: number, cookie: string): Readonly<Record<string, Ask>> {
  const handle = new DatabaseSync(join(dir, 'better-auth.db'), { readOnly: true });
  const rows = handle
    .prepare('select id, email from "user" where rowid % (select max(1, max(rowid) / ?) from "user") = 0')
    .all(VARIETY) as { id: string; email: string }[];
  handle.close();
  const headers = { cookie, origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json' };
  const get = (paths: readonly string[]): Ask => ({ method: 'GET', paths, headers });
  return {
    get: get(rows.map(({ id }) => `${API}/get-user?id=${id}`)),
    'search, exact e-mail': get(
      rows.map(({ email }) => `${API}/list-users?limit=50&filterField=email&filterValue=${encodeURIComponent(email)}`),
    ),
    'list of 50 with total': get([`${API}/list-users?limit=50`]),
    create: {
      method: 'POST',
      paths: [`${API}/create-user`],
      headers,
      body: JSON.stringify({ email: 'new.{n}@example.com', name: 'New Person' }),
    },
    update: {
      method: 'POST',
      paths: [`${API}/update-user`],
      headers,
      body: rows.map(({ id }) => JSON.stringify({ userId: id, data: CHANGED })),
    },
  };
}

/** How many times as fast Reeve must be. */
const AIMS: Readonly<Record<string, number>> = {
  get: 10,
  'search, exact e-mail': 10,
  'list of 50 with total': 5,
  create: 5,
  update: 5,
};

export async function beside(directory: Directory, users: number): Promise<string> {
  await install();
  const dir = await copyOf(users);
  const theirs = await startBetterAuth(dir, users);
  const ours = await startReeve(directory.dataDir);
  const lines = [
    '| operation | aim | Reeve ÷ better-auth | | better-auth | Reeve | CPU better-auth | CPU Reeve |',
    '| --- | --- | --- | --- | ---: | ---: | ---: | ---: |',
  ];
  try {
    const asks = asksOf(dir, theirs.port, await cookieOf(theirs));
    const operations = operationsOf(await sampleOf(directory));
    const update = { ...(operations.update as Ask), body: JSON.stringify(CHANGED) };
    const natively: Readonly<Record<string, Ask>> = { ...operations, update };
    const authorization = `Bearer ${await bearerOf(directory.dataDir, ours.port)}`;
    for (const [name, aim] of Object.entries(AIMS)) {
      const native = natively[name] as Ask;
      const ask = { ...native, headers: { ...native.headers, authorization } };
      const their = { server: theirs, ask: asks[name] as Ask };
      const found = await compare(name, their, { server: ours, ask }, { rounds: 9, milliseconds: 500 });
      const { ratio, spread, floor, ours: rate, floorCpu, oursCpu } = found;
      lines.push(
        `| ${name} | ≥ ${aim} | **${ratio.toFixed(1)}** (${spread.map((edge) => edge.toFixed(1)).join('–')}) | ${ratio >= aim ? 'met' : 'missed'} | ${floor.toFixed(1)}/s | ${Math.round(rate)}/s | ${Math.round(floorCpu)} µs | ${Math.round(oursCpu)} µs |`,
      );
      console.error(lines.at(-1));
    }
  } finally {
    await theirs.stop();
    await ours.stop();
    await rm(dir, { recursive: true, force: true });
  }
  return lines.join('\n');
}
