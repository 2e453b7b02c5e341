/** Sessions as this vendor shows them (contract `shapes.Session`): one for each sign-in, not for each refresh. */
import { everyItem, findSessionOwner, noBody, operations, Problem, uuidOf, type Work } from '@reeve/core';
import { idFrom } from './ids.ts';
import { Refusal } from './problems.ts';
import { present, toSecond } from './value.ts';

/** The live sessions of a user, used last first; `currentId` is marked. */
export async function sessionViews(work: Work, user_id: string, currentId?: string) {
  const sessions = await everyItem('sessions', (query) =>
    operations.sessions.listForUser(work, { user_id, query, body: undefined }),
  );
  return sessions
    .toSorted((a, b) => (a.last_used_at < b.last_used_at ? 1 : -1))
    .map((session) => ({
      id: uuidOf(session.id),
      ...present({ device_info: session.user_agent, ip_address: session.ip, user_agent: session.user_agent }),
      last_activity_at: toSecond(session.last_used_at),
      created_at: toSecond(session.created_at),
      ...(session.id === currentId ? { is_current: true } : {}),
    }));
}

/** Ends a session of this user; ending it again changes nothing. */
export async function terminate(work: Work, userId: string, field: string, sessionId: string | undefined) {
  const session_id = idFrom('ses', field, sessionId);
  const owner = await work.read((db) => findSessionOwner(db, work.tenant.id, session_id));
  if (owner === undefined) throw new Problem('not_found', 'No session has this id.');
  if (owner !== userId) throw new Refusal(403, 'FORBIDDEN', 'The session belongs to another user.');
  try {
    await operations.sessions.revoke(work, { session_id, ...noBody });
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'not_found')) throw error;
  }
}
