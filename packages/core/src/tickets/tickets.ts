/**
 * Tickets: one-time links. The link's token is shown once, in the mail; at rest there is only its digest. Owns the
 * invariants that a ticket is redeemed at most once, in the transaction of its effect, and that of one kind a subject
 * has at most one that is open (impersonations apart: several people may act as one).
 */
import type { Selectable } from 'kysely';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { Problem } from '../problem.ts';
import { newSecret } from '../secret.ts';
import type { TicketTable } from '../tables.ts';
import { createWork, type Unit, type Work } from '../work.ts';
import { resultUrlOf } from './options.ts';

type Kind = TicketTable['kind'];
export type Ticket = Selectable<TicketTable>;

export interface TicketDraft {
  readonly kind: Kind;
  readonly userId?: string;
  readonly invitationId?: string;
  readonly email: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly options?: object;
  readonly passwordHash?: string | null;
}

type OfSubject = { tenant_id: number; kind: Kind; subject: string; now: number };
const closing = (column: 'user_id' | 'invitation_id') =>
  statement<OfSubject, unknown>((db, slot) =>
    db
      .updateTable('tickets')
      .set({ consumed_at: slot('now'), password_hash: null })
      .where('tenant_id', '=', slot('tenant_id'))
      .where('kind', '=', slot('kind'))
      .where('consumed_at', 'is', null)
      .where(column, '=', slot('subject')),
  );
const close = { user: closing('user_id'), invitation: closing('invitation_id') };

const insertRow = statement<
  {
    id: string;
    tenant_id: number;
    kind: Kind;
    digest: string;
    user_id: string | null;
    invitation_id: string | null;
    email: string;
    created_at: number;
    expires_at: number;
    options: string;
    password_hash: string | null;
  },
  unknown
>((db, slot) =>
  db.insertInto('tickets').values({
    id: slot('id'),
    tenant_id: slot('tenant_id'),
    kind: slot('kind'),
    digest: slot('digest'),
    user_id: slot('user_id'),
    invitation_id: slot('invitation_id'),
    email: slot('email'),
    created_at: slot('created_at'),
    expires_at: slot('expires_at'),
    consumed_at: null,
    options: slot('options'),
    password_hash: slot('password_hash'),
  }),
);

type Subject = { readonly userId?: string | undefined; readonly invitationId?: string | undefined };

/** Kills the open tickets of this kind of a user or an invitation. */
export async function closeTickets(unit: Unit, kind: Kind, { userId, invitationId }: Subject): Promise<void> {
  const subject = (userId ?? invitationId) as string;
  const values = { tenant_id: unit.tenant.id, kind, subject, now: unit.now };
  await (userId === undefined ? close.invitation : close.user)(unit.db, values);
}

/** Makes a ticket and returns its token. Earlier open tickets of the same kind for the same subject are dead. */
export async function issueTicket(
  unit: Unit,
  { kind, userId, invitationId, email, lifetime, options = {}, passwordHash = null }: TicketDraft,
): Promise<{ token: string; expiresAt: number }> {
  const token = newSecret();
  const expiresAt = unit.now + lifetime * 1000;
  if (kind !== 'impersonation') await closeTickets(unit, kind, { userId, invitationId });
  await insertRow(unit.db, {
    id: unit.newId('tkt'),
    tenant_id: unit.tenant.id,
    kind,
    digest: unit.services.vault.digest(token),
    user_id: userId ?? null,
    invitation_id: invitationId ?? null,
    email,
    created_at: unit.now,
    expires_at: expiresAt,
    options: JSON.stringify(options),
    password_hash: passwordHash,
  });
  return { token, expiresAt };
}

/** Why a link does not work. `used` stands for replaced and withdrawn, too: which one is nobody's business. */
export type DeadReason = 'expired' | 'used' | 'unknown';

const DEAD_MESSAGES = {
  expired: 'The link has expired.',
  used: 'The link was used.',
  unknown: 'No such link.',
} as const satisfies Record<DeadReason, string>;

/** A link that does not work; nothing was changed. */
export class DeadTicket extends Problem {
  readonly reason: DeadReason;
  /** Where its person is sent instead of being told here. */
  readonly resultUrl: string | undefined;
  constructor(reason: DeadReason, ticket?: Ticket) {
    super('not_found', DEAD_MESSAGES[reason]);
    this.reason = reason;
    this.resultUrl = ticket && resultUrlOf(ticket, { success: false, message: DEAD_MESSAGES[reason] });
  }
}

const byDigest = statement<{ tenant_id: number; digest: string }, Ticket>((db, slot) =>
  db.selectFrom('tickets').selectAll().where('tenant_id', '=', slot('tenant_id')).where('digest', '=', slot('digest')),
);

async function findTicket(db: Db, work: Work, token: string): Promise<Ticket | undefined> {
  const [ticket] = await byDigest(db, { tenant_id: work.tenant.id, digest: work.services.vault.digest(token) });
  return ticket;
}

/** Looks at a ticket without redeeming it. Throws `DeadTicket` where it does not work. */
export async function readTicket(work: Work, kind: Kind, token: string): Promise<Ticket> {
  const ticket = await work.read((db) => findTicket(db, work, token));
  if (ticket?.kind !== kind) throw new DeadTicket('unknown');
  if (ticket.consumed_at !== null) throw new DeadTicket('used', ticket);
  if (ticket.expires_at <= work.services.clock.now()) throw new DeadTicket('expired', ticket);
  return ticket;
}

/** Redeems a ticket in the unit of its effect. Of several redemptions at once exactly one goes through. */
export async function redeemTicket(unit: Unit, ticket: Ticket): Promise<void> {
  const redeemed = await unit.db
    .updateTable('tickets')
    .set({ consumed_at: unit.now, password_hash: null })
    .where('tenant_id', '=', unit.tenant.id)
    .where('id', '=', ticket.id)
    .where('consumed_at', 'is', null)
    .where('expires_at', '>', unit.now)
    .executeTakeFirst();
  if (redeemed.numUpdatedRows === 1n) return;
  throw new DeadTicket(ticket.expires_at <= unit.now ? 'expired' : 'used', ticket);
}

/** The same work done by the person whom a ticket has identified. */
export const asUser = ({ services, tenant, caller }: Work, userId: string): Work =>
  createWork({
    services,
    tenant,
    caller,
    actor: { type: 'user', id: userId, applicationId: null, impersonatorId: null },
  });
