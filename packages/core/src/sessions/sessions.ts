/** Sessions as administrators see them: list what is live, end one, end all of a user. */
import type { sessions as contract } from '@reeve/contract';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { notFound } from '../problem.ts';
import { checkRank } from '../roles/administrators.ts';
import { findUserToChange } from '../users/users.store.ts';
import { requireUser, userToChange } from '../users/users.ts';
import { endSession, endSessions, findSessionOwner, findSessions } from './sessions.store.ts';

const SORT = 'sessions';

export const listForUser: Operation<typeof contract.listForUser> = async (work, { user_id, query }) => {
  await requireUser(work, user_id);
  const limit = query.limit ?? DEFAULT_LIMIT;
  const [before] = query.cursor === undefined ? [] : decodeCursor(query.cursor, SORT, ['string']);
  const rows = await work.read((db) =>
    findSessions(db, {
      tenantId: work.tenant.id,
      userId: user_id,
      now: work.now,
      limit,
      before: before as string | undefined,
    }),
  );
  const page = cut(rows, limit, ({ id }) => encodeCursor(SORT, [id]));
  return { sessions: page.rows, next_cursor: page.next_cursor };
};

export const revoke: Operation<typeof contract.revoke> = (work, { session_id }) =>
  work.write(async (unit) => {
    const owner = isId('ses', session_id) ? await findSessionOwner(unit.db, unit.tenant.id, session_id) : undefined;
    // The user's row goes first, as wherever sessions change.
    const user = owner === undefined ? undefined : await findUserToChange(unit.db, unit.tenant.id, owner);
    if (user) await checkRank(unit, user);
    if (!user || !(await endSession(unit, session_id))) throw notFound('session', session_id);
  });

export const revokeAllForUser: Operation<typeof contract.revokeAllForUser> = (work, { user_id }) =>
  work.write(async (unit) => {
    await checkRank(unit, await userToChange(unit, user_id));
    return { revoked: await endSessions(unit, user_id) };
  });
