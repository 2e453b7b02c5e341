/** Groups of users. Owns the rules; a group's code is unique without case, and is its id unless one was given. */
import type { groups as contract, Group } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { dropCounter, readCounter, readCounters } from '../counters/counters.ts';
import { difference } from '../events/redact.ts';
import { memberPage } from '../memberships/member.ts';
import {
  deleteMember,
  findMembers,
  findMembershipsOf,
  insertMember,
  userToPointTo,
} from '../memberships/memberships.store.ts';
import { type Operation, Rendered } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { containing, countRows, newestFirst, type Row, refusing, requireRow } from '../rows.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { requireUser } from '../users/users.ts';
import { checkVersion } from '../version.ts';

type GroupRow = Row<'groups'>;

/** Name of the kept total of groups. */
const TOTAL = 'groups';

const viewOf = (row: GroupRow, members: number): Group => ({
  id: row.id,
  code: row.code,
  name: row.name,
  description: row.description,
  member_count: members,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});
const rendered = (row: GroupRow, members: number): Rendered<Group> =>
  new Rendered(JSON.stringify(viewOf(row, members)), row.version);

const fieldsOf = ({ code, name, description }: GroupRow) => ({ code, name, description });

const refusingTaken = <T>(code: string | undefined, write: () => Promise<T>): Promise<T> =>
  refusing(
    'groups.code_key',
    () => fieldProblem('code', 'unique', `Another group has the code "${code}".`, 'code_taken'),
    write,
  );

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { id: tenantId } = work.tenant;
    let matching = db.selectFrom('groups').where('tenant_id', '=', tenantId);
    if (query.search !== undefined) matching = matching.where(containing(['name_key', 'code_key'], query.search));
    if (query.code !== undefined) matching = matching.where('code_key', '=', keyOf(query.code));
    const { rows, next_cursor } = await newestFirst(matching.selectAll(), 'groups.id', query);
    const members = await readCounters(
      db,
      tenantId,
      rows.map(({ id }) => totalOf('group', id)),
    );
    const isWhole = query.search === undefined && query.code === undefined;
    const total = () => (isWhole ? readCounter(db, tenantId, TOTAL) : countRows(matching));
    return {
      groups: rows.map((row) => viewOf(row, members.get(totalOf('group', row.id)) as number)),
      next_cursor,
      ...(query.include_total ? { total: await total() } : {}),
    };
  });

export const create: Operation<typeof contract.create> = (work, { body }) =>
  refusingTaken(body.code, () =>
    work.write(async (unit) => {
      const id = unit.newId('grp');
      const code = body.code ?? id;
      const row: GroupRow = {
        id,
        tenant_id: unit.tenant.id,
        code,
        code_key: keyOf(code),
        name: body.name,
        name_key: keyOf(body.name),
        description: body.description ?? null,
        version: 1,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('groups').values(row).execute();
      unit.count(TOTAL, 1);
      await unit.emit('group.created', { target: { type: 'group', id }, data: { after: fieldsOf(row) } });
      return rendered(row, 0);
    }),
  );

export const get: Operation<typeof contract.get> = (work, { group_id }) =>
  work.read(async (db) => {
    const row = await requireRow(db, 'groups', work.tenant.id, group_id);
    return rendered(row, await readCounter(db, work.tenant.id, totalOf('group', row.id)));
  });

export const update: Operation<typeof contract.update> = (work, { group_id, body, ifMatch }) =>
  refusingTaken(body.code, () =>
    work.write(async (unit) => {
      const before = await requireRow(unit.db, 'groups', unit.tenant.id, group_id, 'change');
      checkVersion(ifMatch, before.version);
      const members = await readCounter(unit.db, unit.tenant.id, totalOf('group', before.id));
      const merged = { ...before, ...body };
      const change = difference(fieldsOf(before), fieldsOf(merged));
      if (Object.keys(change.after).length === 0) return rendered(before, members);
      const row: GroupRow = {
        ...merged,
        code_key: keyOf(merged.code),
        name_key: keyOf(merged.name),
        version: before.version + 1,
        updated_at: unit.now,
      };
      await unit.db
        .updateTable('groups')
        .set(row)
        .where('tenant_id', '=', unit.tenant.id)
        .where('id', '=', row.id)
        .execute();
      await unit.emit('group.updated', { target: { type: 'group', id: row.id }, data: change });
      return rendered(row, members);
    }),
  );

const remove: Operation<typeof contract.delete> = (work, { group_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireRow(unit.db, 'groups', unit.tenant.id, group_id, 'change');
    checkVersion(ifMatch, row.version);
    await unit.db.deleteFrom('groups').where('tenant_id', '=', unit.tenant.id).where('id', '=', row.id).execute();
    // After the rows, so that no member who leaves at the same moment counts down from nothing.
    await dropCounter(unit.db, unit.tenant.id, totalOf('group', row.id));
    unit.count(TOTAL, -1);
    await unit.emit('group.deleted', { target: { type: 'group', id: row.id }, data: { before: fieldsOf(row) } });
  });

export { remove as delete };

export const addMember: Operation<typeof contract.addMember> = (work, { group_id, user_id }) =>
  work.write(async (unit) => {
    const userNum = await userToPointTo(unit, user_id);
    const group = await requireRow(unit.db, 'groups', unit.tenant.id, group_id, 'point');
    if (!(await insertMember(unit, 'group', group.id, userNum))) return;
    await unit.emit('group.member_added', { target: { type: 'group', id: group.id }, data: { user_id } });
  });

export const removeMember: Operation<typeof contract.removeMember> = (work, { group_id, user_id }) =>
  work.write(async (unit) => {
    const userNum = await userToPointTo(unit, user_id);
    const group = await requireRow(unit.db, 'groups', unit.tenant.id, group_id, 'point');
    if (!(await deleteMember(unit, 'group', group.id, userNum))) return;
    await unit.emit('group.member_removed', { target: { type: 'group', id: group.id }, data: { user_id } });
  });

export const listMembers: Operation<typeof contract.listMembers> = (work, { group_id, query }) =>
  work.read(async (db) => {
    const group = await requireRow(db, 'groups', work.tenant.id, group_id);
    return memberPage(await findMembers(db, work.tenant.id, 'group', group.id, query));
  });

export const listForUser: Operation<typeof contract.listForUser> = async (work, { user_id, query }) => {
  const user = await requireUser(work, user_id);
  return work.read(async (db) => {
    const { rows, next_cursor } = await findMembershipsOf(db, work.tenant.id, user.num, 'group', query);
    const members = await readCounters(
      db,
      work.tenant.id,
      rows.map(({ id }) => totalOf('group', id)),
    );
    return { groups: rows.map((row) => viewOf(row, members.get(totalOf('group', row.id)) as number)), next_cursor };
  });
};
