/**
 * A token of a user that an application asks for by itself, without a link and a browser between. What other ways to act as a
 * user refuse is refused here, too (`impersonation.ts`), and the audit log is told.
 */
import { isId } from '../id.ts';
import { parse, type User } from '../users/document.ts';
import { userToChange } from '../users/users.ts';
import type { Work } from '../work.ts';
import { checkAllowed, checkTarget, refused } from './impersonation.ts';

/** What the token says. */
export interface UserTokenGround {
  readonly user: User;
  readonly tokenVersion: number;
}

/**
 * Lets the caller have a token of the user. Throws `not_found`, `conflict` (disabled), `impersonation_disabled` where the
 * tenant's `allow_impersonation` is off, `impersonation_refused` (chaining, oneself, rank), `insufficient_scope` where an
 * administrator's is asked for without `roles:write`.
 */
export function beginUserToken(work: Work, userId: string): Promise<UserTokenGround> {
  const { actor } = work;
  if (actor.impersonatorId !== null) throw refused('Who acts as a user can not act as another one from there.');
  const askerId = actor.id !== null && isId('usr', actor.id) ? actor.id : null;
  return work.write(async (unit) => {
    checkAllowed(unit);
    const row = await userToChange(unit, userId);
    await checkTarget(work, unit, askerId, row);
    await unit.emit('user.impersonation_started', {
      target: { type: 'user', id: row.id },
      data: { reason: null, application_id: actor.applicationId },
    });
    return { user: parse(row.doc), tokenVersion: row.token_version };
  });
}
