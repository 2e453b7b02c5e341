import type { Role } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, held, padded } from '../database/database.ts';
import { fieldProblem } from '../problem.ts';
import type { Row } from '../rows.ts';
import { keyOf } from '../users/document.ts';

export type RoleRow = Row<'roles'>;

/** Name of the kept total of roles. */
export const TOTAL = 'roles';

/** Codes that are told without a namespace belong to this one. */
export const DEFAULT_NAMESPACE = 'default';

export const roleView = (row: RoleRow): Role => ({
  id: row.id,
  code: row.code,
  namespace: row.namespace,
  name: row.name,
  description: row.description,
  level: row.level,
  is_built_in: row.is_built_in === 1,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** A role as events show it: its code, behind the namespace where that is not `default`. */
export const labelOf = ({ namespace, code }: RoleRow): string =>
  namespace === DEFAULT_NAMESPACE ? code : `${namespace}/${code}`;

/**
 * The roles that `names` name, by id or by code in the namespace `default`, each once, in the order of the names. They
 * can't be deleted while the unit lasts. An unknown name is refused with its place in `field`.
 */
export async function findRolesByName(
  db: Db,
  tenantId: number,
  names: readonly string[],
  field: string,
): Promise<RoleRow[]> {
  const [first, ...rest] = names;
  if (first === undefined) return [];
  const wanted = padded([first, ...rest]);
  const rows = await held(
    db,
    db
      .selectFrom('roles')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where((e) =>
        e.or([
          e('id', 'in', wanted),
          e.and([e('namespace', '=', DEFAULT_NAMESPACE), e('code_key', 'in', wanted.map(keyOf))]),
        ]),
      ),
  ).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byCode = new Map(rows.filter(isInDefault).map((row) => [row.code_key, row]));
  const found = names.map((name, i) => {
    const row = byId.get(name) ?? byCode.get(keyOf(name));
    if (!row) throw fieldProblem(`${field}.${i}`, 'exists', `No role has the id or code "${name}".`);
    return row;
  });
  return [...new Set(found)];
}

const isInDefault = (row: RoleRow): boolean => row.namespace === DEFAULT_NAMESPACE;

/** The roles that a user holds, the newest first. */
export const rolesOfUser = (db: Db, userNum: number) =>
  db
    .selectFrom('role_members')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'role_members.tenant_id').onRef('roles.id', '=', 'role_members.role_id'),
    )
    .selectAll('roles')
    .where('role_members.user_num', '=', userNum);
