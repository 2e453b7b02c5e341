/**
 * Mails that a stranger asks for by an address: to set a new password, to verify the address. Owns the invariant that the
 * answer does not tell whether anybody has the address or was mailed, nor does its time: in any case one change is written,
 * the audit log tells it, and nobody is answered sooner than all of that takes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventType } from '@reeve/contract';
import { findInPools } from '../pools/find-in-pools.store.ts';
import type { Unit, Work } from '../work.ts';
import { keyOf, parse, type User } from './document.ts';
import { sendResetMail } from './password-reset.ts';
import { findUserToChange } from './users.store.ts';
import { sendVerificationMail } from './verification.ts';

export interface MailRequest {
  readonly email: string;
  /** Row numbers of the connections in which the address is looked for, in this order. */
  readonly pools: readonly number[];
}

interface Kind {
  readonly event: EventType;
  /** Whether only who has a password here is meant. */
  readonly byPassword: boolean;
  readonly isDue: (user: User) => boolean;
  readonly send: (unit: Unit, user: User) => Promise<unknown>;
}

/** Mails a link for a new password, where an active user who has one here has the address, and was not mailed too often. */
export const requestPasswordReset = (work: Work, request: MailRequest): Promise<void> =>
  mail(work, request, {
    event: 'user.password_reset_requested',
    byPassword: true,
    isDue: () => true,
    send: (unit, user) => sendResetMail(unit, user, user.email as string),
  });

/** Mails a link that verifies the address, where an active user has it unverified, and was not mailed too often. */
export const requestVerification = (work: Work, request: MailRequest): Promise<void> =>
  mail(work, request, {
    event: 'user.email_verification_requested',
    byPassword: false,
    isDue: ({ email_verified }) => !email_verified,
    send: sendVerificationMail,
  });

/** Longer than either way takes. */
const ANSWER_MILLISECONDS = 250;

async function mail(
  work: Work,
  { email, pools }: MailRequest,
  { event, byPassword, isDue, send }: Kind,
): Promise<void> {
  const { attempts } = work.services;
  const key = `${work.tenant.id} ${event} ${keyOf(email)}`;
  const isFree = attempts.secondsUntilFree('mail', key) === 0;
  if (isFree) attempts.countFailure('mail', key);
  const written = work.write(async (unit) => {
    const found = await findInPools(unit.db, unit.tenant.id, pools, email, { byPassword });
    const row = found && (await findUserToChange(unit.db, unit.tenant.id, found.id));
    const user = row?.state === 'active' ? parse(row.doc) : undefined;
    if (isFree && user?.email != null && keyOf(user.email) === keyOf(email) && isDue(user))
      return void (await send(unit, user));
    await unit.emit(event, { target: { type: 'user', id: row?.id ?? null }, data: { mailed: false } });
  });
  await Promise.all([written, pause(ANSWER_MILLISECONDS)]);
}
