/**
 * Clients as Auth0 shows them. Name, description, callbacks, grant types as far as they do something here, and metadata
 * are the application's own; the rest of Auth0's fields is kept beside it and given back as it came.
 */

import type { Application } from '@reeve/contract';
import {
  applications,
  array,
  boolean,
  integer,
  json,
  nullable,
  optional,
  record,
  type Static,
  string,
} from '@reeve/contract';
import { extensionsOf, present, type Work } from '@reeve/core';
import { clearable } from './schema.ts';
import { type Holds, withoutSecrets } from './secrets.ts';

export const inexistentClient = {
  status: 404,
  code: 'inexistent_client',
  message: 'The client does not exist',
} as const;

/** Every grant type that Auth0 lets a client have; those that do nothing here are kept and shown. */
const GRANT_TYPES = [
  'implicit',
  'authorization_code',
  'client_credentials',
  'refresh_token',
  'password',
  'http://auth0.com/oauth/grant-type/password-realm',
  'http://auth0.com/oauth/grant-type/passwordless/otp',
  'http://auth0.com/oauth/grant-type/mfa-oob',
  'http://auth0.com/oauth/grant-type/mfa-otp',
  'http://auth0.com/oauth/grant-type/mfa-recovery-code',
  'http://auth0.com/oauth/legacy/grant-type/access_token',
  'http://auth0.com/oauth/legacy/grant-type/delegation/refresh_token',
  'http://auth0.com/oauth/legacy/grant-type/delegation/id_token',
  'http://auth0.com/oauth/legacy/grant-type/ro',
  'http://auth0.com/oauth/legacy/grant-type/ro/jwt-bearer',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:openid:params:grant-type:ciba',
] as const;

const urls = array(string({ minLength: 1, maxLength: 2048 }), { maxItems: 100 });
const bag = json();

/** What only Auth0 knows. */
const own = {
  logo_uri: clearable(string({ maxLength: 2048 })),
  allowed_origins: clearable(urls),
  web_origins: clearable(urls),
  client_aliases: clearable(urls),
  allowed_clients: clearable(urls),
  allowed_logout_urls: clearable(urls),
  oidc_logout: clearable(bag),
  session_transfer: clearable(bag),
  token_endpoint_auth_method: clearable(
    string({ enum: ['none', 'client_secret_post', 'client_secret_basic'] } as object),
  ),
  app_type: clearable(string({ maxLength: 64 })),
  is_first_party: optional(boolean()),
  is_token_endpoint_ip_header_trusted: optional(boolean()),
  oidc_conformant: optional(boolean()),
  jwt_configuration: clearable(bag),
  encryption_key: clearable(bag),
  signing_keys: clearable(array(bag)),
  sso: optional(boolean()),
  sso_disabled: optional(boolean()),
  cross_origin_authentication: optional(boolean()),
  cross_origin_auth: optional(boolean()),
  cross_origin_loc: clearable(string({ maxLength: 2048 })),
  custom_login_page_on: optional(boolean()),
  custom_login_page: clearable(string({ maxLength: 262_144 })),
  custom_login_page_preview: clearable(string({ maxLength: 262_144 })),
  form_template: clearable(string({ maxLength: 262_144 })),
  addons: clearable(bag),
  mobile: clearable(bag),
  initiate_login_uri: clearable(string({ maxLength: 2048 })),
  native_social_login: clearable(bag),
  refresh_token: clearable(bag),
  organization_usage: clearable(string({ enum: ['deny', 'allow', 'require'] } as object)),
  organization_require_behavior: clearable(string({ maxLength: 64 })),
  organization_discovery_methods: clearable(array(string({ maxLength: 64 }))),
  default_organization: clearable(bag),
  client_authentication_methods: clearable(bag),
  require_pushed_authorization_requests: optional(boolean()),
  require_proof_of_possession: optional(boolean()),
  signed_request_object: clearable(bag),
  compliance_level: clearable(string({ maxLength: 64 })),
  skip_non_verifiable_callback_uri_confirmation_prompt: clearable(boolean()),
  token_exchange: clearable(bag),
  token_quota: clearable(bag),
  par_request_expiry: clearable(integer({ minimum: 10, maximum: 600 })),
  resource_server_identifier: clearable(string({ maxLength: 600 })),
  async_approval_notification_channels: clearable(array(string({ maxLength: 64 }))),
} as const;

export const clientFields = {
  description: clearable(string({ maxLength: 1000 })),
  callbacks: clearable(urls),
  grant_types: clearable(array(string({ enum: GRANT_TYPES } as object), { uniqueItems: true, maxItems: 32 })),
  client_metadata: clearable(record(nullable(string({ maxLength: 1024 })), { maxProperties: 50 })),
  ...own,
} as const;

const clientBody = { name: string({ minLength: 1, maxLength: 200 }), ...clientFields };
type Fields = { [K in keyof typeof clientBody]?: Static<(typeof clientBody)[K]> };

