/** The directory as it was first. */
import { type CreateTableBuilder, sql } from 'kysely';
import { isPostgres } from '../database/database.ts';
import { addColumns, createTable, index, numbered, type Schema, unique } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await tenantTables(db);
  await userTables(db);
  await groupingTables(db);
  await applicationTables(db);
  await recordTables(db);
}

async function tenantTables(db: Schema): Promise<void> {
  await addColumns(db, numbered(db, 'tenants'), {
    id: 'id',
    name: 'text',
    display_name: 'text?',
    is_default: 'flag',
    settings: 'json',
    created_at: 'instant',
    updated_at: 'instant',
  }).execute();
  await unique(db, 'tenants', ['id']);
  await unique(db, 'tenants', ['name']);
  await addColumns(db, db.schema.createTable('tenant_domains') as CreateTableBuilder<string, string>, {
    domain: 'text',
    tenant_id: 'number',
  })
    .addPrimaryKeyConstraint('tenant_domains__domain', ['domain'] as never)
    .addForeignKeyConstraint('tenant_domains__tenant_fk', ['tenant_id'] as never, 'tenants', ['num'], (c) =>
      c.onDelete('cascade'),
    )
    .execute();
  await createTable(db, 'signing_keys', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      state: 'text',
      public_jwk: 'json',
      private_jwk: 'text',
      created_at: 'instant',
      retires_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
  });
  await addColumns(db, numbered(db, 'connections'), {
    id: 'id',
    tenant_id: 'number',
    name: 'text',
    name_key: 'text',
    display_name: 'text?',
    strategy: 'text',
    is_default: 'flag',
    password_policy: 'json',
    extensions: 'json',
    created_at: 'instant',
    updated_at: 'instant',
  }).execute();
  await unique(db, 'connections', ['tenant_id', 'id']);
  await unique(db, 'connections', ['tenant_id', 'name_key']);
}

