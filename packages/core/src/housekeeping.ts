/** Housekeeping: rows that have expired are deleted, in small batches, so that no writer waits long behind it. */
import type { Database } from './database/database.ts';
import { deleteAbandonedImportFiles } from './import/import-files.store.ts';
import { purgeOver } from './retention.ts';
import { eraseDue } from './users/erasure.ts';
import type { Services } from './work.ts';

const EXPIRING = [
  'sessions',
  'oidc_artifacts',
  'revoked_tokens',
  'remembered_browsers',
  'idempotency_keys',
  'job_files',
  'tallies',
] as const;
const BATCH = 500;
/** Pieces of files are large. */
const batchOf = (table: (typeof EXPIRING)[number]): number => (table === 'job_files' ? 8 : BATCH);
/** A count that was ended stays until the other servers have heard of it. */
const graceOf = (table: (typeof EXPIRING)[number]): number => (table === 'tallies' ? 60_000 : 0);
const INTERVAL_MILLISECONDS = 60_000;
/** What is kept for weeks need not be looked for at every round. */
const ROUNDS_PER_RETENTION = 60;

/** Deletes a batch of what expired before `now` from one table. Returns how many rows went. */
async function purgeBatch(database: Database, table: (typeof EXPIRING)[number], now: number): Promise<number> {
  // The expiry of the last row of the batch bounds it: one statement for every table, whatever its key is.
  const last = await database.read((db) =>
    db
      .selectFrom(table)
      .select('expires_at')
      .where('expires_at', '<=', now)
      .orderBy('expires_at')
      .offset(batchOf(table) - 1)
      .limit(1)
      .executeTakeFirst(),
  );
  const result = await database.write((db) =>
    db
      .deleteFrom(table)
      .where('expires_at', '<=', last?.expires_at ?? now)
      .executeTakeFirst(),
  );
  return Number(result.numDeletedRows);
}

/** Deletes everything that has expired. Returns how many rows went. */
export async function purgeExpired(
  { database, clock }: Pick<Services, 'database' | 'clock'>,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let total = 0;
  for (const table of EXPIRING) {
    for (let purged = batchOf(table); purged >= batchOf(table) && !isStopped(); ) {
      purged = await purgeBatch(database, table, clock.now() - graceOf(table));
      total += purged;
    }
  }
  return total;
}

export interface Housekeeping {
  /** Resolves when no batch is running any more. */
  stop(): Promise<void>;
}

/**
 * One round: purges what has expired, and erases whom the tenants keep no longer; every so many rounds, the first one
 * included, purges what has done its work.
 */
export async function keepHouse(
  services: Services,
  isStopped: () => boolean = () => false,
  round: number = 0,
): Promise<void> {
  await purgeExpired(services, isStopped);
  await eraseDue(services, services.clock.now(), isStopped);
  await deleteAbandonedImportFiles(services.database, services.clock.now(), isStopped);
  if (round % ROUNDS_PER_RETENTION === 0) await purgeOver(services, isStopped);
}

/** Keeps house once a minute. `onError` is told what went wrong; the next minute tries again. */
export function startHousekeeping(services: Services, onError: (error: unknown) => void): Housekeeping {
  let isStopped = false;
  let running: Promise<void> | undefined;
  let round = 0;
  const timer = setInterval(() => {
    running ??= keepHouse(services, () => isStopped, round++)
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }, INTERVAL_MILLISECONDS).unref();
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
