/** Connections; those of strategy `database` are the user pools. Owns the rules; a connection that has users, and the default one, stay. */
import type { Connection, connections as contract, PasswordPolicy } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { readCounter, readCounters } from '../counters/counters.ts';
import { defaultPolicy } from '../credentials/policy.ts';
import { type Db, padded } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { countRows, type ListQuery, newestFirst, refusing } from '../rows.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import type { Unit, Work } from '../work.ts';
import { DATABASE, DEFAULT_POOL, TOTAL } from './connections.store.ts';
import { type Enabling, enablingOf, findEnabled, replaceEnabled } from './enabling.ts';
import {
  announceConnection,
  checkIsNoPool,
  checkIsNotDefault,
  draftConnection,
  dropConnection,
  enabledOf,
  fieldsOf,
  policyOf,
  type Row,
  requireConnection,
} from './row.ts';

const viewOf = (row: Row, enabled: readonly string[], users: number): Connection => ({
  id: row.id,
  name: row.name,
  display_name: row.display_name,
  strategy: row.strategy,
  is_default: row.is_default === 1,
  password_policy: policyOf(row),
  enabled_for_all: row.is_enabled_for_all === 1,
  enabled_applications: [...enabled],
  user_count: users,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

export interface ConnectionListQuery extends ListQuery {
  readonly include_total?: boolean;
  readonly strategies?: readonly [string, ...string[]];
}
export interface ConnectionPage {
  readonly connections: Connection[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

const usersOf = (db: Db, row: Row): Promise<number> => readCounter(db, row.tenant_id, totalOf('connection', row.num));

/** The policy with a patch. A password must be able to meet it. */
function patchedPolicy(policy: PasswordPolicy, patch: Partial<PasswordPolicy> = {}): PasswordPolicy {
  const next = { ...policy, ...patch };
  if (next.min_length > next.max_length)
    throw fieldProblem(
      'password_policy.min_length',
      'maximum',
      `password_policy.min_length (${next.min_length}) must not be over max_length (${next.max_length}).`,
    );
  return next;
}

/** Callers name the default connection so, whatever it is called: another one could not be meant by its name. */
function checkNameIsFree(name: string | undefined): void {
  if (name !== undefined && keyOf(name.trim()) === DEFAULT_POOL)
    throw fieldProblem('name', 'reserved', `"${name}" stands for the default connection; choose another name.`);
}

const refusingTaken = <T>(name: string | undefined, write: () => Promise<T>): Promise<T> =>
  refusing(
    'connections.name_key',
    () => fieldProblem('name', 'unique', `Another connection is called "${name}".`, 'name_taken'),
    write,
  );

/** One page of the connections, newest first; with `strategies` of those that have one of them. */
export const listConnections = (work: Work, query: ConnectionListQuery): Promise<ConnectionPage> =>
  work.read(async (db) => {
    const { id: tenantId } = work.tenant;
    const { strategies } = query;
    let all = db.selectFrom('connections').where('tenant_id', '=', tenantId);
    if (strategies) all = all.where('strategy', 'in', padded(strategies));
    const total = () => (strategies ? countRows(all) : readCounter(db, tenantId, TOTAL));
    const { rows, next_cursor } = await newestFirst(all.selectAll(), 'connections.id', query);
    const users = await readCounters(
      db,
      tenantId,
      rows.map(({ num }) => totalOf('connection', num)),
    );
    const enabled = await findEnabled(
      db,
      tenantId,
      rows.filter(({ is_enabled_for_all }) => is_enabled_for_all === 0).map(({ num }) => num),
    );
    return {
      connections: rows.map((row) =>
        viewOf(row, enabled.get(row.num) ?? [], users.get(totalOf('connection', row.num)) as number),
      ),
      next_cursor,
      ...(query.include_total ? { total: await total() } : {}),
    };
  });

export const list: Operation<typeof contract.list> = (work, { query }) => listConnections(work, query);

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  const policy = patchedPolicy(defaultPolicy, body.password_policy);
  const enabling = enablingOf(body);
  checkNameIsFree(body.name);
  return refusingTaken(body.name, () =>
    work.write(async (unit) => {
      const row = await unit.db
        .insertInto('connections')
        .values({
          ...draftConnection(unit, body.name),
          display_name: body.display_name ?? null,
          strategy: body.strategy ?? DATABASE,
          is_enabled_for_all: enabling?.isForAll === false ? 0 : 1,
          password_policy: JSON.stringify(policy),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const enabled = await enable(unit, row, enabling);
      await announceConnection(unit, row, enabled);
      return viewOf(row, enabled, 0);
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { connection_id }) =>
  work.read(async (db) => {
    const named = await db
      .selectFrom('connections')
      .selectAll()
      .where('tenant_id', '=', work.tenant.id)
      .where((e) => e.or([e('id', '=', connection_id), e('name_key', '=', keyOf(connection_id))]))
      .execute();
    const row = named.find(({ id }) => id === connection_id) ?? named[0];
    if (!row) throw notFound('connection', connection_id);
    return viewOf(row, await enabledOf(db, row), await usersOf(db, row));
  });

/** The ids of the applications that it is enabled for, as they are from now on. */
async function enable(unit: Unit, row: Row, enabling: Enabling | undefined): Promise<string[]> {
  if (!enabling) return enabledOf(unit.db, row);
  return enabling.applications === undefined
    ? enabledOf(unit.db, row)
    : replaceEnabled(unit, row.num, enabling.applications);
}

export const update: Operation<typeof contract.update> = async (work, { connection_id, body }) => {
  const enabling = enablingOf(body);
  return refusingTaken(body.name, () =>
    work.write(async (unit) => {
      const before = await requireConnection(unit.db, unit.tenant.id, connection_id, true);
      if (before.is_default === 0 && body.name !== before.name) checkNameIsFree(body.name);
      const { password_policy: patch, enabled_for_all, enabled_applications, ...fields } = body;
      const wasEnabled = await enabledOf(unit.db, before);
      const enabled = await enable(unit, before, enabling);
      const merged: Row = {
        ...before,
        ...fields,
        ...(enabling ? { is_enabled_for_all: enabling.isForAll ? 1 : 0 } : {}),
        password_policy: JSON.stringify(patchedPolicy(policyOf(before), patch)),
      };
      const change = difference(fieldsOf(before, wasEnabled), fieldsOf(merged, enabled));
      const users = await usersOf(unit.db, before);
      if (Object.keys(change.after).length === 0) return viewOf(before, wasEnabled, users);
      const row: Row = { ...merged, name_key: keyOf(merged.name), updated_at: unit.now };
      const { num, ...columns } = row;
      await unit.db.updateTable('connections').set(columns).where('num', '=', num).execute();
      await unit.emit('connection.updated', { target: { type: 'connection', id: row.id }, data: change });
      return viewOf(row, enabled, users);
    }),
  );
};

const remove: Operation<typeof contract.delete> = (work, { connection_id }) =>
  work.write(async (unit) => {
    // Whoever creates a user points to the connection: such units are over once this one has its lock.
    const row = await requireConnection(unit.db, unit.tenant.id, connection_id, true);
    checkIsNotDefault(row);
    await checkIsNoPool(unit, row);
    const user = await unit.db
      .selectFrom('users')
      .select('num')
      .where('connection_num', '=', row.num)
      .limit(1)
      .executeTakeFirst();
    if (user) throw new Problem('in_use', 'The connection has users; delete them first.');
    const linked = await unit.db
      .selectFrom('linked_accounts')
      .select('subject')
      .where('tenant_id', '=', unit.tenant.id)
      .where('connection_num', '=', row.num)
      .limit(1)
      .executeTakeFirst();
    if (linked) throw new Problem('in_use', 'Users have linked identities of the connection; unlink them first.');
    await dropConnection(unit, row);
  });

export { remove as delete };
