/**
 * Pools, and which of them a user belongs to. Owns two invariants: nobody belongs to the home a second time, and a home moves
 * whole (identity, document, totals) or not at all. All changes of one user happen one after another: they lock the row.
 */
import type { pools as contract, Pool } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type ConnectionRow, DATABASE } from '../connections/connections.store.ts';
import { readCounters } from '../counters/counters.ts';
import type { Db } from '../database/database.ts';
import { type Operation, Rendered } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import { parse, type User } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { moveHome, type UserRow } from '../users/users.store.ts';
import { refusingTaken, requireUser, saveUser, userToChange } from '../users/users.ts';
import { checkVersion } from '../version.ts';
import type { Unit } from '../work.ts';
import { findClientIdsByPool } from './application-pools.store.ts';
import { countTags, deleteTag, findPool, findTags, insertTag, nameOfPool, poolToPointTo } from './pools.store.ts';

const SORT = 'pools';

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { limit = DEFAULT_LIMIT, cursor } = query;
    let all = db
      .selectFrom('connections')
      .select(['num', 'id', 'name', 'name_key', 'is_default'])
      .where('tenant_id', '=', work.tenant.id)
      .where('strategy', '=', DATABASE);
    if (cursor !== undefined) all = all.where('name_key', '>', decodeCursor(cursor, SORT, ['string'])[0] as string);
    const found = await all
      .orderBy('name_key')
      .limit(limit + 1)
      .execute();
    const { rows, next_cursor } = cut(found, limit, ({ name_key }) => encodeCursor(SORT, [name_key]));
    return { pools: await viewsOf(db, work.tenant.id, rows), next_cursor };
  });

interface Listed {
  readonly num: number;
  readonly id: string;
  readonly name: string;
  readonly is_default: 0 | 1;
}

async function viewsOf(db: Db, tenantId: number, rows: readonly Listed[]): Promise<Pool[]> {
  const nums = rows.map(({ num }) => num);
  const homes = await readCounters(
    db,
    tenantId,
    nums.map((num) => totalOf('connection', num)),
  );
  const tags = await countTags(db, tenantId, nums);
  const applications = await findClientIdsByPool(db, tenantId, nums);
  return rows.map(({ num, id, name, is_default }) => {
    const home_count = homes.get(totalOf('connection', num)) as number;
    const tag_count = tags.get(num) ?? 0;
    return {
      connection_id: id,
      name,
      is_default: is_default === 1,
      user_count: home_count + tag_count,
      home_count,
      tag_count,
      applications: applications.get(num) ?? [],
    };
  });
}

export const getForUser: Operation<typeof contract.getForUser> = async (work, { user_id }) => {
  const { num, connection_num } = await requireUser(work, user_id);
  return work.read(async (db) => ({
    home: await nameOfPool(db, work.tenant.id, connection_num),
    tags: await findTags(db, work.tenant.id, num),
  }));
};

/** The user in another home. */
function movedTo(user: User, connectionId: string, now: number): User {
  return {
    ...user,
    connection_id: connectionId,
    identities: user.identities.map((one) => (one.is_primary ? { ...one, connection_id: connectionId } : one)),
    updated_at: toWire(now),
  };
}

export const setUserHome: Operation<typeof contract.setUserHome> = (work, { user_id, body, ifMatch }) =>
  refusingTaken(() =>
    work.write(async (unit) => {
      const { db, tenant } = unit;
      const row = await userToChange(unit, user_id);
      checkVersion(ifMatch, row.version);
      unit.concerns(row.id);
      const pool = await poolToPointTo(work, unit, { pool: body.pool, field: 'pool' });
      if (pool.num === row.connection_num) return new Rendered<User>(row.doc, row.version);
      const before = await nameOfPool(db, tenant.id, row.connection_num);
      await deleteTag(unit, row.num, pool.num);
      await moveHome(db, tenant.id, row.num, pool.num);
      const answer = await saveUser(unit, row, movedTo(parse(row.doc), pool.id, unit.now));
      unit.count(totalOf('connection', row.connection_num), -1);
      unit.count(totalOf('connection', pool.num), 1);
      await unit.emit('user.home_pool_changed', {
        target: { type: 'user', id: row.id },
        data: { before: { pool: before }, after: { pool: pool.name } },
      });
      return answer;
    }),
  );

function checkIsNotHome(user: UserRow, connectionNum: number): void {
  if (connectionNum === user.connection_num)
    throw fieldProblem('pool', 'home', 'The pool is the home of the user; it is changed by moving the user.');
}

/**
 * Adds a user, whose row this unit has locked, to a pool beside the home. In it already, or at home there, nothing happens.
 * Returns whether the user was added.
 */
export async function addToPool(
  unit: Unit,
  user: Pick<UserRow, 'id' | 'num' | 'connection_num'>,
  pool: Pick<ConnectionRow, 'num' | 'name'>,
): Promise<boolean> {
  if (pool.num === user.connection_num || !(await insertTag(unit, user.num, pool.num))) return false;
  await unit.emit('user.pool_added', { target: { type: 'user', id: user.id }, data: { pool: pool.name } });
  return true;
}

export const addUser: Operation<typeof contract.addUser> = (work, { user_id, pool: named }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    const pool = await poolToPointTo(work, unit, { pool: named, field: 'pool', isInPath: true });
    checkIsNotHome(user, pool.num);
    await addToPool(unit, user, pool);
  });

export const removeUser: Operation<typeof contract.removeUser> = (work, { user_id, pool: named }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    unit.concerns(user.id);
    const pool = await findPool(unit.db, unit.tenant.id, { pool: named, field: 'pool', isInPath: true });
    if (!pool) return;
    checkIsNotHome(user, pool.num);
    if (!(await deleteTag(unit, user.num, pool.num))) return;
    await unit.emit('user.pool_removed', { target: { type: 'user', id: user.id }, data: { pool: pool.name } });
  });
