/** Roles. Owns the rules of the roles themselves; who holds them is `grants.ts`'s. Built-in roles keep code and level. */
import type { roles as contract } from '@reeve/contract';
import { dropCounter, readCounter } from '../counters/counters.ts';
import { difference } from '../events/redact.ts';
import { endTokensOfMembers } from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { containing, countRows, newestFirst, refusing, requireRow } from '../rows.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import type { Unit } from '../work.ts';
import { DEFAULT_NAMESPACE, type RoleRow, roleView, TOTAL } from './roles.store.ts';

const DEFAULT_LEVEL = 100;

const fieldsOf = ({ namespace, code, name, description, level }: RoleRow) => ({
  namespace,
  code,
  name,
  description,
  level,
});

const refusingTaken = <T>(code: string | undefined, write: () => Promise<T>): Promise<T> =>
  refusing(
    'roles.code_key',
    () => fieldProblem('code', 'unique', `Another role of this namespace has the code "${code}".`, 'code_taken'),
    write,
  );

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    let matching = db.selectFrom('roles').where('tenant_id', '=', work.tenant.id);
    if (query.namespace !== undefined) matching = matching.where('namespace', '=', query.namespace);
    if (query.search !== undefined) matching = matching.where(containing(['name_key', 'code_key'], query.search));
    if (query.code !== undefined) matching = matching.where('code_key', '=', keyOf(query.code));
    const { rows, next_cursor } = await newestFirst(matching.selectAll(), 'roles.id', query);
    const isWhole = query.search === undefined && query.namespace === undefined && query.code === undefined;
    const total = () => (isWhole ? readCounter(db, work.tenant.id, TOTAL) : countRows(matching));
    return { roles: rows.map(roleView), next_cursor, ...(query.include_total ? { total: await total() } : {}) };
  });

export const create: Operation<typeof contract.create> = (work, { body }) =>
  refusingTaken(body.code, () =>
    work.write(async (unit) => {
      const name = body.name ?? body.code;
      const row: RoleRow = {
        id: unit.newId('rol'),
        tenant_id: unit.tenant.id,
        namespace: body.namespace ?? DEFAULT_NAMESPACE,
        code: body.code,
        code_key: keyOf(body.code),
        name,
        name_key: keyOf(name),
        description: body.description ?? null,
        level: body.level ?? DEFAULT_LEVEL,
        is_built_in: 0,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('roles').values(row).execute();
      unit.count(TOTAL, 1);
      await unit.emit('role.created', { target: { type: 'role', id: row.id }, data: { after: fieldsOf(row) } });
      return roleView(row);
    }),
  );

export const get: Operation<typeof contract.get> = (work, { role_id }) =>
  work.read(async (db) => roleView(await requireRow(db, 'roles', work.tenant.id, role_id)));

const protect = (detail: string): Problem => new Problem('protected_resource', detail);

export const update: Operation<typeof contract.update> = (work, { role_id, body }) =>
  refusingTaken(body.code, () =>
    work.write(async (unit) => {
      const before = await requireRow(unit.db, 'roles', unit.tenant.id, role_id, 'change');
      const merged = { ...before, ...body };
      const change = difference(fieldsOf(before), fieldsOf(merged));
      if (Object.keys(change.after).length === 0) return roleView(before);
      const meansAnother = 'code' in change.after || 'level' in change.after;
      if (before.is_built_in === 1 && meansAnother)
        throw protect(
          `The role ${before.code} is built in: its code and level stay; its name and description may change.`,
        );
      const row: RoleRow = {
        ...merged,
        code_key: keyOf(merged.code),
        name_key: keyOf(merged.name),
        updated_at: unit.now,
      };
      await unit.db
        .updateTable('roles')
        .set(row)
        .where('tenant_id', '=', unit.tenant.id)
        .where('id', '=', row.id)
        .execute();
      if (meansAnother) await endTokensOfHolders(unit, row.id);
      await unit.emit('role.updated', { target: { type: 'role', id: row.id }, data: change });
      return roleView(row);
    }),
  );

/** Ends the access tokens of whoever holds the role, in the tenant or in one of its organizations. */
async function endTokensOfHolders(unit: Unit, roleId: string): Promise<void> {
  await endTokensOfMembers(unit, 'role', roleId);
  await unit.db
    .updateTable('users')
    .set((e) => ({ token_version: e('token_version', '+', 1) }))
    .where('num', 'in', (e) =>
      e
        .selectFrom('organization_member_roles')
        .select('user_num')
        .where('tenant_id', '=', unit.tenant.id)
        .where('role_id', '=', roleId),
    )
    .execute();
}

const remove: Operation<typeof contract.delete> = (work, { role_id }) =>
  work.write(async (unit) => {
    const row = await requireRow(unit.db, 'roles', unit.tenant.id, role_id, 'change');
    if (row.is_built_in === 1) throw protect(`The role ${row.code} is built in and stays.`);
    await endTokensOfHolders(unit, row.id);
    await unit.db.deleteFrom('roles').where('tenant_id', '=', unit.tenant.id).where('id', '=', row.id).execute();
    // After the rows, so that no holder who loses it at the same moment counts down from nothing.
    await dropCounter(unit.db, unit.tenant.id, totalOf('role', row.id));
    unit.count(TOTAL, -1);
    await unit.emit('role.deleted', { target: { type: 'role', id: row.id }, data: { before: fieldsOf(row) } });
  });

export { remove as delete };
