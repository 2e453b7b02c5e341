/**
 * Bulk import of many generated people over HTTP into SQLite: rows per second, growth of the server's memory, and how
 * long other requests take meanwhile; beside it, in the same run, the floor: the same rows inserted by one process with
 * bare prepared statements. `node --conditions=reeve-source bench/import/import.ts [rows] [--reads] [--no-floor]`;
 * `--reads`: nobody else writes.
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { bearerOf } from '../bearer.ts';
import { quantile } from '../compare.ts';
import { person } from '../people.ts';
import { type Served, startReeve } from '../processes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const MEGABYTE = 1_048_576;
/** Between two other requests. */
const PAUSE_MILLISECONDS = 20;

function* lines(rows: number): Generator<string> {
  let text = '';
  for (let n = 0; n < rows; n++) {
    text += `${JSON.stringify(person(n))}\n`;
    if (n % 500 === 499 || n === rows - 1) {
      yield text;
      text = '';
    }
  }
}

interface Asked {
  readonly reads: number[];
  readonly writes: number[];
}

/** One HTTP request; how long it took. */
function ask(
  port: number,
  token: string,
  method: string,
  path: string,
  body?: string,
): Promise<{ took: number; text: string }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request({ port, host: '127.0.0.1', method, path: `/api/v1${path}`, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        response.statusCode && response.statusCode < 300
          ? resolve({ took: performance.now() - began, text })
          : reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`)),
      );
    });
    sent.on('error', reject).end(body);
  });
}

/** Asks for this and that, one after another, until told to stop: every fourth request writes, or none. */
async function askMeanwhile(port: number, token: string, until: { isOver: boolean }, writes: boolean): Promise<Asked> {
  const asked: Asked = { reads: [], writes: [] };
  const first = JSON.parse((await ask(port, token, 'GET', '/users?limit=1')).text) as { users: { id: string }[] };
  const paths = [
    `/users/${first.users[0]?.id}`,
    '/users?limit=50&include_total=true',
    '/users?email=nobody@example.com',
  ];
  for (let n = 0; !until.isOver; n++) {
    const path = paths[n % 4] ?? (writes ? undefined : paths[0]);
    if (path !== undefined) asked.reads.push((await ask(port, token, 'GET', path)).took);
    else {
      const body = JSON.stringify({ email: `other.${n}@example.com`, email_verified: true, name: `Other ${n}` });
      asked.writes.push((await ask(port, token, 'POST', '/users', body)).took);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
  return asked;
}

function upload(port: number, token: string, file: string): Promise<{ inserted: number; failed: number }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-ndjson',
      'content-length': statSync(file).size,
    };
    const sent = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/api/v1/users/import', headers },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => (response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))));
      },
    );
    sent.on('error', reject);
    createReadStream(file, { highWaterMark: 262_144 }).pipe(sent);
  });
}

async function measureImport(served: Served, dir: string, file: string, rows: number) {
  const token = await bearerOf(dir, served.port);
  await ask(served.port, token, 'GET', '/users?limit=1');
  const idle = served.memory();
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, served.memory());
  }, 100);
  const until = { isOver: false };
  const others = askMeanwhile(served.port, token, until, !process.argv.includes('--reads'));
  const cpu = served.cpu();
  const began = performance.now();
  const answer = await upload(served.port, token, file);
  const seconds = (performance.now() - began) / 1000;
  until.isOver = true;
  clearInterval(watch);
  const asked = await others;
  if (answer.inserted !== rows) throw new Error(`${answer.inserted} of ${rows} rows were inserted.`);
  return { rate: rows / seconds, growth: (peak - idle) / MEGABYTE, cpu: (served.cpu() - cpu) / rows, asked };
}

function floor(dir: string, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=reeve-source', join(here, 'floor.ts'), dir, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('exit', (code) => (code === 0 ? resolve(Number(text)) : reject(new Error(`The floor ended (${code}).`))));
  });
}

const rows = Number(process.argv[2] ?? 1_000_000);
const dir = await mkdtemp(join(tmpdir(), 'reeve-bench-import-'));
try {
  const file = join(dir, 'people.ndjson');
  await pipeline(Readable.from(lines(rows)), createWriteStream(file));
  const data = join(dir, 'data');
  const served = await startReeve(data);
  await served.stop();
  await cp(data, join(dir, 'floor'), { recursive: true });
  const again = await startReeve(data);
  const { rate, growth, cpu, asked } = await measureImport(again, data, file, rows);
  await again.stop();
  const bare = process.argv.includes('--no-floor') ? Number.NaN : await floor(join(dir, 'floor'), file);
  const told = (took: number[]) =>
    took.length === 0
      ? 'none'
      : `p50 ${quantile(took, 0.5).toFixed(1)} ms, p99 ${quantile(took, 0.99).toFixed(1)} ms, max ${Math.max(...took).toFixed(1)} ms (${took.length})`;
  console.log(
    `import of ${rows} rows: ${Math.round(rate)} rows/s, floor ${Math.round(bare)} rows/s, ratio ${(rate / bare).toFixed(2)}\n` +
      `  server: memory grew by ${growth.toFixed(0)} MB, ${cpu.toFixed(1)} µs CPU a row\n` +
      `  other requests meanwhile: all ${told([...asked.reads, ...asked.writes])}\n    reads ${told(asked.reads)}\n    writes ${told(asked.writes)}`,
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
