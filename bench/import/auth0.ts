/**
 * The same people through Auth0's `importUsersJob` and through the native import, each into a fresh SQLite directory, in
 * turns. A job is timed from the upload's first byte to the answer that says it is completed, asked for every 50 ms.
 * `node --conditions=reeve-source bench/import/auth0.ts [rows] [rounds]`
 */

import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { ManagementClient } from '@reeve/auth0';
import { ReeveManagement } from '@reeve/sdk';
import { quantile } from '../compare.ts';
import { person } from '../people.ts';
import { CLIENT_ID, CLIENT_SECRET, type Served, startReeve } from '../processes.ts';

const POLL_MILLISECONDS = 50;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Rows per second of one import into a fresh directory. */
async function measure(
  rows: number,
  send: (served: Served, dir: string, httpsPort: number) => Promise<number>,
): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'reeve-bench-auth0-'));
  try {
    const httpsPort = await freePort();
    const served = await startReeve(dir, { REEVE_HTTPS_PORT: String(httpsPort) });
    try {
      const began = performance.now();
      const inserted = await send(served, dir, httpsPort);
      const seconds = (performance.now() - began) / 1000;
      if (inserted !== rows) throw new Error(`${inserted} of ${rows} rows were inserted.`);
      return rows / seconds;
    } finally {
      await served.stop();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function natively(served: Served, file: string): Promise<number> {
  const url = `http://127.0.0.1:${served.port}`;
  const reeve = new ReeveManagement({
    tenantUrl: url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    audience: `${url}/api`,
  });
  const { inserted } = await reeve.users.bulkImport(createReadStream(file), { contentType: 'application/json' });
  return inserted;
}

async function asJob(dir: string, httpsPort: number, file: string): Promise<number> {
  const ca = await readFile(join(dir, 'tls/ca.pem'), 'utf8');
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
  const management = new ManagementClient({
    domain: `localhost:${httpsPort}`,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  });
  const [connection] = await management.getConnections({ name: 'Username-Password-Authentication' });
  const { id } = await management.importUsersJob({
    connection_id: connection?.id as string,
    users: file,
    send_completion_email: false,
  });
  for (;;) {
    const job = await management.getJob({ id: id as string });
    if (job.status === 'completed') return (job.summary as { inserted: number }).inserted;
    if (job.status === 'failed') throw new Error(`The job failed: ${JSON.stringify(job)}`);
    await sleep(POLL_MILLISECONDS);
  }
}

const rows = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 3);
const folder = await mkdtemp(join(tmpdir(), 'reeve-bench-auth0-'));
try {
  const file = join(folder, 'people.json');
  await writeFile(file, `[${Array.from({ length: rows }, (_, n) => JSON.stringify(person(n))).join(',\n')}]`);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const native = await measure(rows, (served) => natively(served, file));
    const job = await measure(rows, (_served, dir, httpsPort) => asJob(dir, httpsPort, file));
    ratios.push(job / native);
    console.log(
      `native ${Math.round(native)} rows/s, importUsersJob ${Math.round(job)} rows/s, ratio ${(job / native).toFixed(2)}`,
    );
  }
  console.log(`${rows} users, ${rounds} rounds: median ratio ${quantile(ratios, 0.5).toFixed(2)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
