/** Organizations. Owns the rules of the organizations themselves; an owner is always a member. */
import type { organizations as contract } from '@reeve/contract';
import type { SelectQueryBuilder } from 'kysely';
import { dropCounter, readCounter } from '../counters/counters.ts';
import { difference } from '../events/redact.ts';
import {
  endTokensOfMembers,
  findMembershipsOf,
  insertMember,
  userToPointTo,
} from '../memberships/memberships.store.ts';
import { type Bag, checkBag, checkDepth } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { containing, countRows, refusing, requireRow } from '../rows.ts';
import type { Tables } from '../tables.ts';
import { keyOf, mergePatch } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { requireUser } from '../users/users.ts';
import type { Unit } from '../work.ts';
import {
  type OrganizationRow,
  organizationView,
  organizationViews,
  requireOrganization,
} from './organizations.store.ts';

export { addMember, listMembers, removeMember } from './members.ts';

/** Name of the kept total of organizations. */
const TOTAL = 'organizations';

const fieldsOf = ({ name, display_name, metadata, owner_id }: OrganizationRow) => ({
  name,
  display_name,
  metadata: JSON.parse(metadata) as unknown,
  owner_id,
});

const refusingTaken = <T>(name: string | undefined, write: () => Promise<T>): Promise<T> =>
  refusing(
    'organizations.name_key',
    () => fieldProblem('name', 'unique', `Another organization is called "${name}".`, 'name_taken'),
    write,
  );

/** The row number of a future owner, who can't be deleted meanwhile. */
async function ownerToPointTo(unit: Unit, ownerId: string): Promise<number> {
  try {
    return await userToPointTo(unit, ownerId);
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found')
      throw fieldProblem('owner_id', 'exists', `No user has the id "${ownerId}".`);
    throw error;
  }
}

/** Returns how many members that adds: none where the user is one already. */
async function makeMember(unit: Unit, organizationId: string, userId: string, userNum: number): Promise<0 | 1> {
  if (!(await insertMember(unit, 'organization', organizationId, userNum))) return 0;
  await unit.emit('organization.member_added', {
    target: { type: 'organization', id: organizationId },
    data: { user_id: userId, roles: [] },
  });
  return 1;
}

const SORT_COLUMNS = { created_at: 'id', name: 'name_key', display_name: 'display_key' } as const;

type ListQuery = Parameters<Operation<typeof contract.list>>[1]['query'];

