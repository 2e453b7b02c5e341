/**
 * The runner of jobs in the background: looks for those that are due when it is told of one and every few seconds, and
 * runs a few at a time. Several servers on one PostgreSQL each have a runner; a job is run by one of them, under a lease.
 */
import {
  failJob,
  findDueJobs,
  type JobRow,
  Problem,
  type Queue,
  releaseJob,
  runExportJob,
  type Services,
  tellImportEnd,
  type Work,
  workOfJob,
} from '@reeve/core';
import type { ImportMeans } from '../import/run.ts';
import { exportShapeOf } from './export-shape.ts';
import { runImportJob } from './import-run.ts';
import type { ServerSpool } from './spool.ts';

const AT_ONCE: Readonly<Record<Queue, number>> = { import: 2, export: 2 };
const QUEUES = Object.keys(AT_ONCE) as Queue[];
const ASK_MILLISECONDS = 3_000;
/** After a failure that may pass. */
const PAUSE_MILLISECONDS = 10_000;
const TRIES = 5;

export interface JobRunnerOptions {
  readonly services: Services;
  readonly spool: ServerSpool;
  readonly imports: ImportMeans;
  readonly onError: (error: unknown) => void;
}

export interface JobRunner {
  wake(): void;
  /** Interrupts what runs; it is taken up again at the next start. */
  close(): Promise<void>;
}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const runner = new Runner(options);
  return { wake: () => runner.wake(), close: () => runner.close() };
}

class Runner {
  readonly #options: JobRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, { readonly queue: Queue; readonly ended: Promise<void> }>();
  /** How often a job has failed here. */
  readonly #failures = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #isWanted = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.wake(), ASK_MILLISECONDS).unref();
    this.#looking = this.#sweep()
      .catch(options.onError)
      .finally(() => this.#looked());
  }

  wake(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#looking) {
      this.#isWanted = true;
      return;
    }
    this.#isWanted = false;
    this.#looking = this.#look()
      .catch(this.#options.onError)
      .finally(() => this.#looked());
  }

  #looked(): void {
    this.#looking = undefined;
    if (this.#isWanted) this.wake();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** At the start: files without a job go. */
  async #sweep(): Promise<void> {
    const { services, spool } = this.#options;
    await spool.sweep(async (id) => {
      const job = await services.database.read((db) =>
        db.selectFrom('jobs').select('id').where('queue', '=', 'import').where('id', '=', id).executeTakeFirst(),
      );
      return job !== undefined;
    });
    this.#isWanted = true;
  }

  async #look(): Promise<void> {
    const { database, clock } = this.#options.services;
    for (const queue of QUEUES) {
      const due = await database.read((db) => findDueJobs(db, queue, clock.now()));
      for (const job of due) {
        if (this.#stopping.signal.aborted) return;
        if (this.#running.has(job.id)) continue;
        if (this.#count(queue) >= AT_ONCE[queue]) break;
        if (queue === 'import' && !(await this.#options.spool.has(job))) await this.#miss(job);
        else this.#start(queue, job);
      }
    }
  }

  #count(queue: Queue): number {
    return [...this.#running.values()].filter((running) => running.queue === queue).length;
  }

  #start(queue: Queue, job: JobRow): void {
    const ended = this.#run(queue, job)
      .catch(this.#options.onError)
      .finally(() => {
        this.#running.delete(job.id);
        this.wake();
      });
    this.#running.set(job.id, { queue, ended });
  }

  async #run(queue: Queue, job: JobRow): Promise<void> {
    const { services, spool } = this.#options;
    const work = await workOfJob(services, job);
    if (!work) {
      await spool.remove(job);
      return;
    }
    try {
      if (queue === 'import') await this.#import(work, job);
      else await runExportJob(work, job, await exportShapeOf(job, work), this.#stopping.signal);
      this.#failures.delete(job.id);
    } catch (error) {
      await this.#failed(work, job, error);
    }
  }

  async #import(work: Work, job: JobRow): Promise<void> {
    const { spool, imports, onError } = this.#options;
    const end = await runImportJob({ work, job, spool, means: imports, stopping: this.#stopping.signal, onError });
    if (end === undefined) return;
    if (end.state === 'interrupted') {
      await releaseJob(work, job.id, this.#stopping.signal.aborted ? 0 : PAUSE_MILLISECONDS);
      return;
    }
    await spool.remove(job);
    await tellImportEnd(work, job.id);
  }

  /** What is wrong with the job itself fails it; what may pass is tried again, a few times. */
  async #failed(work: Work, job: JobRow, error: unknown): Promise<void> {
    if (error instanceof Problem && error.code === 'import_running') return;
    const tries = (this.#failures.get(job.id) ?? 0) + 1;
    this.#failures.set(job.id, tries);
    const isFinal = (error instanceof Problem && error.status < 500) || tries >= TRIES;
    if (!(error instanceof Problem)) this.#options.onError(error);
    if (!isFinal) {
      await releaseJob(work, job.id, PAUSE_MILLISECONDS);
      return;
    }
    this.#failures.delete(job.id);
    await failJob(work, job.id, error instanceof Problem ? error.message : 'The server failed.');
    await this.#options.spool.remove(job);
  }

  async #miss(job: JobRow): Promise<void> {
    const work = await workOfJob(this.#options.services, job);
    if (work) await failJob(work, job.id, 'The file of the import is gone; send it again.');
  }
}
