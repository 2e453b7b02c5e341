/** Long answers against the floor: the export of users and the stream of the audit log, in rows per second on one connection. */
import { get } from 'node:http';
import { bearerOf } from './bearer.ts';
import { type Comparison, median, quantile } from './compare.ts';
import { type Served, startFloor, startReeve } from './processes.ts';
import { seededCopy } from './seed.ts';

const USERS = 100_000;
const PATHS = { export: '/api/v1/users/export', audit: '/api/v1/audit/stream' } as const;
const NEW_LINE = 10;

/** Reads an answer to its end and counts its lines. */
export function drain(port: number, path: string, authorization: string): Promise<{ rows: number; seconds: number }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    get({ host: '127.0.0.1', port, path, headers: { authorization }, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${path} answered ${response.statusCode}.`));
      let rows = 0;
      response.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, at + 1)) rows++;
      });
      response.on('end', () => resolve({ rows, seconds: (performance.now() - startedAt) / 1000 }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

export async function stream(subject: keyof typeof PATHS, rounds = 7): Promise<Comparison> {
  // One after another: the streamed events must not grow between the rounds by more than the rounds' own.
  const copies = [await seededCopy(USERS), await seededCopy(USERS)] as const;
  const servers = [await startFloor(copies[0].dir), await startReeve(copies[1].dir)] as const;
  try {
    const authorization = `Bearer ${await bearerOf(copies[1].dir, servers[1].port)}`;
    const measure = async (server: Served) => {
      const before = server.cpu();
      const { rows, seconds } = await drain(server.port, PATHS[subject], authorization);
      return { rate: rows / seconds, cpu: (server.cpu() - before) / rows };
    };
    for (const server of servers) await measure(server);
    const taken: { floor: Awaited<ReturnType<typeof measure>>; ours: Awaited<ReturnType<typeof measure>> }[] = [];
    for (let i = 0; i < rounds; i++) taken.push({ floor: await measure(servers[0]), ours: await measure(servers[1]) });
    const ratios = taken.map(({ floor, ours }) => ours.rate / floor.rate);
    return {
      name: subject,
      floor: median(taken.map(({ floor }) => floor.rate)),
      ours: median(taken.map(({ ours }) => ours.rate)),
      ratio: median(ratios),
      spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      floorCpu: median(taken.map(({ floor }) => floor.cpu)),
      oursCpu: median(taken.map(({ ours }) => ours.cpu)),
      p99: Number.NaN,
    };
  } finally {
    for (const server of servers) await server.stop();
    for (const copy of copies) await copy.drop();
  }
}
