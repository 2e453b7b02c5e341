/**
 * Deleting a connection together with its users, for vendors whose API does so. Owns the invariant that nobody is deleted
 * where the connection would stay: what keeps it is looked for first, in every batch, under the connection's lock.
 */
import { locked } from '../database/database.ts';
import { Problem } from '../problem.ts';
import { deletePerson } from '../users/erasure.ts';
import { totalOf } from '../users/users.query.ts';
import { findUserByNumber } from '../users/users.store.ts';
import type { Unit, Work } from '../work.ts';
import { checkIsNoPool, checkIsNotDefault, dropConnection, requireConnection } from './row.ts';

/** Users of one transaction: other writers wait for no more. */
const BATCH = 50;

export interface ConnectionDeletion {
  /** Id of the connection. */
  readonly connectionId: string;
  /** Asked where there are users, before anybody is deleted; throws where the caller may not delete them. */
  readonly checkMayDeleteUsers: () => void;
}

/**
 * Deletes a connection and every user of it, in batches: cut off, it is called again. Each user goes with the events of a
 * single deletion.
 *
 * @returns How many users went.
 * @throws Problem `not_found`; `protected_resource` of the default connection; `in_use` where it is a pool of an application,
 * or users of other connections have linked identities of it; `last_admin` where no active system administrator would be left.
 */
export async function deleteConnectionWithUsers(
  work: Work,
  { connectionId, checkMayDeleteUsers }: ConnectionDeletion,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const batch = await work.write((unit) => deleteBatch(unit, connectionId, checkMayDeleteUsers));
    deleted += batch.deleted;
    if (batch.isOver) return deleted;
  }
}

/** Deletes some users, and the connection with the last ones. */
async function deleteBatch(unit: Unit, id: string, checkMayDeleteUsers: () => void) {
  const { db, tenant } = unit;
  // Nobody comes while it is locked: whoever creates a user points to the connection.
  const row = await requireConnection(db, tenant.id, id, true);
  checkIsNotDefault(row);
  await checkIsNoPool(unit, row);
  const people = await locked(
    db,
    db
      .selectFrom('users')
      .select('num')
      .where('tenant_id', '=', tenant.id)
      .where('connection_num', '=', row.num)
      .limit(BATCH),
  ).execute();
  if (people.length > 0) checkMayDeleteUsers();
  await checkNotLinkedElsewhere(unit, row.num);
  await keepAnAdministratorElsewhere(unit, row.num);
  let deleted = 0;
  for (const { num } of people) {
    const user = await findUserByNumber(db, tenant.id, num);
    if (!user) continue;
    await deletePerson(unit, user);
    deleted++;
  }
  const isOver = people.length < BATCH;
  if (isOver) {
    // Its own total goes with it; what was taken off it here must not be written after that.
    unit.count(totalOf('connection', row.num), deleted);
    await dropConnection(unit, row);
  }
  return { deleted, isOver };
}

/** An identity that is linked to a user of another connection would be left without its own. */
async function checkNotLinkedElsewhere({ db, tenant }: Unit, connectionNum: number): Promise<void> {
  const linked = await db
    .selectFrom('linked_accounts')
    .innerJoin('users', 'users.num', 'linked_accounts.user_num')
    .select('linked_accounts.subject')
    .where('linked_accounts.tenant_id', '=', tenant.id)
    .where('linked_accounts.connection_num', '=', connectionNum)
    .where('users.connection_num', '!=', connectionNum)
    .limit(1)
    .executeTakeFirst();
  if (linked)
    throw new Problem(
      'in_use',
      'Users of other connections have linked identities of the connection; unlink them first.',
    );
}

async function keepAnAdministratorElsewhere({ db, tenant }: Unit, connectionNum: number): Promise<void> {
  const administrators = db
    .selectFrom('roles')
    .innerJoin('role_members', (join) =>
      join.onRef('role_members.tenant_id', '=', 'roles.tenant_id').onRef('role_members.role_id', '=', 'roles.id'),
    )
    .innerJoin('users', 'users.num', 'role_members.user_num')
    .select('roles.id')
    .where('roles.tenant_id', '=', tenant.id)
    .where('roles.namespace', '=', 'default')
    .where('roles.code_key', '=', 'system_admin')
    .where('users.state', '=', 'active')
    .limit(1);
  const inside = await administrators.where('users.connection_num', '=', connectionNum).executeTakeFirst();
  if (!inside) return;
  // Two such changes must not both count on the other's administrator.
  await locked(
    db,
    db.selectFrom('roles').select('id').where('tenant_id', '=', tenant.id).where('id', '=', inside.id),
  ).execute();
  const elsewhere = await administrators.where('users.connection_num', '!=', connectionNum).executeTakeFirst();
  if (!elsewhere)
    throw new Problem(
      'last_admin',
      'The last active system administrator is a user of the connection; give the role system_admin to another user first.',
    );
}