async function userTables(db: Schema): Promise<void> {
  const postgres = isPostgres(db as never);
  await addColumns(db, numbered(db, 'users'), {
    id: 'id',
    tenant_id: 'number',
    connection_num: 'number',
    state: 'text',
    name_key: 'text',
    updated_at: 'instant',
    last_sign_in_at: 'instant',
    password_must_be_reset: 'flag',
    token_version: 'number',
    version: 'number',
    search_text: 'text',
    doc: 'json',
    extensions: 'json',
  })
    .addForeignKeyConstraint('users__connection_fk', ['connection_num'] as never, 'connections', ['num'])
    .execute();
  await unique(db, 'users', ['id']);
  await index(db, 'users', ['tenant_id', 'num']);
  await index(db, 'users', ['connection_num', 'num']);
  await index(db, 'users', ['tenant_id', 'name_key', 'num']);
  await index(db, 'users', ['tenant_id', 'updated_at', 'num']);
  await index(db, 'users', ['tenant_id', 'last_sign_in_at', 'num']);
  await db.schema
    .createIndex('users_disabled')
    .on('users')
    .columns(['tenant_id', 'num'])
    .where(sql.ref('state'), '=', sql.lit('disabled'))
    .execute();
  if (postgres) {
    await sql`create extension if not exists pg_trgm`.execute(db);
    await sql`create index users_search on users using gin (search_text gin_trgm_ops)`.execute(db);
  } else {
    // Positions are left out: a match is verified against users.search_text, which costs less than storing them.
    await sql`create virtual table users_search using fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1')`.execute(
      db,
    );
  }
  await createTable(db, 'identities', {
    columns: {
      tenant_id: 'number',
      user_num: 'number',
      position: 'number',
      connection_num: 'number',
      provider: 'text',
      subject: 'text',
      email_key: 'text',
      username_key: 'text?',
      phone_key: 'text?',
      profile: 'json?',
    },
    key: ['user_num', 'position'],
    diesWith: { user_num: 'users' },
    clustered: true,
  });
  await unique(db, 'identities', ['connection_num', 'subject']);
  await db.schema
    .createIndex('identities__email_key')
    .on('identities')
    .columns(['tenant_id', 'email_key', 'connection_num'])
    .unique()
    .execute();
  for (const column of ['username_key', 'phone_key']) {
    await db.schema
      .createIndex(`identities__${column}`)
      .on('identities')
      .columns(['connection_num', column])
      .unique()
      .where(sql.ref(column), 'is not', null)
      .execute();
  }
  await createTable(db, 'metadata', {
    columns: {
      tenant_id: 'number',
      user_num: 'number',
      bag: 'text',
      path: 'text',
      position: 'number',
      text: 'text',
      number: 'real?',
    },
    key: ['user_num', 'bag', 'path', 'position'],
    diesWith: { user_num: 'users' },
    clustered: true,
  });
  await index(db, 'metadata', ['tenant_id', 'bag', 'path', 'text', 'user_num']);
  await createTable(db, 'credentials', {
    columns: { tenant_id: 'number', user_num: 'number', password_hash: 'text', changed_at: 'instant' },
    key: ['user_num'],
    diesWith: { user_num: 'users' },
    clustered: true,
  });
  await createTable(db, 'authentication_methods', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      user_num: 'number',
      type: 'text',
      name: 'text?',
      secret: 'text?',
      confirmed_at: 'instant?',
      last_used_at: 'instant?',
      created_at: 'instant',
    },
    key: ['tenant_id', 'id'],
    diesWith: { user_num: 'users' },
  });
  await index(db, 'authentication_methods', ['user_num']);
  await createTable(db, 'lockouts', {
    columns: {
      tenant_id: 'number',
      user_num: 'number',
      failures: 'number',
      last_failed_at: 'instant',
      locked_until: 'instant?',
    },
    key: ['user_num'],
    diesWith: { user_num: 'users' },
    clustered: true,
  });
  await createTable(db, 'deleted_users', {
    columns: { tenant_id: 'number', user_id: 'id', doc: 'text', deleted_at: 'instant', erase_at: 'instant' },
    key: ['tenant_id', 'user_id'],
  });
  await db.schema.createIndex('deleted_users_by_erase_at').on('deleted_users').column('erase_at').execute();
  await createTable(db, 'counters', {
    columns: { tenant_id: 'number', name: 'text', slot: 'number', n: 'number' },
    key: ['tenant_id', 'name', 'slot'],
    clustered: true,
  });
}

async function groupingTables(db: Schema): Promise<void> {
  const members = async (table: string, column: string, parent: string) => {
    await createTable(db, table, {
      columns: { tenant_id: 'number', [column]: 'id', user_num: 'number', added_at: 'instant' },
      key: ['tenant_id', column, 'user_num'],
      diesWith: { [column]: parent, user_num: 'users' },
      clustered: true,
    });
    await index(db, table, ['user_num', column]);
  };
  await createTable(db, 'groups', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      code: 'text',
      code_key: 'text',
      name: 'text',
      name_key: 'text',
      description: 'text?',
      version: 'number',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'groups', ['tenant_id', 'code_key']);
  await members('group_members', 'group_id', 'groups');
  await createTable(db, 'roles', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      namespace: 'text',
      code: 'text',
      code_key: 'text',
      name: 'text',
      name_key: 'text',
      description: 'text?',
      level: 'number',
      is_built_in: 'flag',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'roles', ['tenant_id', 'namespace', 'code_key']);
  await members('role_members', 'role_id', 'roles');
  await createTable(db, 'organizations', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      name: 'text',
      name_key: 'text',
      display_name: 'text?',
      display_key: 'text',
      metadata: 'json',
      owner_id: 'id?',
      extensions: 'json',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'organizations', ['tenant_id', 'name_key']);
  await index(db, 'organizations', ['tenant_id', 'owner_id']);
  await members('organization_members', 'organization_id', 'organizations');
  await createTable(db, 'organization_member_roles', {
    columns: { tenant_id: 'number', organization_id: 'id', user_num: 'number', role_id: 'id' },
    key: ['tenant_id', 'organization_id', 'user_num', 'role_id'],
    diesWith: { organization_id: 'organizations', user_num: 'users', role_id: 'roles' },
    clustered: true,
  });
  await index(db, 'organization_member_roles', ['tenant_id', 'role_id']);
  await index(db, 'organization_member_roles', ['user_num']);
}

