/**
 * Kept totals, so that a list's total costs the same at ten users and at ten million. On PostgreSQL a total is the sum
 * of several slots, so that concurrent changes do not queue for one row.
 */
import { type Db, isPostgres, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';

const SLOTS = 16;

type Additions = Record<string, string | number>;
/** Totals that one statement adds to: SQLite copies each page that a statement of several rows changes, one by one is faster there. */
const AT_ONCE = { sqlite: 1, postgres: 8 } as const;

/** Adds to so many totals, `name0` by `n0` and so on. */
const additionOf = (count: number) =>
  statement<Additions, unknown>((db, slot) =>
    db
      .insertInto('counters')
      .values(
        Array.from({ length: count }, (_, i) => ({
          tenant_id: slot('tenant_id') as number,
          name: slot(`name${i}`) as string,
          slot: slot('slot') as number,
          n: slot(`n${i}`) as number,
        })),
      )
      .onConflict((c) =>
        c.columns(['tenant_id', 'name', 'slot']).doUpdateSet((e) => ({ n: e('counters.n', '+', e.ref('excluded.n')) })),
      ),
  );
const additions = Array.from({ length: AT_ONCE.postgres }, (_, i) => additionOf(i + 1));

const sum = statement<{ tenant_id: number; name: string }, { n: number | string | null }>((db, slot) =>
  db
    .selectFrom('counters')
    .select((e) => e.fn.sum<number | string>('n').as('n'))
    .where('tenant_id', '=', slot('tenant_id'))
    .where('name', '=', slot('name')),
);

/** Adds to several totals, in the order of their names: concurrent changes meet in one order and can't deadlock. */
export async function addToCounters(db: Db, tenantId: number, counts: ReadonlyMap<string, number>): Promise<void> {
  const isShared = isPostgres(db);
  const slot = isShared ? Math.floor(Math.random() * SLOTS) : 0;
  const atOnce = AT_ONCE[isShared ? 'postgres' : 'sqlite'];
  const names = [...counts.keys()].filter((name) => counts.get(name) !== 0).sort();
  for (let from = 0; from < names.length; from += atOnce) {
    const some = names.slice(from, from + atOnce);
    const values: Additions = { tenant_id: tenantId, slot };
    for (const [i, name] of some.entries()) {
      values[`name${i}`] = name;
      values[`n${i}`] = counts.get(name) as number;
    }
    await (additions[some.length - 1] as (typeof additions)[number])(db, values);
  }
}

/** The kept total of this name; 0 where nothing was ever counted. */
export async function readCounter(db: Db, tenantId: number, name: string): Promise<number> {
  const [row] = await sum(db, { tenant_id: tenantId, name });
  return Number(row?.n ?? 0);
}

/** Several kept totals, by name. */
export async function readCounters(db: Db, tenantId: number, names: readonly string[]): Promise<Map<string, number>> {
  const [first, ...rest] = names;
  const totals = new Map<string, number>(names.map((name) => [name, 0]));
  if (first === undefined) return totals;
  const rows = await db
    .selectFrom('counters')
    .select(['name', (e) => e.fn.sum<number | string>('n').as('n')])
    .where('tenant_id', '=', tenantId)
    .where('name', 'in', padded([first, ...rest]))
    .groupBy('name')
    .execute();
  for (const { name, n } of rows) totals.set(name, Number(n));
  return totals;
}

/** Forgets a total whose subject is gone. */
export async function dropCounter(db: Db, tenantId: number, name: string): Promise<void> {
  await db.deleteFrom('counters').where('tenant_id', '=', tenantId).where('name', '=', name).execute();
}
