/** `/auth/sessions`: the caller's own sessions. */
import type { DialectCall, DialectRow } from '@reeve/core';
import { row } from '@reeve/core';
import { SIGNED_IN } from '../gate.ts';
import { sessionViews, terminate } from '../session.ts';
import { ownIdOf } from '../user.ts';

const list = ({ work, claims }: DialectCall) => sessionViews(work, ownIdOf(work), claims.sid as string);

async function end({ work, params }: DialectCall) {
  await terminate(work, ownIdOf(work), 'session_id', params.session_id);
  return { success: true };
}

export const sessions: readonly DialectRow[] = [
  row('GET /auth/sessions', { scopes: SIGNED_IN, run: list }),
  row('DELETE /auth/sessions/{session_id}', { scopes: SIGNED_IN, run: end }),
];
