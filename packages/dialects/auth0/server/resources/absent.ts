/**
 * What Auth0 has and the directory has not: lists that are empty and settings that are as they are, so that tooling which
 * reads a whole tenant gets through. Nothing is stored: a setting may be written as it is already, anything else is refused.
 */
import { isDeepStrictEqual } from 'node:util';
import { array, boolean, json, object, optional, type Schema, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, LOCKOUT_FAILURES, operations, Problem, row } from '@reeve/core';
import {
  asTheyAre,
  type CheckpointQuery,
  checkpointQuery,
  nothing,
  type OffsetQuery,
  offsetQuery,
  pageOf,
} from '../paging.ts';
import { text } from '../schema.ts';

type Path = `/${string}`;

const pages = object({
  ...offsetQuery,
  ...checkpointQuery,
  // Filters that clients send; of nothing, all are the same.
  paginate: optional(boolean()),
  hydrate: optional(array(text(64))),
  triggerId: optional(text(64)),
  deployed: optional(boolean()),
  actionName: optional(text(255)),
});

/** A list of both ways of paging. */
const noneOf = (path: Path, scope: string, key: string): DialectRow =>
  row(`GET ${path}`, {
    scopes: [scope],
    query: pages,
    run: ({ query }: DialectCall<OffsetQuery & CheckpointQuery>) => pageOf(key, query, nothing, asTheyAre),
  });

/** A list of an organization, which there is. */
const noneOfOrganization = (path: string, scope: string, key: string): DialectRow =>
  row(`GET /organizations/{id}/${path}`, {
    scopes: [scope],
    query: pages,
    problems: {
      not_found: { status: 404, code: 'inexistent_organization', message: 'No organization found by that id or name' },
    },
    run: async ({ work, params, query }: DialectCall<OffsetQuery & CheckpointQuery>) => {
      const input = { organization_id: params.id as string, query: undefined, body: undefined };
      await operations.organizations.get(work, input);
      return pageOf(key, query, nothing, asTheyAre);
    },
  });

/** A list that is in an envelope however it is asked for. */
const noneIn = (path: Path, scope: string, key: string): DialectRow =>
  row(`GET ${path}`, {
    scopes: [scope],
    query: pages,
    run: async ({ query: { page = 0, per_page = 50 } }: DialectCall<OffsetQuery>) => ({
      [key]: [],
      total: 0,
      page,
      per_page,
    }),
  });

const answer = (path: Path, scope: string, value: () => object): DialectRow =>
  row(`GET ${path}`, { scopes: [scope], query: pages, run: async () => value() });

const unchangeable = { protected_resource: { status: 403, code: 'operation_not_supported' } } as const;

/** A setting that nobody can change. `noun`: its scopes are `read:` and `update:` of it. */
function fixed<Body>(verb: 'PATCH' | 'PUT', path: Path, noun: string, body: Schema<Body>, value: object): DialectRow[] {
  const isSame = (given: Body) =>
    Array.isArray(given)
      ? isDeepStrictEqual(given, value)
      : Object.entries(given as object).every(([name, part]) =>
          isDeepStrictEqual(part, (value as Record<string, unknown>)[name]),
        );
  return [
    answer(path, `read:${noun}`, () => value),
    row(`${verb} ${path}`, {
      scopes: [`update:${noun}`],
      body,
      problems: unchangeable,
      run: async ({ body: given }: DialectCall<undefined, Body>) => {
        if (!isSame(given)) throw new Problem('protected_resource', 'This setting is as it is on this server.');
        return value;
      },
    }),
  ];
}

const settings = json({ maxProperties: 50 });
const promptsPath = '/prompts/{prompt}';

