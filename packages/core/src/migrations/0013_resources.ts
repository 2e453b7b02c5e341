/** Namespaced resources, and who may do what with them. */
import { sql } from 'kysely';
import { newId } from '../id.ts';
import { createTable, index, type Schema, unique } from './schema.ts';
import { grantScopes } from './scopes.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'resource_namespaces', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      code: 'text',
      name: 'text',
      description: 'text?',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'resource_namespaces', ['tenant_id', 'code']);
  await createTable(db, 'resources', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      namespace_id: 'id',
      code: 'text',
      type: 'text',
      actions: 'json',
      api_identifier: 'text?',
      description: 'text?',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
    diesWith: { namespace_id: 'resource_namespaces' },
  });
  await unique(db, 'resources', ['tenant_id', 'namespace_id', 'code']);
  await createTable(db, 'resource_grants', {
    columns: {
      tenant_id: 'number',
      resource_id: 'id',
      subject_id: 'id',
      user_num: 'number?',
      role_id: 'id?',
      group_id: 'id?',
      organization_id: 'id?',
      actions: 'json',
      granted_at: 'instant',
    },
    // Not led by the tenant: without statistics SQLite takes such a key for narrower than any other index.
    key: ['resource_id', 'subject_id', 'tenant_id'],
    diesWith: {
      resource_id: 'resources',
      user_num: 'users',
      role_id: 'roles',
      group_id: 'groups',
      organization_id: 'organizations',
    },
    clustered: true,
  });
  for (const subject of ['user_num', 'role_id', 'group_id', 'organization_id'])
    await index(db, 'resource_grants', [subject]);
  await foundNamespaces(db);
  await grantScopes(db, ['resources:read', 'resources:write']);
}

/** Every tenant has the namespace `default`. */
async function foundNamespaces(db: Schema): Promise<void> {
  const now = Date.now();
  const { rows } = await sql<{ num: number }>`select num from tenants order by num`.execute(db);
  for (const { num } of rows)
    await sql`insert into resource_namespaces (id, tenant_id, code, name, created_at, updated_at)
      values (${newId('rns', now)}, ${num}, 'default', 'Default', ${now}, ${now})`.execute(db);
}
