/** Counts that servers share. They belong to no tenant by themselves: their names tell whom they are about. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';

/** Rows of one statement. */
const AT_ONCE = 500;

export interface TallyRow {
  readonly name: string;
  readonly used: number;
  readonly expires_at: number;
  /** Of the count, in milliseconds: it can't have begun later than now. */
  readonly lifetime: number;
}

const chunks = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, i) => items.slice(i * AT_ONCE, (i + 1) * AT_ONCE));

/** In one order on all servers, so that they seldom wait for each other in a circle; a unit that does is run again. */
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Counts that have ended begin anew, and so do those that a clock made which was ahead by more than `skew`. */
export async function upsertTallies(
  db: Db,
  counts: readonly TallyRow[],
  { now, skew }: { readonly now: number; readonly skew: number },
): Promise<void> {
  const isOver = sql`tallies.expires_at <= ${now} or tallies.expires_at - tallies.lifetime > ${now + skew}`;
  const isLater = sql`tallies.expires_at > excluded.expires_at`;
  for (const rows of chunks(counts.toSorted(byName)))
    await db
      .insertInto('tallies')
      .values(rows.map((row) => ({ ...row, changed_at: now })))
      .onConflict((c) =>
        c.column('name').doUpdateSet((e) => ({
          used: sql<number>`case when ${isOver} then excluded.used else tallies.used + excluded.used end`,
          expires_at: sql<number>`case when (${isOver}) or not (${isLater}) then excluded.expires_at else tallies.expires_at end`,
          lifetime: e.ref('excluded.lifetime'),
          changed_at: e.ref('excluded.changed_at'),
        })),
      )
      .execute();
}

/** They stay for a while as counts that have ended, so that the other servers hear of it. */
export async function updateEndedTallies(db: Db, names: readonly string[], now: number): Promise<void> {
  for (const some of chunks(names.toSorted()))
    await db
      .updateTable('tallies')
      .set({ used: 0, expires_at: now, changed_at: now })
      .where('name', 'in', some)
      .execute();
}

export const findChangedTallies = (db: Db, since: number, most: number): Promise<TallyRow[]> =>
  db
    .selectFrom('tallies')
    .select(['name', 'used', 'expires_at', 'lifetime'])
    .where('changed_at', '>=', since)
    .orderBy('changed_at', 'desc')
    .limit(most)
    .execute();