async function applicationTables(db: Schema): Promise<void> {
  await createTable(db, 'applications', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      client_id: 'text',
      client_key: 'text',
      name: 'text',
      name_key: 'text',
      description: 'text?',
      type: 'text',
      enabled: 'flag',
      is_first_party: 'flag',
      grant_types: 'json',
      scopes: 'json',
      redirect_uris: 'json',
      auto_grant_on_signup: 'flag',
      access_token_lifetime: 'number',
      refresh_token_lifetime: 'number',
      secret_overlap: 'number',
      metadata: 'json',
      extensions: 'json',
      version: 'number',
      created_at: 'instant',
      updated_at: 'instant',
    },
    key: ['tenant_id', 'id'],
  });
  await unique(db, 'applications', ['tenant_id', 'client_id']);
  await createTable(db, 'application_secrets', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      application_id: 'id',
      digest: 'text',
      hint: 'text',
      created_at: 'instant',
      expires_at: 'instant?',
      last_used_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
    diesWith: { application_id: 'applications' },
  });
  await index(db, 'application_secrets', ['tenant_id', 'application_id']);
  await createTable(db, 'sessions', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      user_id: 'id',
      application_id: 'id?',
      ip: 'text?',
      user_agent: 'text?',
      created_at: 'instant',
      last_used_at: 'instant',
      expires_at: 'instant',
      revoked_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
    diesWith: { user_id: 'users' },
  });
  // Led by the user, so that a deleted user's rows are found by it.
  await index(db, 'sessions', ['user_id', 'id']);
  await db.schema.createIndex('sessions_by_expires_at').on('sessions').column('expires_at').execute();
  await createTable(db, 'oidc_artifacts', {
    columns: {
      id: 'text',
      tenant_id: 'number',
      kind: 'text',
      grant_id: 'text?',
      user_id: 'id?',
      session_id: 'id?',
      payload: 'json',
      consumed_at: 'instant?',
      expires_at: 'instant',
    },
    key: ['tenant_id', 'kind', 'id'],
  });
  await index(db, 'oidc_artifacts', ['tenant_id', 'grant_id']);
  await index(db, 'oidc_artifacts', ['tenant_id', 'user_id']);
  await index(db, 'oidc_artifacts', ['tenant_id', 'session_id']);
  await db.schema.createIndex('oidc_artifacts_by_expires_at').on('oidc_artifacts').column('expires_at').execute();
  await createTable(db, 'revoked_tokens', {
    columns: { tenant_id: 'number', jti: 'text', expires_at: 'instant' },
    key: ['tenant_id', 'jti'],
    clustered: true,
  });
  await db.schema.createIndex('revoked_tokens_by_expires_at').on('revoked_tokens').column('expires_at').execute();
}

