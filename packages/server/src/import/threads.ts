/**
 * The threads of imports. To start one takes longer than to import a small file, so one of each part that has come to
 * its end in order is kept for the next import, for a while. Owns the invariants that a thread has one import at a time,
 * on a channel of that import's own, and that a thread in which anything failed serves no other.
 */
import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';
import type { Assignment, ReaderData, WriterData } from './messages.ts';

/** What the thread of each part is given. */
interface PartData {
  readonly reader: ReaderData;
  readonly writer: WriterData;
}
type Part = keyof PartData;

/** A thread, for one import. */
export interface ImportThread {
  /** Carries what is said of this import; nothing of another one comes here. */
  readonly port: MessagePort;
  /** Rejects when the thread is gone. */
  readonly gone: Promise<never>;
  /** Gives the thread back once it has put down what it held; one that is not well ends. Resolves when either is done. */
  release(isWell: boolean): Promise<void>;
}

export interface ImportThreads {
  begin<P extends Part>(part: P, data: PartData[P], transfer?: readonly Transferable[]): ImportThread;
  /** Ends the threads that are kept. One that has an import ends with it. */
  close(): Promise<void>;
}

export interface ImportThreadsOptions {
  /** For which a thread without an import is kept. Default 30 s. */
  readonly idleMilliseconds?: number;
  /** For a thread to put down what it had of an import that has ended. Default 5 s. */
  readonly restMilliseconds?: number;
}

const IDLE_MILLISECONDS = 30_000;
const REST_MILLISECONDS = 5_000;
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };
// From source, modules are found under the condition under which this one was.
const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=reeve-source'] : [];

const PROGRAMS: Readonly<Record<Part, URL>> = {
  reader: new URL('./reader.worker.ts', import.meta.url),
  writer: new URL('./writer.worker.ts', import.meta.url),
};

interface Thread {
  readonly worker: Worker;
  isGone: boolean;
  /** Whose the thread is now hears of its end; no import is remembered by a thread that serves others. */
  onGone: (error: Error) => void;
}

function start(part: Part): Thread {
  const worker = new Worker(PROGRAMS[part], { name: `import ${part}`, resourceLimits, execArgv });
  const thread: Thread = { worker, isGone: false, onGone: () => {} };
  const end = (error: Error) => {
    thread.isGone = true;
    thread.onGone(error);
  };
  worker.on('error', end).on('exit', (code) => end(new Error(`A thread of the import ended (${code}).`)));
  return thread;
}

export function createImportThreads({
  idleMilliseconds = IDLE_MILLISECONDS,
  restMilliseconds = REST_MILLISECONDS,
}: ImportThreadsOptions = {}): ImportThreads {
  const kept = new Map<Part, { readonly thread: Thread; readonly timer: NodeJS.Timeout }>();
  let isClosed = false;

  function take(part: Part): Thread | undefined {
    const found = kept.get(part);
    clearTimeout(found?.timer);
    kept.delete(part);
    found?.thread.worker.ref();
    return found?.thread;
  }

  function keep(part: Part, thread: Thread): void {
    // A server that ends its work is not kept alive by a thread without any.
    thread.worker.unref();
    const timer = setTimeout(() => void take(part)?.worker.terminate(), idleMilliseconds).unref();
    kept.set(part, { thread, timer });
    thread.onGone = () => {
      if (kept.get(part)?.thread === thread) take(part);
    };
  }

  return {
    begin(part, data, transfer = []) {
      const thread = take(part) ?? start(part);
      const { worker } = thread;
      const gone = new Promise<never>((_, reject) => {
        thread.onGone = reject;
      });
      const { port1: port, port2 } = new MessageChannel();
      const isAtRest = new Promise<boolean>((resolve) => worker.once('message', () => resolve(true)));
      worker.postMessage({ data, port: port2 } satisfies Assignment<typeof data>, [port2, ...transfer]);
      return {
        port,
        gone,
        async release(isWell) {
          const tooLate = setTimeout(() => void worker.terminate(), isWell ? restMilliseconds : 0);
          const isReady = await Promise.race([isAtRest, gone.catch(() => false)]);
          clearTimeout(tooLate);
          port.close();
          if (!isWell || !isReady || thread.isGone || isClosed || kept.has(part)) await worker.terminate();
          else keep(part, thread);
        },
      };
    },
    async close() {
      isClosed = true;
      await Promise.all([...kept.keys()].map((part) => take(part)?.worker.terminate()));
    },
  };
}