const TYPES: Readonly<Record<string, Application['type']>> = {
  non_interactive: 'machine_to_machine',
  spa: 'spa',
  native: 'native',
};
/** What the application is to the server: a type that Auth0 alone has is a web application, which keeps a secret. */
const typeOf = (appType: string | null | undefined): Application['type'] => TYPES[appType ?? ''] ?? 'web';

const APP_TYPES: Readonly<Record<Application['type'], string>> = {
  machine_to_machine: 'non_interactive',
  web: 'regular_web',
  spa: 'spa',
  native: 'native',
};

/** What decides whether a client has a secret. */
type Kind = Pick<Application, 'type' | 'is_public'>;

/** The kind that `app_type` and `token_endpoint_auth_method` make; where a client states no method, its type decides. */
export function kindOf({ app_type, token_endpoint_auth_method: method }: Pick<Fields, KindField>): Kind {
  const type = typeOf(app_type);
  return { type, is_public: method ? method === NO_SECRET : type === 'spa' || type === 'native' };
}
type KindField = 'app_type' | 'token_endpoint_auth_method';

/** The method of a client without a secret. */
const NO_SECRET = 'none';

/** The kind after a change; undefined where the change says nothing of it. */
export function changedKind(before: Application, kept: Own, change: Pick<Fields, KindField>): Kind | undefined {
  const { app_type: appType, token_endpoint_auth_method: method } = change;
  if (appType === undefined && method === undefined) return undefined;
  return kindOf({
    app_type: appType === undefined ? APP_TYPES[before.type] : appType,
    token_endpoint_auth_method: method === undefined ? statedMethod(before, kept) : method,
  });
}

/** The method that a client states, as far as it is still true: the application may have changed natively. */
function statedMethod({ is_public }: Application, kept: Own): string | null {
  const stated = kept?.token_endpoint_auth_method;
  return typeof stated === 'string' && (stated === NO_SECRET) === is_public ? stated : null;
}

/** What Auth0 grants a client that names nothing. */
const defaultGrants = ({ type, is_public }: Kind): string[] => {
  if (type === 'machine_to_machine') return is_public ? [] : ['client_credentials'];
  const interactive = ['authorization_code', 'implicit', 'refresh_token'];
  return type === 'web' && !is_public ? [...interactive, 'client_credentials'] : interactive;
};

const NATIVE_URL = new RegExp(applications.REDIRECT_URL);

type NativeGrant = Application['grant_types'][number];

/** The grant types that do something here. */
const KNOWN_GRANTS: ReadonlySet<string> = new Set(applications.grantTypes);
/** It needs a secret. */
const OWN_TOKENS = 'client_credentials';
/** What stands for it among the grant types that are kept, where the client has it without effect. */
const IDLE = 'client_credentials without a secret';

const nativeUrls = (urls: readonly string[] | null): string[] => [
  ...new Set((urls ?? []).filter((uri) => NATIVE_URL.test(uri))),
];
const nativeGrants = (grants: readonly string[] | null, isPublic: boolean): NativeGrant[] =>
  [...new Set(grants)].filter(
    (grant): grant is NativeGrant => KNOWN_GRANTS.has(grant) && (grant !== OWN_TOKENS || !isPublic),
  );

/** The native part of a client, without its kind. */
export function nativePart(fields: Fields, isPublic: boolean) {
  return {
    ...(fields.name === undefined ? {} : { name: fields.name }),
    ...(fields.description === undefined ? {} : { description: fields.description || null }),
    ...(fields.callbacks === undefined ? {} : { redirect_uris: nativeUrls(fields.callbacks) }),
    ...(fields.grant_types ? { grant_types: nativeGrants(fields.grant_types, isPublic) } : {}),
    ...(fields.client_metadata === undefined ? {} : { metadata: fields.client_metadata ?? {} }),
  };
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item, i) => item === other[i]);

/** What is kept for Auth0 beside the application: what the application has in these very words is not kept twice. */
export function besidePart(fields: Fields, isPublic: boolean): Record<string, unknown> {
  const { callbacks, grant_types: grants, app_type: appType, ...own } = ownPart(fields) as Fields;
  return {
    ...own,
    ...(callbacks === undefined
      ? {}
      : { callbacks: isSame(callbacks ?? [], nativeUrls(callbacks)) ? null : callbacks }),
    ...(grants === undefined ? {} : { grant_types: grants && keptGrants(grants, isPublic) }),
    ...(appType === undefined ? {} : { app_type: appType === APP_TYPES[typeOf(appType)] ? null : appType }),
  };
}

const keptGrants = (grants: readonly string[], isPublic: boolean): string[] | null =>
  isSame(grants, nativeGrants(grants, isPublic))
    ? null
    : grants.map((grant) => (grant === OWN_TOKENS && isPublic ? IDLE : grant));

/**
 * The fields of a change with the grant types that a new kind brings, where the change names none: what can't be used without a
 * secret goes with it, what was had without effect gets one.
 */
export function withGrants<T extends Fields>(change: T, before: Application, kept: Own, isPublic: boolean): T {
  if (isPublic === before.is_public || change.grant_types) return change;
  const shown = grantsOf(before, kept);
  return { ...change, grant_types: isPublic ? shown.filter((grant) => grant !== OWN_TOKENS) : shown };
}

