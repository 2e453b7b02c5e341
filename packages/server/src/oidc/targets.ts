/**
 * The API that a request for a token is for, be it one of the server's own or a resource server of the tenant, and what its
 * subject holds of it. Owns the invariant that what is granted for an API is asked for anew with every token.
 */
import {
  type ClientRecord,
  findGrantedScopes,
  findTokenAudience,
  MANAGEMENT_AUDIENCE,
  permissionsOn,
  type Services,
  type TokenAudience,
} from '@reeve/core';
import { errors } from 'oidc-provider';
import {
  type Api,
  apiOfAudience,
  apiOfResource,
  DEFAULT_API,
  resourceOf,
  SELF,
  serverIdOf,
  unknownAudience,
} from './apis.ts';
import type { Exchange, TokenUser } from './exchange.ts';

/** A resource server as an API: its scopes are its permissions. */
const apiOfServer = (server: TokenAudience): Api => ({
  name: 'custom',
  resource: resourceOf(server),
  audience: () => server.identifier,
  spell: (held) => server.scopes.filter((scope) => held.has(scope)),
  permissionOf: (scope) => (server.scopes.includes(scope) ? scope : undefined),
  server,
});

/** Refused with Auth0's words, which its clients know: 403 `access_denied`. */
class AccessDenied extends errors.AccessDenied {
  constructor(description: string) {
    super(description);
    this.error_description = description;
    this.status = 403;
    this.statusCode = 403;
  }
}

/** Audiences are the caller's own text; longer ones than any that can be are not told back. */
const MAX_AUDIENCE = 600;

function unknownTarget({ tenant, unknownAudience: audience }: Exchange): Error {
  const own = audience === undefined ? undefined : apiOfAudience(audience)?.api.name;
  return audience === undefined || own === 'native'
    ? new errors.InvalidTarget(unknownAudience(tenant.origin))
    : new AccessDenied(`Service not found: ${audience.slice(0, MAX_AUDIENCE)}`);
}

/** The API that the request is for. A resource server that the request does not name itself is read once. */
export async function resolveApi(
  { database }: Services,
  exchange: Exchange,
  resource: string | string[] | undefined,
): Promise<Api> {
  if (resource === undefined) return DEFAULT_API;
  if (typeof resource !== 'string') throw unknownTarget(exchange);
  const own = apiOfResource(resource);
  if (own) return own;
  const id = serverIdOf(resource);
  if (id === undefined) throw unknownTarget(exchange);
  if (exchange.server?.id !== id) {
    const server = await database.read((db) => findTokenAudience(db, exchange.tenant.id, 'id', id));
    if (!server) throw unknownTarget(exchange);
    exchange.server = server;
  }
  return apiOfServer(exchange.server as TokenAudience);
}

/** The scopes that an application's own token may carry, in the API's spelling. Refuses where nothing grants the API. */
export async function grantedToApplication(
  { database }: Services,
  exchange: Exchange,
  api: Api,
  client: ClientRecord,
): Promise<readonly string[]> {
  if (api.name === 'native') return api.spell(new Set(client.scopes));
  const kept = api.server?.identifier ?? MANAGEMENT_AUDIENCE;
  const granted = await database.read((db) => findGrantedScopes(db, exchange.tenant.id, client.id, kept));
  if (granted) return granted;
  if (api.name === 'auth0' && client.scopes.length > 0) return api.spell(new Set(client.scopes));
  const audience = exchange.audience ?? api.audience(exchange.tenant.origin);
  throw new AccessDenied(
    `Client is not authorized to access "${audience}". Create a client grant of the application for this audience.`,
  );
}

/** What a person's token may carry, as permissions of the API. */
export async function heldByPerson(
  { database }: Services,
  { tenant }: Exchange,
  { server }: Api,
  { permissions, userNum }: TokenUser,
): Promise<ReadonlySet<string>> {
  if (!server) return new Set([...permissions, SELF]);
  if (!server.enforcesPolicies) return new Set(server.scopes);
  return new Set(await database.read((db) => permissionsOn(db, tenant.id, userNum, server.id)));
}

/** Whether tokens for the API tell in the claim `permissions` what their subject holds. */
export const tellsPermissions = ({ server }: Api): boolean =>
  server?.enforcesPolicies === true && server.tokenDialect === 'access_token_authz';

/**
 * A refusal in the words that clients of the Auth0 Management API know, where the token was to be for it (contract,
 * `token.server_errors`); undefined where RFC 6749's stay.
 */
export function inAuth0Words(
  { audience }: Exchange,
  error: unknown,
  grantType: unknown,
):
  | { readonly status: number; readonly body: { readonly error: string; readonly error_description: string } }
  | undefined {
  if (audience === undefined || apiOfAudience(audience)?.api.name !== 'auth0') return undefined;
  if (error === 'invalid_client')
    return { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } };
  if (error === 'unauthorized_client')
    return { status: 403, body: { error, error_description: `Grant type '${grantType}' not allowed for the client.` } };
  return undefined;
}
