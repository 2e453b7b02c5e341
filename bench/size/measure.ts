/** Each operation by itself, and the Auth0 dialect against the native API: rounds of 32 connections on the built server. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bearerOf } from '../bearer.ts';
import { compare, median } from '../compare.ts';
import { type Ask, Load } from '../load.ts';
import { type Served, startReeve, startReeveObserved } from '../processes.ts';
import { drain } from '../streams.ts';
import type { Directory } from './directory.ts';
import { operationsOf, pairsOf, sampleOf } from './operations.ts';

const CONNECTIONS = 32;
const ROUNDS = 3;
const ROUND_MILLISECONDS = 800;
const WARM_MILLISECONDS = 400;
/** A warm-up that takes so long stands for an operation that is measured once. */
const SLOW_SECONDS = 3;
const COUNTED_MILLISECONDS = 250;
const MEGABYTE = 1_048_576;

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of a request: of the server, of PostgreSQL. */
  readonly cpu: number;
  readonly databaseCpu: number;
}

type Bearers = Readonly<Record<'native' | 'auth0', string>>;

async function bearersOf({ dataDir, databaseUrl }: Directory, { port }: Served): Promise<Bearers> {
  const of = async (api: 'native' | 'auth0') => `Bearer ${await bearerOf(dataDir, port, { api, databaseUrl })}`;
  return { native: await of('native'), auth0: await of('auth0') };
}

const authorized = (ask: Ask, bearers: Bearers): Ask => ({
  ...ask,
  headers: { ...ask.headers, authorization: bearers[ask.paths[0]?.startsWith('/api/v2') ? 'auth0' : 'native'] },
});

async function measure(load: Load, name: string, ask: Ask, server: Served, { cluster }: Directory): Promise<Row> {
  const order = { ...ask, port: server.port, connections: CONNECTIONS };
  const warm = await load.run({ ...order, milliseconds: WARM_MILLISECONDS });
  const taken: Row[] = [];
  for (let i = 0; i < (warm.seconds > SLOW_SECONDS ? 1 : ROUNDS); i++) {
    const before = { server: server.cpu(), database: cluster?.cpu() ?? Number.NaN };
    const { requests, seconds, p50, p99 } = await load.run({ ...order, milliseconds: ROUND_MILLISECONDS });
    const cpu = (server.cpu() - before.server) / requests;
    const databaseCpu = ((cluster?.cpu() ?? Number.NaN) - before.database) / requests;
    taken.push({ name, rate: requests / seconds, p50, p99, cpu, databaseCpu });
  }
  const of = (field: Exclude<keyof Row, 'name'>) => median(taken.map((row) => row[field]));
  return { name, rate: of('rate'), p50: of('p50'), p99: of('p99'), cpu: of('cpu'), databaseCpu: of('databaseCpu') };
}

