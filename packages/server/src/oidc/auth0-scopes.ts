/** Which permission each scope of the Auth0 Management API is. Auth0 divides writing into creating, updating and deleting. */
import type { Scope } from '@reeve/contract';

type Row = readonly [resource: string, read: readonly string[], write: readonly string[]];

const verbs = (...nouns: string[]) => nouns.flatMap((noun) => [`create:${noun}`, `update:${noun}`, `delete:${noun}`]);

const ROWS: readonly Row[] = [
  [
    'users',
    ['read:users', 'read:users_app_metadata', 'read:user_idp_tokens', 'read:authentication_methods', 'read:stats'],
    [
      ...verbs('users', 'users_app_metadata', 'authentication_methods'),
      'create:user_tickets',
      'create:guardian_enrollment_tickets',
      'delete:guardian_enrollments',
    ],
  ],
  ['roles', ['read:roles', 'read:role_members'], [...verbs('roles'), 'create:role_members', 'delete:role_members']],
  ['connections', ['read:connections'], verbs('connections')],
  [
    'organizations',
    ['read:organizations', 'read:organization_members', 'read:organization_member_roles'],
    verbs('organizations', 'organization_members', 'organization_member_roles'),
  ],
  ['invitations', ['read:organization_invitations'], verbs('organization_invitations')],
  [
    'applications',
    [
      'read:clients',
      'read:client_keys',
      'read:client_credentials',
      'read:client_summary',
      'read:client_grants',
      'read:resource_servers',
    ],
    verbs('clients', 'client_keys', 'client_credentials', 'client_grants', 'resource_servers'),
  ],
  [
    'sessions',
    ['read:sessions', 'read:device_credentials'],
    ['delete:sessions', 'delete:refresh_tokens', 'delete:device_credentials', 'blacklist:tokens'],
  ],
  ['audit', ['read:logs', 'read:logs_users'], []],
  [
    'tenants',
    ['read:tenant_settings', 'read:email_provider', 'read:email_templates', 'read:rules', 'read:custom_domains'],
    [...verbs('email_provider', 'email_templates', 'rules', 'custom_domains'), 'update:tenant_settings'],
  ],
];

/** Auth0's scope → the permission that holding it takes. */
export const auth0Scopes: ReadonlyMap<string, Scope> = new Map(
  ROWS.flatMap(([resource, read, write]) => [
    ...read.map((name) => [name, `${resource}:read` as Scope] as const),
    ...write.map((name) => [name, `${resource}:write` as Scope] as const),
  ]),
);
