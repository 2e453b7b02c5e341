/**
 * What a tenant's settings fall back on: an API and a connection. Owns the invariant that they name what is there: what is
 * set is held until the setting is written, and what is deleted takes the setting with it, in the same transaction.
 */
import type { Settings } from '@reeve/contract';
import { DATABASE } from '../connections/connections.store.ts';
import { held, locked } from '../database/database.ts';
import { fieldProblem } from '../problem.ts';
import { findByIdentifierToPointTo } from '../resource-servers/resource-servers.store.ts';
import { keyOf } from '../users/document.ts';
import type { Unit } from '../work.ts';
import { settingsOf } from './tenants.store.ts';

type Defaults = Pick<Settings, 'default_audience' | 'default_connection'>;

/**
 * The defaults of a patch as they are kept: the connection by its id, so that it may be renamed. What they name can't be
 * deleted before the unit ends; call it before the tenant's row is locked, as deletions lock that row last.
 *
 * @throws Problem `invalid_request` where one names nothing, or a connection without passwords.
 */
export async function pointToDefaults(unit: Unit, patch: Partial<Defaults> = {}): Promise<Partial<Defaults>> {
  const { default_audience: audience, default_connection: connection } = patch;
  if (typeof audience === 'string' && !(await findByIdentifierToPointTo(unit.db, unit.tenant.id, audience)))
    throw fieldProblem(
      'settings.default_audience',
      'exists',
      `No resource server of the tenant has the identifier "${audience}".`,
    );
  return {
    ...(audience === undefined ? {} : { default_audience: audience }),
    ...(connection === undefined
      ? {}
      : { default_connection: connection === null ? null : await connectionToPointTo(unit, connection) }),
  };
}

async function connectionToPointTo({ db, tenant }: Unit, idOrName: string): Promise<string> {
  const named = db
    .selectFrom('connections')
    .select(['id', 'strategy'])
    .where('tenant_id', '=', tenant.id)
    .where((e) => e.or([e('id', '=', idOrName), e('name_key', '=', keyOf(idOrName))]));
  const rows = await held(db, named).execute();
  const row = rows.find(({ id }) => id === idOrName) ?? rows[0];
  const field = 'settings.default_connection';
  if (!row) throw fieldProblem(field, 'exists', `No connection has the id or name "${idOrName}".`);
  if (row.strategy !== DATABASE)
    throw fieldProblem(field, 'strategy', `The connection is of the strategy ${row.strategy}: it has no passwords.`);
  return row.id;
}

/** Clears a default that names what is deleted in this unit. */
export async function clearDefault(unit: Unit, name: keyof Defaults, deleted: string): Promise<void> {
  const { db, tenant, now } = unit;
  const row = await locked(
    db,
    db.selectFrom('tenants').select(['id', 'settings']).where('num', '=', tenant.id),
  ).executeTakeFirstOrThrow();
  if (settingsOf(row.settings)[name] !== deleted) return;
  const settings = JSON.stringify({ ...(JSON.parse(row.settings) as object), [name]: null });
  await db.updateTable('tenants').set({ settings, updated_at: now }).where('num', '=', tenant.id).execute();
  await unit.emit('tenant.updated', {
    target: { type: 'tenant', id: row.id },
    data: { before: { settings: { [name]: deleted } }, after: { settings: { [name]: null } } },
  });
  unit.afterCommit(unit.services.onTenantChange);
}
