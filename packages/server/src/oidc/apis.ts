/**
 * The APIs that access tokens are for, and how each spells its audience and its scopes. An audience is a URL of the
 * server, so it changes with host and port; the API behind it is fixed, and grants are kept for the API.
 */
import { scopes } from '@reeve/contract';
import { auth0Scopes } from './auth0-scopes.ts';

export type ApiName = 'native' | 'auth0';

export interface Api {
  readonly name: ApiName;
  /** Names the API inside: what oidc-provider knows as the resource. */
  readonly resource: string;
  audience(origin: string): string;
  /** The scopes that spell these permissions. */
  spell(permissions: ReadonlySet<string>): string[];
  /** The permission that a scope spells; undefined where the API knows no such scope. */
  permissionOf(scope: string): string | undefined;
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
  resource: 'urn:reeve:auth0:v2',
  audience: (origin) => `https://${new URL(origin).host}/api/v2/`,
  spell: (permissions) =>
    [...auth0Scopes].filter(([, permission]) => permissions.has(permission)).map(([scope]) => scope),
  permissionOf: (scope) => auth0Scopes.get(scope),
};

const APIS: readonly Api[] = [native, nativeV1, auth0];

/** What a token is for when nothing is asked. */
export const DEFAULT_API = native;

export const apiOfResource = (resource: string): Api | undefined => APIS.find((api) => api.resource === resource);

const PATHS: Readonly<Record<string, Api>> = {
  '/api': native,
  '/api/': native,
  '/api/v1': nativeV1,
  '/api/v1/': nativeV1,
  '/api/v2': auth0,
  '/api/v2/': auth0,
};
const AUDIENCE = /^https?:\/\/([^/?#@]+)(\/[^?#]*)$/;

/** The API that an audience names, and the host it names it at; undefined where it names none. */
export function apiOfAudience(audience: string): { readonly api: Api; readonly host: string } | undefined {
  const [, host, path] = AUDIENCE.exec(audience) ?? [];
  const api = path === undefined ? undefined : PATHS[path];
  return api && host !== undefined ? { api, host } : undefined;
}

/** The scopes of OpenID Connect that have a meaning here; `address` is known and says nothing. */
export const OIDC_SCOPES = ['openid', 'offline_access', 'profile', 'email', 'phone', 'address'] as const;
export const isOidcScope = (scope: string): boolean => (OIDC_SCOPES as readonly string[]).includes(scope);

/** Of the scopes asked for, those whose permission is held. */
export const heldScopes = (api: Api, asked: readonly string[], held: ReadonlySet<string>): string[] =>
  asked.filter((scope) => held.has(api.permissionOf(scope) ?? ''));

/** What is said of an audience that is none of the server's. */
export const unknownAudience = (origin: string): string =>
  `unknown audience; ask for ${APIS.map((api) => api.audience(origin)).join(' or ')}`;
