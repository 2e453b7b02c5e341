/**
 * A signed-in person gives the password again before something that can't be undone. Owns the invariant that such a proof is
 * guessed no more often than a sign-in: failures count for the same lockout, and a locked account proves nothing.
 */
import { toWire } from '../clock.ts';
import { findPassword } from '../credentials/credentials.store.ts';
import { countFailure, findLock } from '../credentials/lockout.ts';
import { matchesPassword } from '../credentials/password.ts';
import type { Work } from '../work.ts';
import { parse } from './document.ts';
import { requireUser, userToChange } from './users.ts';

export type PasswordRefusal = 'invalid_credentials' | 'user_locked';

/** Longer ones can't have been set; hashing them would only cost. */
const MAX_PASSWORD = 1024;

/**
 * Undefined where this is the user's password now; a wrong one is recorded and counted. Not to be joined with other
 * operations (`together`): the count stays although nothing else is changed. Throws `not_found`.
 */
export async function provePassword(
  work: Work,
  userId: string,
  password: string,
): Promise<PasswordRefusal | undefined> {
  const row = await requireUser(work, userId);
  const look = () =>
    work.read(async (db) => ({
      stored: await findPassword(db, row.num),
      isLocked: (await findLock(db, row.num, work.services.clock.now())) !== undefined,
    }));
  const before = await look();
  const isRight =
    !before.isLocked &&
    password.length <= MAX_PASSWORD &&
    (await matchesPassword(work.services, before.stored, password));
  if (!isRight) return fail(work, userId);
  // While it was being checked, others may have failed, or changed it.
  const after = await look();
  if (after.isLocked) return 'user_locked';
  return after.stored === before.stored ? undefined : 'invalid_credentials';
}

const fail = (work: Work, userId: string): Promise<PasswordRefusal> =>
  work.write(async (unit) => {
    const row = await userToChange(unit, userId);
    const target = { type: 'user', id: row.id };
    const lock = await countFailure(unit, row.num);
    const refused = lock.lockedUntil !== null && !lock.isNew ? 'user_locked' : 'invalid_credentials';
    const { connection_id: connection } = parse(row.doc);
    await unit.emit('user.sign_in_failed', { target, data: { reason: refused, connection } });
    if (lock.isNew) await unit.emit('user.locked', { target, data: { until: toWire(lock.lockedUntil as number) } });
    return refused;
  });
