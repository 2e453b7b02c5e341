/** Resources. Owns the rules of the resources themselves; who may do what with them is `grants.ts`'s. */
import type { resources as contract } from '@reeve/contract';
import { difference } from '../events/redact.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { countRows, newestFirst, refusing, requireRow } from '../rows.ts';
import type { Unit } from '../work.ts';
import { type DeclaredAction, namesOf } from './actions.ts';
import { dropActions } from './grants.store.ts';
import { findNamespace, namespaceToPointTo } from './namespaces.ts';
import { fieldsOf, type ResourceRow, resourcesIn, resourceView, tellDeleted } from './resources.store.ts';

export { authorize, listGrants, revoke } from './grants.ts';

type GivenActions = readonly { readonly name: string; readonly description?: string | null }[];

/** Throws where one stands twice. */
function keptActions(actions: GivenActions): string {
  const names = actions.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw fieldProblem('actions', 'uniqueItems', `The action "${twice}" stands twice among actions.`);
  const kept: DeclaredAction[] = actions.map(({ name, description }) => ({ name, description: description ?? null }));
  return JSON.stringify(kept);
}

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { id: tenantId } = work.tenant;
    let matching = resourcesIn(db, tenantId);
    if (query.namespace !== undefined) {
      const namespace = await findNamespace(db, tenantId, query.namespace);
      matching = matching.where('resources.namespace_id', '=', namespace?.id ?? '');
    }
    if (query.type !== undefined) matching = matching.where('resources.type', '=', query.type);
    if (query.code !== undefined) matching = matching.where('resources.code', '=', query.code);
    const shown = matching.selectAll('resources').select('namespaces.code as namespace');
    const { rows, next_cursor } = await newestFirst(shown, 'resources.id', query);
    return {
      resources: rows.map(({ namespace, ...row }) => resourceView(row, namespace)),
      next_cursor,
      ...(query.include_total ? { total: await countRows(matching) } : {}),
    };
  });

export const create: Operation<typeof contract.create> = (work, { body }) => {
  const { code, type, api_identifier = null, description = null } = body;
  const actions = keptActions(body.actions ?? []);
  const taken = () =>
    fieldProblem('code', 'unique', `Another resource of this namespace has the code "${code}".`, 'code_taken');
  return refusing('resources.code', taken, () =>
    work.write(async (unit) => {
      const namespace = await namespaceToPointTo(unit, body.namespace);
      const row: ResourceRow = {
        id: unit.newId('res'),
        tenant_id: unit.tenant.id,
        namespace_id: namespace.id,
        code,
        type,
        actions,
        api_identifier,
        description,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('resources').values(row).execute();
      await unit.emit('resource.created', {
        target: { type: 'resource', id: row.id },
        data: { after: { namespace: namespace.code, ...fieldsOf(row) } },
      });
      return resourceView(row, namespace.code);
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { resource_id }) =>
  work.read(async (db) => {
    const row = await requireRow(db, 'resources', work.tenant.id, resource_id);
    const namespace = await requireRow(db, 'resource_namespaces', work.tenant.id, row.namespace_id);
    return resourceView(row, namespace.code);
  });

const save = ({ db, tenant }: Unit, row: ResourceRow) =>
  db.updateTable('resources').set(row).where('tenant_id', '=', tenant.id).where('id', '=', row.id).execute();

export const update: Operation<typeof contract.update> = (work, { resource_id, body }) => {
  const { actions: given, ...fields } = body;
  const actions = given && keptActions(given);
  return work.write(async (unit) => {
    const before = await requireRow(unit.db, 'resources', unit.tenant.id, resource_id, 'change');
    const namespace = await requireRow(unit.db, 'resource_namespaces', unit.tenant.id, before.namespace_id);
    const row: ResourceRow = { ...before, ...fields, ...(actions ? { actions } : {}), updated_at: unit.now };
    const change = difference(fieldsOf(before), fieldsOf(row));
    if (Object.keys(change.after).length === 0) return resourceView(before, namespace.code);
    await save(unit, row);
    const lessened = await dropActions(unit, row.id, namesOf(row));
    await unit.emit('resource.updated', { target: { type: 'resource', id: row.id }, data: change });
    for (const { subject, actions } of lessened)
      await unit.emit('resource.revoked', {
        target: subject,
        data: { namespace: namespace.code, resources: [{ code: row.code, actions }] },
      });
    return resourceView(row, namespace.code);
  });
};

const remove: Operation<typeof contract.delete> = (work, { resource_id }) =>
  work.write(async (unit) => {
    const row = await requireRow(unit.db, 'resources', unit.tenant.id, resource_id, 'change');
    const namespace = await requireRow(unit.db, 'resource_namespaces', unit.tenant.id, row.namespace_id);
    await unit.db.deleteFrom('resources').where('tenant_id', '=', unit.tenant.id).where('id', '=', row.id).execute();
    await tellDeleted(unit, namespace.code, row);
  });

export { remove as delete };
