/**
 * Jobs that run in the background: put up in the transaction of their cause, taken up by a runner under a lease. Owns
 * the invariants that a job has one runner at a time, and that one whose runner is gone is taken up again. As no
 * request is behind a runner, it reads jobs of all tenants.
 */
import type { Db } from '../database/database.ts';
import { Problem } from '../problem.ts';
import { findTenantByNumber } from '../tenants/tenants.store.ts';
import { type Actor, createWork, type Services, type Unit, type Work } from '../work.ts';
import { endJob, findJobToChange, type JobRow, LEASE } from './jobs.store.ts';

export type Queue = 'import' | 'export';

/** What every job in the background keeps of the request that put it up. */
export interface QueuedOptions {
  readonly actor: Actor;
  /** What the job does is told under the request that put it up. */
  readonly request_id: string | null;
  readonly origin: string;
}

export const queuedOptionsOf = ({ actor, caller, tenant }: Work): QueuedOptions => ({
  actor,
  request_id: caller.requestId,
  origin: tenant.origin,
});

const DUE_AT_ONCE = 50;

/** Jobs that nobody runs, oldest first. */
export const findDueJobs = (db: Db, queue: Queue, now: number): Promise<JobRow[]> =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('queue', '=', queue)
    .where((e) => e.or([e('lease_until', 'is', null), e('lease_until', '<=', now)]))
    .orderBy('id')
    .limit(DUE_AT_ONCE)
    .execute();

/** Work as whoever put the job up; undefined where the tenant is gone. */
export async function workOfJob(services: Services, job: JobRow): Promise<Work | undefined> {
  const tenant = await services.database.read((db) => findTenantByNumber(db, job.tenant_id));
  const { actor, request_id: requestId, origin } = JSON.parse(job.options) as QueuedOptions;
  const caller = { requestId, ip: null, userAgent: null };
  return tenant && createWork({ services, tenant: { ...tenant, origin }, actor, caller });
}

/** Takes a job up; undefined where another runner has it or it has ended. `change` may set more of it. */
export function claimJob(
  work: Work,
  id: string,
  change: (unit: Unit, job: JobRow) => Promise<Partial<JobRow>>,
): Promise<JobRow | undefined> {
  return work.write(async (unit) => {
    const job = await findJobToChange(unit.db, unit.tenant.id, id);
    if (!job || job.queue === null || (job.lease_until ?? 0) > unit.now) return undefined;
    const held = { state: 'running' as const, lease_until: unit.now + LEASE, updated_at: unit.now };
    const next = { ...held, ...(await change(unit, job)) };
    await unit.db.updateTable('jobs').set(next).where('tenant_id', '=', unit.tenant.id).where('id', '=', id).execute();
    return { ...job, ...next };
  });
}

/** Shows that a runner has the job, and how far it is (percent). */
export async function keepJob({ services, tenant }: Work, id: string, progress: number): Promise<void> {
  const now = services.clock.now();
  await services.database.write((db) =>
    db
      .updateTable('jobs')
      .set({ lease_until: now + LEASE, progress: Math.min(99, Math.max(0, Math.floor(progress))) })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', id)
      .where('state', '=', 'running')
      .execute(),
  );
}

/** Gives a job back, to be taken up again after `pause` milliseconds. */
export const releaseJob = ({ services, tenant }: Work, id: string, pause: number): Promise<unknown> =>
  services.database.write((db) =>
    db
      .updateTable('jobs')
      .set({ state: 'interrupted', lease_until: pause === 0 ? null : services.clock.now() + pause })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', id)
      .where('queue', 'is not', null)
      .execute(),
  );

/** Ends a job as failed. */
export const failJob = (work: Work, id: string, detail: string): Promise<void> =>
  work.write(async (unit) => {
    const job = await findJobToChange(unit.db, unit.tenant.id, id);
    if (!job || job.queue === null) return;
    if (job.state !== 'running')
      await unit.db
        .updateTable('jobs')
        .set({ state: 'running' })
        .where('tenant_id', '=', unit.tenant.id)
        .where('id', '=', id)
        .execute();
    await endJob(unit.db, unit.tenant.id, id, job.total, { state: 'failed', detail }, unit.now);
    if (job.type !== 'users_import') return;
    await unit.emit('import.completed', {
      target: { type: 'job', id },
      data: { state: 'failed', total: job.total },
    });
  });

/** Unfinished imports in the background that a tenant may have. */
export const MOST_UNFINISHED = 2;

/** Throws `limit_reached` where the tenant has too many unfinished jobs of the kind. */
export async function checkRoom(db: Db, tenantId: number, queue: Queue, most = MOST_UNFINISHED): Promise<void> {
  const waiting = await db
    .selectFrom('jobs')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('queue', '=', queue)
    .limit(most)
    .execute();
  if (waiting.length < most) return;
  throw new Problem(
    'limit_reached',
    `${most} ${queue}s of this tenant are unfinished; wait until one of them has ended.`,
    { retryAfter: 5 },
  );
}
