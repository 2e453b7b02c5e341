/**
 * Idempotency keys: the answer to a POST, PATCH or DELETE is stored in the transaction of its effect, so that a repetition, after a
 * restart too, is given the same answer and changes nothing.
 */
import type { Instant } from '../clock.ts';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { Problem } from '../problem.ts';
import type { Vault } from '../secret.ts';
import type { IdempotencyKeyTable } from '../tables.ts';
import type { Actor, Recorder, Services, TenantContext } from '../work.ts';

const KEPT_FOR = 24 * 3_600_000;

export interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: string;
}

export interface KeyedRequest {
  readonly key: string;
  /** Digest of route, path, query and body: the same key with another request is refused. */
  readonly digest: string;
}

/** Keyed, since a body may hold a password: whoever has the table alone can't try guesses on it. */
export const digestOf = (vault: Vault, ...parts: readonly string[]): string =>
  vault.digest(['idempotency', ...parts].map((part) => `${part.length}:${part}`).join(''));

/** Whose a key is. All strangers are one: theirs is whoever sends the same request under the same key. */
export const ownerOf = ({ applicationId, id, impersonatorId }: Actor): string =>
  [applicationId ?? '', id ?? '', ...(impersonatorId === null ? [] : [impersonatorId])].join('/');
/** What a kept answer is sealed for. */
export const contextOf = (tenantId: number, owner: string, key: string): string =>
  `idempotency ${tenantId} ${owner} ${key}`;

type Place = { tenant_id: number; actor_id: string; key: string };
const deleteExpired = statement<Place & { now: number }, unknown>((db, slot) =>
  db
    .deleteFrom('idempotency_keys')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('actor_id', '=', slot('actor_id'))
    .where('key', '=', slot('key'))
    .where('expires_at', '<=', slot('now')),
);
const insert = statement<{ [K in keyof IdempotencyKeyTable]: IdempotencyKeyTable[K] }, unknown>((db, slot) =>
  db.insertInto('idempotency_keys').values({
    tenant_id: slot('tenant_id'),
    actor_id: slot('actor_id'),
    key: slot('key'),
    digest: slot('digest'),
    status: slot('status'),
    etag: slot('etag') as string | null,
    body: slot('body'),
    target_id: slot('target_id') as string | null,
    expires_at: slot('expires_at'),
  }),
);

/** An answer that is kept until `expiresAt`. */
interface KeptAnswer extends Answer {
  readonly expiresAt: Instant;
}

/** The stored answer of this key, or undefined where the key is new. Throws `idempotency_mismatch` for another request. */
export async function findAnswer(
  services: Services,
  tenant: TenantContext,
  actor: Actor,
  { key, digest }: KeyedRequest,
): Promise<KeptAnswer | undefined> {
  const owner = ownerOf(actor);
  const row = await services.database.read((db) =>
    db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('tenant_id', '=', tenant.id)
      .where('actor_id', '=', owner)
      .where('key', '=', key)
      .where('expires_at', '>', services.clock.now())
      .executeTakeFirst(),
  );
  if (!row) return undefined;
  if (row.digest !== digest)
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used with another request; use a new key.');
  const body = services.vault.open(row.body, contextOf(tenant.id, owner, key));
  return { status: row.status, etag: row.etag, body, expiresAt: row.expires_at };
}

/** Stores the answer that `render` makes of the result, beside the change. */
export function recorderOf(
  services: Services,
  tenant: TenantContext,
  actor: Actor,
  { key, digest }: KeyedRequest,
  render: (result: unknown) => Answer,
): Recorder {
  const owner = ownerOf(actor);
  return {
    async record(db: Db, result, target) {
      const now = services.clock.now();
      const { status, etag, body } = render(result);
      const place = { tenant_id: tenant.id, actor_id: owner, key };
      await deleteExpired(db, { ...place, now });
      await insert(db, {
        ...place,
        digest,
        status,
        etag,
        body: services.vault.seal(body, contextOf(tenant.id, owner, key)),
        target_id: target,
        expires_at: now + KEPT_FOR,
      });
    },
  };
}
