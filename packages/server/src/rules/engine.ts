/**
 * The threads that rules run in, off the event loop. None is started before a rule is to be judged or run; one that
 * overruns or dies is replaced. Owns the invariant that every run comes to an end: what its own bounds don't stop is ended
 * with its thread.
 */
import { Worker } from 'node:worker_threads';
import { Problem, type RuleEngine, type RuleOutcome, type RuleTask, type ScriptFault } from '@reeve/core';
import { type FromSandbox, TIMED_OUT, type ToSandbox } from './messages.ts';

export interface RuleThreads extends RuleEngine {
  /** Ends the threads; what still runs fails. */
  close(): Promise<void>;
}

export interface RuleThreadsOptions {
  /** After which a thread that does not answer is ended. Default 5 s, from when it has its engine. */
  readonly milliseconds?: number;
}

/** The time for all rules of a sign-in. Their bounds of CPU time end most of them long before. */
const RUN_MILLISECONDS = 5000;
const START_MILLISECONDS = 30_000;
const THREADS = 2;
const MOST_WAITING = 256;
/** Of one tenant, so that none fills the queue; of scripts to be judged likewise. */
const MOST_WAITING_OF_ONE = 64;

// From source, modules are found under the condition under which this one was.
const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=reeve-source'] : [];

interface Job {
  readonly tenantId: number | undefined;
  readonly message: ToSandbox;
  resolve(answer: FromSandbox): void;
  reject(error: unknown): void;
}

/** How a job ends whose thread was ended. */
type Cut = (rule: number | undefined) => FromSandbox;

interface Thread {
  readonly worker: Worker;
  isReady: boolean;
  job: Job | undefined;
  /** Whose the last job was: its engine is ready for that tenant alone. */
  tenantId: number | undefined;
  /** The rule that began last. */
  place: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createRuleThreads({ milliseconds = RUN_MILLISECONDS }: RuleThreadsOptions = {}): RuleThreads {
  /** Whoever was given a job last stands last. */
  const threads = new Set<Thread>();
  const waiting: Job[] = [];
  let isClosed = false;

  function start(): Thread {
    const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
      execArgv,
      // A thread that a script broke out into would find nothing here either.
      env: {},
    });
    // A server that ends its work is not kept alive by rules.
    worker.unref();
    const thread: Thread = {
      worker,
      isReady: false,
      job: undefined,
      tenantId: undefined,
      place: undefined,
      timer: undefined,
    };
    worker.on('message', (message: FromSandbox) => hear(thread, message));
    worker.on('error', () => drop(thread));
    worker.on('exit', () => drop(thread));
    threads.add(thread);
    return thread;
  }

  function hear(thread: Thread, message: FromSandbox): void {
    if ('ready' in message) {
      thread.isReady = true;
      if (thread.job) limit(thread, milliseconds);
    } else if ('begins' in message) thread.place = message.begins;
    else {
      clearTimeout(thread.timer);
      const { job } = thread;
      thread.job = undefined;
      thread.place = undefined;
      job?.resolve(message);
      next();
    }
  }

  function limit(thread: Thread, time: number): void {
    clearTimeout(thread.timer);
    thread.timer = setTimeout(() => drop(thread), time);
    thread.timer.unref();
  }

  /** Ends a thread; its job fails as the rule's that was running. */
  function drop(thread: Thread): void {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.timer);
    void thread.worker.terminate();
    const { job, place } = thread;
    if (job) job.resolve(cutOff(job.message)(place));
    next();
  }

  /** The first job of a tenant that has no thread, else the first of all. */
  function take(): Job | undefined {
    const busy = new Set([...threads].map(({ job }) => job?.tenantId));
    const i = waiting.findIndex(({ tenantId }) => tenantId === undefined || !busy.has(tenantId));
    return waiting.splice(Math.max(0, i), 1)[0];
  }

  function next(): void {
    while (!isClosed && waiting.length > 0) {
      const idle = [...threads].filter(({ job }) => job === undefined);
      if (idle.length === 0 && threads.size >= THREADS) return;
      const job = take() as Job;
      const own = idle.find(({ tenantId }) => tenantId === job.tenantId);
      const thread = own ?? (threads.size < THREADS ? start() : (idle[0] as Thread));
      threads.delete(thread);
      threads.add(thread);
      thread.job = job;
      thread.tenantId = job.tenantId;
      limit(thread, thread.isReady ? milliseconds : START_MILLISECONDS);
      thread.worker.postMessage(job.message);
    }
  }

  function ask(message: ToSandbox, tenantId?: number): Promise<FromSandbox> {
    const own = waiting.filter((job) => job.tenantId === tenantId).length;
    if (isClosed || waiting.length >= MOST_WAITING || own >= MOST_WAITING_OF_ONE)
      throw new Problem('overloaded', 'Too many rules are waiting to run; try again.', { retryAfter: 1 });
    return new Promise((resolve, reject) => {
      waiting.push({ tenantId, message, resolve, reject });
      next();
    });
  }

  return {
    async check(script): Promise<ScriptFault | undefined> {
      const answer = await ask({ check: script });
      if ('checked' in answer) return answer.checked;
      throw new Error(`The sandbox failed: ${JSON.stringify(answer)}`);
    },
    async run(task: RuleTask): Promise<RuleOutcome> {
      const answer = await ask({ run: task }, task.tenantId);
      if ('ran' in answer) return answer.ran;
      throw new Error(`The sandbox failed: ${JSON.stringify(answer)}`);
    },
    async close() {
      isClosed = true;
      const ended = new Problem('overloaded', 'The server is stopping.');
      for (const job of waiting.splice(0)) job.reject(ended);
      const all = [...threads];
      for (const { job } of all) job?.reject(ended);
      await Promise.all(all.map(({ worker }) => worker.terminate()));
    },
  };
}

const cutOff =
  (message: ToSandbox): Cut =>
  (place) => {
    if ('check' in message) return { checked: { message: TIMED_OUT, line: undefined } };
    const rule = message.run.rules[place ?? 0];
    return { ran: { denied: TIMED_OUT, rule: rule?.name ?? '' } };
  };
