/**
 * A new password while the sessions stay: as a door sets it whose users stay signed in. Owns the invariant that links and
 * mails for a reset die with the old password.
 */
import { toWire } from '../clock.ts';
import { upsertPassword } from '../credentials/credentials.store.ts';
import { difference } from '../events/redact.ts';
import { cancelMails } from '../mails/out-box.ts';
import { closeTickets } from '../tickets/tickets.ts';
import type { Work } from '../work.ts';
import { parse } from './document.ts';
import { checkMayTakeOver, hashForUser, saveUser, userToChange } from './users.ts';

/** Sets a user's password, under the policy of the connection. Throws `not_found`, `weak_password`, `insufficient_scope`. */
export async function setPassword(work: Work, userId: string, password: string): Promise<void> {
  const hash = await hashForUser(work, userId, password);
  await work.write(async (unit) => {
    const row = await userToChange(unit, userId);
    if (work.actor.id !== row.id) await checkMayTakeOver(work, unit, row);
    const now = toWire(unit.now);
    const before = parse(row.doc);
    const changed = { ...before, has_password: true, password_must_be_reset: false };
    await saveUser(unit, row, { ...changed, last_password_change_at: now, updated_at: now }, row.token_version);
    await upsertPassword(unit.db, unit.tenant.id, row.num, hash, unit.now);
    await closeTickets(unit, 'reset_password', { userId: row.id });
    await cancelMails(unit, 'reset_password', { userId: row.id });
    const change = difference({ ...before }, changed);
    await unit.emit('user.password_changed', {
      target: { type: 'user', id: row.id },
      ...(Object.keys(change.after).length === 0 ? {} : { data: change }),
    });
  });
}
