/**
 * The providers: one for each tenant and origin, because a provider can't change its issuer. They are made when first
 * asked for (under a millisecond each) and again when the tenant's keys changed.
 *
 * The door for the authorization code flow: `responseTypes` and the `authorization` route here, `interactions.url` to
 * the hosted pages, redirect URIs in `internals.ts`, the routes in `endpoints.ts`. Codes, sessions and interactions are
 * stored by `artifacts.ts` as they are, and refresh tokens from that flow live under the same rules.
 */
import { type ClientRecord, findKeyStamp, findSigningKeys, type Services, type TenantContext } from '@reeve/core';
import { LRUCache } from 'lru-cache';
import Provider, { type Client, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { claimsByScope, createFindAccount } from './accounts.ts';
import { apiOfResource, DEFAULT_API, OIDC_SCOPES, unknownAudience } from './apis.ts';
import { createAdapter } from './artifacts.ts';
import type { Clients } from './clients.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { PASSWORD_REALM, registerGrants, resourceInfoOf } from './grants.ts';
import { supplyClients } from './internals.ts';

/** How long another node's change of keys may stay unseen by what signs here. */
const KEYS_MILLISECONDS = 3000;
const KEPT = 100;

/** Answers a request to an OAuth endpoint. */
export type Handler = ReturnType<Provider['callback']>;

export interface Providers {
  of(tenant: TenantContext): Promise<Handler>;
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
  const kept = new LRUCache<string, Kept>({ max: KEPT });

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
    supplyClients(provider, sourceOf(clients), new Set(GRANT_TYPES));
    provider.use(conclude as never);
    const note = (ctx: KoaContextWithOIDC, error: Error) => {
      exchangeOf(ctx).failure = error;
    };
    for (const event of ['grant.error', 'revocation.error', 'introspection.error', 'server_error'] as const)
      provider.on(event as 'server_error', note);
    return provider.callback();
  }

  return {
    async of(tenant) {
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
    forget: () => kept.clear(),
  };
}

const GRANT_TYPES = ['client_credentials', 'password', PASSWORD_REALM, 'refresh_token'];

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
  const accessTokenTtl = (ctx: KoaContextWithOIDC) =>
    Math.min(recordOf(ctx).accessTokenLifetime, secondsOfSession(exchangeOf(ctx), clock.now()));
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
      IdToken: accessTokenTtl,
      RefreshToken: (ctx) =>
        Math.min(recordOf(ctx).refreshTokenLifetime, secondsOfSession(exchangeOf(ctx), clock.now())),
      Grant: (ctx) => secondsOfSession(exchangeOf(ctx), clock.now()),
    },
    clientBasedCORS: mayCall,
    extraTokenClaims: (ctx, token) => extraClaims(exchangeOf(ctx), token.clientId),
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
    features: features(),
  };
}

const extraClaims = ({ tokenUser }: Exchange, clientId: string | undefined) => ({
  azp: clientId,
  ...(tokenUser ? { uid: tokenUser.user.id, sid: tokenUser.sessionId, tv: tokenUser.tokenVersion } : {}),
});

const features = (): NonNullable<Configuration['features']> => ({
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
    getResourceServerInfo: (ctx, resource) => {
      const exchange = exchangeOf(ctx);
      const api = apiOfResource(resource);
      if (!api) throw new errors.InvalidTarget(unknownAudience(exchange.tenant.origin));
      const held = exchange.tokenUser ? api.spell(exchange.tokenUser.permissions) : [];
      return resourceInfoOf(exchange, api, [...OIDC_SCOPES, ...held].join(' '));
    },
  },
});

/** A browser may call for an application from the origins of its redirect URIs. */
function mayCall(ctx: KoaContextWithOIDC, origin: string, client: Client | undefined): boolean {
  if (!client) return false;
  return recordOf(ctx).redirectUris.some((uri) => URL.canParse(uri) && new URL(uri).origin === origin);
}
