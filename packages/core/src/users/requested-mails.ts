/**
 * Mails that a stranger asks for by an address: to set a new password, to verify the address. Owns the invariant that the
 * answer does not tell whether anybody has the address, nor does its time: in either case one change is written, the audit log
 * tells it, and nobody is answered sooner than all of that takes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventType } from '@reeve/contract';
import { findInPools } from '../pools/find-in-pools.store.ts';
import { Problem } from '../problem.ts';
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
  readonly isDue: (user: User) => boolean;
  readonly send: (unit: Unit, user: User) => Promise<unknown>;
}

/**
 * Mails a link for a new password, where an active user has the address. Throws `rate_limited`: an address, whoever has it,
 * is mailed so often only.
 */
export const requestPasswordReset = (work: Work, request: MailRequest): Promise<void> =>
  mail(work, request, {
    event: 'user.password_reset_requested',
    isDue: () => true,
    send: (unit, user) => sendResetMail(unit, user, user.email as string),
  });

/** Mails a link that verifies the address, where an active user has it unverified. Throws as the other. */
export const requestVerification = (work: Work, request: MailRequest): Promise<void> =>
  mail(work, request, {
    event: 'user.email_verification_requested',
    isDue: ({ email_verified }) => !email_verified,
    send: sendVerificationMail,
  });

/** Longer than either way takes. */
const ANSWER_MILLISECONDS = 250;

async function mail(work: Work, { email, pools }: MailRequest, { event, isDue, send }: Kind): Promise<void> {
  const { attempts } = work.services;
  const key = `${work.tenant.id} mail ${keyOf(email)}`;
  const retryAfter = attempts.secondsUntilFree('identifier', key);
  if (retryAfter > 0) throw new Problem('rate_limited', 'This was asked too often; try again later.', { retryAfter });
  attempts.countFailure('identifier', key);
  const written = work.write(async (unit) => {
    const found = await findInPools(unit.db, unit.tenant.id, pools, email);
    const row = found && (await findUserToChange(unit.db, unit.tenant.id, found.id));
    const user = row?.state === 'active' ? parse(row.doc) : undefined;
    if (user?.email != null && keyOf(user.email) === keyOf(email) && isDue(user)) return void (await send(unit, user));
    await unit.emit(event, { target: { type: 'user', id: row?.id ?? null }, data: { mailed: false } });
  });
  await Promise.all([written, pause(ANSWER_MILLISECONDS)]);
}
