/**
 * Requests of several units of work under an idempotency key, as dialects have them: the key is taken before the first
 * unit, marked in the transaction of the first change, and told the answer after the last. Owns the invariant that no such
 * request changes anything twice: what the mark says is true whether or not the answer to a commit ever came.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '../database/database.ts';
import { Problem } from '../problem.ts';
import type { Actor, Services, TenantContext } from '../work.ts';
import { type Answer, contextOf, findAnswer, type KeyedRequest, ownerOf } from './idempotency.ts';

/** Status of a key whose request has changed nothing yet. */
const PENDING = 0;
/** Status of a key whose request has changed something, and is not known to have ended. */
const BEGUN = 1;
/** Contract `http.idempotency` of rw3iss. */
const KEPT_FOR = 300_000;
/** Milliseconds after which a request that has changed nothing, as that of a server that died, gives way to another. */
const GIVES_WAY_AFTER = 30_000;
/** How often, and how many milliseconds apart, a repetition looks for the answer of the first request. */
const LOOKS = 20;
const BETWEEN_LOOKS = 100;

interface Keyed {
  readonly services: Services;
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly request: KeyedRequest;
}

/** A key that is taken: what is sealed for it is unlike anything that was ever sealed, and so tells who has it. */
interface Claim extends Keyed {
  readonly mark: string;
}

const placeOf = ({ tenant, actor, request }: Keyed) =>
  ({ tenant_id: tenant.id, actor_id: ownerOf(actor), key: request.key }) as const;

const sealed = ({ services, tenant, actor, request }: Keyed, body: string): string =>
  services.vault.seal(body, contextOf(tenant.id, ownerOf(actor), request.key));

/** Takes the key; undefined where somebody else has it. */
async function take(keyed: Keyed): Promise<Claim | undefined> {
  const { services, request } = keyed;
  const place = placeOf(keyed);
  const now = services.clock.now();
  const mark = sealed(keyed, '');
  const kept = { digest: request.digest, status: PENDING, etag: null, body: mark, target_id: null };
  const taken = await services.database.write(async (db) => {
    await db
      .deleteFrom('idempotency_keys')
      .where((e) => e.and(place))
      .where('expires_at', '<=', now)
      .execute();
    return db
      .insertInto('idempotency_keys')
      .values({ ...place, ...kept, expires_at: now + GIVES_WAY_AFTER })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .execute();
  });
  return taken.length > 0 ? { ...keyed, mark } : undefined;
}

const inProgress = (seconds: number): Problem =>
  new Problem('idempotency_in_progress', 'The first request with this Idempotency-Key has not ended.', {
    retryAfter: seconds,
  });

/** Says of the key that its request has changed something. Throws where the key is somebody else's by now. */
async function begin(claim: Claim, db: Db): Promise<void> {
  const begun = await db
    .updateTable('idempotency_keys')
    .set({ status: BEGUN, expires_at: claim.services.clock.now() + KEPT_FOR })
    .where((e) => e.and({ ...placeOf(claim), body: claim.mark }))
    .returning('key')
    .execute();
  if (begun.length === 0) throw inProgress(1);
}

/** Runs with services whose first change says of the key that it has begun, in the same transaction. */
async function runMarked(claim: Claim, run: (services: Services) => Promise<Answer>): Promise<Answer> {
  const { services } = claim;
  const { database } = services;
  let isMarked = false;
  const marking = {
    ...database,
    async write<T>(unit: (db: Db) => Promise<T>): Promise<T> {
      if (isMarked) return database.write(unit);
      const result = await database.write(async (db) => {
        await begin(claim, db);
        return unit(db);
      });
      isMarked = true;
      return result;
    },
  };
  try {
    return await run({ ...services, database: marking });
  } finally {
    // What is still on its way then, as a note in the log, is no part of the request.
    isMarked = true;
  }
}

async function settle(claim: Claim, { status, etag, body }: Answer): Promise<void> {
  const { services } = claim;
  const kept = { status, etag, body: sealed(claim, body), expires_at: services.clock.now() + KEPT_FOR };
  await services.database.write((db) =>
    db
      .updateTable('idempotency_keys')
      .set(kept)
      .where((e) => e.and({ ...placeOf(claim), body: claim.mark }))
      .execute(),
  );
}

/** Gives back a key that has one of the statuses. */
async function release(claim: Claim, statuses: readonly number[]): Promise<void> {
  await claim.services.database.write((db) =>
    db
      .deleteFrom('idempotency_keys')
      .where((e) => e.and({ ...placeOf(claim), body: claim.mark }))
      .where('status', 'in', statuses)
      .execute(),
  );
}

async function runClaimed(claim: Claim, run: (services: Services) => Promise<Answer>): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await runMarked(claim, run);
  } catch (error) {
    const isRefused = error instanceof Problem && error.status < 500;
    // Told is what went wrong first. A key that can't be given back gives way by itself.
    await release(claim, isRefused ? [PENDING, BEGUN] : [PENDING]).catch(() => {});
    throw error;
  }
  // What was changed is durable: the answer is true, also where it can't be kept for a repetition.
  await settle(claim, answer).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
  return answer;
}

/**
 * Runs a request at most once under its key; who repeats it is given its answer for five minutes, or waits up to two
 * seconds for it. A request that was refused, or failed before it changed anything, gives the key back; one that was cut
 * off with its process before that gives way after half a minute. One that was cut off later keeps it: nobody knows how
 * far it came. `run` makes its changes by the services that it is given.
 *
 * @throws Problem `idempotency_in_progress`: `retryAfter` says when the key is free at the latest; `idempotency_mismatch`
 */
export async function atMostOnce(keyed: Keyed, run: (services: Services) => Promise<Answer>): Promise<Answer> {
  const { services, tenant, actor, request } = keyed;
  let claim = await take(keyed);
  for (let looks = 0; claim === undefined; looks++) {
    const known = await findAnswer(services, tenant, actor, request);
    if (known && known.status > BEGUN) return { status: known.status, etag: known.etag, body: known.body };
    if (looks >= LOOKS) {
      const left = (known?.expiresAt ?? 0) - services.clock.now();
      throw inProgress(Math.max(1, Math.ceil(left / 1000)));
    }
    if (known) await pause(BETWEEN_LOOKS);
    else claim = await take(keyed);
  }
  return runClaimed(claim, run);
}
