/** Owns the invariant that a tenant with an active system administrator never loses the last one. */
import { locked } from '../database/database.ts';
import { Problem } from '../problem.ts';
import { ADMINISTRATOR_CODES, administratorLevel } from '../sessions/standing.ts';
import { findUser, type UserRow } from '../users/users.store.ts';
import type { Unit, Work } from '../work.ts';
import type { RoleRow } from './roles.store.ts';

/**
 * Refuses a change after which this user is no active system administrator, where nobody else is one. The user's row is
 * locked already; the lock on the role makes such changes of several users wait for each other, so that two of them
 * can't both count on the other's administrator.
 */
export async function keepAnAdministrator({ db, tenant }: Unit, user: UserRow): Promise<void> {
  if (user.state !== 'active') return;
  const role = await db
    .selectFrom('roles')
    .innerJoin('role_members', (join) =>
      join.onRef('role_members.tenant_id', '=', 'roles.tenant_id').onRef('role_members.role_id', '=', 'roles.id'),
    )
    .select('roles.id')
    .where('roles.tenant_id', '=', tenant.id)
    .where('roles.namespace', '=', 'default')
    .where('roles.code_key', '=', 'system_admin')
    .where('role_members.user_num', '=', user.num)
    .executeTakeFirst();
  if (!role) return;
  await locked(
    db,
    db.selectFrom('roles').select('id').where('tenant_id', '=', tenant.id).where('id', '=', role.id),
  ).execute();
  const another = await db
    .selectFrom('role_members')
    .innerJoin('users', 'users.num', 'role_members.user_num')
    .select('users.num')
    .where('role_members.tenant_id', '=', tenant.id)
    .where('role_members.role_id', '=', role.id)
    .where('users.state', '=', 'active')
    .where('users.num', '!=', user.num)
    .limit(1)
    .executeTakeFirst();
  if (!another)
    throw new Problem(
      'last_admin',
      'This user is the last active system administrator; give the role system_admin to another user first.',
    );
}

/** The scopes of the Auth0 Management API with which a user is made an administrator. */
const GIVING = ['update:roles', 'create:role_members'] as const;
const TAKING = [...GIVING, 'delete:role_members'] as const;

/** Whether the caller may make administrators, and so do what makes it as powerful as one. */
export const mayMakeAdministrators = (work: Work): boolean => work.allows('roles:write', GIVING);

/** Throws where a role that administers the tenant changes hands and the caller may not do that. */
export function checkMayAdminister(
  work: Work,
  { giving, taking }: { readonly giving: readonly RoleRow[]; readonly taking: readonly RoleRow[] },
): void {
  const mayGive = !giving.some(administers) || mayMakeAdministrators(work);
  if (mayGive && (!taking.some(administers) || work.allows('roles:write', TAKING))) return;
  throw new Problem('insufficient_scope', "Giving or taking an administrator's role needs the scope roles:write, too.");
}

/** Whether the holders of a role administer the tenant. */
const administers = ({ is_built_in, code }: RoleRow): boolean =>
  is_built_in === 1 && (ADMINISTRATOR_CODES as readonly string[]).includes(code);

/** Whether a role is the one whose last active holder stays. */
export const isAdministrator = (role: { readonly namespace: string; readonly code_key: string }): boolean =>
  role.namespace === 'default' && role.code_key === 'system_admin';

/**
 * Throws where a signed-in caller would rule over who is above them: the user has a more powerful administrator role than
 * the caller, or one of the roles that are given or taken is more powerful. What people do to themselves is theirs.
 */
export async function checkRank(
  { db, tenant, actor }: Unit,
  user: Pick<UserRow, 'id' | 'num'>,
  roles: readonly RoleRow[] = [],
): Promise<void> {
  if (actor.type !== 'user' || actor.id === null) return;
  const caller = await findUser(db, tenant.id, actor.id);
  const own = (caller && (await administratorLevel(db, tenant.id, caller.num))) ?? Number.POSITIVE_INFINITY;
  const theirs = user.id === actor.id ? undefined : await administratorLevel(db, tenant.id, user.num);
  const levels = roles.filter(administers).map(({ level }) => level);
  if (Math.min(theirs ?? Number.POSITIVE_INFINITY, ...levels) < own)
    throw new Problem('insufficient_scope', 'This takes an administrator role at least as powerful.');
}
