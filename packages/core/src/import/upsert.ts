/** A row of an upsert whose user is there already: the same merge, refusals and events as `users.update`. */
import type { UserUpdate } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { upsertPassword } from '../credentials/credentials.store.ts';
import { sealHashKey } from '../credentials/imported-hash.ts';
import { difference } from '../events/redact.ts';
import { cancelMails } from '../mails/out-box.ts';
import { mergeTop } from '../metadata.ts';
import { fieldProblem } from '../problem.ts';
import { endSessions } from '../sessions/sessions.store.ts';
import { scopesOfUser } from '../sessions/standing.ts';
import { closeTickets } from '../tickets/tickets.ts';
import { parse, type User } from '../users/document.ts';
import { metadataLeavesOf } from '../users/leaves.store.ts';
import { findUserByNumber, identifierKeysOf, updateUser } from '../users/users.store.ts';
import { patched } from '../users/users.ts';
import type { Unit } from '../work.ts';
import type { Holders } from './holders.ts';
import type { Extras, Slice } from './slice.ts';

/** Throws a problem where the row can't be applied; then nothing was written. */
export async function changeUser(
  unit: Unit,
  holders: Holders,
  num: number,
  slice: Slice,
  place: number,
): Promise<void> {
  const row = await findUserByNumber(unit.db, unit.tenant.id, num);
  if (!row)
    throw fieldProblem('email', 'exists', 'The user was deleted a moment ago; import the row again.', 'conflict');
  const { state, ...patch } = JSON.parse(slice.patches[place] as string) as UserUpdate & { state?: string };
  const before = parse(row.doc);
  if (state !== undefined && state !== before.state)
    throw fieldProblem(
      'state',
      'unchanged',
      `The user is ${before.state}; disable or enable users by their own operations.`,
    );
  const extras = slice.extras[place];
  if (extras) checkSubject(extras, before);
  // Vendors merge a bag at its top level.
  const after = patched(before, patch, unit.now, extras ? mergeTop : undefined);
  // A vendor's upsert changes no password.
  const hash = extras ? null : (slice.users.password_hash[place] ?? null);
  if (hash !== null) after.has_password = true;
  const [given, former] = [identifierKeysOf(after), identifierKeysOf(before)];
  const conflict = holders.conflict(given, num);
  if (conflict) throw conflict;
  metadataLeavesOf(after);
  const change = difference({ ...before }, { ...after });
  if (hash === null && Object.keys(change.after).length === 0) return;
  const takesOver = hash !== null || after.email !== before.email;
  if (takesOver && (await scopesOfUser(unit.db, unit.tenant.id, num)).size > 0)
    throw fieldProblem(
      hash === null ? 'email' : 'password',
      'administrator',
      "An administrator's password and e-mail address are not changed by an import; use users.update.",
      'protected_resource',
    );
  const target = { type: 'user', id: after.id };
  const endsAll = hash !== null || (after.password_must_be_reset && !before.password_must_be_reset);
  if (hash !== null) {
    await upsertPassword(unit.db, unit.tenant.id, num, sealHashKey(unit.services.vault, hash), unit.now);
    await closeTickets(unit, 'reset_password', { userId: after.id });
    await cancelMails(unit, 'reset_password', { userId: after.id });
    await unit.emit('user.password_changed', { target });
  }
  if (endsAll) await endSessions(unit, after.id);
  const saved = hash === null ? after : { ...after, last_password_change_at: toWire(unit.now) };
  await updateUser(unit.db, unit.tenant.id, row, saved, endsAll ? row.token_version + 1 : row.token_version);
  await unit.emit('user.updated', { target, data: change });
  holders.move(num, given, former);
}

/** A row that names its user by an id must mean the user that it names by address. */
function checkSubject({ subject }: Extras, { identities }: User): void {
  const primary = identities.find(({ is_primary }) => is_primary);
  if (subject !== null && subject !== primary?.subject)
    throw fieldProblem(
      'user_id',
      'unchanged',
      'The user has another user_id; an import does not change it.',
      'conflict',
    );
}
