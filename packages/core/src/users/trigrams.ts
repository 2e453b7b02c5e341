/**
 * Which trigrams of a needle to ask the index for. The index intersects whole posting lists, so a few rare trigrams are
 * far cheaper than all of them; every match is verified against the text anyway. How rare a trigram is, is estimated
 * from a sample of the directory, drawn anew as the directory grows.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';

const SAMPLE = 2000;
const ASKED = 3;

interface Sample {
  readonly seen: Map<string, number>;
  readonly upTo: number;
}
const samples = new WeakMap<object, Sample>();

const cutUp = (text: string): Set<string> => {
  const points = [...text];
  const trigrams = new Set<string>();
  for (let i = 0; i + 3 <= points.length; i++) trigrams.add(points.slice(i, i + 3).join(''));
  return trigrams;
};

const newest = statement<Record<string, never>, { top: number | null }>((db) =>
  db.selectFrom('users').select((e) => e.fn.max('num').as('top')),
);

async function sampleOf(db: Db): Promise<Sample> {
  const executor = db.getExecutor().adapter;
  const known = samples.get(executor);
  const [row] = await newest(db, {});
  const top = row?.top ?? 0;
  if (known && top < known.upTo * 2) return known;
  const step = Math.max(1, Math.floor(top / SAMPLE));
  const drawn = await sql<{ search_text: string }>`
    with recursive picks (num) as (select 1 union all select num + ${step} from picks where num + ${step} <= ${top})
    select search_text from picks join users using (num)`.execute(db);
  const seen = new Map<string, number>();
  for (const { search_text } of drawn.rows)
    for (const trigram of cutUp(search_text)) seen.set(trigram, (seen.get(trigram) ?? 0) + 1);
  const sample = { seen, upTo: Math.max(top, 100) };
  samples.set(executor, sample);
  return sample;
}

/** The index query for `needle`: its rarest trigrams, all of which must be there. */
export async function trigramsOf(db: Db, needle: string): Promise<string> {
  const { seen } = await sampleOf(db);
  const rarest = [...cutUp(needle)].sort((a, b) => (seen.get(a) ?? 0) - (seen.get(b) ?? 0)).slice(0, ASKED);
  return rarest.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}
