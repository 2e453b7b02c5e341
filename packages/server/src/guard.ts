/**
 * Who is asking, and may they: the access token is verified once and remembered by digest until it expires; whether its
 * key, application, user and session still stand is asked again whenever something ended, and at least every second.
 */
import { hash } from 'node:crypto';
import type { Scope } from '@reeve/contract';
import {
  type Actor,
  atMost,
  type Fallen,
  fieldProblem,
  findSession,
  findSigningKeys,
  findStanding,
  findUser,
  idOfUuid,
  isUuid,
  Problem,
  parseUser,
  type Services,
  type Standing,
  type TenantContext,
  type TokenGround,
} from '@reeve/core';
import { createLocalJWKSet, errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Api, type ApiName, apiOfAudience, type DoorName, doorOf, heldScopes, SELF } from './oidc/apis.ts';
import { subjectOf as subjectOfUser } from './oidc/claims.ts';

export interface Principal {
  readonly actor: Actor;
  /** Scopes in the spelling of the API, as far as their subject holds them now. */
  readonly scopes: ReadonlySet<string>;
  /** All that the subject holds of the API now, in or out of the token, where that is kept for the API. */
  readonly granted?: ReadonlySet<string>;
  readonly sessionId: string | null;
  /** Identifies the client for rate limits. */
  readonly clientId: string;
  /** Of the access token. */
  readonly claims: AccessClaims;
}

/** Claims of an access token, beside the registered ones (RFC 9068). */
export interface AccessClaims extends JWTPayload {
  /** OAuth client id of the application. */
  readonly azp?: string;
  readonly scope?: string;
  /** `usr_…` of the signed-in user, as a UUID in a token of the rw3iss door; absent for an application's own token. */
  readonly uid?: string;
  readonly sid?: string;
  /** The user's token version when the token was issued. */
  readonly tv?: number;
  /** Who acts as the user: `usr_…`, or `app_…` where an application named nobody. */
  readonly imp?: string;
  /** `api_…` of the resource server that the token is for; absent where it is for the server itself. */
  readonly api_id?: string;
  /** What the subject holds of the resource server, where that tells it. */
  readonly permissions?: readonly string[];
}

/** A token that stands. */
export interface Inspected {
  readonly claims: AccessClaims;
  readonly api: TokenApi;
  readonly principal: Principal;
}

interface TokenApi extends Pick<Api, 'permissionOf'> {
  readonly name: Api['name'] | ApiName;
}

interface Verified {
  readonly claims: AccessClaims;
  readonly api: TokenApi;
  readonly keyId: string;
}

interface Remembered {
  readonly token: Verified;
  principal: Principal;
  checkedAt: number;
  epoch: number;
}

interface Busy {
  readonly tenantId: number;
  readonly token: string;
  readonly known: Remembered;
}

export interface Guard {
  /** Verifies a bearer token for an API; default: the native one. Throws 401 problems. */
  authenticate(tenant: TenantContext, authorization: string | undefined, api?: ApiName): Promise<Principal>;
  /** Verifies an access token for whichever API it is. Throws 401 problems. */
  inspect(tenant: TenantContext, token: string): Promise<Inspected>;
  /**
   * Subject of an id token (OIDC Core §2) that was given to the application of `by`, of a session and a user that stand.
   * Throws `invalid_request`, and `impersonation_refused` where `by` acts as another; impersonations' id tokens prove nothing.
   */
  subjectOf(tenant: TenantContext, by: Principal | undefined, idToken: string): Promise<string>;
  /** Something ended: every remembered token is asked about again at its next use. */
  revalidate(): void;
  /** A signing key was made or ended. */
  forgetKeys(): void;
}

/** How old the standing of a token may be: the bound within which other nodes' revocations take effect. */
const STANDING_MILLISECONDS = 1000;
const REMEMBERED = 50_000;
/**
 * So many tokens are kept as they are: to digest a long one costs more than all the rest that is done here. They are found by
 * their last characters, of which a guess has as much chance as a guess of any other secret of 90 bits.
 */