/** As they were given, and as far as the application still has them. */
function grantsOf({ grant_types, is_public }: Application, kept: Own): string[] {
  const given = Array.isArray(kept?.grant_types) ? (kept.grant_types as string[]) : [];
  const told = given.filter((grant) => grant !== IDLE || is_public);
  const all = shown(told, grant_types, (grant) => KNOWN_GRANTS.has(grant));
  return [...new Set(all.map((grant) => (grant === IDLE ? OWN_TOKENS : grant)))];
}

/** What Auth0 alone knows. */
export function ownPart({
  name: _n,
  description: _d,
  client_metadata: _m,
  ...fields
}: Fields): Record<string, unknown> {
  return fields;
}

export const newClientDefaults = (fields: Fields): Fields => ({
  ...fields,
  grant_types: fields.grant_types ?? defaultGrants(kindOf(fields)),
});

/** A change of what is kept: a null takes the field away. */
export const merged = (
  before: Readonly<Record<string, unknown>> | undefined,
  change: Readonly<Record<string, unknown>>,
) =>
  Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined),
  );

type Own = Readonly<Record<string, unknown>> | undefined;

/** What is kept, as far as the token may see it: secrets are for those who may read or change a client's keys. */
const shownOf = (kept: Own, holds: Holds): Own =>
  kept && (holds('read:client_keys') || holds('update:client_keys') ? kept : withoutSecrets(kept));

interface ClientViewOptions {
  readonly tenant: string;
  readonly holds: Holds;
  readonly secret?: string | null;
}

/** What the application has now, in the order in which it was given, with what only Auth0 knows in its place. */
function shown(given: unknown, native: readonly string[], isNative: (item: string) => boolean): string[] {
  const kept = Array.isArray(given) ? (given as string[]) : [];
  const still = kept.filter((item) => !isNative(item) || native.includes(item));
  return [...still, ...native.filter((item) => !kept.includes(item))];
}

/** As it was given, where that is still what the application is: several of Auth0's types are one here. */
const appTypeOf = ({ type }: Application, kept: Own): unknown => {
  const given = kept?.app_type;
  return typeof given === 'string' && typeOf(given) === type ? given : APP_TYPES[type];
};

/** Secrets are kept as hashes, so that none can be shown but at its making. */
export const clientView = (application: Application, kept: Own, options: ClientViewOptions) =>
  clientOf(application, shownOf(kept, options.holds), options);

const clientOf = (application: Application, kept: Own, { tenant, secret }: ClientViewOptions) => ({
  tenant,
  global: false,
  is_first_party: true,
  oidc_conformant: true,
  sso_disabled: false,
  cross_origin_authentication: false,
  custom_login_page_on: true,
  ...withoutDerived(kept),
  token_endpoint_auth_method:
    statedMethod(application, kept) ?? (application.is_public ? NO_SECRET : 'client_secret_post'),
  app_type: appTypeOf(application, kept),
  callbacks: shown(kept?.callbacks, application.redirect_uris, (uri) => NATIVE_URL.test(uri)),
  grant_types: grantsOf(application, kept),
  // Tooling writes it back without what it may not write.
  jwt_configuration: {
    alg: 'RS256',
    lifetime_in_seconds: 36_000,
    secret_encoded: false,
    ...(kept?.jwt_configuration as object | undefined),
  },
  ...present({ description: application.description, client_secret: secret }),
  ...(Object.keys(application.metadata).length > 0 ? { client_metadata: application.metadata } : {}),
  name: application.name,
  client_id: application.client_id,
});

/** What is told below has its place there, whether it is kept or not: tooling compares files. */
const DERIVED = new Set(['token_endpoint_auth_method', 'app_type', 'callbacks', 'grant_types', 'jwt_configuration']);
const withoutDerived = (kept: Own) =>
  Object.fromEntries(Object.entries(kept ?? {}).filter(([name]) => !DERIVED.has(name)));

export async function clientViews(work: Work, holds: Holds, applications: readonly Application[]) {
  const ids = applications.map(({ id }) => id);
  const kept = await work.read((db) => extensionsOf(db, work, 'applications', 'auth0', ids));
  const options = { tenant: work.tenant.name, holds };
  return applications.map((application) => clientView(application, kept.get(application.id), options));
}

/** Auth0's client "All Applications" stands for the tenant; it is this dialect's alone, kept with the tenant. */
export const globalClientId = (work: Work): string => `all-${work.tenant.publicId.toLowerCase()}`;

export async function globalClient(work: Work, holds: Holds) {
  const { publicId, name } = work.tenant;
  const kept = await work.read((db) => extensionsOf(db, work, 'tenants', 'auth0', [publicId]));
  const { global_client: fields } = (kept.get(publicId) ?? {}) as { global_client?: Record<string, unknown> };
  return {
    tenant: name,
    is_first_party: true,
    sso_disabled: false,
    cross_origin_authentication: false,
    custom_login_page_on: true,
    callbacks: [],
    ...shownOf(fields, holds),
    global: true,
    name: 'All Applications',
    client_id: globalClientId(work),
  };
}
