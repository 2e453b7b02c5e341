/** Rules, mail providers, connections of other strategies, and what vendors keep of a tenant. */
import { createTable, index, type Schema, unique } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await db.schema
    .alterTable('tenants')
    .addColumn('extensions', 'text', (c) => c.notNull().defaultTo('{}'))
    .execute();
  await db.schema
    .alterTable('connections')
    .addColumn('is_enabled_for_all', 'bigint', (c) => c.notNull().defaultTo(1))
    .execute();
  await createTable(db, 'connection_applications', {
    columns: { tenant_id: 'number', connection_num: 'number', application_id: 'id' },
    key: ['connection_num', 'application_id'],
    diesWith: { connection_num: 'connections', application_id: 'applications' },
    clustered: true,
  });
  await index(db, 'connection_applications', ['tenant_id', 'application_id']);
  await createTable(db, 'rules', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      name: 'text',
      name_key: 'text',
      script: 'text',
      position: 'number',
      enabled: 'flag',
      stage: 'text',
      version: 'number',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'rules', ['tenant_id', 'name_key']);
  await unique(db, 'rules', ['tenant_id', 'position']);
  await createTable(db, 'mail_providers', {
    columns: {
      tenant_id: 'number',
      name: 'text',
      enabled: 'flag',
      default_from_address: 'text?',
      credentials: 'text',
      settings: 'json',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id'],
  });
}
