/**
 * Conditions on single events, as the database judges them. Owns the invariant that each is true or false of every event,
 * never unknown: so the contrary of a condition is told by `not`, whatever an event lacks. None but an id leads to an index:
 * the indexes are in the order of the log, and a condition must not make its matches be sorted.
 */
import type { EventType } from '@reeve/contract';
import { type RawBuilder, sql } from 'kysely';
import { type Db, padded } from '../database/database.ts';
import { adHoc, eventHas, eventText, unindexed } from '../database/document.ts';

export type EventCondition =
  /** All of none is true, one of none is false. */
  | { readonly kind: 'and' | 'or'; readonly of: readonly EventCondition[] }
  | { readonly kind: 'not'; readonly of: EventCondition }
  | Leaf;

type Leaf =
  | { readonly kind: 'type'; readonly types: readonly EventType[] }
  /** Without a value: that there is any. */
  | { readonly kind: 'ip'; readonly value?: string }
  | { readonly kind: 'id'; readonly value: string }
  /** Epoch milliseconds, both inclusive. */
  | { readonly kind: 'time'; readonly from?: number; readonly to?: number }
  /** Whom it is about (`EventFilter.about`), by native ids; absent: somebody. */
  | { readonly kind: 'about'; readonly ids?: readonly string[] }
  /** The OAuth client that carried it, else that it was done to, else, where that is none any more, that its data names. */
  | { readonly kind: 'client'; readonly clientId: string }
  /** What its data has at a path of names; without a value: anything. */
  | { readonly kind: 'data'; readonly path: readonly string[]; readonly value?: string };

type Sql = RawBuilder<boolean>;

/** What an event lacks makes a comparison unknown. */
const known = (condition: Sql): Sql => sql`coalesce(${condition}, false)`;

const joined = (parts: readonly Sql[], by: 'and' | 'or'): Sql => {
  if (parts.length === 0) return by === 'and' ? sql`(1 = 1)` : sql`(1 = 0)`;
  return sql`(${sql.join(parts, by === 'and' ? sql` and ` : sql` or `)})`;
};

function isAmong(value: RawBuilder<unknown>, texts: readonly string[]): Sql {
  const [first, ...rest] = texts;
  return first === undefined ? joined([], 'or') : sql`(${value} in (${sql.join(padded([first, ...rest]))}))`;
}

const ABOUT = sql`case
  when events.target_type = 'user' and events.target_id is not null then events.target_id
  when events.named_user_id is not null then events.named_user_id
  when events.actor_type = 'user' then events.actor_id end`;

const CLIENT = sql`coalesce(events.application_id, case when events.target_type = 'application' then events.target_id end)`;

function clientIs(db: Db, tenantId: number, clientId: string): Sql {
  const own = sql`select 1 from applications where applications.tenant_id = ${tenantId} and applications.id = ${CLIENT}`;
  return sql`(exists (${own} and applications.client_id = ${clientId})
    or (not exists (${own}) and ${known(sql`${eventText(db, ['client_id'])} = ${clientId}`)}))`;
}

function leafOf(db: Db, tenantId: number, condition: Leaf): Sql {
  switch (condition.kind) {
    case 'type':
      return isAmong(unindexed(db, 'events.type'), condition.types);
    case 'ip':
      return condition.value === undefined ? sql`(events.ip is not null)` : known(sql`events.ip = ${condition.value}`);
    case 'id':
      return sql`(events.id = ${condition.value})`;
    case 'time': {
      const { from, to } = condition;
      const bounds = [
        ...(from === undefined ? [] : [sql<boolean>`events.created_at + 0 >= ${from}`]),
        ...(to === undefined ? [] : [sql<boolean>`events.created_at + 0 <= ${to}`]),
      ];
      return joined(bounds, 'and');
    }
    case 'about':
      return condition.ids ? known(isAmong(sql`(${ABOUT})`, condition.ids)) : sql`((${ABOUT}) is not null)`;
    case 'client':
      return clientIs(db, tenantId, condition.clientId);
    case 'data':
      return condition.value === undefined
        ? known(eventHas(db, condition.path))
        : known(sql`${eventText(db, condition.path)} = ${condition.value}`);
  }
}

function partOf(db: Db, tenantId: number, condition: EventCondition): Sql {
  if (!('of' in condition)) return leafOf(db, tenantId, condition);
  if (condition.kind === 'not') return sql`(not ${partOf(db, tenantId, condition.of)})`;
  return joined(
    condition.of.map((part) => partOf(db, tenantId, part)),
    condition.kind,
  );
}

/** The condition on a row of `events`. */
export const conditionOf = (db: Db, tenantId: number, condition: EventCondition): Sql =>
  sql`${partOf(db, tenantId, condition)} ${adHoc()}`;
