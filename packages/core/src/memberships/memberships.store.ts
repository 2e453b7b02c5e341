/**
 * Who belongs to a group, holds a role, is a member of an organization or may use an application: tables of one shape, and
 * their kept totals. Owns the invariant that a total changes exactly when a row does.
 */
import { sql } from 'kysely';
import { readCounter } from '../counters/counters.ts';
import { type Db, held } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { isId } from '../id.ts';
import { DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { notFound } from '../problem.ts';
import { type ListQuery, newestFirst, type Row } from '../rows.ts';
import { totalOf } from '../users/users.query.ts';
import type { Unit } from '../work.ts';

const TABLES = {
  group: ['group_members', 'group_id', 'groups'],
  role: ['role_members', 'role_id', 'roles'],
  organization: ['organization_members', 'organization_id', 'organizations'],
  application: ['application_users', 'application_id', 'applications'],
} as const;
export type Membership = keyof typeof TABLES;

const each = <T>(make: (kind: Membership) => T): Record<Membership, T> => ({
  group: make('group'),
  role: make('role'),
  organization: make('organization'),
  application: make('application'),
});

type Pair = { tenant_id: number; id: string; user_num: number };
const inserts = each((kind) => {
  const [table, column] = TABLES[kind];
  return statement<Pair & { added_at: number }, { user_num: number }>((db, slot) =>
    db
      .insertInto(table as 'group_members')
      .values({
        tenant_id: slot('tenant_id'),
        [column as 'group_id']: slot('id'),
        user_num: slot('user_num'),
        added_at: slot('added_at'),
      } as never)
      .onConflict((c) => c.doNothing())
      .returning('user_num'),
  );
});
const deletes = each((kind) => {
  const [table, column] = TABLES[kind];
  return statement<Pair, { user_num: number }>((db, slot) =>
    db
      .deleteFrom(table as 'group_members')
      .where('tenant_id', '=', slot('tenant_id'))
      .where(column as 'group_id', '=', slot('id'))
      .where('user_num', '=', slot('user_num'))
      .returning('user_num'),
  );
});
const deletesOfUser = each((kind) => {
  const [table, column] = TABLES[kind];
  return statement<{ user_num: number }, { id: string }>((db, slot) =>
    db
      .deleteFrom(table as 'group_members')
      .where('user_num', '=', slot('user_num'))
      .returning(`${column as 'group_id'} as id`),
  );
});

const numById = statement<{ tenant_id: number; id: string }, { num: number }>((db, slot) =>
  held(
    db,
    db.selectFrom('users').select('num').where('id', '=', slot('id')).where('tenant_id', '=', slot('tenant_id')),
  ),
);

/** The row number of a user to whom this unit will point; the user can't be deleted meanwhile. */
export async function userToPointTo(unit: Unit, userId: string): Promise<number> {
  const [row] = isId('usr', userId) ? await numById(unit.db, { tenant_id: unit.tenant.id, id: userId }) : [];
  if (!row) throw notFound('user', userId);
  return row.num;
}

/** Returns whether the user was no member before. */
export async function insertMember(unit: Unit, kind: Membership, id: string, userNum: number): Promise<boolean> {
  const values = { tenant_id: unit.tenant.id, id, user_num: userNum, added_at: unit.now };
  const isNew = (await inserts[kind](unit.db, values)).length > 0;
  if (isNew) unit.count(totalOf(kind, id), 1);
  return isNew;
}

/** Returns whether the user was a member. */
export async function deleteMember(unit: Unit, kind: Membership, id: string, userNum: number): Promise<boolean> {
  const was = (await deletes[kind](unit.db, { tenant_id: unit.tenant.id, id, user_num: userNum })).length > 0;
  if (was) unit.count(totalOf(kind, id), -1);
  return was;
}

/** Ends every membership of a user. Returns the ids of the groups, roles or organizations. */
export async function deleteMemberships(unit: Unit, kind: Membership, userNum: number): Promise<string[]> {
  const rows = await deletesOfUser[kind](unit.db, { user_num: userNum });
  for (const { id } of rows) unit.count(totalOf(kind, id), -1);
  return rows.map(({ id }) => id);
}

export interface MemberRow {
  readonly user_num: number;
  readonly added_at: number;
  /** Public JSON of the user. */
  readonly doc: string;
}
type PageValues = { tenant_id: number; id: string; after: number; limit: number };
const pages = each((kind) => {
  const [table, column] = TABLES[kind];
  return statement<PageValues, MemberRow>((db, slot) =>
    db
      .selectFrom(`${table as 'group_members'} as members`)
      .innerJoin('users', 'users.num', 'members.user_num')
      .select(['members.user_num', 'members.added_at', 'users.doc'])
      .where('members.tenant_id', '=', slot('tenant_id'))
      .where(`members.${column as 'group_id'}`, '=', slot('id'))
      .where('members.user_num', '<', slot('after'))
      .orderBy('members.user_num', 'desc')
      .limit(slot('limit')),
  );
});

export interface MemberPage {
  readonly rows: MemberRow[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

/** One page of members, the newest user first; the total is kept. */
export async function findMembers(
  db: Db,
  tenantId: number,
  kind: Membership,
  id: string,
  { limit = DEFAULT_LIMIT, cursor, include_total = false }: ListQuery & { readonly include_total?: boolean },
): Promise<MemberPage> {
  const sort = `${kind} members`;
  const [after] = cursor === undefined ? [Number.MAX_SAFE_INTEGER] : decodeCursor(cursor, sort, ['number']);
  const rows = await pages[kind](db, { tenant_id: tenantId, id, after: after as number, limit: limit + 1 });
  const kept = rows.slice(0, limit);
  return {
    rows: kept,
    next_cursor: rows.length > limit ? encodeCursor(sort, [(kept.at(-1) as MemberRow).user_num]) : null,
    ...(include_total ? { total: await readCounter(db, tenantId, totalOf(kind, id)) } : {}),
  };
}

type GroupingRow<K extends Membership> = Row<(typeof TABLES)[K][2]>;

/** One page of the groups, roles, organizations or applications of a user, the newest first. */
export function findMembershipsOf<K extends Membership>(
  db: Db,
  tenantId: number,
  userNum: number,
  kind: K,
  query: ListQuery,
): Promise<{ rows: GroupingRow<K>[]; next_cursor: string | null }> {
  const [members, id, grouping] = TABLES[kind];
  const held = db
    .selectFrom(grouping as 'groups')
    .innerJoin(`${members as 'group_members'} as held`, (join) =>
      join
        .onRef('held.tenant_id', '=', `${grouping as 'groups'}.tenant_id`)
        .onRef(`held.${id as 'group_id'}`, '=', `${grouping as 'groups'}.id`),
    )
    .selectAll(grouping as 'groups')
    .where('held.tenant_id', '=', tenantId)
    .where('held.user_num', '=', userNum);
  return newestFirst(held, `held.${id}`, query) as never;
}

const bump = each((kind) => {
  const [table, column] = TABLES[kind];
  return (db: Db, tenantId: number, id: string, except: string | null) =>
    sql`update users set token_version = token_version + 1 where num in
      (select user_num from ${sql.table(table)} where tenant_id = ${tenantId} and ${sql.ref(column)} = ${id})
      and id <> ${except ?? ''}`.execute(db);
});

/** Ends the access tokens of all members at once, because what they may do has changed; of one user they may go on. */
export async function endTokensOfMembers(
  unit: Unit,
  kind: Membership,
  id: string,
  { except = null }: { readonly except?: string | null } = {},
): Promise<void> {
  await bump[kind](unit.db, unit.tenant.id, id, except);
  unit.afterCommit(unit.services.onAccessChange);
}
