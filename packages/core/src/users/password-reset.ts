/** A forgotten or refused password: the mail with the one-time link, and the new password that the link sets. */
import type { users as contract, PasswordPolicy } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type ConnectionRow, findConnection, policyOf } from '../connections/connections.store.ts';
import { upsertPassword } from '../credentials/credentials.store.ts';
import { checkPassword } from '../credentials/policy.ts';
import { difference } from '../events/redact.ts';
import { isId } from '../id.ts';
import { enqueueMail } from '../mails/out-box.ts';
import type { Operation } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { endSessions } from '../sessions/sessions.store.ts';
import { optionsOf, resultUrlOf } from '../tickets/options.ts';
import { asUser, DeadTicket, issueTicket, readTicket, redeemTicket, type Ticket } from '../tickets/tickets.ts';
import type { Unit, Work } from '../work.ts';
import { parse, type User } from './document.ts';
import { findUser, findUserToChange, type UserRow, updateUser } from './users.store.ts';
import { type LinkView, recordVerified, userOfTicket } from './verification.ts';

export const resetPassword: Operation<typeof contract.resetPassword> = (work, { user_id, body }) =>
  work.write(async (unit) => {
    const row = isId('usr', user_id) ? await findUserToChange(unit.db, unit.tenant.id, user_id) : undefined;
    if (!row) throw notFound('user', user_id);
    const user = parse(row.doc);
    if (user.email === null) throw new Problem('conflict', 'The user has no e-mail address to send the link to.');
    if (body?.password_must_be_reset) await requireReset(unit, row, user);
    const expiresAt = await sendResetMail(unit, user, user.email);
    return { user_id, sent_to: user.email, expires_at: toWire(expiresAt) };
  });

/** Puts a mail with a fresh link into the out-box. Returns when the link stops working. */
export async function sendResetMail(unit: Unit, user: User, email: string): Promise<number> {
  const { token, expiresAt } = await issueTicket(unit, {
    kind: 'reset_password',
    userId: user.id,
    email,
    lifetime: unit.tenant.settings.password_reset_link_lifetime,
  });
  await enqueueMail(unit, {
    template: 'reset_password',
    recipient: email,
    userId: user.id,
    payload: { link: `${unit.tenant.origin}/reset-password?ticket=${token}`, name: user.name, expiresAt },
  });
  await unit.emit('user.password_reset_requested', { target: { type: 'user', id: user.id } });
  return expiresAt;
}

/** Refuses sign-in until the link was used; whoever is signed in is signed out. */
async function requireReset(unit: Unit, row: UserRow, user: User): Promise<void> {
  if (!user.password_must_be_reset) {
    const required = { ...user, password_must_be_reset: true, updated_at: toWire(unit.now) };
    await updateUser(unit.db, unit.tenant.id, row, required, row.token_version + 1);
    await unit.emit('user.password_reset_required', {
      target: { type: 'user', id: user.id },
      data: difference({ ...user }, required),
    });
  }
  await endSessions(unit, user.id);
}

export interface PasswordReset extends LinkView {
  readonly policy: PasswordPolicy;
  /** The link brings a password, which is only to be confirmed. */
  readonly hasPassword: boolean;
}

const CHANGED = 'The password is set.';
const viewOf = (ticket: Ticket, policy: PasswordPolicy): PasswordReset => ({
  email: ticket.email,
  resultUrl: resultUrlOf(ticket, { success: true, message: CHANGED }),
  policy,
  hasPassword: ticket.password_hash !== null,
});

/** Whom a reset link is for, and what the new password must be like. Throws `DeadTicket` where it does not work. */
export async function readPasswordReset(work: Work, token: string): Promise<PasswordReset> {
  const ticket = await readTicket(work, 'reset_password', token);
  return viewOf(ticket, policyOf(await connectionOf(work, ticket)));
}

async function connectionOf(work: Work, ticket: Ticket): Promise<ConnectionRow> {
  const connection = await work.read(async (db) => {
    const row = await findUser(db, work.tenant.id, ticket.user_id as string);
    return row && findConnection(db, work.tenant.id, parse(row.doc).connection_id);
  });
  if (!connection) throw new DeadTicket('used', ticket);
  return connection;
}

/**
 * Redeems a reset link with a new password, or with the one that it brings. It ends every session, lifts a lockout and,
 * where the link proves it, marks the e-mail address verified. Throws `weak_password`, and then the link still works.
 */
export async function completePasswordReset(work: Work, token: string, password: string): Promise<PasswordReset> {
  const ticket = await readTicket(work, 'reset_password', token);
  const policy = policyOf(await connectionOf(work, ticket));
  let hash = ticket.password_hash;
  if (hash === null) {
    checkPassword(policy, password);
    hash = await work.services.hasher.hash(password);
  }
  await setPasswordOf(work, ticket, hash);
  return viewOf(ticket, policy);
}

const setPasswordOf = (work: Work, ticket: Ticket, hash: string): Promise<void> =>
  asUser(work, ticket.user_id as string).write(async (unit) => {
    const { row, user } = await userOfTicket(unit, ticket);
    await redeemTicket(unit, ticket);
    const { proves_email = true } = optionsOf(ticket);
    await setPassword(unit, row, user, hash, proves_email && user.email !== null);
  });

async function setPassword(unit: Unit, row: UserRow, before: User, hash: string, provesEmail: boolean): Promise<void> {
  const { db, tenant, now } = unit;
  const email_verified = before.email_verified || provesEmail;
  const changed: User = { ...before, has_password: true, password_must_be_reset: false, email_verified };
  const user: User = { ...changed, updated_at: toWire(now), last_password_change_at: toWire(now) };
  const target = { type: 'user', id: user.id };
  await upsertPassword(db, tenant.id, row.num, hash, now);
  await updateUser(db, tenant.id, row, user, row.token_version + 1);
  const change = difference({ ...before, email_verified }, { ...changed });
  await unit.emit('user.password_changed', { target, data: { ...change, by_link: true } });
  if (email_verified && !before.email_verified) await recordVerified(unit, user.id);
  await endSessions(unit, user.id);
  const lifted = await db
    .deleteFrom('lockouts')
    .where('tenant_id', '=', tenant.id)
    .where('user_num', '=', row.num)
    .returning('locked_until')
    .executeTakeFirst();
  if ((lifted?.locked_until ?? 0) > now) await unit.emit('user.unlocked', { target });
}
