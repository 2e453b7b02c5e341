/** Linked accounts, what tickets and sessions know of their purpose, and two more fields of the user. */
import { sql } from 'kysely';
import { createTable, index, type Schema } from './schema.ts';
import { grantScopes } from './scopes.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'linked_accounts', {
    columns: {
      tenant_id: 'number',
      user_num: 'number',
      connection_num: 'number',
      subject: 'text',
      account_num: 'number',
      user_id: 'id',
      doc: 'json',
      extensions: 'json',
      token_version: 'number',
      version: 'number',
      password_hash: 'text?',
      password_changed_at: 'instant?',
      linked_at: 'instant',
    },
    key: ['connection_num', 'subject'],
    diesWith: { user_num: 'users' },
  });
  await index(db, 'linked_accounts', ['user_num']);
  await index(db, 'linked_accounts', ['tenant_id', 'user_id']);
  for (const [column, type, initial] of [
    ['options', 'text', '{}'],
    ['password_hash', 'text', null],
  ] as const) {
    await db.schema
      .alterTable('tickets')
      .addColumn(column, type, (c) => (initial === null ? c : c.notNull().defaultTo(initial)))
      .execute();
  }
  await db.schema.alterTable('sessions').addColumn('impersonator_id', 'text').execute();
  // The new fields are the last ones of a rendered user.
  await sql`update users set doc = substr(doc, 1, length(doc) - 1) || ${sql.lit(',"last_sign_in_ip":null,"last_password_change_at":null}')}`.execute(
    db,
  );
  await grantScopes(db, ['users:impersonate']);
}
