/** Definitions of custom fields, and the place of their values: the last field of a rendered user. */
import { sql } from 'kysely';
import { createTable, type Schema, unique } from './schema.ts';
import { grantScopes } from './scopes.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'custom_fields', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      target: 'text',
      key: 'text',
      type: 'text',
      label: 'text',
      options: 'json?',
      version: 'number',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'custom_fields', ['tenant_id', 'key', 'target']);
  for (const table of ['users', 'linked_accounts'])
    await sql`update ${sql.table(table)} set doc = substr(doc, 1, length(doc) - 1) || ${sql.lit(',"custom_fields":{}}')}`.execute(
      db,
    );
  await grantScopes(db, ['custom_fields:read', 'custom_fields:write']);
}
