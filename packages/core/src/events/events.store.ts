/** Events: appended in the transaction of their cause, never changed; an erased person's events lose all but the id. */
import type { EventType } from '@reeve/contract';
import type { Insertable } from 'kysely';
import type { Instant } from '../clock.ts';
import { insertColumns } from '../database/bulk.ts';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { newId } from '../id.ts';
import type { EventTable } from '../tables.ts';
import type { Actor, Caller, TenantContext } from '../work.ts';
import { redact } from './redact.ts';

export interface EventDraft {
  /** What was acted on. */
  readonly target?: { readonly type: string; readonly id: string | null };
  /** `before` and `after`, or the reason of a refusal. Values under secret-looking names are struck out. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export type EventRow = Required<Omit<Insertable<EventTable>, 'num' | 'named_user_id'>> & {
  readonly named_user_id: string | null;
};

export interface EventContext {
  readonly tenant: Pick<TenantContext, 'id'>;
  readonly actor: Actor;
  readonly caller: Caller;
  readonly now: Instant;
}

const insert = statement<{ [K in keyof EventRow]: EventRow[K] }, unknown>((db, slot) =>
  db.insertInto('events').values({
    id: slot('id'),
    tenant_id: slot('tenant_id'),
    type: slot('type'),
    actor_type: slot('actor_type'),
    actor_id: slot('actor_id'),
    application_id: slot('application_id'),
    impersonator_id: slot('impersonator_id'),
    target_type: slot('target_type'),
    target_id: slot('target_id'),
    request_id: slot('request_id'),
    ip: slot('ip'),
    user_agent: slot('user_agent'),
    data: slot('data'),
    named_user_id: slot('named_user_id'),
    created_at: slot('created_at'),
  }),
);

const eventRow = (
  { tenant, actor, caller, now }: EventContext,
  type: EventType,
  { target, data }: EventDraft,
): EventRow => ({
  id: newId('evt', now),
  tenant_id: tenant.id,
  type,
  actor_type: actor.type,
  actor_id: actor.id,
  application_id: actor.applicationId,
  impersonator_id: actor.impersonatorId,
  target_type: target?.type ?? null,
  target_id: target?.id ?? null,
  request_id: caller.requestId,
  ip: caller.ip,
  user_agent: caller.userAgent,
  data: data ? JSON.stringify(redact(data)) : null,
  named_user_id: typeof data?.user_id === 'string' ? data.user_id : null,
  created_at: now,
});

export async function insertEvent(db: Db, context: EventContext, type: EventType, event: EventDraft): Promise<void> {
  await insert(db, eventRow(context, type, event) as never);
}

/** Appends one event of the same type for each target; `data` is JSON text, redacted already. */
export async function insertEvents(
  db: Db,
  { tenant, actor, caller, now }: EventContext,
  type: EventType,
  targets: { readonly type: string; readonly id: readonly string[]; readonly data: readonly string[] },
): Promise<void> {
  await insertColumns(db, 'events', targets.id.length, {
    id: targets.id.map(() => newId('evt', now)),
    tenant_id: tenant.id,
    type,
    actor_type: actor.type,
    actor_id: actor.id,
    application_id: actor.applicationId,
    impersonator_id: actor.impersonatorId,
    target_type: targets.type,
    target_id: targets.id,
    request_id: caller.requestId,
    ip: caller.ip,
    user_agent: caller.userAgent,
    data: targets.data,
    created_at: now,
  });
}

/** Strikes everything but ids out of the events of a person who is erased. */
export async function scrubEvents(db: Db, tenantId: number, userId: string): Promise<void> {
  await db
    .updateTable('events')
    .set({ data: null, ip: null, user_agent: null })
    .where('tenant_id', '=', tenantId)
    .where('target_id', '=', userId)
    .execute();
  for (const column of ['actor_id', 'impersonator_id'] as const)
    await db
      .updateTable('events')
      .set({ ip: null, user_agent: null })
      .where('tenant_id', '=', tenantId)
      .where(column, '=', userId)
      .execute();
}
