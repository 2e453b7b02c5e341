/** Namespaces of resources. Owns the invariant that every tenant has the one that is meant where none is named. */
import type { resourceNamespaces as contract, ResourceNamespace } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { countRows, findRow, newestFirst, type Purpose, type Row, refusing } from '../rows.ts';
import type { Unit } from '../work.ts';
import { deleteResources } from './resources.store.ts';

type NamespaceRow = Row<'resource_namespaces'>;

const DEFAULT = 'default';

const viewOf = (row: NamespaceRow): ResourceNamespace => ({
  id: row.id,
  code: row.code,
  name: row.name,
  description: row.description,
  is_default: row.code === DEFAULT,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

const fieldsOf = ({ code, name, description }: NamespaceRow) => ({ code, name, description });

/** The namespace of this id or code, an id first. Absent: the default one. */
export async function findNamespace(
  db: Db,
  tenantId: number,
  named: string = DEFAULT,
  purpose: Purpose = 'read',
): Promise<NamespaceRow | undefined> {
  const byId = await findRow(db, 'resource_namespaces', tenantId, named, purpose);
  if (byId) return byId;
  const found = await db
    .selectFrom('resource_namespaces')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('code', '=', named)
    .executeTakeFirst();
  return found && findRow(db, 'resource_namespaces', tenantId, found.id, purpose);
}

/** The namespace that a body names; it can't be deleted before the unit ends. Throws `invalid_request`. */
export async function namespaceToPointTo({ db, tenant }: Unit, named: string | undefined): Promise<NamespaceRow> {
  const row = await findNamespace(db, tenant.id, named, 'point');
  if (!row) throw fieldProblem('namespace', 'exists', `No namespace has the id or code "${named}".`);
  return row;
}

async function requireNamespace(
  db: Db,
  tenantId: number,
  named: string,
  purpose: Purpose = 'read',
): Promise<NamespaceRow> {
  const row = await findNamespace(db, tenantId, named, purpose);
  if (!row) throw notFound('resource namespace', named);
  return row;
}

async function insertNamespace(
  unit: Unit,
  { code, name, description }: Pick<NamespaceRow, 'code' | 'name' | 'description'>,
): Promise<NamespaceRow> {
  const row: NamespaceRow = {
    id: unit.newId('rns'),
    tenant_id: unit.tenant.id,
    code,
    name,
    description,
    created_at: unit.now,
    updated_at: unit.now,
  };
  await unit.db.insertInto('resource_namespaces').values(row).execute();
  await unit.emit('resource_namespace.created', {
    target: { type: 'resource_namespace', id: row.id },
    data: { after: fieldsOf(row) },
  });
  return row;
}

/** Gives a new tenant its default namespace. */
export async function foundNamespace(unit: Unit): Promise<void> {
  await insertNamespace(unit, { code: DEFAULT, name: 'Default', description: null });
}

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const all = db.selectFrom('resource_namespaces').where('tenant_id', '=', work.tenant.id);
    const { rows, next_cursor } = await newestFirst(all.selectAll(), 'resource_namespaces.id', query);
    return {
      resource_namespaces: rows.map(viewOf),
      next_cursor,
      ...(query.include_total ? { total: await countRows(all) } : {}),
    };
  });

export const create: Operation<typeof contract.create> = (work, { body: { code, name = code, description = null } }) =>
  refusing(
    'resource_namespaces.code',
    () => fieldProblem('code', 'unique', `Another namespace has the code "${code}".`, 'code_taken'),
    () => work.write(async (unit) => viewOf(await insertNamespace(unit, { code, name, description }))),
  );

export const get: Operation<typeof contract.get> = (work, { namespace }) =>
  work.read(async (db) => viewOf(await requireNamespace(db, work.tenant.id, namespace)));

export const update: Operation<typeof contract.update> = (work, { namespace, body }) =>
  work.write(async (unit) => {
    const before = await requireNamespace(unit.db, unit.tenant.id, namespace, 'change');
    const row: NamespaceRow = { ...before, ...body, updated_at: unit.now };
    const change = difference(fieldsOf(before), fieldsOf(row));
    if (Object.keys(change.after).length === 0) return viewOf(before);
    await unit.db
      .updateTable('resource_namespaces')
      .set(row)
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    await unit.emit('resource_namespace.updated', {
      target: { type: 'resource_namespace', id: row.id },
      data: change,
    });
    return viewOf(row);
  });

const remove: Operation<typeof contract.delete> = (work, { namespace }) =>
  work.write(async (unit) => {
    const row = await requireNamespace(unit.db, unit.tenant.id, namespace, 'change');
    if (row.code === DEFAULT) throw new Problem('protected_resource', 'The default namespace stays.');
    await deleteResources(unit, row);
    await unit.db
      .deleteFrom('resource_namespaces')
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    await unit.emit('resource_namespace.deleted', {
      target: { type: 'resource_namespace', id: row.id },
      data: { before: fieldsOf(row) },
    });
  });

export { remove as delete };
