/** Figures by day. They are computed from the events when they are asked for: nothing is counted twice, or kept. */
import type { stats as contract, Static } from '@reeve/contract';
import { sql } from 'kysely';
import { numbersOf } from '../audit/audit.store.ts';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { targetsOf } from './targets.ts';

const DAY = 86_400_000;
const DEFAULT_DAYS = 30;
const MOST_DAYS = 366;
const ACTIVE_FOR = 30 * DAY;

type Query = NonNullable<Static<typeof contract.daily.query>>;

/** Midnight before a day (UTC), in epoch milliseconds. */
function dayOf(field: keyof Query, text: string): number {
  const at = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text))
    throw fieldProblem(field, 'date', `${field} must be a day of the calendar, as 2026-01-31.`);
  return at;
}

function rangeOf({ from, to }: Query, now: number): { first: number; last: number } {
  const last = to === undefined ? Math.floor(now / DAY) * DAY : dayOf('to', to);
  const first = from === undefined ? last - (DEFAULT_DAYS - 1) * DAY : dayOf('from', from);
  if (first > last) throw fieldProblem('from', 'range', 'from must not be later than to.');
  if (last - first >= MOST_DAYS * DAY)
    throw fieldProblem('from', 'range', `At most ${MOST_DAYS} days are told at once.`);
  return { first, last };
}

/** How many events of a type there were, by the number of their day. */
async function countByDay(
  db: Db,
  tenantId: number,
  type: 'user.signed_in' | 'user.created',
  start: number,
  end: number,
): Promise<Map<number, number>> {
  // The range of numbers bounds what is walked of the index by type.
  const { after, before } = await numbersOf(db, tenantId, { start, end });
  let query = db
    .selectFrom('events')
    .select([sql<number>`created_at / ${sql.lit(DAY)}`.as('day'), (e) => e.fn.countAll<number | string>().as('n')])
    .where('tenant_id', '=', tenantId)
    .where('type', '=', type)
    .where((e) => e(e('created_at', '+', 0), '>=', start))
    .where((e) => e(e('created_at', '+', 0), '<', end));
  if (after !== undefined) query = query.where('num', '>', after);
  if (before !== undefined) query = query.where('num', '<', before);
  const rows = await query.groupBy('day').execute();
  return new Map(rows.map(({ day, n }) => [Number(day), Number(n)]));
}

export const daily: Operation<typeof contract.daily> = (work, { query }) => {
  const { first, last } = rangeOf(query, work.now);
  return work.read(async (db) => {
    const [signIns, signUps] = [
      await countByDay(db, work.tenant.id, 'user.signed_in', first, last + DAY),
      await countByDay(db, work.tenant.id, 'user.created', first, last + DAY),
    ];
    const days = Array.from({ length: (last - first) / DAY + 1 }, (_, i) => {
      const start = first + i * DAY;
      return {
        date: new Date(start).toISOString().slice(0, 10),
        sign_ins: signIns.get(start / DAY) ?? 0,
        sign_ups: signUps.get(start / DAY) ?? 0,
        leaked_passwords: 0,
        updated_at: toWire(Math.min(Math.max(work.now, start), start + DAY)),
      };
    });
    return { days };
  });
};

/** Everybody who signed in, but who was deleted since. */
export const activeUsers: Operation<typeof contract.activeUsers> = async (work) => {
  const start = work.now - ACTIVE_FOR;
  const active = new Set<string>();
  for await (const ids of targetsOf(work, 'user.signed_in', { start })) for (const id of ids) active.add(id);
  for await (const ids of targetsOf(work, 'user.deleted', { start })) for (const id of ids) active.delete(id);
  return { active_users: active.size };
};