const BUSY = 256;
const END = -16;
const KEYS_MILLISECONDS = 60_000;

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly readAt: number;
}

/** The tenants' public keys. A key that is not known may be new, made by another node: then they are read again. */
function createKeySets({ database, vault, clock }: Services) {
  const known = new LRUCache<number, KeySet>({ max: 1000 });
  const read = async (tenantId: number): Promise<KeySet> => {
    const readAt = clock.now();
    const keys = await database.read((db) => findSigningKeys(db, vault, tenantId, readAt));
    const set = { find: createLocalJWKSet({ keys: keys.map((key) => key.publicJwk as never) }), readAt };
    known.set(tenantId, set);
    return set;
  };
  return {
    forget: () => known.clear(),
    async using<T>(tenantId: number, verify: (keys: KeySet['find']) => Promise<T>): Promise<T> {
      let set = known.get(tenantId);
      const age = set ? clock.now() - set.readAt : Number.POSITIVE_INFINITY;
      if (!set || age > KEYS_MILLISECONDS || age < 0) set = await read(tenantId);
      try {
        return await verify(set.find);
      } catch (error) {
        // At most once a second: forged key ids must not become queries.
        if (!(error instanceof errors.JWKSNoMatchingKey) || clock.now() - set.readAt < STANDING_MILLISECONDS)
          throw error;
        return verify((await read(tenantId)).find);
      }
    },
  };
}

