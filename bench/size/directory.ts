/**
 * Directories of any size, on either database: people with metadata, twenty groups and ten roles. Made once through the
 * import and kept in the system's temporary folder; a measurement works on a copy.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Db, findDefaultTenant, openDatabase } from '@reeve/core';
import { bearerOf } from '../bearer.ts';
import { startReeve } from '../processes.ts';
import { fingerprint, importPeople, KEPT } from '../seed.ts';
import { type Cluster, startCluster } from './postgres.ts';

export const kinds = ['sqlite', 'postgres'] as const;
export type Kind = (typeof kinds)[number];

const GROUPS = 20;
export const ROLES = 10;
/** Each group and each role has every so manieth user. */
const EVERY = 200;
const SEEDED = 'seeded';
const MEASURED = 'measured';

export interface Facts {
  /** Rows per second. */
  readonly imported: number;
  /** Bytes on disk, the write-ahead log aside. */
  readonly bytes: number;
  /** The largest parts of it, bytes; PostgreSQL alone tells. */
  readonly parts: Readonly<Record<string, number>>;
  readonly load: number;
}

export interface Directory {
  readonly kind: Kind;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly cluster: Cluster | undefined;
  readonly facts: Facts;
  /** Ends what runs for it and removes the copy. */
  drop(): Promise<void>;
}

export const codeOf = (kind: 'group' | 'role', i: number): string => `${kind}-${i}`;

/** A copy of the kept directory; what isn't kept yet is made. */
export async function directoryOf(kind: Kind, users: number): Promise<Directory> {
  await mkdir(KEPT, { recursive: true });
  const name = `size-${kind}-${users}-${await fingerprint(fileURLToPath(import.meta.url))}`;
  const kept = join(KEPT, name);
  if (!(await readdir(KEPT)).includes(name)) {
    const made = await mkdtemp(join(KEPT, 'making-'));
    await make(kind, made, users);
    await rename(made, kept);
  }
  const facts = JSON.parse(await readFile(join(kept, 'facts.json'), 'utf8')) as Facts;
  const dataDir = await mkdtemp(join(tmpdir(), 'reeve-bench-copy-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  if (kind === 'sqlite') {
    await cp(kept, dataDir, { recursive: true });
    const databaseUrl = `sqlite:${join(dataDir, 'reeve.db')}`;
    return { kind, dataDir, databaseUrl, cluster: undefined, facts, drop: remove };
  }
  await cp(join(kept, 'secret.key'), join(dataDir, 'secret.key'));
  const cluster = await startCluster(kept, false);
  await cluster.query(`drop database if exists ${MEASURED}`);
  await cluster.query(`create database ${MEASURED} template ${SEEDED} strategy file_copy`);
  return {
    kind,
    dataDir,
    databaseUrl: cluster.url(MEASURED),
    cluster,
    facts,
    async drop() {
      await cluster.query(`drop database ${MEASURED} with (force)`);
      await cluster.stop();
      await remove();
    },
  };
}

async function make(kind: Kind, dir: string, users: number): Promise<void> {
  const cluster = kind === 'postgres' ? await startCluster(dir, true) : undefined;
  try {
    await cluster?.query(`create database ${SEEDED}`);
    const databaseUrl = cluster ? cluster.url(SEEDED) : `sqlite:${join(dir, 'reeve.db')}`;
    const server = await startReeve(dir, { REEVE_DATABASE_URL: databaseUrl });
    let seconds: number;
    try {
      const authorization = `Bearer ${await bearerOf(dir, server.port, { databaseUrl })}`;
      const began = performance.now();
      await importPeople(server.port, authorization, users);
      seconds = (performance.now() - began) / 1000;
      await makeMemberships(server.port, authorization, databaseUrl);
    } finally {
      await server.stop();
    }
    const sizes = cluster ? await sizesOf(cluster) : { bytes: (await stat(join(dir, 'reeve.db'))).size, parts: {} };
    const facts: Facts = { imported: users / seconds, load: loadavg()[0] as number, ...sizes };
    await writeFile(join(dir, 'facts.json'), JSON.stringify(facts));
  } finally {
    await cluster?.stop();
  }
}

async function sizesOf(cluster: Cluster): Promise<Pick<Facts, 'bytes' | 'parts'>> {
  await cluster.query('vacuum analyze', SEEDED);
  await cluster.query('checkpoint');
  const largest = await cluster.query(
    `select relname as name, pg_relation_size(oid) as bytes from pg_class where relkind in ('r', 'i', 't')
     order by pg_relation_size(oid) desc limit 20`,
    SEEDED,
  );
  const [all] = await cluster.query(`select pg_database_size('${SEEDED}') as bytes`);
  const parts = Object.fromEntries(largest.map(({ name, bytes }) => [String(name), Number(bytes)]));
  return { bytes: Number(all?.bytes), parts };
}

/** Groups and roles are made by requests; their members, which are thousands each, by one statement for each. */
async function makeMemberships(port: number, authorization: string, databaseUrl: string): Promise<void> {
  const post = async (kind: 'group' | 'role', i: number): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${kind}s`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ code: codeOf(kind, i), name: `The ${kind} ${i}` }),
    });
    const { id } = (await response.json()) as { id?: string };
    if (id === undefined) throw new Error(`No ${kind} was made: ${response.status}.`);
    return id;
  };
  const database = openDatabase(databaseUrl);
  try {
    const tenantId = (await database.read(findDefaultTenant))?.id as number;
    for (let i = 0; i < GROUPS; i++) {
      const id = await post('group', i);
      await database.write((db) => fill(db, 'group', tenantId, id, i));
    }
    for (let i = 0; i < ROLES; i++) {
      const id = await post('role', i);
      await database.write((db) => fill(db, 'role', tenantId, id, GROUPS + i));
    }
  } finally {
    await database.close();
  }
}

/** Every so manieth user becomes a member, and the kept total says so. */
async function fill(db: Db, kind: 'group' | 'role', tenantId: number, id: string, rest: number): Promise<void> {
  const { n } = await db
    .selectFrom('users')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where((e) => e(e('num', '%', EVERY), '=', rest))
    .executeTakeFirstOrThrow();
  await db
    .insertInto(`${kind}_members` as 'group_members')
    .columns(['tenant_id', `${kind}_id` as 'group_id', 'user_num', 'added_at'])
    .expression((e) =>
      e
        .selectFrom('users')
        .select((s) => [s.val(tenantId).as('tenant_id'), s.val(id).as('id'), 'num', s.val(0).as('added_at')])
        .where((s) => s(s('num', '%', EVERY), '=', rest)),
    )
    .execute();
  await db
    .insertInto('counters')
    .values({ tenant_id: tenantId, name: `users:${kind}:${id}`, slot: 0, n: Number(n) })
    .execute();
}
