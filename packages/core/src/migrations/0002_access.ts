/** Resource servers, their scopes, the permissions of roles and users, and client grants. */
import { addColumns, createTable, index, numbered, type Schema, unique } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'resource_servers', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      subject: 'text',
      identifier: 'text',
      name: 'text',
      token_lifetime: 'number',
      token_lifetime_for_web: 'number',
      allow_offline_access: 'flag',
      enforce_policies: 'flag',
      token_dialect: 'text',
      skip_consent: 'flag',
      extensions: 'json',
      version: 'number',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'resource_servers', ['tenant_id', 'identifier']);
  await unique(db, 'resource_servers', ['tenant_id', 'subject']);
  // Numbered, because as many rows as there are people may point to one.
  await addColumns(db, numbered(db, 'resource_server_scopes'), {
    tenant_id: 'number',
    resource_server_id: 'id',
    value: 'text',
    description: 'text?',
    position: 'number',
  })
    .addForeignKeyConstraint(
      'resource_server_scopes__resource_server_id_fk',
      ['tenant_id', 'resource_server_id'] as never,
      'resource_servers',
      ['tenant_id', 'id'],
      (c) => c.onDelete('cascade'),
    )
    .execute();
  await unique(db, 'resource_server_scopes', ['tenant_id', 'resource_server_id', 'value']);
  await createTable(db, 'role_permissions', {
    columns: { tenant_id: 'number', role_id: 'id', scope_num: 'number' },
    key: ['tenant_id', 'role_id', 'scope_num'],
    diesWith: { role_id: 'roles', scope_num: 'resource_server_scopes' },
    clustered: true,
  });
  await index(db, 'role_permissions', ['scope_num']);
  await createTable(db, 'user_permissions', {
    columns: { tenant_id: 'number', user_num: 'number', scope_num: 'number' },
    key: ['user_num', 'scope_num'],
    diesWith: { user_num: 'users', scope_num: 'resource_server_scopes' },
    clustered: true,
  });
  await index(db, 'user_permissions', ['scope_num']);
  await createTable(db, 'client_grants', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      application_id: 'id',
      resource_server_id: 'id?',
      audience: 'text',
      scopes: 'json',
      extensions: 'json',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
    diesWith: { application_id: 'applications', resource_server_id: 'resource_servers' },
  });
  await unique(db, 'client_grants', ['tenant_id', 'application_id', 'audience']);
  await index(db, 'client_grants', ['tenant_id', 'resource_server_id']);
}
