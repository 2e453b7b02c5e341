/**
 * The rows of pools: found by what callers call them, made where they are named for the first time, and the users who belong to
 * one beside their home. Owns the invariant that two who name a new pool at once get the same one.
 */
import { type ConnectionRow, DATABASE, DEFAULT_POOL, findConnection } from '../connections/connections.store.ts';
import { announceConnection, draftConnection } from '../connections/row.ts';
import { type Db, held, padded } from '../database/database.ts';
import { isId } from '../id.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { keyOf } from '../users/document.ts';
import type { Unit, Work } from '../work.ts';

const NEW_NAME = /^[a-z0-9_-]{1,100}$/;

/** Where a request names a pool. An id in a path that names nothing is `not_found`. */
export interface Naming {
  readonly pool: string;
  readonly field: string;
  readonly isInPath?: boolean;
}

/** What `findConnection` finds it by. */
const keyIn = ({ pool }: Naming): string | undefined => (keyOf(pool.trim()) === DEFAULT_POOL ? undefined : pool.trim());

/** The name under which a pool is made. Throws where it can't be one. */
function newNameIn({ pool, field, isInPath }: Naming): string {
  const name = pool.trim();
  if (isId('con', name))
    throw isInPath
      ? notFound('pool', name)
      : fieldProblem(field, 'exists', `${field}: no connection has the id "${name}".`);
  if (!NEW_NAME.test(name.toLowerCase()))
    throw fieldProblem(field, 'pattern', `${field}: the name of a new pool has 1 to 100 of a-z, 0-9, "_" and "-".`);
  return name.toLowerCase();
}

function checkIsPool({ strategy, name }: ConnectionRow, { field }: Naming): void {
  if (strategy !== DATABASE)
    throw fieldProblem(
      field,
      'strategy',
      `${field}: the connection "${name}" is of the strategy ${strategy}, so it is no pool.`,
    );
}

/** The pool of this id or name; undefined where no pool has the name. Throws on what can't be a pool. */
export async function findPool(db: Db, tenantId: number, naming: Naming): Promise<ConnectionRow | undefined> {
  const found = await findConnection(db, tenantId, keyIn(naming));
  if (found) checkIsPool(found, naming);
  else newNameIn(naming);
  return found;
}

/** Whether the connection is there still; then nobody can delete it before the unit ends. */
async function hold({ db, tenant }: Unit, { num }: ConnectionRow): Promise<boolean> {
  const query = db.selectFrom('connections').select('num').where('tenant_id', '=', tenant.id).where('num', '=', num);
  return (await held(db, query).executeTakeFirst()) !== undefined;
}

/**
 * The pool of this id or name, made where nothing has the name yet. It can't be deleted before the unit ends.
 *
 * @throws Problem `invalid_request` or `not_found` where it can't be a pool; `insufficient_scope` where one would be made and
 * the caller may not make connections.
 */
export async function poolToPointTo(work: Work, unit: Unit, naming: Naming): Promise<ConnectionRow> {
  const { db, tenant } = unit;
  for (;;) {
    const found = await findConnection(db, tenant.id, keyIn(naming));
    if (found) {
      checkIsPool(found, naming);
      if (await hold(unit, found)) return found;
      continue;
    }
    const name = newNameIn(naming);
    if (!work.allows('connections:write', ['create:connections']))
      throw new Problem('insufficient_scope', `No pool is called "${name}"; making one needs connections:write, too.`);
    const made = await db
      .insertInto('connections')
      .values(draftConnection(unit, name))
      .onConflict((c) => c.columns(['tenant_id', 'name_key']).doNothing())
      .returningAll()
      .executeTakeFirst();
    // Where another was faster, its pool is the one.
    if (!made) continue;
    await announceConnection(unit, made);
    return made;
  }
}

/** Returns whether the user was not in the pool. */
export async function insertTag({ db, tenant, now }: Unit, userNum: number, connectionNum: number): Promise<boolean> {
  const row = await db
    .insertInto('pool_members')
    .values({ tenant_id: tenant.id, connection_num: connectionNum, user_num: userNum, added_at: now })
    .onConflict((c) => c.doNothing())
    .returning('user_num')
    .executeTakeFirst();
  return row !== undefined;
}

/** Returns whether the user was in the pool. */
export async function deleteTag({ db, tenant }: Unit, userNum: number, connectionNum: number): Promise<boolean> {
  const row = await db
    .deleteFrom('pool_members')
    .where('tenant_id', '=', tenant.id)
    .where('connection_num', '=', connectionNum)
    .where('user_num', '=', userNum)
    .returning('user_num')
    .executeTakeFirst();
  return row !== undefined;
}

/** Names of the pools beside the home, in their order. */
export async function findTags(db: Db, tenantId: number, userNum: number): Promise<string[]> {
  const rows = await db
    .selectFrom('pool_members')
    .innerJoin('connections', 'connections.num', 'pool_members.connection_num')
    .select('connections.name')
    .where('pool_members.tenant_id', '=', tenantId)
    .where('pool_members.user_num', '=', userNum)
    .orderBy('connections.name_key')
    .execute();
  return rows.map(({ name }) => name);
}

/** How many users are in each of these pools beside their home; no entry: none. */
export async function countTags(db: Db, tenantId: number, pools: readonly number[]): Promise<Map<number, number>> {
  const [first, ...rest] = pools;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('pool_members')
    .select(['connection_num', (e) => e.fn.countAll<number | string>().as('n')])
    .where('tenant_id', '=', tenantId)
    .where('connection_num', 'in', padded([first, ...rest]))
    .groupBy('connection_num')
    .execute();
  return new Map(rows.map(({ connection_num, n }) => [connection_num, Number(n)]));
}

export async function nameOfPool(db: Db, tenantId: number, connectionNum: number): Promise<string> {
  const { name } = await db
    .selectFrom('connections')
    .select('name')
    .where('tenant_id', '=', tenantId)
    .where('num', '=', connectionNum)
    .executeTakeFirstOrThrow();
  return name;
}
