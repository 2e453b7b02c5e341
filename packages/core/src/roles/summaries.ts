/** Codes and names of users' roles in the namespace `default`, for many users at once. */
import { type Db, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { DEFAULT_NAMESPACE } from './roles.store.ts';

export interface RoleSummary {
  readonly code: string;
  readonly name: string;
}

/** By user id (`usr_…`), the most powerful role first; users without any are left out. */
export async function findRoleSummaries(
  db: Db,
  tenantId: number,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly RoleSummary[]>> {
  const [first, ...rest] = userIds;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('users')
    .innerJoin('role_members', 'role_members.user_num', 'users.num')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'role_members.tenant_id').onRef('roles.id', '=', 'role_members.role_id'),
    )
    .select(['users.id', 'roles.code', 'roles.name'])
    .where(unindexed(db, 'users.tenant_id'), '=', tenantId)
    .where('users.id', 'in', padded([first, ...rest]))
    .where('roles.namespace', '=', DEFAULT_NAMESPACE)
    .orderBy('roles.level')
    .orderBy('roles.code_key')
    .execute();
  const summaries = new Map<string, RoleSummary[]>();
  for (const { id, code, name } of rows) summaries.set(id, [...(summaries.get(id) ?? []), { code, name }]);
  return summaries;
}
