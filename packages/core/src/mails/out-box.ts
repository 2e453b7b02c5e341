/**
 * The out-box: a mail is a row in the transaction of its cause; the courier sends it afterwards. Of one kind, a person
 * has at most one mail that waits: a later one holds the link that works, so it cancels what was not sent.
 */
import { statement } from '../database/statement.ts';
import type { MailTable } from '../tables.ts';
import type { Unit } from '../work.ts';

export interface MailDraft {
  readonly template: MailTable['template'];
  readonly recipient: string;
  readonly userId: string | null;
  readonly invitationId?: string;
  /** What the template shows; holds the link, so it is sealed at rest. */
  readonly payload: MailPayload;
}

export interface MailPayload {
  readonly link: string;
  readonly name: string | null;
  readonly expiresAt: number;
  /** What an invitation leads to. */
  readonly organization?: string | null;
  /** What an import has come to; its mail has no link. */
  readonly report?: ImportReport;
}

export interface ImportReport {
  readonly jobId: string;
  readonly isCompleted: boolean;
  readonly inserted: number;
  readonly updated: number;
  readonly failed: number;
  readonly total: number;
}

const insertRow = statement<
  {
    id: string;
    tenant_id: number;
    template: MailTable['template'];
    recipient: string;
    user_id: string | null;
    invitation_id: string | null;
    payload: string;
    now: number;
  },
  unknown
>((db, slot) =>
  db.insertInto('mails').values({
    id: slot('id'),
    tenant_id: slot('tenant_id'),
    template: slot('template'),
    recipient: slot('recipient'),
    user_id: slot('user_id'),
    invitation_id: slot('invitation_id'),
    payload: slot('payload'),
    state: 'pending',
    attempts: 0,
    next_attempt_at: slot('now'),
    lease_until: null,
    last_error: null,
    created_at: slot('now'),
    sent_at: null,
  }),
);

type Subject = { readonly userId: string } | { readonly invitationId: string };
type OfSubject = { tenant_id: number; template: MailTable['template']; subject: string };

/** The lease stays: a mail that is being sent at this moment is recorded as sent when it was. */
const cancelling = (column: 'user_id' | 'invitation_id') =>
  statement<OfSubject, unknown>((db, slot) =>
    db
      .updateTable('mails')
      .set({ state: 'cancelled', payload: null, next_attempt_at: null })
      .where('tenant_id', '=', slot('tenant_id'))
      .where(column, '=', slot('subject'))
      .where('template', '=', slot('template'))
      .where('state', '=', 'pending'),
  );
/** A failed mail stays failed, but its link is dead: it can't be sent again. */
const emptying = (column: 'user_id' | 'invitation_id') =>
  statement<OfSubject, unknown>((db, slot) =>
    db
      .updateTable('mails')
      .set({ payload: null })
      .where('tenant_id', '=', slot('tenant_id'))
      .where(column, '=', slot('subject'))
      .where('template', '=', slot('template'))
      .where('state', '=', 'failed'),
  );
const withdrawal = {
  userId: [cancelling('user_id'), emptying('user_id')],
  invitationId: [cancelling('invitation_id'), emptying('invitation_id')],
} as const;

/** Withdraws a subject's unsent mails of one kind, because their link works no longer. */
export async function cancelMails(unit: Unit, template: MailTable['template'], subject: Subject): Promise<void> {
  const [cancel, empty] = 'userId' in subject ? withdrawal.userId : withdrawal.invitationId;
  const values: OfSubject = {
    tenant_id: unit.tenant.id,
    template,
    subject: 'userId' in subject ? subject.userId : subject.invitationId,
  };
  await cancel(unit.db, values);
  await empty(unit.db, values);
}

/** Removes every trace of a person's mails: what is sent, what waits, what failed. */
export async function deleteMails(unit: Unit, userId: string): Promise<void> {
  await unit.db.deleteFrom('mails').where('tenant_id', '=', unit.tenant.id).where('user_id', '=', userId).execute();
}

export async function enqueueMail(
  unit: Unit,
  { template, recipient, userId, invitationId, payload }: MailDraft,
): Promise<void> {
  const id = unit.newId('mai');
  if (invitationId !== undefined) await cancelMails(unit, template, { invitationId });
  else if (userId !== null) await cancelMails(unit, template, { userId });
  await insertRow(unit.db, {
    id,
    tenant_id: unit.tenant.id,
    template,
    recipient,
    user_id: userId,
    invitation_id: invitationId ?? null,
    payload: unit.services.vault.seal(JSON.stringify(payload), sealContext(id)),
    now: unit.now,
  });
  unit.afterCommit(unit.services.onMail);
}

/** What a mail's payload is sealed with. */
export const sealContext = (id: string): string => `mail ${id}`;
