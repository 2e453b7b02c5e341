/**
 * oidc-provider's storage. Reads go to the table; writes go to the exchange's journal. Ids are stored as digests and
 * taken out of the payload. Time is the server's clock: the provider, which reads its own, is given moments in its time.
 */
import { findArtifact, type Services } from '@reeve/core';
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider';
import { exchangeOf } from './exchange.ts';

/** Access tokens are JWTs: nothing of them is stored, so nothing is looked for. */
const NEVER_STORED = new Set(['AccessToken', 'ClientCredentials']);

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export function createAdapter(services: Services, kind: string): Adapter {
  const { database, clock, vault } = services;
  const journal = () => exchangeOf(Provider.ctx).journal;
  const notYet = async (): Promise<undefined> => undefined;
  return {
    async find(id) {
      if (NEVER_STORED.has(kind)) return undefined;
      const { tenant } = exchangeOf(Provider.ctx);
      const stored = await database.read((db) => findArtifact(db, tenant.id, kind, vault.digest(id)));
      const now = clock.now();
      if (!stored || stored.expires_at <= now) return undefined;
      return {
        ...(JSON.parse(stored.payload) as AdapterPayload),
        jti: id,
        exp: seconds(Date.now() + stored.expires_at - now),
        ...(stored.consumed_at === null ? {} : { consumed: seconds(stored.consumed_at) }),
      };
    },
    async upsert(id, payload, expiresIn) {
      const { jti: _secret, ...kept } = payload;
      const grantId = kind === 'Grant' ? id : payload.grantId;
      journal().upserts.push({
        kind,
        id: vault.digest(id),
        grantId: grantId === undefined ? null : vault.digest(grantId),
        userId: payload.accountId ?? null,
        payload: JSON.stringify(kept),
        expiresAt: clock.now() + (expiresIn ?? 0) * 1000,
      });
    },
    async consume(id) {
      journal().consumed.push({ kind, id: vault.digest(id) });
    },
    async destroy(id) {
      // A refresh token goes with its grant; a grant with everything on it.
      if (kind === 'Grant') journal().endedGrants.add(vault.digest(id));
    },
    async revokeByGrantId(grantId) {
      journal().endedGrants.add(vault.digest(grantId));
    },
    // Sessions and user codes belong to browser flows, which come with the hosted pages.
    findByUid: notYet,
    findByUserCode: notYet,
  };
}
