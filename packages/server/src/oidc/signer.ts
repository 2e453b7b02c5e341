/** Signs access tokens for doors that are not OAuth's, as oidc-provider signs them for those that are (RFC 9068). */
import { randomUUID } from 'node:crypto';
import {
  type AccessTokenClaims,
  findSigningKeys,
  type Services,
  type SignedToken,
  type SigningKey,
  type TenantContext,
} from '@reeve/core';
import { importJWK, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

/** How long another node's change of keys may stay unseen here. */
const KEYS_MILLISECONDS = 3000;
/** Seconds. */
const LEEWAY = 30;

interface Kept {
  readonly kid: string;
  readonly key: Awaited<ReturnType<typeof importJWK>>;
  readonly readAt: number;
}

export interface Signer {
  /** Signs with the tenant's current key; the signature is made off the event loop. */
  sign(tenant: TenantContext, audience: string, claims: AccessTokenClaims): Promise<SignedToken>;
  /** A key was made or ended. */
  forget(): void;
}

export function createSigner({ clock, database, vault }: Services): Signer {
  const known = new LRUCache<number, Kept>({ max: 1000 });
  const currentKey = async (tenantId: number): Promise<Kept> => {
    const now = clock.now();
    const kept = known.get(tenantId);
    if (kept && now >= kept.readAt && now - kept.readAt < KEYS_MILLISECONDS) return kept;
    const keys = await database.read((db) => findSigningKeys(db, vault, tenantId, now));
    const { kid, privateJwk } = keys.find(({ state }) => state === 'current') as SigningKey;
    const next = { kid, key: await importJWK(privateJwk as never, 'RS256'), readAt: now };
    known.set(tenantId, next);
    return next;
  };
  return {
    async sign(tenant, audience, { lifetime, ...claims }) {
      const { kid, key } = await currentKey(tenant.id);
      const issuedAt = Math.floor(clock.now() / 1000);
      const expiresAt = issuedAt + lifetime;
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid })
        .setIssuer(`${tenant.origin}/`)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        // Another node's clock may be behind.
        .setNotBefore(issuedAt - LEEWAY)
        .setExpirationTime(expiresAt)
        .setJti(randomUUID())
        .sign(key);
      return { token, expiresAt };
    },
    forget: () => known.clear(),
  };
}
