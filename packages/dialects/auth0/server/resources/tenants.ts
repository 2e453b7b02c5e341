/**
 * `/tenants/settings`. The name people read, the session's lifetime, and what requests for tokens fall back on are the
 * tenant's own; the rest of Auth0's settings is kept beside it.
 */

import {
  array,
  boolean,
  json,
  type nullable,
  object,
  optional,
  type Static,
  string,
  type Tenant,
} from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  extensionsOf,
  fieldProblem,
  noBody,
  operations,
  resultOf,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import { merged } from '../client.ts';
import { connectionNames, findConnection } from '../connection.ts';
import { type FieldsQuery, fieldsQuery, pickFields } from '../paging.ts';
import { clearable } from '../schema.ts';

const link = string({ maxLength: 2048 });
const hours = { type: 'number', minimum: 0, maximum: 8760 } as Parameters<typeof nullable<number>>[0];

const minutes = { type: 'number', minimum: 0, maximum: 525_600 } as typeof hours;

const settingsBody = object({
  friendly_name: clearable(string({ maxLength: 200 })),
  picture_url: clearable(link),
  support_email: clearable(string({ maxLength: 254 })),
  support_url: clearable(link),
  default_audience: clearable(string({ maxLength: 600 })),
  default_directory: clearable(string({ maxLength: 128 })),
  default_redirection_uri: clearable(link),
  default_token_quota: clearable(json()),
  allowed_logout_urls: clearable(array(link, { maxItems: 100 })),
  session_lifetime: clearable(hours),
  idle_session_lifetime: clearable(hours),
  ephemeral_session_lifetime: clearable(hours),
  idle_ephemeral_session_lifetime: clearable(hours),
  session_lifetime_in_minutes: clearable(minutes),
  idle_session_lifetime_in_minutes: clearable(minutes),
  ephemeral_session_lifetime_in_minutes: clearable(minutes),
  idle_ephemeral_session_lifetime_in_minutes: clearable(minutes),
  sandbox_version: clearable(string({ maxLength: 8 })),
  legacy_sandbox_version: clearable(string({ maxLength: 8 })),
  flags: clearable(json()),
  change_password: clearable(json()),
  guardian_mfa_page: clearable(json()),
  error_page: clearable(json()),
  device_flow: clearable(json()),
  universal_login: clearable(json()),
  enabled_locales: clearable(array(string({ maxLength: 16 }), { maxItems: 200 })),
  session_cookie: clearable(json()),
  sessions: clearable(json()),
  oidc_logout: clearable(json()),
  mtls: clearable(json()),
  acr_values_supported: clearable(array(string({ maxLength: 200 }), { maxItems: 20 })),
  customize_mfa_in_postlogin_action: optional(boolean()),
  allow_organization_name_in_authentication_api: optional(boolean()),
  pushed_authorization_requests_supported: clearable(boolean()),
  authorization_response_iss_parameter_supported: clearable(boolean()),
  skip_non_verifiable_callback_uri_confirmation_prompt: clearable(boolean()),
  resource_parameter_profile: clearable(string({ maxLength: 64 })),
  phone_consolidated_experience: optional(boolean()),
  enable_ai_guide: optional(boolean()),
});
type Body = Static<typeof settingsBody>;

const HOUR = 3600;

async function read(work: Work) {
  const tenant: Tenant = resultOf(await operations.tenants.current(work, noBody));
  const kept = await work.read((db) => extensionsOf(db, work, 'tenants', 'auth0', [tenant.id]));
  const { settings } = (kept.get(tenant.id) ?? {}) as { settings?: Record<string, unknown> };
  return {
    allowed_logout_urls: [],
    enabled_locales: ['en'],
    flags: {},
    sandbox_version: '22',
    idle_session_lifetime: tenant.settings.session_lifetime / HOUR,
    ...settings,
    default_audience: tenant.settings.default_audience ?? undefined,
    default_directory: await directoryOf(work, tenant.settings.default_connection),
    friendly_name: tenant.display_name ?? tenant.name,
    session_lifetime: tenant.settings.session_lifetime / HOUR,
  };
}

/** The name of a connection that is called by its id. */
async function directoryOf(work: Work, id: string | null): Promise<string | undefined> {
  return id === null ? undefined : (await connectionNames(work, [id])).get(id);
}

type Defaults = { readonly [K in 'default_audience' | 'default_directory']: Body[K] | undefined };

/** The defaults as the tenant's own settings; an empty text clears as null does. What can't be one is told by Auth0's name. */
async function defaultsOf(work: Work, { default_audience: audience, default_directory: directory }: Defaults) {
  const named = directory ? await findConnection(work, 'name', directory) : undefined;
  if (directory && !named) throw fieldProblem('default_directory', 'exists', `No connection is called "${directory}".`);
  if (named && named.strategy !== 'database')
    throw fieldProblem('default_directory', 'strategy', `The connection "${directory}" has no passwords.`);
  if (audience) await requireAudience(work, audience);
  return {
    ...(audience === undefined ? {} : { default_audience: audience || null }),
    ...(directory === undefined ? {} : { default_connection: named?.id ?? null }),
  };
}

async function requireAudience(work: Work, identifier: string): Promise<void> {
  const query = { identifiers: [identifier] };
  const { resource_servers: found } = resultOf(await operations.resourceServers.list(work, { query, body: undefined }));
  if (found.length === 0)
    throw fieldProblem('default_audience', 'exists', `No API of the tenant has the identifier "${identifier}".`);
}

/** Tooling writes lifetimes of broken hours in minutes. */
const LIFETIMES = [
  'session_lifetime',
  'idle_session_lifetime',
  'ephemeral_session_lifetime',
  'idle_ephemeral_session_lifetime',
] as const;
function inHours(body: Body): Body {
  const changed = { ...body };
  for (const name of LIFETIMES) {
    const { [`${name}_in_minutes` as const]: given } = changed;
    delete changed[`${name}_in_minutes`];
    if (given !== undefined) changed[name] = given === null ? null : given / 60;
  }
  return changed;
}

async function update({ work, body: given }: DialectCall<undefined, Body>) {
  const body = inHours(given);
  const { friendly_name: name, session_lifetime: lifetime, flags, default_audience, default_directory, ...rest } = body;
  return together(work, async (inner, unit) => {
    const settings = {
      ...(await defaultsOf(inner, { default_audience, default_directory })),
      ...(typeof lifetime === 'number' ? { session_lifetime: Math.max(300, Math.round(lifetime * HOUR)) } : {}),
    };
    const native = {
      ...(name === undefined ? {} : { display_name: name || null }),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
    };
    if (Object.keys(native).length > 0)
      await operations.tenants.updateCurrent(inner, { query: undefined, body: native });
    await setExtension(unit, 'tenants', work.tenant.publicId, 'auth0', (kept) => {
      const before = (kept?.settings ?? {}) as Record<string, unknown>;
      const bits = flags ? { flags: { ...(before.flags as object | undefined), ...flags } } : {};
      return { ...kept, settings: merged(before, { ...rest, ...bits }) };
    });
    return read(inner);
  });
}

export const tenants: readonly DialectRow[] = [
  row('GET /tenants/settings', {
    scopes: ['read:tenant_settings'],
    query: object(fieldsQuery),
    run: async ({ work, query }: DialectCall<FieldsQuery>) => pickFields(await read(work), query),
  }),
  row('PATCH /tenants/settings', { scopes: ['update:tenant_settings'], body: settingsBody, run: update }),
];
