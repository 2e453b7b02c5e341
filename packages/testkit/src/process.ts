/** The server as the process that operators run: for what only a process can show (its output, its exit, its death). */
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = globSync(['{contract,core,server}/src', 'dialects/*/server'], { cwd: packages });
const BUILT = join(packages, 'server/dist/main.js');

/** When the newest source of the server was changed. */
const newestSource = (): number =>
  Math.max(
    ...SOURCES.flatMap((folder) =>
      readdirSync(join(packages, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .map((file) => statSync(join(packages, folder, file)).mtimeMs),
    ),
  );

/** Whether what was built is newer than every source. */
export const isBuilt = (): boolean => (statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newestSource();

let program: string[] | undefined;

/**
 * Node's arguments for the server: the built one, which operators run and which starts ten times as fast, or the sources
 * where they are newer than what was built.
 */
export function serverProgram(): readonly string[] {
  program ??= isBuilt() ? [BUILT] : ['--conditions=reeve-source', join(packages, 'server/src/main.ts')];
  return program;
}

const START_MILLISECONDS = 50_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** The URL of its `listening on` line. Rejects when it ends before. */
  readonly url: Promise<string>;
  readonly exit: Promise<Exit>;
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** Starts the server. Only the given variables reach it. */
export function spawnServer(environment: Readonly<Record<string, string>>): ServerProcess {
  const child: ChildProcess = spawn(process.execPath, serverProgram(), {
    env: { PATH: process.env.PATH, REEVE_PORT: '0', REEVE_RATE_LIMIT: 'off', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  const exit = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  const url = new Promise<string>((resolve, reject) => {
    const slow = setTimeout(() => reject(new Error('The server did not start in time.')), START_MILLISECONDS);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
      const [, found] = /^listening on (\S+)$/m.exec(written.stdout) ?? [];
      if (found) resolve(found);
    });
    void exit.then(({ code }) => reject(new Error(`The server ended with ${code}: ${written.stderr}`)));
    void exit.then(() => clearTimeout(slow));
  });
  // Whoever waits for the exit only need not hear of it twice.
  url.catch(() => {});
  return {
    pid: child.pid as number,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    url,
    exit,
    kill(signal) {
      child.kill(signal);
      return exit;
    },
  };
}
