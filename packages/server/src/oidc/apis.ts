/**
 * The APIs that access tokens are for, and how each spells its audience and its scopes. An audience is a URL of the
 * server, so it changes with host and port; the API behind it is fixed, and grants are kept for the API.
 */
import { scopes } from '@reeve/contract';
import { auth0CurrentUserScopes, auth0Scopes } from '@reeve/contract/auth0-scopes';
import {
  ADMINISTRATOR_CODES,
  findTokenAudience,
  MANAGEMENT_AUDIENCE,
  type OwnAudience,
  parseOwnAudience,
  type Services,
  type TenantContext,
  type TokenAudience,
} from '@reeve/core';

/** What every person holds, and no application: to act on one's own user. No native scope spells it. */
export const SELF = 'self';

/** APIs whose tokens are made at a door of their own, not at `/oauth/token`. */
export type DoorName = 'rw3iss' | 'authing';
export type ApiName = 'native' | 'auth0' | DoorName;

export interface Api {
  /** `custom`: a resource server of the tenant. */
  readonly name: ApiName | 'custom';
  /** Names the API inside: what oidc-provider knows as the resource. */
  readonly resource: string;
  audience(origin: string): string;
  /** The scopes that spell these permissions. */
  spell(permissions: ReadonlySet<string>): string[];
  /** The permission that a scope spells; undefined where the API knows no such scope. */
  permissionOf(scope: string): string | undefined;
  /** Of a resource server of the tenant. */
  readonly server?: TokenAudience;
}

const natively = {
  name: 'native',
  spell: (permissions: ReadonlySet<string>) => scopes.filter((scope) => permissions.has(scope)),
  permissionOf: (scope: string) => ((scopes as readonly string[]).includes(scope) ? scope : undefined),
} as const;

const native: Api = { ...natively, resource: 'urn:reeve:api', audience: (origin) => `${origin}/api` };
const nativeV1: Api = { ...natively, resource: 'urn:reeve:api:v1', audience: (origin) => `${origin}/api/v1` };
const auth0: Api = {
  name: 'auth0',
  resource: MANAGEMENT_AUDIENCE,
  audience: (origin) => `https://${new URL(origin).host}/api/v2/`,
  spell: (permissions) =>
    [...auth0Scopes].filter(([, permission]) => permissions.has(permission)).map(([scope]) => scope),
  // Of these a token carries what it was asked for by name.
  permissionOf: (scope) => auth0Scopes.get(scope) ?? (auth0CurrentUserScopes.includes(scope) ? SELF : undefined),
};

const APIS: readonly Api[] = [native, nativeV1, auth0];

/** What a token is for when nothing is asked. */
export const DEFAULT_API = native;

export const apiOfResource = (resource: string): Api | undefined => APIS.find((api) => api.resource === resource);

const OWN = { native, native_v1: nativeV1, auth0 } as const satisfies Record<OwnAudience['api'], Api>;

/** The API that an audience names, and the host it names it at; undefined where it names none. */
export function apiOfAudience(audience: string): { readonly api: Api; readonly host: string } | undefined {
  const own = parseOwnAudience(audience);
  return own && { api: OWN[own.api], host: own.host };
}

/** The scopes of OpenID Connect that have a meaning here; `address` is known and says nothing. */
export const OIDC_SCOPES = ['openid', 'offline_access', 'profile', 'email', 'phone', 'address'] as const;
export const isOidcScope = (scope: string): boolean => (OIDC_SCOPES as readonly string[]).includes(scope);

/** Of the scopes asked for, those whose permission is held. */
export const heldScopes = (
  api: Pick<Api, 'permissionOf'>,
  asked: readonly string[],
  held: ReadonlySet<string>,
): string[] => asked.filter((scope) => held.has(api.permissionOf(scope) ?? ''));

const DOOR_AUDIENCE = /^https?:\/\/[^/?#@]+\/(rw3iss|authing)$/;
/** The door that made a token of this audience; undefined where none did. */
export const doorOf = (audience: string): DoorName | undefined =>
  DOOR_AUDIENCE.exec(audience)?.[1] as DoorName | undefined;
export const doorAudience = (door: DoorName, origin: string): string => `${origin}/${door}`;

/** A principal's scopes stay the same object as long as its standing does: Auth0's are translated once in that time. */
const ofAuth0 = new WeakMap<ReadonlySet<string>, ReadonlySet<string>>();

/** The native permissions that scopes of an API spell. At the rw3iss door they are role codes, at Authing's our own. */
export const permissionsOf = (name: ApiName, spelled: ReadonlySet<string>): ReadonlySet<string> => {
  if (name === 'rw3iss') return new Set(ADMINISTRATOR_CODES.some((code) => spelled.has(code)) ? scopes : []);
  if (name === 'authing') return spelled;
  const known = name === 'auth0' ? ofAuth0.get(spelled) : undefined;
  if (known) return known;
  const api = APIS.find((each) => each.name === name) as Api;
  const found = new Set([...spelled].flatMap((scope) => api.permissionOf(scope) ?? []));
  if (name === 'auth0') ofAuth0.set(spelled, found);
  return found;
};

const PREFIX = 'urn:reeve:resource-server:';

/** What oidc-provider knows a resource server as. */
export const resourceOf = ({ id }: Pick<TokenAudience, 'id'>): string => `${PREFIX}${id}`;

/** The id of the resource server (`api_…`) that the provider knows by this name; undefined where it is none. */
export const serverIdOf = (resource: string): string | undefined =>
  resource.startsWith(PREFIX) ? resource.slice(PREFIX.length) : undefined;

/** What is said of an audience that is none of the server's. */
export const unknownAudience = (origin: string): string =>
  `unknown audience; ask for ${APIS.map((api) => api.audience(origin)).join(' or ')}`;

/** The tenant's `default_audience`; undefined where there is none, or none any more. */
export async function findDefaultAudience(
  { database }: Services,
  { id, settings }: TenantContext,
): Promise<TokenAudience | undefined> {
  const { default_audience: identifier } = settings;
  return identifier === null ? undefined : database.read((db) => findTokenAudience(db, id, 'identifier', identifier));
}
