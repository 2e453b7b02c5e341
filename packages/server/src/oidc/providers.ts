/**
 * The providers: one for each tenant and origin, because a provider can't change its issuer. They are made when first
 * asked for (under a millisecond each) and again when the tenant's keys changed.
 *
 * The door for the authorization code flow: `responseTypes` and the `authorization` route here, `interactions.url` to
 * the hosted pages, redirect URIs in `internals.ts`, the routes in `endpoints.ts`. Codes, sessions and interactions are
 * stored by `artifacts.ts` as they are, and refresh tokens from that flow live under the same rules.
 */
import { auth0CurrentUserScopes } from '@reeve/contract/auth0-scopes';
import { type ClientRecord, findKeyStamp, findSigningKeys, type Services, type TenantContext } from '@reeve/core';
import { LRUCache } from 'lru-cache';
import Provider, {
  type Client,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  type ResourceServerInstance,
} from 'oidc-provider';
import { originsOf } from '../origins.ts';
import { createFindAccount } from './accounts.ts';
import { DEFAULT_API, OIDC_SCOPES, serverIdOf } from './apis.ts';
import { createAdapter } from './artifacts.ts';
import { claimsByScope } from './claims.ts';
import type { Clients } from './clients.ts';
import { registerCodeGrant } from './code-grant.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { PASSWORD_REALM, registerGrants, resourceInfoOf } from './grants.ts';
import { extendIdTokens, supplyClients } from './internals.ts';
import { heldByPerson, resolveApi, tellsPermissions } from './targets.ts';

/** How long another node's change of keys may stay unseen by what signs here. */
const KEYS_MILLISECONDS = 3000;
/**
 * Providers kept for origins that somebody set up, and for those with a port that only a caller named (a port mapping has
 * such): whoever walks through the ports of a host pushes out the latter alone.
 */
const KEPT = { settled: 500, passing: 20 } as const;

/** Answers a request to an OAuth endpoint. */
export type Handler = ReturnType<Provider['callback']>;

export interface Providers {
  /** `isSettled`: the origin is one that somebody set up. */
  of(tenant: TenantContext, isSettled: boolean): Promise<Handler>;
  forget(): void;
}

interface Kept {
  readonly handler: Handler;
  readonly stamp: string;
  checkedAt: number;
}

export type Conclude = (ctx: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>;

export function createProviders(services: Services, clients: Clients, conclude: Conclude): Providers {
  const { clock, database, vault } = services;
  const settled = new LRUCache<string, Kept>({ max: KEPT.settled });
  const passing = new LRUCache<string, Kept>({ max: KEPT.passing });

  async function make(tenant: TenantContext): Promise<Handler> {
    const keys = await database.read((db) => findSigningKeys(db, vault, tenant.id, clock.now()));
    const provider = new Provider(`${tenant.origin}/`, {
      ...configuration(services),
      jwks: { keys: keys.map(({ privateJwk }) => privateJwk as never) },
      cookies: { keys: [vault.digest('oidc cookies')] },
      adapter: (kind: string) => createAdapter(services, kind),
      findAccount: createFindAccount(services),
    });
    // Behind the server's own door: the forwarded headers are made here and never come from outside.
    provider.proxy = true;
    // A caller that hangs up is no news; faults are told by `conclude`.
    provider.silent = true;
    registerGrants(provider, services);
    registerCodeGrant(provider, services);
    supplyClients(provider, sourceOf(clients), new Set(GRANT_TYPES));
    extendIdTokens(provider, ({ tokenUser }) => tokenUser?.claims?.idToken);
    provider.use(conclude as never);
    const note = (ctx: KoaContextWithOIDC, error: Error) => {
      exchangeOf(ctx).failure = error;
    };
    for (const event of ['grant.error', 'revocation.error', 'introspection.error', 'server_error'] as const)
      provider.on(event as 'server_error', note);
    return provider.callback();
  }

  return {
    async of(tenant, isSettled) {
      const kept = isSettled ? settled : passing;
      const key = `${tenant.id} ${tenant.origin}`;
      const now = clock.now();
      const known = kept.get(key);
      const age = known ? now - known.checkedAt : Number.POSITIVE_INFINITY;
      if (known && age >= 0 && age < KEYS_MILLISECONDS) return known.handler;
      const stamp = await database.read((db) => findKeyStamp(db, tenant.id, now));
      if (known?.stamp === stamp) {
        known.checkedAt = now;
        return known.handler;
      }
      const handler = await make(tenant);
      kept.set(key, { handler, stamp, checkedAt: now });
      return handler;
    },
    forget() {
      settled.clear();
      passing.clear();
    },
  };
}

const GRANT_TYPES = ['client_credentials', 'authorization_code', 'password', PASSWORD_REALM, 'refresh_token'];

const sourceOf = (clients: Clients) => ({
  find: (exchange: Exchange, clientId: string) => clients.find(exchange.tenant.id, clientId),
  async authenticate(exchange: Exchange, client: ClientRecord, secret: string) {
    const secretId = await clients.matchSecret(exchange.tenant.id, client, secret);
    if (secretId !== undefined) exchange.secretId = secretId;
    return secretId !== undefined;
  },
});

/** Seconds that are left of the session, at least one. */
const secondsOfSession = ({ tokenUser }: Exchange, now: number): number =>
  tokenUser ? Math.max(1, Math.ceil((tokenUser.sessionExpiresAt - now) / 1000)) : Number.MAX_SAFE_INTEGER;

const recordOf = (ctx: KoaContextWithOIDC): ClientRecord => exchangeOf(ctx).client as ClientRecord;

function configuration(services: Services): Configuration {
  const { clock } = services;
  const accessTokenTtl = (ctx: KoaContextWithOIDC, { resourceServer }: ForApi) =>
    Math.min(
      resourceServer?.accessTokenTTL ?? recordOf(ctx).accessTokenLifetime,
      secondsOfSession(exchangeOf(ctx), clock.now()),
    );
  return {
    responseTypes: [],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    scopes: [...OIDC_SCOPES],
    claims: claimsByScope as Record<string, string[]>,
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256'],
      userinfoSigningAlgValues: ['RS256'],
      introspectionSigningAlgValues: ['RS256'],
      authorizationSigningAlgValues: ['RS256'],
      clientAuthSigningAlgValues: ['RS256'],
      requestObjectSigningAlgValues: ['RS256'],
    },
    routes: {
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      introspection: '/oauth/introspect',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
    },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenTtl,
      ClientCredentials: accessTokenTtl,
      IdToken: (ctx) => accessTokenTtl(ctx, {}),
      RefreshToken: (ctx) =>
        Math.min(recordOf(ctx).refreshTokenLifetime, secondsOfSession(exchangeOf(ctx), clock.now())),
      Grant: (ctx) => secondsOfSession(exchangeOf(ctx), clock.now()),
    },
    clientBasedCORS: mayCall,
    extraTokenClaims: (ctx, token) => extraClaims(exchangeOf(ctx), token),
    formats: {
      customizers: {
        jwt: (_ctx, token, parts) => {
          const iat = Math.floor(clock.now() / 1000);
          const { clientId } = token;
          const subject = token.kind === 'ClientCredentials' ? { sub: `${clientId}@clients` } : {};
          Object.assign(parts.payload, subject, { iat, exp: iat + token.expiration });
        },
      },
    },
    features: features(services),
  };
}

