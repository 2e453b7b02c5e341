/**
 * Conditions on single events, as the database judges them. Owns the invariant that each is true or false of every event,
 * never unknown: so the contrary of a condition is told by `not`, whatever an event lacks. None but an id leads to an index:
 * the indexes are in the order of the log, and a condition must not make its matches be sorted.
 */
import type { EventType } from '@reeve/contract';
import { type RawBuilder, sql } from 'kysely';
import { type Db, isPostgres } from '../database/database.ts';
import { adHoc, eventHas, eventText, isOneOf, unindexed } from '../database/document.ts';

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
  /**
   * The OAuth client that carried it, else that it was done to, else, where that is none any more, that its data names; absent:
   * there is one.
   */
  | { readonly kind: 'client'; readonly clientId?: string }
  /** What its data has at a path of names; without a value: anything. Both are ours, never a caller's. */
  | { readonly kind: 'data'; readonly path: readonly string[]; readonly value?: string };

type Sql = RawBuilder<boolean>;

/** What an event lacks makes a comparison unknown. */
const known = (condition: Sql): Sql => sql`coalesce(${condition}, false)`;

const joined = (parts: readonly Sql[], by: 'and' | 'or'): Sql => {
  if (parts.length === 0) return by === 'and' ? sql`(1 = 1)` : sql`(1 = 0)`;
  return sql`(${sql.join(parts, by === 'and' ? sql` and ` : sql` or `)})`;
};

const ABOUT = sql`case
  when events.target_type = 'user' and events.target_id is not null then events.target_id
  when events.named_user_id is not null then events.named_user_id
  when events.actor_type = 'user' then events.actor_id end`;

const CLIENT = sql`coalesce(events.application_id, case when events.target_type = 'application' then events.target_id end)`;

function clientIs(db: Db, tenantId: number, ids: readonly string[]): Sql {
  const own = sql`select 1 from applications where applications.tenant_id = ${tenantId} and applications.id = ${CLIENT}`;
  return sql`(exists (${own} and ${isOneOf(db, sql`applications.client_id`, ids)})
    or (not exists (${own}) and ${known(isOneOf(db, eventText(db, ['client_id']), ids))}))`;
}

/** What a leaf compares with a list of texts; undefined where it does something else. */
function listOf(leaf: EventCondition): readonly [kind: Listed, texts: readonly string[]] | undefined {
  switch (leaf.kind) {
    case 'type':
      return ['type', leaf.types];
    case 'about':
      return leaf.ids && ['about', leaf.ids];
    case 'ip':
      return leaf.value === undefined ? undefined : ['ip', [leaf.value]];
    case 'id':
      return ['id', [leaf.value]];
    case 'client':
      return leaf.clientId === undefined ? undefined : ['client', [leaf.clientId]];
    default:
      return undefined;
  }
}
type Listed = 'type' | 'about' | 'ip' | 'id' | 'client';

const LISTS: Readonly<Record<Listed, (db: Db, tenantId: number, texts: readonly string[]) => Sql>> = {
  type: (db, _tenant, types) =>
    types.length === 0
      ? joined([], 'or')
      : sql`(${unindexed(db, 'events.type')} in (${sql.join(types.map((type) => sql.lit(type)))}))`,
  about: (db, _tenant, ids) => known(isOneOf(db, sql`(${ABOUT})`, ids)),
  ip: (db, _tenant, ips) => known(isOneOf(db, sql`events.ip`, ips)),
  id: (db, _tenant, ids) => isOneOf(db, sql`events.id`, ids),
  client: clientIs,
};

function leafOf(db: Db, condition: Exclude<Leaf, { kind: 'type' | 'id' }>): Sql {
  switch (condition.kind) {
    case 'ip':
      return sql`(events.ip is not null)`;
    case 'about':
      return sql`((${ABOUT}) is not null)`;
    case 'client':
      return sql`((${CLIENT}) is not null or ${eventHas(db, ['client_id'])})`;
    case 'time': {
      const { from, to } = condition;
      const bounds = [
        ...(from === undefined ? [] : [sql<boolean>`events.created_at + 0 >= ${from}`]),
        ...(to === undefined ? [] : [sql<boolean>`events.created_at + 0 <= ${to}`]),
      ];
      return joined(bounds, 'and');
    }
    case 'data':
      return condition.value === undefined
        ? known(eventHas(db, condition.path))
        : known(sql`${eventText(db, condition.path)} = ${sql.lit(condition.value)}`);
  }
}

function partOf(db: Db, tenantId: number, condition: EventCondition): Sql {
  const text = textOf(db, tenantId, condition);
  return text === undefined ? composed(db, tenantId, condition) : sql.raw<boolean>(text);
}

/** What holds nothing of a caller's is written once, however often it stands in a query: names of codes are long to write. */
const written = { postgres: new WeakMap<EventCondition, string>(), sqlite: new WeakMap<EventCondition, string>() };

function textOf(db: Db, tenantId: number, condition: EventCondition): string | undefined {
  const texts = isPostgres(db) ? written.postgres : written.sqlite;
  let text = texts.get(condition);
  if (text === undefined && 'of' in condition && isOurs(condition)) {
    text = composed(db, tenantId, condition).compile(db).sql;
    texts.set(condition, text);
  }
  return text;
}

function isOurs(condition: EventCondition): boolean {
  if (!('of' in condition)) return condition.kind === 'type' || condition.kind === 'data';
  return [condition.of].flat().every(isOurs);
}

function composed(db: Db, tenantId: number, condition: EventCondition): Sql {
  if (condition.kind === 'not') return sql`(not ${partOf(db, tenantId, condition.of)})`;
  if (condition.kind === 'or') return joined(alternativesOf(db, tenantId, condition.of), 'or');
  if (condition.kind === 'and')
    return joined(
      condition.of.map((part) => partOf(db, tenantId, part)),
      'and',
    );
  const list = listOf(condition);
  return list ? LISTS[list[0]](db, tenantId, list[1]) : leafOf(db, condition as Parameters<typeof leafOf>[1]);
}

/** What is compared with the same, in any number of alternatives, is one comparison with all of it. */
function alternativesOf(db: Db, tenantId: number, of: readonly EventCondition[]): Sql[] {
  const lists = new Map<Listed, string[]>();
  const others: Sql[] = [];
  for (const part of of) {
    const [kind, texts] = listOf(part) ?? [];
    if (kind === undefined) others.push(partOf(db, tenantId, part));
    else lists.set(kind, [...(lists.get(kind) ?? []), ...(texts ?? [])]);
  }
  return [...[...lists].map(([kind, texts]) => LISTS[kind](db, tenantId, [...new Set(texts)])), ...others];
}

/** How many comparisons the condition is made of. */
export const sizeOf = (condition: EventCondition): number => {
  if (!('of' in condition)) return 1;
  return [condition.of].flat().reduce((size, part) => size + sizeOf(part), 0);
};

/** The condition on a row of `events`. */
export const conditionOf = (db: Db, tenantId: number, condition: EventCondition): Sql =>
  sql`${partOf(db, tenantId, condition)} ${adHoc()}`;