const protection = [
  ...fixed('PATCH', '/attack-protection/breached-password-detection', 'attack_protection', settings, {
    enabled: false,
    shields: [],
    admin_notification_frequency: [],
    method: 'standard',
  }),
  ...fixed('PATCH', '/attack-protection/brute-force-protection', 'attack_protection', settings, {
    enabled: true,
    shields: ['block'],
    mode: 'count_per_identifier',
    allowlist: [],
    max_attempts: LOCKOUT_FAILURES,
  }),
  // Addresses are slowed down by the operator's rate limit, which is no setting of a tenant.
  ...fixed('PATCH', '/attack-protection/suspicious-ip-throttling', 'attack_protection', settings, {
    enabled: false,
    shields: [],
    allowlist: [],
  }),
  ...['bot-detection', 'captcha'].map((name) =>
    row(`GET /attack-protection/${name}`, {
      scopes: ['read:attack_protection'],
      problems: unchangeable,
      run: async () => {
        throw new Problem('protected_resource', 'This feature is not available on this server.');
      },
    }),
  ),
  ...fixed('PATCH', '/risk-assessments/settings', 'attack_protection', settings, { enabled: false }),
  ...fixed('PATCH', '/risk-assessments/settings/new-device', 'attack_protection', settings, { remember_for: 0 }),
  ...fixed('PATCH', '/supplemental-signals', 'attack_protection', settings, { akamai_enabled: false }),
];

const factors = [
  answer('/guardian/factors', 'read:guardian_factors', () => []),
  ...['sms', 'phone', 'push-notification'].flatMap((factor) =>
    ['twilio', 'sns', 'apns', 'fcm', 'fcmv1'].map((provider) =>
      answer(`/guardian/factors/${factor}/providers/${provider}`, 'read:guardian_factors', () => ({})),
    ),
  ),
  ...['sms', 'phone'].map((factor) =>
    answer(`/guardian/factors/${factor}/templates`, 'read:guardian_factors', () => ({})),
  ),
  ...fixed('PUT', '/guardian/policies', 'mfa_policies', array(string({ maxLength: 64 }), { maxItems: 10 }), []),
];

const prompts = [
  ...fixed('PATCH', '/prompts', 'prompts', settings, {}),
  noneIn('/prompts/rendering', 'read:prompts', 'configs'),
  answer(`${promptsPath}/custom-text/{language}`, 'read:prompts', () => ({})),
  answer(`${promptsPath}/partials`, 'read:prompts', () => ({})),
];

export const absent: readonly DialectRow[] = [
  answer('/rules-configs', 'read:rules_configs', () => []),
  answer('/log-streams', 'read:log_streams', () => []),
  answer('/custom-domains', 'read:custom_domains', () => []),
  answer('/branding/phone/providers', 'read:phone_providers', () => ({ providers: [] })),
  answer('/branding/phone/templates', 'read:phone_templates', () => ({ templates: [] })),
  answer('/actions/triggers', 'read:actions', () => ({ triggers: [] })),
  noneIn('/actions/actions', 'read:actions', 'actions'),
  noneIn('/actions/modules', 'read:actions', 'modules'),
  noneOf('/hooks', 'read:hooks', 'hooks'),
  noneOf('/forms', 'read:forms', 'forms'),
  noneOf('/flows', 'read:flows', 'flows'),
  noneOf('/flows/vault/connections', 'read:flows_vault_connections', 'connections'),
  noneOf('/self-service-profiles', 'read:self_service_profiles', 'self_service_profiles'),
  noneOf('/network-acls', 'read:network_acls', 'network_acls'),
  noneOf('/user-attribute-profiles', 'read:user_attribute_profiles', 'user_attribute_profiles'),
  noneOf('/connection-profiles', 'read:connection_profiles', 'connection_profiles'),
  noneOf('/token-exchange-profiles', 'read:token_exchange_profiles', 'token_exchange_profiles'),
  noneOf('/rate-limit-policies', 'read:rate_limit_policies', 'rate_limit_policies'),
  noneOf('/event-streams', 'read:event_streams', 'eventStreams'),
  noneOf('/connections-directory-provisionings', 'read:connections', 'directory_provisionings'),
  noneOfOrganization('enabled_connections', 'read:organization_connections', 'enabled_connections'),
  noneOfOrganization('connections', 'read:organization_connections', 'connections'),
  noneOfOrganization('client-grants', 'read:organization_client_grants', 'client_grants'),
  noneOfOrganization('discovery-domains', 'read:organization_discovery_domains', 'domains'),
  noneOfOrganization('clients', 'read:organizations', 'clients'),
  ...protection,
  ...factors,
  ...prompts,
];
