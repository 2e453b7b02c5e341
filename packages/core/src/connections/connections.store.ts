import type { PasswordPolicy } from '@reeve/contract';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { keyOf } from '../users/document.ts';

/** Name of the kept total of connections. */
export const TOTAL = 'connections';

export interface ConnectionRow {
  readonly num: number;
  readonly id: string;
  readonly name: string;
  readonly password_policy: string;
}

const byIdOrName = statement<{ tenant_id: number; id: string; name_key: string }, ConnectionRow>((db, slot) =>
  db
    .selectFrom('connections')
    .select(['num', 'id', 'name', 'password_policy'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where((e) => e.or([e('id', '=', slot('id')), e('name_key', '=', slot('name_key'))])),
);
const byDefault = statement<{ tenant_id: number }, ConnectionRow>((db, slot) =>
  db
    .selectFrom('connections')
    .select(['num', 'id', 'name', 'password_policy'])
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

export const policyOf = (row: ConnectionRow): PasswordPolicy => JSON.parse(row.password_policy) as PasswordPolicy;