async function recordTables(db: Schema): Promise<void> {
  await addColumns(db, numbered(db, 'events'), {
    id: 'id',
    tenant_id: 'number',
    type: 'text',
    actor_type: 'text',
    actor_id: 'id?',
    application_id: 'id?',
    impersonator_id: 'id?',
    target_type: 'text?',
    target_id: 'id?',
    request_id: 'text?',
    ip: 'text?',
    user_agent: 'text?',
    data: 'json?',
    created_at: 'instant',
  }).execute();
  await unique(db, 'events', ['id']);
  await index(db, 'events', ['tenant_id', 'num']);
  await index(db, 'events', ['tenant_id', 'type', 'num']);
  await index(db, 'events', ['tenant_id', 'created_at']);
  for (const column of ['actor_id', 'target_id', 'request_id']) {
    await db.schema
      .createIndex(`events_by_${column}`)
      .on('events')
      .columns(['tenant_id', column, 'num'])
      .where(sql.ref(column), 'is not', null)
      .execute();
  }
  await createTable(db, 'tickets', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      kind: 'text',
      digest: 'text',
      user_id: 'id?',
      invitation_id: 'id?',
      email: 'text',
      created_at: 'instant',
      expires_at: 'instant',
      consumed_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
    diesWith: { user_id: 'users' },
  });
  await unique(db, 'tickets', ['tenant_id', 'digest']);
  await index(db, 'tickets', ['user_id']);
  await index(db, 'tickets', ['tenant_id', 'invitation_id']);
  await createTable(db, 'invitations', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      email: 'text',
      email_key: 'text',
      name: 'text?',
      state: 'text',
      connection_id: 'id',
      organization_id: 'id?',
      roles: 'json',
      groups: 'json',
      invited_by: 'id?',
      user_id: 'id?',
      sent_count: 'number',
      lifetime: 'number',
      open_key: 'text?',
      created_at: 'instant',
      expires_at: 'instant',
      accepted_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
  });
  await index(db, 'invitations', ['tenant_id', 'email_key']);
  await index(db, 'invitations', ['tenant_id', 'user_id']);
  await unique(db, 'invitations', ['tenant_id', 'open_key']);
  await createTable(db, 'mails', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      template: 'text',
      recipient: 'text',
      user_id: 'id?',
      invitation_id: 'id?',
      payload: 'text?',
      state: 'text',
      attempts: 'number',
      next_attempt_at: 'instant?',
      lease_until: 'instant?',
      last_error: 'text?',
      created_at: 'instant',
      sent_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
  });
  await db.schema
    .createIndex('mails_by_state_next_attempt_at')
    .on('mails')
    .columns(['state', 'next_attempt_at'])
    .execute();
  await index(db, 'mails', ['tenant_id', 'user_id']);
  await index(db, 'mails', ['tenant_id', 'invitation_id']);
  await createTable(db, 'jobs', {
    columns: {
      id: 'id',
      tenant_id: 'number',
      type: 'text',
      state: 'text',
      mode: 'text?',
      options: 'json',
      actor_id: 'id?',
      idempotency_key: 'text?',
      total: 'number',
      digest: 'text?',
      window_rows: 'number',
      window_done: 'number',
      inserted: 'number',
      updated: 'number',
      failed: 'number',
      detail: 'text?',
      lease_until: 'instant?',
      created_at: 'instant',
      updated_at: 'instant',
      finished_at: 'instant?',
    },
    key: ['tenant_id', 'id'],
  });
  // One job for each caller and key; jobs without a key are not compared.
  await unique(db, 'jobs', ['tenant_id', 'idempotency_key', 'actor_id']);
  await createTable(db, 'job_errors', {
    columns: {
      tenant_id: 'number',
      job_id: 'id',
      line: 'number',
      position: 'number',
      key: 'text?',
      folded_key: 'text?',
      code: 'text',
      field: 'text?',
      message: 'text',
    },
    key: ['tenant_id', 'job_id', 'line', 'position'],
    diesWith: { job_id: 'jobs' },
    clustered: true,
  });
  await index(db, 'job_errors', ['tenant_id', 'folded_key']);
  await createTable(db, 'idempotency_keys', {
    columns: {
      tenant_id: 'number',
      actor_id: 'id',
      key: 'text',
      digest: 'text',
      status: 'number',
      etag: 'text?',
      body: 'text',
      target_id: 'id?',
      expires_at: 'instant',
    },
    key: ['tenant_id', 'actor_id', 'key'],
  });
  await index(db, 'idempotency_keys', ['tenant_id', 'target_id']);
  await db.schema.createIndex('idempotency_keys_by_expires_at').on('idempotency_keys').column('expires_at').execute();
}
