/** Sessions: one for each sign-in. */
import { cursor, limit, page, route } from '../route.ts';
import { instant, integer, nullable, object, type Static, string } from '../schema.ts';

export const session = object({
  id: string({ description: '`ses_` and a ULID' }),
  user_id: string(),
  application_id: nullable(string()),
  impersonator_id: nullable(string({ description: 'Who acts as the user in this session' })),
  ip: nullable(string()),
  user_agent: nullable(string()),
  created_at: instant(),
  last_used_at: instant(),
  expires_at: instant(),
});
export type Session = Static<typeof session>;

/** Lists the live sessions of a user, newest first. */
export const listForUser = route('GET /users/{user_id}/sessions', {
  scope: 'sessions:read',
  query: object({ limit, cursor }),
  response: page('sessions', session),
  items: 'sessions',
  fails: ['not_found', 'invalid_cursor'],
});

/** Ends a session: its refresh tokens die and its access tokens are refused at once. */
export const revoke = route('DELETE /sessions/{session_id}', {
  scope: 'sessions:write',
  fails: ['not_found'],
  emits: ['session.revoked'],
});

/** Ends every session of a user, tokens included. */
export const revokeAllForUser = route('DELETE /users/{user_id}/sessions', {
  scope: 'sessions:write',
  response: object({ revoked: integer({ description: 'Sessions that were ended' }) }),
  fails: ['not_found'],
  emits: ['session.revoked'],
});
