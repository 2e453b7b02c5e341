import type { Resource } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import type { Row } from '../rows.ts';
import { declaredOf } from './actions.ts';

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
