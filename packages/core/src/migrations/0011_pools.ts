/** Pools beside a user's home, the pools that an application searches, and who may use an application. */
import { createTable, index, type Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'pool_members', {
    columns: { tenant_id: 'number', connection_num: 'number', user_num: 'number', added_at: 'instant' },
    key: ['connection_num', 'user_num'],
    diesWith: { connection_num: 'connections', user_num: 'users' },
    clustered: true,
  });
  await index(db, 'pool_members', ['user_num', 'connection_num']);
  await createTable(db, 'application_users', {
    columns: { tenant_id: 'number', application_id: 'id', user_num: 'number', added_at: 'instant' },
    key: ['tenant_id', 'application_id', 'user_num'],
    diesWith: { application_id: 'applications', user_num: 'users' },
    clustered: true,
  });
  await index(db, 'application_users', ['user_num', 'application_id']);
  await createTable(db, 'application_pools', {
    columns: { tenant_id: 'number', application_id: 'id', position: 'number', connection_num: 'number' },
    key: ['tenant_id', 'application_id', 'position'],
    diesWith: { application_id: 'applications', connection_num: 'connections' },
    clustered: true,
  });
  await index(db, 'application_pools', ['connection_num']);
}
