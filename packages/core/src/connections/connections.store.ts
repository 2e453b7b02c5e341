import type { PasswordPolicy } from '@reeve/contract';
import { type Db, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { keyOf } from '../users/document.ts';

/** Name of the kept total of connections. */
export const TOTAL = 'connections';

export interface ConnectionRow {
  readonly num: number;
  readonly id: string;
  readonly name: string;
  readonly password_policy: string;
  readonly strategy: string;
  readonly is_enabled_for_all: 0 | 1;
}

const byIdOrName = statement<{ tenant_id: number; id: string; name_key: string }, ConnectionRow>((db, slot) =>
  db
    .selectFrom('connections')
    .select(['num', 'id', 'name', 'password_policy', 'strategy', 'is_enabled_for_all'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where((e) => e.or([e('id', '=', slot('id')), e('name_key', '=', slot('name_key'))])),
);
const byDefault = statement<{ tenant_id: number }, ConnectionRow>((db, slot) =>
  db
    .selectFrom('connections')
    .select(['num', 'id', 'name', 'password_policy', 'strategy', 'is_enabled_for_all'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('is_default', '=', 1),
);

/** The connection of this id or name; without one, the tenant's default. */
export async function findConnection(db: Db, tenantId: number, idOrName?: string): Promise<ConnectionRow | undefined> {
  if (idOrName === undefined) return (await byDefault(db, { tenant_id: tenantId }))[0];
  const rows = await byIdOrName(db, { tenant_id: tenantId, id: idOrName, name_key: keyOf(idOrName) });
  // An id goes before a name that looks like one.
  return rows.find(({ id }) => id === idOrName) ?? rows[0];
}

/** Ids and names of the connections that are called by any of these, ids or names; without them of all. */
export async function findConnectionNames(
  db: Db,
  tenantId: number,
  idsOrNames?: readonly string[],
): Promise<{ id: string; name: string }[]> {
  const all = db.selectFrom('connections').select(['id', 'name']).where('tenant_id', '=', tenantId);
  if (!idsOrNames) return all.execute();
  const [first, ...rest] = idsOrNames;
  if (first === undefined) return [];
  const wanted = padded([first, ...rest]);
  const rows =
    rest.length === 0
      ? await byIdOrName(db, { tenant_id: tenantId, id: first, name_key: keyOf(first) })
      : await all.where((e) => e.or([e('id', 'in', wanted), e('name_key', 'in', wanted.map(keyOf))])).execute();
  return rows.filter(({ id, name }) => idsOrNames.includes(id) || idsOrNames.includes(name));
}

export const policyOf = (row: ConnectionRow): PasswordPolicy => JSON.parse(row.password_policy) as PasswordPolicy;

/** What callers that speak of pools call the tenant's default connection, whatever its name is. */
export const DEFAULT_POOL = 'default';

/** The strategy whose users have passwords here. */
export const DATABASE = 'database';

/** Why nobody signs in by password at this connection through this application; undefined where nothing bars it. */
export async function barOf(
  db: Db,
  tenantId: number,
  { num, strategy, is_enabled_for_all }: ConnectionRow,
  applicationId: string | null,
): Promise<'connection_without_passwords' | 'connection_not_enabled' | undefined> {
  if (strategy !== DATABASE) return 'connection_without_passwords';
  if (is_enabled_for_all === 1) return undefined;
  const row = await db
    .selectFrom('connection_applications')
    .select('application_id')
    .where('tenant_id', '=', tenantId)
    .where('connection_num', '=', num)
    .where('application_id', '=', applicationId ?? '')
    .executeTakeFirst();
  return row ? undefined : 'connection_not_enabled';
}
