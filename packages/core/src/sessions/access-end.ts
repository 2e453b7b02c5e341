/** Ends all access of a user that is out: sessions, refresh tokens and access tokens, whatever door they came from. */
import { checkRank } from '../roles/administrators.ts';
import { bumpTokenVersion } from '../users/users.store.ts';
import { userToChange } from '../users/users.ts';
import type { Unit } from '../work.ts';
import { endSession, endSessions } from './sessions.store.ts';

/** Throws `not_found`, and `insufficient_scope` of who is above the caller. */
export async function endAccess(unit: Unit, userId: string): Promise<void> {
  const user = await userToChange(unit, userId);
  await checkRank(unit, user);
  await bumpTokenVersion(unit.db, user.num);
  await endSessions(unit, user.id);
  unit.afterCommit(unit.services.onAccessChange);
}

/**
 * Ends, at an instant, what of a user's access began before it: at once where it is past, else when it comes; 0: at none. Tokens
 * tell the second of their beginning alone: what began in the second of an instant that is just now ends whole.
 *
 * @param at - epoch milliseconds
 * @throws Problem `not_found`, and `insufficient_scope` of who is above the caller
 */
export async function endAccessBefore(unit: Unit, userId: string, at: number): Promise<void> {
  const { db, tenant, now } = unit;
  const second = now - (now % 1000);
  const isNow = at > second && at <= now;
  if (isNow) await endAccess(unit, userId);
  else {
    const user = await userToChange(unit, userId);
    await checkRank(unit, user);
    const older = db
      .selectFrom('sessions')
      .select('id')
      .where('tenant_id', '=', tenant.id)
      .where('user_id', '=', user.id)
      .where('revoked_at', 'is', null)
      .where('created_at', '<', at <= now ? at : 0);
    for (const { id } of await older.execute()) await endSession(unit, id);
  }
  await db
    .updateTable('users')
    .set({ access_ends_at: isNow ? second : at })
    .where('tenant_id', '=', tenant.id)
    .where('id', '=', userId)
    .execute();
  unit.afterCommit(unit.services.onAccessChange);
}
