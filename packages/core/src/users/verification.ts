/** Verifying that an e-mail address belongs to a user: the mail, and what its link does. */
import type { users as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { isId } from '../id.ts';
import { cancelMails, enqueueMail } from '../mails/out-box.ts';
import type { Operation } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { type LinkOptions, linkOptions, notedOf, resultUrlOf, type WantedLink } from '../tickets/options.ts';
import {
  asUser,
  closeTickets,
  DeadTicket,
  issueTicket,
  readTicket,
  redeemTicket,
  type Ticket,
} from '../tickets/tickets.ts';
import type { Unit, Work } from '../work.ts';
import { keyOf, parse, type User } from './document.ts';
import { findUserToChange, type UserRow, updateUser } from './users.store.ts';

/** Puts a verification mail with a fresh link into the out-box. Returns when the link stops working. */
export async function sendVerificationMail(unit: Unit, user: User, options: LinkOptions = {}): Promise<number> {
  const email = user.email as string;
  const { token, expiresAt } = await issueTicket(unit, {
    kind: 'verify_email',
    userId: user.id,
    email,
    lifetime: unit.tenant.settings.verification_link_lifetime,
    options,
  });
  await enqueueMail(unit, {
    template: 'verify_email',
    recipient: email,
    userId: user.id,
    payload: {
      link: `${unit.tenant.origin}/verify-email?ticket=${token}`,
      name: user.name,
      expiresAt,
      organization: options.organization?.display_name ?? options.organization?.name ?? null,
    },
  });
  await unit.emit('user.email_verification_requested', {
    target: { type: 'user', id: user.id },
    data: notedOf(options),
  });
  return expiresAt;
}

export const sendVerification: Operation<typeof contract.sendVerification> = (work, { user_id }) =>
  sendVerificationFor(work, user_id, {});

/** The same for an application or within an organization: the audit log names the one, the mail the other. */
export const sendVerificationFor = (
  work: Work,
  user_id: string,
  wanted: Pick<WantedLink, 'application' | 'organization'>,
) =>
  work.write(async (unit) => {
    const row = isId('usr', user_id) ? await findUserToChange(unit.db, unit.tenant.id, user_id) : undefined;
    if (!row) throw notFound('user', user_id);
    const user = parse(row.doc);
    if (user.email === null) throw new Problem('conflict', 'The user has no e-mail address to verify.');
    if (user.email_verified) throw new Problem('conflict', 'The e-mail address is verified already.');
    const options = await linkOptions(unit.db, unit.tenant.id, wanted);
    const expiresAt = await sendVerificationMail(unit, user, options);
    return { user_id, sent_to: user.email, expires_at: toWire(expiresAt) };
  });

/** What a page shows of a link, and where its form may lead. */
export interface LinkView {
  readonly email: string;
  /** The ticket's `result_url` after success; undefined: the page itself says so. */
  readonly resultUrl: string | undefined;
}

const VERIFIED = 'The e-mail address is verified.';
const viewOf = (ticket: Ticket): LinkView => ({
  email: ticket.email,
  resultUrl: resultUrlOf(ticket, { success: true, message: VERIFIED }),
});

/** The address that a verification link would verify. Throws `DeadTicket` where the link does not work. */
export const readVerification = async (work: Work, token: string): Promise<LinkView> =>
  viewOf(await readTicket(work, 'verify_email', token));

/** Redeems a verification link. */
export async function verifyEmail(work: Work, token: string): Promise<LinkView> {
  const ticket = await readTicket(work, 'verify_email', token);
  await asUser(work, ticket.user_id as string).write(async (unit) => {
    const { row, user } = await userOfTicket(unit, ticket);
    await redeemTicket(unit, ticket);
    if (user.email_verified) return;
    await updateUser(unit.db, unit.tenant.id, row, { ...user, email_verified: true, updated_at: toWire(unit.now) });
    await recordVerified(unit, user.id);
  });
  return viewOf(ticket);
}

/**
 * The user whom a ticket was mailed to, to be changed in this unit. A link proves that its reader has the mailbox, so it
 * is worth nothing once the user's address is another one.
 */
export async function userOfTicket(unit: Unit, ticket: Ticket): Promise<{ row: UserRow; user: User }> {
  const row = await findUserToChange(unit.db, unit.tenant.id, ticket.user_id as string);
  const user = row && parse(row.doc);
  // A ticket that was not mailed may be for somebody without an address.
  if (!row || !user || keyOf(user.email ?? '') !== keyOf(ticket.email)) throw new DeadTicket('used', ticket);
  return { row, user };
}

/** Records that a link has proved the user's address; verification links that are still about are dead. */
export async function recordVerified(unit: Unit, userId: string): Promise<void> {
  await closeTickets(unit, 'verify_email', { userId });
  await cancelMails(unit, 'verify_email', { userId });
  await unit.emit('user.email_verified', {
    target: { type: 'user', id: userId },
    data: { before: { email_verified: false }, after: { email_verified: true } },
  });
}
