/**
 * Requests of several units of work under an idempotency key, as dialects have them: the key is taken before the first
 * unit, and told the answer after the last. Owns the invariant that no such request runs twice.
 */
import { Problem } from '../problem.ts';
import type { Actor, Services, TenantContext } from '../work.ts';
import { type Answer, contextOf, findAnswer, type KeyedRequest, ownerOf } from './idempotency.ts';

/** Status of a key whose request has begun, and is not known to have ended. */
const PENDING = 0;
/** Contract `http.idempotency` of rw3iss. */
const KEPT_FOR = 300_000;

interface Keyed {
  readonly services: Services;
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly request: KeyedRequest;
}

const placeOf = ({ tenant, actor, request }: Keyed) =>
  ({ tenant_id: tenant.id, actor_id: ownerOf(actor), key: request.key }) as const;

const sealed = ({ services, tenant, actor, request }: Keyed, body: string): string =>
  services.vault.seal(body, contextOf(tenant.id, ownerOf(actor), request.key));

/** Whether nobody else has taken the key. */
const claim = (keyed: Keyed): Promise<boolean> => {
  const { services, request } = keyed;
  const place = placeOf(keyed);
  const now = services.clock.now();
  const kept = { digest: request.digest, status: PENDING, etag: null, body: sealed(keyed, ''), target_id: null };
  return services.database.write(async (db) => {
    await db
      .deleteFrom('idempotency_keys')
      .where((e) => e.and(place))
      .where('expires_at', '<=', now)
      .execute();
    const taken = await db
      .insertInto('idempotency_keys')
      .values({ ...place, ...kept, expires_at: now + KEPT_FOR })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .execute();
    return taken.length > 0;
  });
};

const settle = (keyed: Keyed, { status, etag, body }: Answer): Promise<unknown> => {
  const place = placeOf(keyed);
  return keyed.services.database.write((db) =>
    db
      .updateTable('idempotency_keys')
      .set({ status, etag, body: sealed(keyed, body) })
      .where((e) => e.and(place))
      .execute(),
  );
};

const release = (keyed: Keyed): Promise<unknown> => {
  const place = placeOf(keyed);
  return keyed.services.database.write((db) =>
    db
      .deleteFrom('idempotency_keys')
      .where((e) => e.and(place))
      .where('status', '=', PENDING)
      .execute(),
  );
};

/**
 * Runs a request at most once under its key; who repeats it is given its answer for five minutes. A refused request gives
 * the key back. One that was cut off with its process keeps it: nobody knows how far it came.
 *
 * @throws Problem `idempotency_in_progress`, `idempotency_mismatch`
 */
export async function atMostOnce(keyed: Keyed, run: () => Promise<Answer>): Promise<Answer> {
  const { services, tenant, actor, request } = keyed;
  const isFirst = await claim(keyed);
  if (!isFirst) {
    const known = await findAnswer(services, tenant, actor, request);
    if (known && known.status !== PENDING) return known;
    throw new Problem('idempotency_in_progress', 'The first request with this Idempotency-Key has not ended.', {
      retryAfter: 1,
    });
  }
  let answer: Answer;
  try {
    answer = await run();
  } catch (error) {
    if (error instanceof Problem && error.status < 500) await release(keyed);
    throw error;
  }
  await settle(keyed, answer);
  return answer;
}
