/** Tickets on demand: links that the caller brings to the person; nothing is mailed. */
import type { tickets as contract } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { parse, type User } from '../users/document.ts';
import { checkMayTakeOver, hashForUser, userToChange } from '../users/users.ts';
import type { Unit } from '../work.ts';
import { linkOptions, notedOf, type WantedLink } from './options.ts';
import { issueTicket, type TicketDraft } from './tickets.ts';

/** Seconds. */
const DEFAULT_LIFETIME = 432_000;

interface Wanted extends WantedLink {
  readonly ttl?: number;
}

interface Link {
  readonly path: '/verify-email' | '/reset-password';
  readonly draft: Omit<TicketDraft, 'userId' | 'email' | 'lifetime'>;
}

async function issueLink(unit: Unit, user: User, { ttl }: Wanted, { path, draft }: Link) {
  const { token, expiresAt } = await issueTicket(unit, {
    ...draft,
    userId: user.id,
    email: user.email ?? '',
    lifetime: ttl ?? DEFAULT_LIFETIME,
  });
  return { ticket: `${unit.tenant.origin}${path}?ticket=${token}`, expires_at: toWire(expiresAt) };
}

export const createEmailVerification: Operation<typeof contract.createEmailVerification> = (work, { user_id, body }) =>
  work.write(async (unit) => {
    const user = parse((await userToChange(unit, user_id)).doc);
    if (user.email === null) throw new Problem('conflict', 'The user has no e-mail address to verify.');
    const options = await linkOptions(unit.db, unit.tenant.id, body);
    const link = await issueLink(unit, user, body, { path: '/verify-email', draft: { kind: 'verify_email', options } });
    await unit.emit('user.email_verification_requested', {
      target: { type: 'user', id: user.id },
      data: { mailed: false, ...notedOf(options) },
    });
    return link;
  });

export const createPasswordChange: Operation<typeof contract.createPasswordChange> = async (
  work,
  { user_id, body },
) => {
  const { new_password, mark_email_as_verified = false } = body;
  const passwordHash =
    new_password === undefined ? null : await hashForUser(work, user_id, new_password, 'new_password');
  return work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    // Whoever has the link can sign in as the user.
    await checkMayTakeOver(work, unit, row);
    const user = parse(row.doc);
    const options = {
      ...(await linkOptions(unit.db, unit.tenant.id, body)),
      proves_email: mark_email_as_verified,
    };
    const draft = { kind: 'reset_password', options, passwordHash } as const;
    const link = await issueLink(unit, user, body, { path: '/reset-password', draft });
    await unit.emit('user.password_reset_requested', {
      target: { type: 'user', id: user.id },
      data: { mailed: false, ...notedOf(options) },
    });
    return link;
  });
};
