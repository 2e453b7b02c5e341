/** Factors beside the password, browsers and devices that are remembered, and for whom a revoked token was made. */
import { sql } from 'kysely';
import { createTable, index, type Schema, unique } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await methodColumns(db);
  await createTable(db, 'remembered_browsers', {
    columns: {
      tenant_id: 'number',
      digest: 'text',
      user_num: 'number',
      user_agent: 'text?',
      created_at: 'instant',
      expires_at: 'instant',
    },
    key: ['tenant_id', 'digest'],
    diesWith: { user_num: 'users' },
  });
  await index(db, 'remembered_browsers', ['user_num']);
  await db.schema
    .createIndex('remembered_browsers_by_expires_at')
    .on('remembered_browsers')
    .column('expires_at')
    .execute();
  await createTable(db, 'device_credentials', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      user_id: 'id',
      application_id: 'id',
      device_id: 'text',
      device_name: 'text',
      type: 'text',
      value: 'text',
      created_at: 'instant',
    },
    key: ['tenant_id', 'id'],
    diesWith: { user_id: 'users', application_id: 'applications' },
  });
  // Led by the user, so that a deleted user's rows are found by it.
  await unique(db, 'device_credentials', ['user_id', 'application_id', 'device_id', 'type']);
  await index(db, 'device_credentials', ['tenant_id', 'application_id']);
  await revokedTokensByAudience(db);
}

async function methodColumns(db: Schema): Promise<void> {
  const columns = {
    phone_number: 'text',
    email: 'text',
    preferred_method: 'text',
    key_id: 'text',
    public_key: 'text',
    relying_party_identifier: 'text',
    locked_until: 'bigint',
    last_step: 'bigint',
  } as const;
  // One at a time: SQLite takes no more.
  for (const [name, type] of Object.entries(columns))
    await db.schema.alterTable('authentication_methods').addColumn(name, type).execute();
  await db.schema
    .alterTable('authentication_methods')
    .addColumn('failures', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
}

/**
 * The audience becomes a part of the key, which only a new table can have. What was revoked stays so, whoever it was made
 * for: its audience is empty.
 */
async function revokedTokensByAudience(db: Schema): Promise<void> {
  await sql`create table revoked_tokens_kept as select tenant_id, jti, expires_at from revoked_tokens`.execute(db);
  await db.schema.dropTable('revoked_tokens').execute();
  await createTable(db, 'revoked_tokens', {
    columns: { tenant_id: 'number', jti: 'text', aud: 'text', expires_at: 'instant' },
    key: ['tenant_id', 'jti', 'aud'],
    clustered: true,
  });
  await db.schema.createIndex('revoked_tokens_by_expires_at').on('revoked_tokens').column('expires_at').execute();
  await sql`insert into revoked_tokens (tenant_id, jti, aud, expires_at)
    select tenant_id, jti, '', expires_at from revoked_tokens_kept`.execute(db);
  await db.schema.dropTable('revoked_tokens_kept').execute();
}