/** How many statements each operation gives to the database, one request after another on a server of its own. */
async function statementsOf(directory: Directory, asks: Readonly<Record<string, Ask>>): Promise<Map<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'reeve-bench-statements-'));
  const file = join(folder, 'statements');
  await writeFile(file, '');
  const observer = fileURLToPath(new URL('observer.ts', import.meta.url));
  const environment = { REEVE_DATABASE_URL: directory.databaseUrl, BENCH_STATEMENTS: file };
  const server = await startReeveObserved(directory.dataDir, observer, environment);
  const load = new Load();
  try {
    const bearers = await bearersOf(directory, server);
    const counted = new Map<string, number>();
    for (const [name, ask] of Object.entries(asks)) {
      const order = { ...authorized(ask, bearers), port: server.port, connections: 1 };
      await load.run({ ...order, milliseconds: 20 });
      const { size } = await stat(file);
      const { requests } = await load.run({ ...order, milliseconds: COUNTED_MILLISECONDS });
      counted.set(name, ((await stat(file)).size - size) / requests);
    }
    return counted;
  } finally {
    await load.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const mega = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MiB`;
const short = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export async function operationTable(directory: Directory): Promise<string> {
  const asks = operationsOf(await sampleOf(directory));
  const server = await startReeve(directory.dataDir, { REEVE_DATABASE_URL: directory.databaseUrl });
  const load = new Load();
  const rows: Row[] = [];
  const memory = { start: server.memory(), most: server.memory(), exporting: 0, database: 0 };
  let exported: { rows: number; seconds: number; cpu: number };
  try {
    const bearers = await bearersOf(directory, server);
    const watch = setInterval(() => {
      memory.most = Math.max(memory.most, server.memory());
    }, 100);
    for (const [name, ask] of Object.entries(asks)) {
      rows.push(await measure(load, name, authorized(ask, bearers), server, directory));
      console.error(rows.at(-1));
    }
    const before = server.cpu();
    const drained = await drain(server.port, '/api/v1/users/export', bearers.native);
    exported = { ...drained, cpu: (server.cpu() - before) / drained.rows };
    memory.exporting = server.memory();
    // While its connections are there: they hold most of what isn't shared.
    memory.database = directory.cluster?.memory() ?? Number.NaN;
    clearInterval(watch);
  } finally {
    await load.close();
    await server.stop();
  }
  const statements = await statementsOf(directory, asks);
  const { cluster } = directory;
  return [
    rowOf([
      'operation',
      'requests/s',
      'median',
      'p99',
      'server CPU',
      ...(cluster ? ['PostgreSQL CPU'] : []),
      'statements',
    ]),
    rowOf(['---', ...Array.from({ length: cluster ? 6 : 5 }, () => '---:')]),
    ...rows.map(({ name, rate, p50, p99, cpu, databaseCpu }) =>
      rowOf([
        name,
        short(rate),
        `${short(p50)} ms`,
        `${short(p99)} ms`,
        `${short(cpu)} µs`,
        ...(cluster ? [`${short(databaseCpu)} µs`] : []),
        (statements.get(name) ?? Number.NaN).toFixed(1),
      ]),
    ),
    '',
    `Export: ${exported.rows} rows in ${exported.seconds.toFixed(1)} s, ${Math.round(exported.rows / exported.seconds)} rows/s, server CPU ${short(exported.cpu)} µs a row.`,
    `Memory of the server: ${mega(memory.start)} at the start, at most ${mega(memory.most)}, ${mega(memory.exporting)} at the end of the export.`,
    ...(cluster ? [`Memory of PostgreSQL, all processes: ${mega(memory.database)}.`] : []),
  ].join('\n');
}

export async function dialectTable(directory: Directory): Promise<string> {
  const pairs = pairsOf(await sampleOf(directory));
  const server = await startReeve(directory.dataDir, { REEVE_DATABASE_URL: directory.databaseUrl });
  const lines = [
    rowOf(['operation', 'Auth0 ÷ native', 'native', 'Auth0', 'CPU native', 'CPU Auth0']),
    rowOf(Array(6).fill('---')),
  ];
  try {
    const bearers = await bearersOf(directory, server);
    for (const [name, { native, auth0 }] of Object.entries(pairs)) {
      const side = (ask: Ask) => ({ server, ask: authorized(ask, bearers) });
      const found = await compare(name, side(native), side(auth0), { rounds: 9, milliseconds: 500 });
      const { ratio, spread, floor, ours, floorCpu, oursCpu } = found;
      lines.push(
        rowOf([
          name,
          `**${ratio.toFixed(2)}** (${spread.map((edge) => edge.toFixed(2)).join('–')})`,
          `${Math.round(floor)}/s`,
          `${Math.round(ours)}/s`,
          `${short(floorCpu)} µs`,
          `${short(oursCpu)} µs`,
        ]),
      );
      console.error(lines.at(-1));
    }
  } finally {
    await server.stop();
  }
  return lines.join('\n');
}
