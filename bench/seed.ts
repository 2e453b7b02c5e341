/**
 * Seeded directories: imported once into the built server over HTTP, kept in the system's temporary folder, and copied
 * for each measurement.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { newId } from '@reeve/core';
import { bearerOf } from './bearer.ts';
import { person } from './people.ts';
import { startReeve } from './processes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const migrations = join(here, '../packages/core/src/migrations');
const PIECE = 500;

/** The code of the group that holds every second user. */
export const GROUP = 'staff';

/** Another schema, other people or another way of seeding make another directory. */
export async function fingerprint(...more: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(migrations)).sort().map((name) => join(migrations, name));
  for (const file of [...files, join(here, 'people.ts'), join(here, 'seed.ts'), ...more])
    hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}

/** Where directories are kept between runs. */
export const KEPT = join(tmpdir(), 'reeve-bench');

/** A data directory with this many users; not to be written to. */
export async function seeded(users: number): Promise<string> {
  const base = KEPT;
  const name = `${users}-${await fingerprint()}`;
  await mkdir(base, { recursive: true });
  if (!(await readdir(base)).includes(name)) {
    const made = await mkdtemp(join(base, 'making-'));
    const server = await startReeve(made);
    try {
      await importPeople(server.port, `Bearer ${await bearerOf(made, server.port)}`, users);
    } finally {
      await server.stop();
    }
    furnish(made);
    await rename(made, join(base, name));
  }
  return join(base, name);
}

/** A copy of a seeded directory that may be written to; `drop` removes it. */
export async function seededCopy(users: number): Promise<{ dir: string; drop(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'reeve-bench-copy-'));
  await cp(await seeded(users), dir, { recursive: true });
  return { dir, drop: () => rm(dir, { recursive: true, force: true }) };
}

/** Imports this many people through a server; `authorization`: the header's value. */
export async function importPeople(port: number, authorization: string, users: number): Promise<void> {
  let n = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      let text = '';
      for (const end = Math.min(users, n + PIECE); n < end; n++) text += `${JSON.stringify(person(n))}\n`;
      controller.enqueue(new TextEncoder().encode(text));
      if (n === users) controller.close();
    },
  });
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/users/import`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-ndjson' },
    body,
    duplex: 'half',
  } as RequestInit);
  const answer = (await response.json()) as { inserted?: number };
  if (answer.inserted !== users) throw new Error(`The seeding failed: ${JSON.stringify(answer).slice(0, 500)}`);
}

/** Puts every second user into a group, with its kept total. */
function furnish(dir: string): void {
  const handle = new DatabaseSync(join(dir, 'reeve.db'));
  const id = newId('grp', Date.now());
  handle.exec('pragma synchronous = off; begin');
  handle
    .prepare(
      `insert into groups (id, tenant_id, code, code_key, name, name_key, description, version, created_at, updated_at)
       values (?, 1, ?, ?, ?, ?, null, 1, 0, 0)`,
    )
    .run(id, GROUP, GROUP, GROUP, GROUP);
  const { changes } = handle
    .prepare(
      `insert into group_members (tenant_id, group_id, user_num, added_at)
       select 1, ?, num, 0 from users where num % 2 = 0 order by num`,
    )
    .run(id);
  handle
    .prepare('insert into counters (tenant_id, name, slot, n) values (1, ?, 0, ?)')
    .run(`users:group:${id}`, changes);
  handle.exec('commit; pragma wal_checkpoint(truncate)');
  handle.close();
}