export function createGuard(services: Services): Guard {
  const { clock, database } = services;
  const remembered = new LRUCache<string, Remembered>(atMost(REMEMBERED));
  const busy = new LRUCache<string, Busy>(atMost(BUSY));
  const keySets = createKeySets(services);
  let epoch = 0;

  async function verify(tenant: TenantContext, token: string): Promise<Verified> {
    // The algorithm and the type are fixed here and never taken from the token; so is who made it, by the tenant's keys.
    const options = { algorithms: ['RS256'], typ: 'at+jwt', currentDate: new Date(clock.now()) };
    try {
      const { payload, protectedHeader } = await keySets.using<JWTVerifyResult<AccessClaims>>(tenant.id, (keys) =>
        jwtVerify<AccessClaims>(token, keys, { ...options, requiredClaims: ['exp', 'jti', 'azp', 'iss'] }),
      );
      if (!/^https?:\/\/[^/?#@]+\/$/.test(payload.iss ?? '')) throw invalid();
      return { claims: payload, api: apiOf(tenant, payload), keyId: protectedHeader.kid ?? '' };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired();
      if (error instanceof errors.JOSEError) throw invalid();
      throw error;
    }
  }

  const standing = async (tenant: TenantContext, token: Verified, now: number): Promise<Principal> => {
    const { claims } = token;
    const ground = {
      keyId: token.keyId,
      jti: claims.jti ?? '',
      clientId: claims.azp ?? '',
      audiences: [claims.aud ?? []].flat(),
      issuedAt: claims.iat ?? 0,
      userId: userIdOf(claims),
      sessionId: claims.sid,
      tokenVersion: claims.tv ?? 0,
      impersonatorId: claims.imp,
      api: groundOf(token),
    };
    const found = await database.read((db) => findStanding(db, tenant.id, ground, now));
    if ('fallen' in found) throw new Problem('token_revoked', FALLEN[found.fallen]);
    return principalOf(token, found);
  };

  function busyOne(tenant: TenantContext, token: string): Remembered | undefined {
    const found = busy.get(token.slice(END));
    return found?.token === token && found.tenantId === tenant.id ? found.known : undefined;
  }

  async function rememberedOne(tenant: TenantContext, token: string, now: number): Promise<Remembered> {
    const key = `${tenant.id} ${hash('sha256', token, 'base64')}`;
    let known = remembered.get(key);
    if (!known) {
      // Here and not for every request: to look through a long token costs more than to find it.
      if (FOREIGN.test(token)) throw malformed();
      // Read before asking: what ends meanwhile makes the answer old.
      const asked = epoch;
      const verified = await verify(tenant, token);
      known = { token: verified, principal: await standing(tenant, verified, now), checkedAt: now, epoch: asked };
      remembered.set(key, known);
    }
    busy.set(token.slice(END), { tenantId: tenant.id, token, known });
    return known;
  }

  async function inspect(tenant: TenantContext, token: string): Promise<Inspected> {
    const now = clock.now();
    const known = busyOne(tenant, token) ?? (await rememberedOne(tenant, token, now));
    if ((known.token.claims.exp ?? 0) * 1000 <= now) throw expired();
    if (known.epoch !== epoch || now - known.checkedAt > STANDING_MILLISECONDS || now < known.checkedAt) {
      const asked = epoch;
      known.principal = await standing(tenant, known.token, now);
      known.checkedAt = now;
      known.epoch = asked;
    }
    return { claims: known.token.claims, api: known.token.api, principal: known.principal };
  }

  /** The subject of an id token that the caller's own application was given, while its session lasts; or undefined. */
  async function standingSubject(tenant: TenantContext, by: Principal, idToken: string): Promise<string | undefined> {
    const { actor, clientId } = by;
    const now = clock.now();
    const options = {
      algorithms: ['RS256'],
      audience: clientId.split(' ')[0] ?? '',
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub', 'uid', 'sid'],
    };
    try {
      const { payload } = await keySets.using<JWTVerifyResult<AccessClaims>>(tenant.id, (keys) =>
        jwtVerify<AccessClaims>(idToken, keys, options),
      );
      const { sub, uid, sid, azp, scope } = payload;
      // An access token has a type and says nothing of who signed in where; an id token is for an application.
      if (azp !== undefined || scope !== undefined) return undefined;
      if (sub === undefined || uid === undefined || sid === undefined || actor.applicationId === null) return undefined;
      const session = { id: sid, applicationId: actor.applicationId };
      return await database.read(async (db) => {
        const stands = await findSession(db, tenant.id, session, now);
        if (!stands || stands.impersonatorId !== null) return undefined;
        const user = await findUser(db, tenant.id, uid);
        // Another account may have the subject by now.
        return user?.state === 'active' && subjectOfUser(parseUser(user.doc)) === sub ? sub : undefined;
      });
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  return {
    inspect,
    async authenticate(tenant, authorization, name = 'native') {
      const { api, principal } = await inspect(tenant, bearerOf(authorization));
      if (api.name !== name) throw wrongAudience(tenant);
      return principal;
    },
    async subjectOf(tenant, by, idToken) {
      if (by?.actor.impersonatorId) throw new Problem('impersonation_refused', 'Who acts as a user links no accounts.');
      const subject = by && (await standingSubject(tenant, by, idToken));
      if (subject !== undefined) return subject;
      throw fieldProblem(
        'link_with',
        'id_token',
        'link_with must be an id token that this application was given, of a session that has not ended.',
      );
    },
    revalidate: () => void epoch++,
    forgetKeys() {
      keySets.forget();
      remembered.clear();
      busy.clear();
    },
  };
}

const SCHEME = /^Bearer /i;
/** What no token has (RFC 6750 §2.1). */
const FOREIGN = /[^A-Za-z0-9._~+/=-]/;

/** The token of an Authorization header. Throws `unauthenticated` where there is none. */
export function bearerOf(authorization: string | undefined): string {
  if (authorization !== undefined && SCHEME.test(authorization)) {
    const token = authorization.slice('Bearer '.length);
    if (token !== '') return token;
  }
  if (authorization === undefined || !/^Bearer( |$)/i.test(authorization))
    throw new Problem('unauthenticated', 'Send an access token: Authorization: Bearer <token>.', { header: 'missing' });
  throw malformed();
}

const malformed = () =>
  new Problem('unauthenticated', 'The Authorization header must be: Bearer <token>.', { header: 'malformed' });

const invalid = () => new Problem('unauthenticated', 'The access token is not valid here.');
const expired = () => new Problem('token_expired', 'The access token has expired; fetch a new one.');
const wrongAudience = (tenant: TenantContext) =>
  new Problem('unauthenticated', `The access token is for another audience; ask for ${tenant.origin}/api.`);

/**
 * The API in the audience, whatever host and port it was asked at: the tenant's own key signed the token, so the host
 * was one of the tenant's then.
 */
function apiOf(tenant: TenantContext, { aud, api_id }: AccessClaims): TokenApi {
  // Whatever its identifier looks like: a resource server's token is never one for the server itself.
  if (api_id !== undefined) return CUSTOM;
  for (const audience of Array.isArray(aud) ? aud : [aud ?? '']) {
    const door = doorOf(audience);
    if (door) return DOORS[door];
    const found = apiOfAudience(audience);
    if (found) return found.api;
  }
  throw wrongAudience(tenant);
}

const DOORS: Readonly<Record<DoorName, TokenApi>> = {
  rw3iss: { name: 'rw3iss', permissionOf: (scope) => scope },
  authing: { name: 'authing', permissionOf: (scope) => scope },
};
const CUSTOM: TokenApi = { name: 'custom', permissionOf: (scope) => scope };

/** `usr_…` of the signed-in user; undefined of an application's own token. */
export const userIdOf = ({ uid }: AccessClaims): string | undefined =>
  uid !== undefined && isUuid(uid) ? idOfUuid('usr', uid) : uid;

/** What the standing of a token for this API rests on beside its subject. */
function groundOf({ api, claims: { api_id } }: Verified): TokenGround['api'] {
  if (api_id !== undefined) return { resourceServerId: api_id };
  return api.name === 'auth0' || api.name === 'rw3iss' ? api.name : undefined;
}

const FALLEN: Readonly<Record<Fallen, string>> = {
  key: 'The key that signed this access token was ended; fetch a new token.',
  application: 'The application of this access token is disabled, gone, or gets none any more.',
  token: 'The access token has been revoked.',
  user: 'The user of this access token is disabled or gone.',
  impersonator: 'Who acts as the user of this access token is disabled or gone.',
  version: 'The access token was ended; sign in again.',
  session: 'The session of this access token has ended; sign in again.',
  api: 'The API of this access token is gone.',
};

function principalOf({ claims, api }: Verified, { application, scopes, granted }: Standing): Principal {
  const asked = (claims.scope ?? '').split(' ');
  const userId = userIdOf(claims);
  const isUser = userId !== undefined;
  const permissions = isUser ? new Set([...scopes, SELF]) : scopes;
  const held =
    heldAtDoor(api.name, { scopes, granted }) ??
    new Set(granted ? asked.filter((scope) => granted.has(scope)) : heldScopes(api, asked, permissions));
  return {
    actor: {
      type: isUser ? 'user' : 'application',
      id: userId ?? application.id,
      applicationId: application.id,
      impersonatorId: claims.imp ?? null,
    },
    scopes: held,
    ...(granted ? { granted } : {}),
    sessionId: claims.sid ?? null,
    clientId: isUser ? `${application.clientId} ${userId}` : application.clientId,
    claims,
  };
}

/** What a door's token stands for: what its subject holds now, whatever the token tells its client. */
function heldAtDoor(
  name: TokenApi['name'],
  { scopes, granted }: Pick<Standing, 'scopes' | 'granted'>,
): ReadonlySet<string> | undefined {
  if (name === 'authing') return scopes;
  return name === 'rw3iss' && granted ? new Set([...granted, SELF]) : undefined;
}

export function checkScope(principal: Principal, scope: Scope): void {
  if (!principal.scopes.has(scope)) throw new Problem('insufficient_scope', `This needs the scope ${scope}.`);
}
