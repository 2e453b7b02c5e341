/** Ends all access of a user that is out: sessions, refresh tokens and access tokens, whatever door they came from. */
import { checkRank } from '../roles/administrators.ts';
import { bumpTokenVersion } from '../users/users.store.ts';
import { userToChange } from '../users/users.ts';
import type { Unit } from '../work.ts';
import { endSessions } from './sessions.store.ts';

/** Throws `not_found`, and `insufficient_scope` of who is above the caller. */
export async function endAccess(unit: Unit, userId: string): Promise<void> {
  const user = await userToChange(unit, userId);
  await checkRank(unit, user);
  await bumpTokenVersion(unit.db, user.num);
  await endSessions(unit, user.id);
  unit.afterCommit(unit.services.onAccessChange);
}
