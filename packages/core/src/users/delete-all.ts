/** Deleting everybody but administrators, where the tenant has said that it may be done. */
import type { users as contract } from '@reeve/contract';
import { type Db, locked } from '../database/database.ts';
import type { Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { ADMINISTRATOR_CODES } from '../sessions/standing.ts';
import { findTenantByNumber } from '../tenants/tenants.store.ts';
import { createWork, type Unit } from '../work.ts';
import { deletePerson } from './erasure.ts';
import { findUserByNumber } from './users.store.ts';

/** Users of one transaction: other writers wait for no more. */
const BATCH = 50;

/** Users up to a row number who are no administrators, oldest first. */
const common = (db: Db, tenantId: number, upTo: number) =>
  db
    .selectFrom('users')
    .select('users.num')
    .where('users.tenant_id', '=', tenantId)
    .where('users.num', '<=', upTo)
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('role_members')
            .innerJoin('roles', (join) =>
              join
                .onRef('roles.tenant_id', '=', 'role_members.tenant_id')
                .onRef('roles.id', '=', 'role_members.role_id'),
            )
            .select('roles.id')
            .where('role_members.tenant_id', '=', tenantId)
            .whereRef('role_members.user_num', '=', 'users.num')
            .where('roles.is_built_in', '=', 1)
            .where('roles.code', 'in', [...ADMINISTRATOR_CODES]),
        ),
      ),
    )
    .orderBy('users.num');

/** Deletes one batch. Returns how many went. */
async function deleteBatch(unit: Unit, upTo: number): Promise<number> {
  // As it is now: a setting that was just taken back must hold.
  const tenant = await findTenantByNumber(unit.db, unit.tenant.id);
  if (!tenant?.settings.allow_delete_all_users)
    throw new Problem(
      'delete_all_disabled',
      "Deleting all users is off; it takes allow_delete_all_users in the tenant's settings.",
    );
  const rows = await locked(unit.db, common(unit.db, unit.tenant.id, upTo).limit(BATCH)).execute();
  let deleted = 0;
  for (const { num } of rows) {
    const row = await findUserByNumber(unit.db, unit.tenant.id, num);
    if (!row) continue;
    await deletePerson(unit, row);
    deleted++;
  }
  return deleted;
}

export const deleteAll: Operation<typeof contract.deleteAll> = async (work) => {
  const { services, tenant, actor, caller } = work;
  // Who comes while it runs stays.
  const { top } = await work.read((db) =>
    db
      .selectFrom('users')
      .select((e) => e.fn.max('num').as('top'))
      .where('tenant_id', '=', tenant.id)
      .executeTakeFirstOrThrow(),
  );
  const upTo = Number(top);
  const isMoreThanOneBatch = (db: Db) => common(db, tenant.id, upTo).offset(BATCH).limit(1).executeTakeFirst();
  // All batches but the last are units of their own; the answer to a repeated request is kept with the last one.
  const side = createWork({ services, tenant, actor, caller });
  let deleted = 0;
  while (await work.read(isMoreThanOneBatch)) deleted += await side.write((unit) => deleteBatch(unit, upTo));
  return work.write(async (unit) => ({ deleted: deleted + (await deleteBatch(unit, upTo)) }));
};
