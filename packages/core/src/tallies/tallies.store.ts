/** Counts that servers share. They belong to no tenant by themselves: their names tell whom they are about. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';

/** Rows of one statement. */
const AT_ONCE = 500;

export interface TallyRow {
  readonly name: string;
  readonly used: number;
  readonly expires_at: number;
}

const chunks = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, i) => items.slice(i * AT_ONCE, (i + 1) * AT_ONCE));

/** All servers take rows in one order, so that none waits for another in a circle. */
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Counts that have ended begin anew. */
export async function addTallies(db: Db, counts: readonly TallyRow[], now: number): Promise<void> {
  for (const rows of chunks(counts.toSorted(byName)))
    await db
      .insertInto('tallies')
      .values(rows.map((row) => ({ ...row, changed_at: now })))
      .onConflict((c) =>
        c.column('name').doUpdateSet((e) => ({
          used: sql<number>`case when tallies.expires_at <= ${now} then excluded.used else tallies.used + excluded.used end`,
          expires_at: sql<number>`case when tallies.expires_at > excluded.expires_at then tallies.expires_at else excluded.expires_at end`,
          changed_at: e.ref('excluded.changed_at'),
        })),
      )
      .execute();
}

/** They stay for a while as counts that have ended, so that the other servers hear of it. */
export async function resetTallies(db: Db, names: readonly string[], now: number): Promise<void> {
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
    .select(['name', 'used', 'expires_at'])
    .where('changed_at', '>=', since)
    .orderBy('changed_at', 'desc')
    .limit(most)
    .execute();
