/** The built server as a process of its own, on a temporary data directory that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_MS = 20_000;
const STOP_MS = 10_000;

export interface Server {
  readonly url: string;
  readonly dataDir: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly adminEmail: string;
  /** Stops the process in order and removes its data. Resolves to its exit code; null if it had to be killed. */
  stop(): Promise<number | null>;
}

/** Starts the server on a free port and waits until it listens. */
export async function startServer(): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'reeve-demo-'));
  const [clientId, clientSecret, adminEmail] = [
    'demo-management',
    randomBytes(24).toString('base64url'),
    'admin@example.com',
  ];
  // The caller's own settings must not reach this server.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('REEVE_'));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../packages/server/dist/main.js', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(inherited),
        REEVE_PORT: '0',
        REEVE_DATA_DIR: dataDir,
        REEVE_CLIENT_ID: clientId,
        REEVE_CLIENT_SECRET: clientSecret,
        REEVE_ADMIN_EMAIL: adminEmail,
        // One client makes thousands of calls in a few seconds here.
        REEVE_RATE_LIMIT: 'off',
      },
    },
  );
  const stop = async () => {
    const code = await end(child);
    await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  try {
    const url = await listening(child);
    return { url, dataDir, clientId, clientSecret, adminEmail, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The URL that the server announces; an early end or too long a wait is an error with what it said last. */
function listening(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('The server has no output.');
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The server ${why}. It said:\n${said.slice(-20).join('\n')}`));
    const timer = setTimeout(() => fail(`did not listen within ${START_MS / 1000} s`), START_MS);
    const hear = (line: string) => {
      said.push(line);
      const url = /^listening on (\S+)$/.exec(line)?.[1];
      if (url) resolve(url);
    };
    createInterface({ input: stdout }).on('line', hear);
    createInterface({ input: stderr }).on('line', hear);
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
    child.once('exit', () => clearTimeout(timer));
  });
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  const [code] = await exit;
  clearTimeout(timer);
  return code;
}