interface ForApi {
  readonly clientId?: string | undefined;
  readonly resourceServer?: ResourceServerInstance | undefined;
}

const extraClaims = ({ client, tokenUser, toldPermissions }: Exchange, { clientId, resourceServer }: ForApi) => ({
  ...tokenUser?.claims?.accessToken,
  azp: clientId,
  // Tells a resource server's tokens from the server's own, whatever its identifier looks like now or later.
  api_id: resourceServer && serverIdOf(resourceServer.identifier()),
  ...(toldPermissions ? { permissions: toldPermissions } : {}),
  ...(tokenUser
    ? { uid: tokenUser.user.id, sid: tokenUser.sessionId, tv: tokenUser.tokenVersion }
    : { tv: client?.tokenVersion || undefined }),
  // `act`: RFC 8693 §4.1.
  ...(tokenUser?.impersonatorId ? { imp: tokenUser.impersonatorId, act: { sub: tokenUser.impersonatorId } } : {}),
});

const features = (services: Services): NonNullable<Configuration['features']> => ({
  devInteractions: { enabled: false },
  rpInitiatedLogout: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  dPoP: { enabled: false },
  introspection: { enabled: true, allowedPolicy: () => true },
  revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => DEFAULT_API.resource,
    useGrantedResource: () => true,
    getResourceServerInfo: async (ctx, resource) => {
      const exchange = exchangeOf(ctx);
      const api = await resolveApi(services, exchange, resource);
      if (ctx.oidc.entities.RefreshToken && api.server?.allowsOfflineAccess === false)
        throw new errors.InvalidGrant('the API allows no offline access any more');
      const { tokenUser } = exchange;
      const held = tokenUser ? api.spell(await heldByPerson(services, exchange, api, tokenUser)) : [];
      if (tellsPermissions(api)) exchange.toldPermissions = held;
      const ofSelf = tokenUser && api.name === 'auth0' ? auth0CurrentUserScopes : [];
      const ruled = tokenUser?.claims?.scopes;
      const left = [...held, ...ofSelf].filter((scope) => ruled?.includes(scope) ?? true);
      return resourceInfoOf(exchange, api, [...OIDC_SCOPES, ...left].join(' '));
    },
  },
});

/** A browser may call for an application from the origins of its redirect URIs. */
function mayCall(ctx: KoaContextWithOIDC, origin: string, client: Client | undefined): boolean {
  if (!client) return false;
  return originsOf(recordOf(ctx).redirectUris).includes(origin);
}
