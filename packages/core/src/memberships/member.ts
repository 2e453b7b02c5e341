/** A user as a member of something. */
import type { Member } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { parse, type User } from '../users/document.ts';
import type { MemberPage, MemberRow } from './memberships.store.ts';

export function memberOf({ doc, added_at }: MemberRow): Member & Pick<User, 'state'> {
  const { id, email, username, name, state } = parse(doc);
  return { id, email, username, name, state, added_at: toWire(added_at) };
}

export const memberPage = ({ rows, next_cursor, total }: MemberPage) => ({
  members: rows.map(memberOf),
  next_cursor,
  ...(total === undefined ? {} : { total }),
});
