/** The rows of connections: found, locked and deleted. */
import type { PasswordPolicy } from '@reeve/contract';
import type { Selectable } from 'kysely';
import { dropCounter } from '../counters/counters.ts';
import { defaultPolicy } from '../credentials/policy.ts';
import { type Db, locked } from '../database/database.ts';
import { isId } from '../id.ts';
import { notFound, Problem } from '../problem.ts';
import type { ConnectionTable } from '../tables.ts';
import { clearDefault } from '../tenants/defaults.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import type { Unit } from '../work.ts';
import { DATABASE, TOTAL } from './connections.store.ts';
import { findEnabled } from './enabling.ts';

export type Row = Selectable<ConnectionTable>;

export const policyOf = ({ password_policy }: Row): PasswordPolicy => ({
  ...defaultPolicy,
  ...(JSON.parse(password_policy) as Partial<PasswordPolicy>),
});

/** What a caller may change. */
export const fieldsOf = (row: Row, enabled: readonly string[]) => ({
  name: row.name,
  display_name: row.display_name,
  strategy: row.strategy,
  password_policy: policyOf(row),
  enabled_for_all: row.is_enabled_for_all === 1,
  enabled_applications: enabled,
});

export const enabledOf = async (db: Db, row: Row): Promise<string[]> =>
  (await findEnabled(db, row.tenant_id, [row.num])).get(row.num) ?? [];

/** The row of this id, locked where it is to change. Throws `not_found`. */
export async function requireConnection(db: Db, tenantId: number, id: string, isToChange: boolean): Promise<Row> {
  const query = db.selectFrom('connections').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id);
  const row = isId('con', id) ? await (isToChange ? locked(db, query) : query).executeTakeFirst() : undefined;
  if (!row) throw notFound('connection', id);
  return row;
}

/** A database connection as it is where nothing is said of it but the name: of the default policy, for every application. */
export const draftConnection = (unit: Unit, name: string) =>
  ({
    id: unit.newId('con'),
    tenant_id: unit.tenant.id,
    name,
    name_key: keyOf(name),
    display_name: null,
    strategy: DATABASE,
    is_default: 0,
    is_enabled_for_all: 1,
    password_policy: JSON.stringify(defaultPolicy),
    extensions: '{}',
    created_at: unit.now,
    updated_at: unit.now,
  }) as const;

/** Counts and tells of a connection that this unit has made. */
export async function announceConnection(unit: Unit, row: Row, enabled: readonly string[] = []): Promise<void> {
  unit.count(TOTAL, 1);
  await unit.emit('connection.created', {
    target: { type: 'connection', id: row.id },
    data: { after: fieldsOf(row, enabled) },
  });
}

export function checkIsNotDefault(row: Row): void {
  if (row.is_default === 1) throw new Problem('protected_resource', 'The default connection stays.');
}

/** Without it the application would let in the people of the default connection. */
export async function checkIsNoPool({ db, tenant }: Unit, row: Row): Promise<void> {
  const application = await db
    .selectFrom('application_pools')
    .select('application_id')
    .where('tenant_id', '=', tenant.id)
    .where('connection_num', '=', row.num)
    .limit(1)
    .executeTakeFirst();
  if (application)
    throw new Problem('in_use', `The connection is a pool of the application ${application.application_id}.`);
}

/** Deletes a connection that nothing keeps; users with another home belong to it no longer. */
export async function dropConnection(unit: Unit, row: Row): Promise<void> {
  const enabled = await enabledOf(unit.db, row);
  await unit.db.deleteFrom('connections').where('num', '=', row.num).execute();
  await dropCounter(unit.db, unit.tenant.id, totalOf('connection', row.num));
  unit.count(TOTAL, -1);
  await clearDefault(unit, 'default_connection', row.id);
  await unit.emit('connection.deleted', {
    target: { type: 'connection', id: row.id },
    data: { before: fieldsOf(row, enabled) },
  });
}

/**
 * Locks a connection for the rest of the unit, so that what is read of it is still so when it is written.
 *
 * @throws Problem `not_found`.
 */
export async function lockConnection({ db, tenant }: Unit, id: string): Promise<void> {
  await requireConnection(db, tenant.id, id, true);
}
