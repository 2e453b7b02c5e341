/**
 * Kept totals, so that a list's total costs the same at ten users and at ten million. On PostgreSQL a total is the sum
 * of several slots, so that concurrent changes do not queue for one row.
 */
import { type Db, isPostgres, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';

const SLOTS = 16;

const add = statement<{ tenant_id: number; name: string; slot: number; n: number }, unknown>((db, slot) =>
  db
    .insertInto('counters')
    .values({ tenant_id: slot('tenant_id'), name: slot('name'), slot: slot('slot'), n: slot('n') })
    .onConflict((c) =>
      c.columns(['tenant_id', 'name', 'slot']).doUpdateSet((e) => ({ n: e('counters.n', '+', e.ref('excluded.n')) })),
    ),
);

const sum = statement<{ tenant_id: number; name: string }, { n: number | string | null }>((db, slot) =>
  db
    .selectFrom('counters')
    .select((e) => e.fn.sum<number | string>('n').as('n'))
    .where('tenant_id', '=', slot('tenant_id'))
    .where('name', '=', slot('name')),
);

/** Adds to several totals, in the order of their names: concurrent changes meet in one order and can't deadlock. */
export async function addToCounters(db: Db, tenantId: number, counts: ReadonlyMap<string, number>): Promise<void> {
  const slot = isPostgres(db) ? Math.floor(Math.random() * SLOTS) : 0;
  for (const name of [...counts.keys()].sort()) {
    const n = counts.get(name) as number;
    if (n !== 0) await add(db, { tenant_id: tenantId, name, slot, n });
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
