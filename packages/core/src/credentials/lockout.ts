/**
 * Lockout: seven failures in a row shut an account for five minutes, whatever password is tried then. It is counted in
 * the database, so that it holds on every node and across a restart, and it holds with the rate limit off.
 */
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { Unit } from '../work.ts';

export const LOCKOUT_FAILURES = 7;
export const LOCKOUT_MILLISECONDS = 5 * 60_000;

interface LockoutRow {
  readonly failures: number;
  readonly locked_until: number | null;
}

const byUser = statement<{ user_num: number }, LockoutRow>((db, slot) =>
  db.selectFrom('lockouts').select(['failures', 'locked_until']).where('user_num', '=', slot('user_num')),
);
const upsert = statement<
  { tenant_id: number; user_num: number; failures: number; last_failed_at: number; locked_until: number | null },
  unknown
>((db, slot) =>
  db
    .insertInto('lockouts')
    .values({
      tenant_id: slot('tenant_id'),
      user_num: slot('user_num'),
      failures: slot('failures'),
      last_failed_at: slot('last_failed_at'),
      locked_until: slot('locked_until'),
    })
    .onConflict((c) =>
      c.column('user_num').doUpdateSet((e) => ({
        failures: e.ref('excluded.failures'),
        last_failed_at: e.ref('excluded.last_failed_at'),
        locked_until: e.ref('excluded.locked_until'),
      })),
    ),
);
const remove = statement<{ user_num: number }, unknown>((db, slot) =>
  db.deleteFrom('lockouts').where('user_num', '=', slot('user_num')),
);

/** Until when the user is locked out; undefined: not now. */
export async function findLock(db: Db, userNum: number, now: number): Promise<number | undefined> {
  const [row] = await byUser(db, { user_num: userNum });
  return row?.locked_until != null && row.locked_until > now ? row.locked_until : undefined;
}

/**
 * Counts a failure; the user's row must be locked by the unit. Returns until when the account is locked and whether this
 * failure locked it. While it is locked nothing is counted.
 */
export async function countFailure(
  { db, tenant, now }: Unit,
  userNum: number,
): Promise<{ lockedUntil: number | null; isNew: boolean }> {
  const [row] = await byUser(db, { user_num: userNum });
  if (row?.locked_until != null && row.locked_until > now) return { lockedUntil: row.locked_until, isNew: false };
  // A lock that has run out was a full count: the next one begins anew.
  const failures = (row?.locked_until != null ? 0 : (row?.failures ?? 0)) + 1;
  const lockedUntil = failures >= LOCKOUT_FAILURES ? now + LOCKOUT_MILLISECONDS : null;
  await upsert(db, {
    tenant_id: tenant.id,
    user_num: userNum,
    failures,
    last_failed_at: now,
    locked_until: lockedUntil,
  });
  return { lockedUntil, isNew: lockedUntil !== null };
}

/** Forgets the failures and opens the account: after a success, and when an administrator enables the user. */
export const clearLockout = async (db: Db, userNum: number): Promise<void> => {
  await remove(db, { user_num: userNum });
};
