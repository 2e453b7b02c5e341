/**
 * Retention: what has done its work goes after a while, so that no table grows for ever. Owns the invariant that nothing
 * that somebody could still use goes: no open link, no mail that waits or can be sent again, no import that was cut off.
 *
 * Rows are found by their ids, which begin with the time of their creation: whatever is old enough is at the front of a
 * tenant's key range, and no index has to be kept for it.
 */
import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import type { Instant } from './clock.ts';
import { type Database, type Db, padded } from './database/database.ts';
import { firstIdAt, type Prefix } from './id.ts';
import type { Tables } from './tables.ts';
import type { Services } from './work.ts';

const DAY = 86_400_000;

/** How long rows are kept, in milliseconds. */
export const RETENTION = {
  /** Links, from the end of their lifetime on, used or not. */
  tickets: 30 * DAY,
  /** Mails, from their sending or withdrawal on. */
  mails: 30 * DAY,
  /** Mails that were given up, from their creation on: longer than any link in them works, so that none can be sent again. */
  failedMails: 90 * DAY,
  /** Jobs with their failed rows, from the job's end on; one that failed can be resumed for so long. */
  jobs: 30 * DAY,
  /** Invitations, from their acceptance or the end of their last link on; an expired one can be sent again for so long. */
  invitations: 90 * DAY,
} as const;

const BATCH = 500;

type Table = 'tickets' | 'mails' | 'jobs' | 'invitations';
type Condition<T extends Table> = (
  e: ExpressionBuilder<Tables, T>,
  now: Instant,
) => ExpressionWrapper<Tables, T, SqlBool>;

/** Which rows of a table are done with, and when the youngest of them was made at the latest. */
interface Rule<T extends Table> {
  readonly prefix: Prefix;
  readonly keptFor: number;
  readonly isOver: Condition<T>;
}

/** In this order: a link or a mail is gone before the invitation that it was for. */
const RULES: { readonly [T in Table]: Rule<T> } = {
  tickets: {
    prefix: 'tkt',
    keptFor: RETENTION.tickets,
    isOver: (e, now) => e('expires_at', '<=', now - RETENTION.tickets),
  },
  mails: {
    prefix: 'mai',
    keptFor: RETENTION.mails,
    isOver: (e, now) =>
      e.or([
        e.and([e('state', '=', 'sent'), e('sent_at', '<=', now - RETENTION.mails)]),
        e('state', '=', 'cancelled'),
        e.and([e('state', '=', 'failed'), e('created_at', '<=', now - RETENTION.failedMails)]),
      ]),
  },
  jobs: {
    prefix: 'job',
    keptFor: RETENTION.jobs,
    isOver: (e, now) =>
      e.and([e('state', 'in', ['completed', 'failed']), e('finished_at', '<=', now - RETENTION.jobs)]),
  },
  invitations: {
    prefix: 'inv',
    keptFor: RETENTION.invitations,
    isOver: (e, now) =>
      e.or([
        e('accepted_at', '<=', now - RETENTION.invitations),
        e.and([e('accepted_at', 'is', null), e('expires_at', '<=', now - RETENTION.invitations)]),
      ]),
  },
};

/** Ids of a tenant's rows that are over, a batch at a time. */
async function* findOver<T extends Table>(
  { database, clock }: Pick<Services, 'database' | 'clock'>,
  table: T,
  tenantId: number,
): AsyncGenerator<readonly [string, ...string[]], void> {
  const { prefix, keptFor, isOver } = RULES[table] as Rule<Table> as Rule<'tickets'>;
  let after = '';
  for (;;) {
    const now = clock.now();
    const rows = await database.read((db) =>
      db
        .selectFrom(table as 'tickets')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('id', '>', after)
        .where('id', '<', firstIdAt(prefix, now - keptFor))
        .where((e) => isOver(e, now))
        .orderBy('id')
        .limit(BATCH)
        .execute(),
    );
    const [first, ...rest] = rows.map(({ id }) => id);
    if (first === undefined) return;
    yield [first, ...rest];
    if (rows.length < BATCH) return;
    after = rest.at(-1) ?? first;
  }
}

/** Deletes rows that are still over. Returns how many went. */
async function deleteOver(
  database: Database,
  table: Table,
  tenantId: number,
  ids: readonly [string, ...string[]],
  now: Instant,
): Promise<number> {
  const { isOver } = RULES[table] as Rule<Table> as Rule<'tickets'>;
  const { numDeletedRows } = await database.write((db) =>
    db
      .deleteFrom(table as 'tickets')
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', padded(ids))
      .where((e) => isOver(e, now))
      .executeTakeFirst(),
  );
  return Number(numDeletedRows);
}

const errorsOf = (db: Db, tenantId: number, jobId: string) =>
  db.selectFrom('job_errors').select('line').where('tenant_id', '=', tenantId).where('job_id', '=', jobId);

/** Deletes the failed rows of a job in batches: a large import may have a million, and they would all go with the job at once. */
async function deleteErrors(
  database: Database,
  tenantId: number,
  jobId: string,
  isStopped: () => boolean,
): Promise<void> {
  while (!isStopped()) {
    const last = await database.read((db) =>
      errorsOf(db, tenantId, jobId)
        .orderBy('line')
        .offset(BATCH - 1)
        .limit(1)
        .executeTakeFirst(),
    );
    if (!last) return;
    await database.write((db) =>
      db
        .deleteFrom('job_errors')
        .where('tenant_id', '=', tenantId)
        .where('job_id', '=', jobId)
        .where('line', '<=', last.line)
        .execute(),
    );
  }
}

/** Deletes what is over in every tenant, in small batches. Returns how many rows went; a job counts as one. */
export async function purgeOver(
  services: Pick<Services, 'database' | 'clock'>,
  isStopped: () => boolean = () => false,
): Promise<number> {
  const { database, clock } = services;
  const tenants = await database.read((db) => db.selectFrom('tenants').select('num').orderBy('num').execute());
  let total = 0;
  for (const { num } of tenants) {
    for (const table of Object.keys(RULES) as Table[]) {
      for await (const ids of findOver(services, table, num)) {
        if (table === 'jobs') for (const id of ids) await deleteErrors(database, num, id, isStopped);
        if (isStopped()) return total;
        total += await deleteOver(database, table, num, ids, clock.now());
      }
    }
  }
  return total;
}
