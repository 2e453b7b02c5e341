/** Servers under measurement, each in a process of its own, on 127.0.0.1 and a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** `BENCH_SERVER`: another build of it, whose files stay as they are while somebody builds. */
const BUILT_SERVER = process.env.BENCH_SERVER ?? join(here, '../packages/server/dist/main.js');
export const CLIENT_ID = 'bench-management';
export const CLIENT_SECRET = 'bench-management-secret-0123456789';

export interface Served {
  readonly port: number;
  readonly pid: number;
  /** CPU that the process has used, microseconds (Linux; NaN elsewhere). */
  cpu(): number;
  /** Resident memory, bytes (Linux; NaN elsewhere). */
  memory(): number;
  stop(): Promise<void>;
}

const TICK_MICROSECONDS = 10_000;

function cpuOf(pid: number): number {
  try {
    // Fields 14 and 15 of proc_pid_stat(5), counted behind the command's closing parenthesis.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
  } catch {
    return Number.NaN;
  }
}

function memoryOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** Starts a program and waits for the line that tells its port. */
async function start(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Served> {
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const found = /^listening on http:\/\/127\.0\.0\.1:(\d+)/m.exec(text);
      if (found) resolve(Number(found[1]));
    });
    void ended.then(() => reject(new Error(`A server ended before it listened: ${text}`)));
  });
  const pid = child.pid as number;
  return {
    port,
    pid,
    cpu: () => cpuOf(pid),
    memory: () => memoryOf(pid),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const PROFILE = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [];

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  REEVE_PORT: '0',
  REEVE_RATE_LIMIT: 'off',
  REEVE_CLIENT_ID: CLIENT_ID,
  REEVE_CLIENT_SECRET: CLIENT_SECRET,
};

/** The built server on a data directory. */
export const startReeve = (dataDir: string, environment: Readonly<Record<string, string>> = {}): Promise<Served> =>
  start([...PROFILE, BUILT_SERVER], { ...ENVIRONMENT, REEVE_DATA_DIR: dataDir, ...environment });

/** The server from source, with a module that is loaded before it and sees what it does. */
export const startReeveObserved = (
  dataDir: string,
  observer: string,
  environment: Readonly<Record<string, string>>,
): Promise<Served> =>
  start(['--conditions=reeve-source', '--import', observer, join(here, '../packages/server/src/main.ts')], {
    ...ENVIRONMENT,
    REEVE_DATA_DIR: dataDir,
    ...environment,
  });

/** better-auth's server (`better-auth/server.mjs`) on a data directory. */
export const startBetterAuth = (dataDir: string, users: number): Promise<Served> =>
  start([...PROFILE, join(here, 'better-auth/server.mjs')], {
    NODE_ENV: 'production',
    BENCH_DIR: dataDir,
    BENCH_USERS: String(users),
  });

/** The bare server of the same answers (`floor.ts`) on a data directory of the same content. */
export const startFloor = (dataDir: string, program = 'floor.ts'): Promise<Served> =>
  start([...PROFILE, '--conditions=reeve-source', join(here, program)], { FLOOR_DATA_DIR: dataDir });
