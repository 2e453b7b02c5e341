/** One import in the background: its spooled file goes to the same threads as a file that is being sent. */
import { beginQueuedImport, type JobRow, keepJob, Problem, type ReadingEnd, type Work } from '@reeve/core';
import { type ImportMeans, ImportRun } from '../import/run.ts';
import type { ServerSpool } from './spool.ts';

const HEARTBEAT_MILLISECONDS = 4_000;

export interface ImportJobParts {
  readonly work: Work;
  readonly job: JobRow;
  readonly spool: ServerSpool;
  readonly means: ImportMeans;
  readonly stopping: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Runs a job; undefined where another runner has it. */
export async function runImportJob(parts: ImportJobParts): Promise<ReadingEnd | undefined> {
  const { work, job, spool, means, stopping, onError } = parts;
  const begun = await beginQueuedImport(work, job);
  if (!begun) return undefined;
  const { bytes } = JSON.parse(job.options) as { bytes: number };
  const run = new ImportRun(work, begun, means);
  let read = 0;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  run.ended.then(over, over);
  const heartbeat = setInterval(
    () => void keepJob(work, job.id, (100 * read) / Math.max(1, bytes)).catch(onError),
    HEARTBEAT_MILLISECONDS,
  );
  const interrupt = () => run.interrupt();
  stopping.addEventListener('abort', interrupt);
  const fed = (async () => {
    const file = spool.open(job);
    let isReady = () => {};
    run.onReady = () => isReady();
    for await (const chunk of file) {
      read += chunk.byteLength;
      if (stopping.aborted || isOver) return;
      const ready = new Promise<void>((resolve) => {
        isReady = resolve;
      });
      if (!run.push(chunk)) await Promise.race([ready, run.ended.catch(() => {})]);
    }
    run.end();
  })().catch((error: unknown) => {
    onError(error);
    run.interrupt();
  });
  try {
    const end = await run.ended;
    await fed;
    if (end.state === 'mismatch') throw new Problem('import_mismatch', 'The file of the import has changed.');
    return end;
  } finally {
    clearInterval(heartbeat);
    stopping.removeEventListener('abort', interrupt);
  }
}
