/** The same request on a directory of 10,000 users (the floor here) and on one of 1,000,000. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bearerOf } from './bearer.ts';
import { type Comparison, compare, type Rounds, type Side } from './compare.ts';
import { needlesOf, sampleOf } from './directory.ts';
import { startReeve } from './processes.ts';
import { GROUP, seededCopy } from './seed.ts';

export const scales = ['list', 'list of a group', 'deep page', 'search by e-mail', 'search by name'] as const;
export type Scale = (typeof scales)[number];

const PATH = '/api/v1/users';
const MOST = 50;
const VARIETY = 500;

/** A cursor in the middle of the list. */
function middleOf(dir: string): string {
  const handle = new DatabaseSync(join(dir, 'reeve.db'), { readOnly: true });
  const { num } = handle.prepare('select max(num) / 2 as num from users').get() as { num: number };
  handle.close();
  const sort = '-created_at';
  return Buffer.from(JSON.stringify([sort, num, num])).toString('base64url');
}

/** Those needles that match at most fifty people. */
function rare(dir: string, needles: readonly string[]): string[] {
  const handle = new DatabaseSync(join(dir, 'reeve.db'), { readOnly: true });
  const count = handle.prepare(
    'select count(*) as n from (select 1 from users_search where users_search match ? limit ?)',
  );
  const found = needles.filter((needle) => {
    const points = [...needle.toLowerCase().replaceAll(' ', '\u0002\u0002')];
    const trigrams = points.slice(2).map((_, i) => `"${points.slice(i, i + 3).join('')}"`);
    return (count.get(trigrams.join(' AND '), MOST + 1) as { n: number }).n <= MOST;
  });
  handle.close();
  return found;
}

function pathsOf(scale: Scale, dir: string): string[] {
  if (scale === 'list') return [`${PATH}?limit=50&include_total=true`];
  if (scale === 'list of a group') return [`${PATH}?limit=50&include_total=true&group=${GROUP}`];
  if (scale === 'deep page') return [`${PATH}?limit=50&cursor=${middleOf(dir)}`];
  const sample = sampleOf(dir).slice(0, VARIETY);
  const needles =
    scale === 'search by e-mail'
      ? needlesOf(sample)
      : sample.map(({ name, email }) => `${name} ${email.slice(0, email.indexOf('@')).slice(0, -3)}`);
  return rare(dir, needles).map((needle) => `${PATH}?search=${encodeURIComponent(needle)}`);
}

export async function scale(subjects: readonly Scale[] = scales, rounds: Rounds = {}): Promise<Comparison[]> {
  const copies = [await seededCopy(10_000), await seededCopy(1_000_000)] as const;
  const servers = [await startReeve(copies[0].dir), await startReeve(copies[1].dir)] as const;
  try {
    const bearers = await Promise.all(servers.map(({ port }, i) => bearerOf(copies[i as 0].dir, port)));
    const sideOf = (subject: Scale, i: 0 | 1): Side => ({
      server: servers[i],
      ask: {
        method: 'GET',
        paths: pathsOf(subject, copies[i].dir),
        headers: { authorization: `Bearer ${bearers[i]}` },
      },
    });
    const found: Comparison[] = [];
    for (const subject of subjects) found.push(await compare(subject, sideOf(subject, 0), sideOf(subject, 1), rounds));
    return found;
  } finally {
    for (const server of servers) await server.stop();
    for (const copy of copies) await copy.drop();
  }
}
