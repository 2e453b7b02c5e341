/**
 * What oidc-provider keeps: refresh tokens and grants. The ids of both are known only to who holds them: stored are their
 * digests, so a stolen database holds no token that works. Owns the invariant that an artifact is consumed once.
 */
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';

type Key = { tenant_id: number; kind: string; id: string };

export interface Artifact {
  readonly kind: string;
  /** Digest. */
  readonly id: string;
  /** Digest of the grant that it belongs to. */
  readonly grantId: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly payload: string;
  readonly expiresAt: number;
}

export interface StoredArtifact {
  readonly payload: string;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly consumed_at: number | null;
  readonly expires_at: number;
}

const byId = statement<Key, StoredArtifact>((db, slot) =>
  db
    .selectFrom('oidc_artifacts')
    .select(['payload', 'user_id', 'session_id', 'consumed_at', 'expires_at'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('kind', '=', slot('kind'))
    .where('id', '=', slot('id')),
);

export const findArtifact = async (
  db: Db,
  tenantId: number,
  kind: string,
  id: string,
): Promise<StoredArtifact | undefined> => (await byId(db, { tenant_id: tenantId, kind, id }))[0];

const insert = statement<
  Key & {
    grant_id: string | null;
    user_id: string | null;
    session_id: string | null;
    payload: string;
    expires_at: number;
  },
  unknown
>((db, slot) =>
  db
    .insertInto('oidc_artifacts')
    .values({
      tenant_id: slot('tenant_id'),
      kind: slot('kind'),
      id: slot('id'),
      grant_id: slot('grant_id'),
      user_id: slot('user_id'),
      session_id: slot('session_id'),
      payload: slot('payload'),
      consumed_at: null,
      expires_at: slot('expires_at'),
    })
    .onConflict((c) =>
      c.columns(['tenant_id', 'kind', 'id']).doUpdateSet((e) => ({
        payload: e.ref('excluded.payload'),
        expires_at: e.ref('excluded.expires_at'),
      })),
    ),
);

export async function upsertArtifact(db: Db, tenantId: number, artifact: Artifact): Promise<void> {
  await insert(db, {
    tenant_id: tenantId,
    kind: artifact.kind,
    id: artifact.id,
    grant_id: artifact.grantId,
    user_id: artifact.userId,
    session_id: artifact.sessionId,
    payload: artifact.payload,
    expires_at: artifact.expiresAt,
  });
}

const consume = statement<Key & { consumed_at: number }, { id: string }>((db, slot) =>
  db
    .updateTable('oidc_artifacts')
    .set({ consumed_at: slot('consumed_at') })
    .where('tenant_id', '=', slot('tenant_id'))
    .where('kind', '=', slot('kind'))
    .where('id', '=', slot('id'))
    .where('consumed_at', 'is', null)
    .returning('id'),
);

/** Compare-and-set: true for exactly one caller. */
export const consumeArtifact = async (
  db: Db,
  tenantId: number,
  kind: string,
  id: string,
  now: number,
): Promise<boolean> => (await consume(db, { tenant_id: tenantId, kind, id, consumed_at: now })).length === 1;

/** Deletes a grant and all that was issued on it. */
export async function deleteGrant(db: Db, tenantId: number, grantId: string): Promise<void> {
  await db.deleteFrom('oidc_artifacts').where('tenant_id', '=', tenantId).where('grant_id', '=', grantId).execute();
}

/** Access tokens that are refused, those that are so longest first: what was refused last is among them. */
export const findRevokedTokens = (
  db: Db,
  tenantId: number,
  { aud, now, limit }: { readonly aud: string | undefined; readonly now: number; readonly limit: number },
): Promise<{ jti: string; aud: string }[]> =>
  db
    .selectFrom('revoked_tokens')
    .select(['jti', 'aud'])
    .where('tenant_id', '=', tenantId)
    .where('expires_at', '>', now)
    .$if(aud !== undefined, (query) => query.where('aud', '=', aud as string))
    .orderBy('expires_at', 'desc')
    .orderBy('jti')
    .orderBy('aud')
    .limit(limit)
    .execute();

/**
 * Notes that an access token is refused from now on, until it would expire anyway. False where it was noted before. `aud`:
 * the client id of its application, or its audience.
 */
export async function revokeToken(
  db: Db,
  tenantId: number,
  { jti, aud }: { readonly jti: string; readonly aud: string },
  expiresAt: number,
): Promise<boolean> {
  const rows = await db
    .insertInto('revoked_tokens')
    .values({ tenant_id: tenantId, jti, aud, expires_at: expiresAt })
    .onConflict((c) => c.doNothing())
    .returning('jti')
    .execute();
  return rows.length === 1;
}