/** One page of the organizations in their order; those that are alike in it, by age. */
async function inOrder(
  matching: SelectQueryBuilder<Tables, 'organizations', object>,
  { sort = '-created_at', limit = DEFAULT_LIMIT, cursor }: ListQuery,
): Promise<{ rows: OrganizationRow[]; next_cursor: string | null }> {
  const column = SORT_COLUMNS[sort.replace('-', '') as keyof typeof SORT_COLUMNS];
  const [direction, beyond] = sort.startsWith('-') ? (['desc', '<'] as const) : (['asc', '>'] as const);
  let page = matching
    .selectAll()
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(limit + 1);
  if (cursor !== undefined) {
    const [key, id] = decodeCursor(cursor, sort, ['string', 'string']) as readonly [string, string];
    page = page.where((e) => e.or([e(column, beyond, key), e.and([e(column, '=', key), e('id', beyond, id)])]));
  }
  return cut(await page.execute(), limit, (row) => encodeCursor(sort, [row[column], row.id]));
}

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    let matching = db.selectFrom('organizations').where('tenant_id', '=', work.tenant.id);
    if (query.search !== undefined) matching = matching.where(containing(['name_key', 'display_key'], query.search));
    const { rows, next_cursor } = await inOrder(matching, query);
    const total = () => (query.search === undefined ? readCounter(db, work.tenant.id, TOTAL) : countRows(matching));
    return {
      organizations: await organizationViews(db, work.tenant.id, rows),
      next_cursor,
      ...(query.include_total ? { total: await total() } : {}),
    };
  });

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  checkBag('metadata', body.metadata ?? {});
  return refusingTaken(body.name, () =>
    work.write(async (unit) => {
      const ownerId = body.owner_id ?? null;
      const ownerNum = ownerId === null ? null : await ownerToPointTo(unit, ownerId);
      const row: OrganizationRow = {
        id: unit.newId('org'),
        tenant_id: unit.tenant.id,
        name: body.name,
        name_key: keyOf(body.name),
        display_name: body.display_name ?? null,
        display_key: keyOf(body.display_name ?? ''),
        metadata: JSON.stringify(body.metadata ?? {}),
        owner_id: ownerId,
        extensions: '{}',
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('organizations').values(row).execute();
      unit.count(TOTAL, 1);
      await unit.emit('organization.created', {
        target: { type: 'organization', id: row.id },
        data: { after: fieldsOf(row) },
      });
      if (ownerId === null || ownerNum === null) return organizationView(row, 0);
      return organizationView(row, await makeMember(unit, row.id, ownerId, ownerNum));
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { organization_id }) =>
  work.read(async (db) => {
    const row = await requireOrganization(db, work.tenant.id, organization_id);
    return organizationView(row, await readCounter(db, work.tenant.id, totalOf('organization', row.id)));
  });

export const update: Operation<typeof contract.update> = async (work, { organization_id, body }) => {
  checkDepth('metadata', body.metadata);
  return refusingTaken(body.name, () =>
    work.write(async (unit) => {
      const { owner_id: ownerId, metadata, ...fields } = body;
      // The user before the organization: whoever deletes a user locks them in this order, too.
      const ownerNum = typeof ownerId === 'string' ? await ownerToPointTo(unit, ownerId) : null;
      const before = await requireRow(unit.db, 'organizations', unit.tenant.id, organization_id, 'change');
      const bag =
        metadata === undefined ? undefined : ((mergePatch(JSON.parse(before.metadata), metadata) ?? {}) as Bag);
      if (bag !== undefined) checkBag('metadata', bag);
      const merged: OrganizationRow = {
        ...before,
        ...fields,
        ...(bag === undefined ? {} : { metadata: JSON.stringify(bag) }),
        ...(ownerId === undefined ? {} : { owner_id: ownerId }),
      };
      const change = difference(fieldsOf(before), fieldsOf(merged));
      const members = await readCounter(unit.db, unit.tenant.id, totalOf('organization', before.id));
      if (Object.keys(change.after).length === 0) return organizationView(before, members);
      const row: OrganizationRow = {
        ...merged,
        name_key: keyOf(merged.name),
        display_key: keyOf(merged.display_name ?? ''),
        updated_at: unit.now,
      };
      await unit.db
        .updateTable('organizations')
        .set(row)
        .where('tenant_id', '=', unit.tenant.id)
        .where('id', '=', row.id)
        .execute();
      await unit.emit('organization.updated', { target: { type: 'organization', id: row.id }, data: change });
      if (typeof ownerId !== 'string' || ownerNum === null) return organizationView(row, members);
      return organizationView(row, members + (await makeMember(unit, row.id, ownerId, ownerNum)));
    }),
  );
};

const remove: Operation<typeof contract.delete> = (work, { organization_id }) =>
  work.write(async (unit) => {
    const row = await requireRow(unit.db, 'organizations', unit.tenant.id, organization_id, 'change');
    // Who ends it need not be told by a refusal of the next call.
    await endTokensOfMembers(unit, 'organization', row.id, { except: unit.actor.id });
    await unit.db
      .deleteFrom('organizations')
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    // After the rows, so that no member who leaves at the same moment counts down from nothing.
    await dropCounter(unit.db, unit.tenant.id, totalOf('organization', row.id));
    unit.count(TOTAL, -1);
    await unit.emit('organization.deleted', {
      target: { type: 'organization', id: row.id },
      data: { before: fieldsOf(row) },
    });
  });

export { remove as delete };

export const listForUser: Operation<typeof contract.listForUser> = async (work, { user_id, query }) => {
  const user = await requireUser(work, user_id);
  return work.read(async (db) => {
    const { rows, next_cursor } = await findMembershipsOf(db, work.tenant.id, user.num, 'organization', query);
    return { organizations: await organizationViews(db, work.tenant.id, rows), next_cursor };
  });
};
