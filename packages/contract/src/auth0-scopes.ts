/** Which permission each scope of the Auth0 Management API is. Auth0 divides writing into creating, updating and deleting. */
import type { Scope } from './route.ts';

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
    [
      'read:organizations',
      'read:organization_members',
      'read:organization_member_roles',
      'read:organization_connections',
      'read:organization_client_grants',
      'read:organization_discovery_domains',
    ],
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
  // What tooling that reads a whole tenant asks for, though there is nothing of it here.
  [
    'tenants',
    [
      'read:actions',
      'read:attack_protection',
      'read:connection_profiles',
      'read:event_streams',
      'read:flows',
      'read:flows_vault_connections',
      'read:forms',
      'read:guardian_factors',
      'read:hooks',
      'read:log_streams',
      'read:mfa_policies',
      'read:network_acls',
      'read:phone_providers',
      'read:phone_templates',
      'read:prompts',
      'read:rate_limit_policies',
      'read:rules_configs',
      'read:self_service_profiles',
      'read:token_exchange_profiles',
      'read:user_attribute_profiles',
    ],
    ['update:attack_protection', 'update:mfa_policies', 'update:prompts'],
  ],
];

/** What anybody may do with their own user, where a token for the Management API names it. */
export const auth0CurrentUserScopes: readonly string[] = [
  'read:current_user',
  'delete:current_user',
  'create:current_user_metadata',
  'update:current_user_metadata',
  'delete:current_user_metadata',
  'update:current_user_identities',
  'create:current_user_device_credentials',
  'delete:current_user_device_credentials',
];

/** Auth0's scope → the permission that holding it takes. */
export const auth0Scopes: ReadonlyMap<string, Scope> = new Map([
  ...ROWS.flatMap(([resource, read, write]) => [
    ...read.map((name) => [name, `${resource}:read` as Scope] as const),
    ...write.map((name) => [name, `${resource}:write` as Scope] as const),
  ]),
  ['impersonate:users', 'users:impersonate'],
]);
