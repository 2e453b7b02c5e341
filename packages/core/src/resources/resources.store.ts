import type { Resource } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, locked, padded } from '../database/database.ts';
import { findRows, type Row } from '../rows.ts';
import type { Unit } from '../work.ts';
import { declaredOf, namesOf } from './actions.ts';

export type ResourceRow = Row<'resources'>;

export const resourceView = (row: ResourceRow, namespace: string): Resource => ({
  id: row.id,
  namespace,
  code: row.code,
  type: row.type,
  actions: declaredOf(row),
  api_identifier: row.api_identifier,
  description: row.description,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** The names of the actions that resources declare, by id; what is not there has no entry. */
export async function declaredActionsOf(
  db: Db,
  tenantId: number,
  ids: readonly string[],
): Promise<Map<string, string[]>> {
  const rows = await findRows(db, 'resources', tenantId, ids);
  return new Map([...rows].map(([id, row]) => [id, namesOf(row)]));
}

/** A resource as events show it. */
export const fieldsOf = (row: ResourceRow) => ({
  code: row.code,
  type: row.type,
  actions: declaredOf(row),
  api_identifier: row.api_identifier,
  description: row.description,
});

export const tellDeleted = (unit: Unit, namespace: string, row: ResourceRow): Promise<void> =>
  unit.emit('resource.deleted', {
    target: { type: 'resource', id: row.id },
    data: { before: { namespace, ...fieldsOf(row) } },
  });

/** Resources that are deleted by one statement. */
const CHUNK = 500;

/** Deletes all resources of a namespace that nobody adds to. */
export async function deleteResources(unit: Unit, namespace: { readonly id: string; readonly code: string }) {
  const { db, tenant } = unit;
  const own = db.selectFrom('resources').where('tenant_id', '=', tenant.id).where('namespace_id', '=', namespace.id);
  for (;;) {
    const rows = await locked(db, own.selectAll().limit(CHUNK)).execute();
    const [first, ...rest] = rows.map(({ id }) => id);
    if (first === undefined) return;
    const gone = db.deleteFrom('resources').where('tenant_id', '=', tenant.id);
    await gone.where('id', 'in', padded([first, ...rest])).execute();
    for (const row of rows) await tellDeleted(unit, namespace.code, row);
  }
}

/** Resources with their namespaces. */
export const resourcesIn = (db: Db, tenantId: number) =>
  db
    .selectFrom('resources')
    .innerJoin('resource_namespaces as namespaces', (join) =>
      join
        .onRef('namespaces.tenant_id', '=', 'resources.tenant_id')
        .onRef('namespaces.id', '=', 'resources.namespace_id'),
    )
    .where('resources.tenant_id', '=', tenantId);
