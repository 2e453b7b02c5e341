/** What every new tenant has from its first moment: a connection, built-in roles, a console, a management application. */
import { scopes } from '@reeve/contract';
import { TOTAL as APPLICATION_TOTAL } from '../applications/applications.store.ts';
import { insertSecret } from '../applications/secrets.ts';
import { TOTAL as CONNECTION_TOTAL } from '../connections/connections.store.ts';
import { defaultPolicy } from '../credentials/policy.ts';
import { generateSigningKey, insertSigningKey, type NewSigningKey } from '../keys/keys.ts';
import { foundNamespace } from '../resources/namespaces.ts';
import { TOTAL as ROLE_TOTAL } from '../roles/roles.store.ts';
import { newSecret } from '../secret.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { addUser, draftUser } from '../users/users.ts';
import type { Unit } from '../work.ts';

/** Name of the database connection that a fresh tenant has (rw3iss: pool `default`). */
export const DEFAULT_CONNECTION = 'Username-Password-Authentication';

const ROLES: readonly [code: string, name: string, level: number][] = [
  ['system_admin', 'System administrator', 0],
  ['super_admin', 'Super administrator', 5],
  ['org_admin', 'Organization administrator', 10],
  ['org_manager', 'Organization manager', 20],
  ['org_member', 'Organization member', 30],
  ['base_user', 'User', 100],
  ['seller', 'Seller', 100],
  ['buyer', 'Buyer', 100],
];

export interface Founding {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly key: NewSigningKey;
  /** Absent where the tenant begins without a person. */
  readonly administrator?: { readonly email: string; readonly passwordHash: string };
}

/** Prepared outside any unit of work: a key pair takes time. */
export const newFounding = async (): Promise<Founding> => ({
  clientId: newSecret().slice(0, 32),
  clientSecret: newSecret(),
  key: await generateSigningKey(),
});

/** Furnishes the unit's tenant. */
export async function found(unit: Unit, founding: Founding): Promise<void> {
  const { db, tenant, now } = unit;
  await insertSigningKey(unit, founding.key);
  const connectionId = unit.newId('con');
  const { num } = await db
    .insertInto('connections')
    .values({
      id: connectionId,
      tenant_id: tenant.id,
      name: DEFAULT_CONNECTION,
      name_key: keyOf(DEFAULT_CONNECTION),
      display_name: null,
      strategy: 'database',
      is_default: 1,
      password_policy: JSON.stringify(defaultPolicy),
      extensions: '{}',
      created_at: now,
      updated_at: now,
    })
    .returning('num')
    .executeTakeFirstOrThrow();
  unit.count(CONNECTION_TOTAL, 1);
  await foundNamespace(unit);
  const roleIds = await foundRoles(unit);
  await foundApplication(unit, {
    clientId: founding.clientId,
    name: 'Management',
    type: 'machine_to_machine',
    secret: founding.clientSecret,
    autoGrant: false,
  });
  await foundApplication(unit, {
    clientId: 'console',
    name: 'console',
    type: 'spa',
    secret: null,
    autoGrant: true,
  });
  if (founding.administrator) {
    const { email, passwordHash } = founding.administrator;
    const user = { ...draftUser(unit, connectionId, { email, email_verified: true }), has_password: true };
    const userNum = await addUser(unit, num, user, passwordHash);
    const roleId = roleIds.get('system_admin') as string;
    await db
      .insertInto('role_members')
      .values({ tenant_id: tenant.id, role_id: roleId, user_num: userNum, added_at: now })
      .execute();
    unit.count(totalOf('role', roleId), 1);
    await unit.emit('user.roles_changed', { target: { type: 'user', id: user.id }, data: { after: ['system_admin'] } });
  }
}

async function foundRoles(unit: Unit): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const [code, name, level] of ROLES) {
    const id = unit.newId('rol');
    ids.set(code, id);
    await unit.db
      .insertInto('roles')
      .values({
        id,
        tenant_id: unit.tenant.id,
        namespace: 'default',
        code,
        code_key: code,
        name,
        name_key: keyOf(name),
        description: null,
        level,
        is_built_in: 1,
        created_at: unit.now,
        updated_at: unit.now,
      })
      .execute();
    unit.count(ROLE_TOTAL, 1);
    await unit.emit('role.created', { target: { type: 'role', id }, data: { after: { code, level } } });
  }
  return ids;
}

interface FoundedApplication {
  readonly clientId: string;
  readonly name: string;
  readonly type: 'machine_to_machine' | 'spa';
  readonly secret: string | null;
  readonly autoGrant: boolean;
}

async function foundApplication(
  unit: Unit,
  { clientId, name, type, secret, autoGrant }: FoundedApplication,
): Promise<void> {
  const id = unit.newId('app');
  const isManagement = type === 'machine_to_machine';
  const grants = ['password', 'http://auth0.com/oauth/grant-type/password-realm', 'refresh_token'];
  await unit.db
    .insertInto('applications')
    .values({
      id,
      tenant_id: unit.tenant.id,
      client_id: clientId,
      client_key: keyOf(clientId),
      name,
      name_key: keyOf(name),
      description: null,
      type,
      enabled: 1,
      is_first_party: 1,
      is_public: secret === null ? 1 : 0,
      token_version: 0,
      grant_types: JSON.stringify(isManagement ? ['client_credentials', ...grants] : grants),
      scopes: JSON.stringify(isManagement ? scopes : []),
      redirect_uris: '[]',
      auto_grant_on_signup: autoGrant ? 1 : 0,
      access_token_lifetime: 86_400,
      refresh_token_lifetime: 30 * 86_400,
      secret_overlap: 86_400,
      metadata: '{}',
      extensions: '{}',
      version: 1,
      created_at: unit.now,
      updated_at: unit.now,
    })
    .execute();
  if (secret !== null) await insertSecret(unit, id, secret);
  unit.count(APPLICATION_TOTAL, 1);
  await unit.emit('application.created', {
    target: { type: 'application', id },
    data: { after: { name, client_id: clientId } },
  });
}
