/**
 * The life of a mail after its commit: leased by one process, sent, tried again with growing pauses, given up. A lease
 * that a killed process leaves behind runs out, so no mail is lost; an outcome is written only by the holder of the
 * lease. The one area that reads rows of all tenants, as no request is behind it.
 */
import type { Db } from '../database/database.ts';
import { skippingLocked } from '../database/database.ts';
import { insertEvent } from '../events/events.store.ts';
import type { MailTable } from '../tables.ts';
import { type Services, systemActor } from '../work.ts';
import { type MailPayload, sealContext } from './out-box.ts';

/** Longer than any attempt may take. Milliseconds. */
export const MAIL_LEASE = 120_000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The pause after each failed attempt; there is one attempt more than there are pauses. */
const PAUSES = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR] as const;
export const MAIL_ATTEMPTS = PAUSES.length + 1;
const MAX_ERROR = 300;

export interface LeasedMail {
  readonly id: string;
  readonly tenant_id: number;
  readonly template: MailTable['template'];
  readonly recipient: string;
  readonly user_id: string | null;
  readonly created_at: number;
  /** This one included. */
  readonly attempts: number;
  readonly lease_until: number;
  readonly payload: MailPayload;
}

type Leased = Omit<LeasedMail, 'payload'>;

const due = (db: Db, now: number) =>
  db
    .selectFrom('mails')
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .orderBy('id')
    .limit(1);

/** Leases the mail that has waited longest; undefined where none is due. */
export async function leaseMail(services: Services): Promise<LeasedMail | undefined> {
  const { database, clock, vault } = services;
  // Asked by a read first, so that an idle server writes nothing.
  while (await database.read((db) => due(db, clock.now()).select('id').executeTakeFirst())) {
    const mail = await database.write((db) => lease(db, clock.now()));
    if (!mail) return undefined;
    const { payload, ...leased } = mail;
    if (leased.attempts > MAIL_ATTEMPTS) {
      await giveUp(services, leased, 'The last attempt did not come to an end.', 'interrupted');
      continue;
    }
    let opened: MailPayload;
    try {
      opened = JSON.parse(vault.open(payload as string, sealContext(mail.id))) as MailPayload;
    } catch {
      await giveUp(services, leased, 'It was sealed with another REEVE_SECRET_KEY and can not be read.', 'sealed');
      continue;
    }
    if (opened.expiresAt > clock.now()) return { ...leased, payload: opened };
    await cancelExpired(services, leased);
  }
  return undefined;
}

async function lease(db: Db, now: number): Promise<(Leased & { payload: string | null }) | undefined> {
  const mail = await skippingLocked(db, due(db, now))
    .select(['id', 'tenant_id', 'template', 'recipient', 'user_id', 'payload', 'attempts', 'created_at'])
    .executeTakeFirst();
  if (!mail) return undefined;
  const held = { attempts: mail.attempts + 1, lease_until: now + MAIL_LEASE };
  await db
    .updateTable('mails')
    .set({ ...held, next_attempt_at: held.lease_until })
    .where('tenant_id', '=', mail.tenant_id)
    .where('id', '=', mail.id)
    .execute();
  return { ...mail, ...held };
}

const held = (db: Db, { tenant_id, id, attempts, lease_until }: Leased) =>
  db
    .updateTable('mails')
    .where('tenant_id', '=', tenant_id)
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('lease_until', '=', lease_until);

/** Records that the mail is with its receiver; what it held is forgotten. */
export async function recordSent({ database, clock }: Services, mail: Leased): Promise<void> {
  await database.write((db) =>
    held(db, mail)
      .set({
        state: 'sent',
        sent_at: clock.now(),
        payload: null,
        next_attempt_at: null,
        lease_until: null,
        last_error: null,
      })
      .execute(),
  );
}

export interface MailFailure {
  /** For the administrator; never holds the link. */
  readonly message: string;
  /** Short reason for the audit log: an SMTP reply code or the name of an error. */
  readonly reason: string;
  /** Trying again would not help. */
  readonly isPermanent: boolean;
}

/** Records a failed attempt. Returns when the next one is due, or undefined where the mail is given up. */
export async function recordFailure(
  services: Services,
  mail: Leased,
  { message, reason, isPermanent }: MailFailure,
): Promise<number | undefined> {
  const pause = isPermanent ? undefined : PAUSES[mail.attempts - 1];
  if (pause === undefined) {
    await giveUp(services, mail, message, reason);
    return undefined;
  }
  const at = services.clock.now() + pause;
  await services.database.write((db) =>
    held(db, mail)
      .where('state', '=', 'pending')
      .set({ next_attempt_at: at, lease_until: null, last_error: message.slice(0, MAX_ERROR) })
      .execute(),
  );
  return at;
}

async function giveUp({ database, clock }: Services, mail: Leased, message: string, reason: string): Promise<void> {
  await database.write(async (db) => {
    const changed = await held(db, mail)
      .where('state', '=', 'pending')
      .set({ state: 'failed', next_attempt_at: null, lease_until: null, last_error: message.slice(0, MAX_ERROR) })
      .executeTakeFirst();
    if (changed.numUpdatedRows === 0n) return;
    const context = {
      tenant: { id: mail.tenant_id },
      actor: systemActor,
      caller: { requestId: null, ip: null, userAgent: null },
      now: clock.now(),
    };
    // The address stays out: the audit log outlives the person.
    const data = { template: mail.template, user_id: mail.user_id, attempts: mail.attempts, reason };
    await insertEvent(db, context, 'mail.failed', { target: { type: 'mail', id: mail.id }, data });
  });
}

async function cancelExpired({ database }: Services, mail: Leased): Promise<void> {
  await database.write((db) =>
    held(db, mail)
      .where('state', '=', 'pending')
      .set({
        state: 'cancelled',
        payload: null,
        next_attempt_at: null,
        lease_until: null,
        last_error: 'Its link expired before it could be sent.',
      })
      .execute(),
  );
}
