/** `users.bulkImport` over HTTP: the body goes to the import's threads as fast as they write, the answer comes at the end. */
import {
  abandonImport,
  answerOf,
  type BegunImport,
  beginImport,
  type ImportFormat,
  keepImport,
  Problem,
  type ReadingEnd,
  type Work,
} from '@reeve/core';
import type { FastifyRequest } from 'fastify';
import { idempotencyKeyOf } from '../entry.ts';
import type { StreamHandler } from '../native.ts';
import { type ImportMeans, ImportRun } from './run.ts';

const FORMATS: Readonly<Record<string, ImportFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/json': 'json',
  'text/csv': 'csv',
};
/** Each takes two threads and their memory. */
const AT_ONCE = 4;
/** A sender that says nothing for so long is gone. */
const SILENCE_MILLISECONDS = 120_000;
/** Where no rows are written, the lease of 15 s is renewed within two of these. */
const HEARTBEAT_MILLISECONDS = 2_500;

interface ImportQuery {
  readonly mode: 'insert' | 'upsert' | 'dry_run';
  readonly connection?: string;
  readonly send_verification: boolean;
  readonly resume?: string;
}

export function createBulkImport(means: ImportMeans): StreamHandler {
  let running = 0;
  return async ({ work, query, request, reply, stopping }) => {
    const { mode, connection, send_verification, resume } = query as ImportQuery;
    const format = formatOf(request);
    if (stopping.aborted || running >= AT_ONCE)
      throw new Problem('overloaded', 'Too many imports are running; try again.', { retryAfter: 5 });
    running++;
    try {
      const begun = await beginImport(work, {
        mode,
        connection,
        sendsVerification: send_verification,
        resume,
        format,
        idempotencyKey: idempotencyKeyOf(request),
      });
      const end = await runImport(work, begun, request, stopping, means);
      refuseUnlessComplete(begun, end, stopping);
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(await answerOf(work, begun.jobId)));
    } finally {
      running--;
    }
  };
}

function formatOf(request: FastifyRequest): ImportFormat {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const format = FORMATS[type.trim()];
  const charset = parameters.map((text) => /^\s*charset="?([^"\s]*)"?\s*$/.exec(text)?.[1]).find(Boolean) ?? 'utf-8';
  if (!format || !/^utf-?8$/.test(charset))
    throw new Problem(
      'unsupported_media_type',
      `Send the rows as ${Object.keys(FORMATS).join(', ')}, in UTF-8, with that content type.`,
    );
  return format;
}

async function runImport(
  work: Work,
  begun: BegunImport,
  request: FastifyRequest,
  stopping: AbortSignal,
  means: ImportMeans,
): Promise<ReadingEnd> {
  const run = new ImportRun(work, begun, means);
  const release = feed(run, request, stopping);
  const heartbeat = setInterval(() => {
    // It would only have the import make room for it.
    if (!begun.isComparison && !run.takeWritten())
      keepImport(work, begun.jobId).catch((error) => request.log.error({ err: error }, 'heartbeat'));
  }, HEARTBEAT_MILLISECONDS);
  try {
    return await run.ended;
  } catch (error) {
    const isOthers = error instanceof Problem && error.code === 'import_running';
    if (!begun.isComparison && !isOthers) await abandonImport(work, begun.jobId);
    throw error;
  } finally {
    clearInterval(heartbeat);
    release();
  }
}

/** Leads the body into the import until either ends. Returns what lets go of the body. */
function feed(run: ImportRun, { raw }: FastifyRequest, stopping: AbortSignal): () => void {
  const interrupt = () => run.interrupt();
  let silence = setTimeout(interrupt, SILENCE_MILLISECONDS);
  const onData = (chunk: Buffer) => {
    clearTimeout(silence);
    if (run.push(chunk)) silence = setTimeout(interrupt, SILENCE_MILLISECONDS);
    else raw.pause();
  };
  const onEnd = () => {
    clearTimeout(silence);
    run.end();
  };
  const onClose = () => {
    if (!raw.complete) interrupt();
  };
  run.onReady = () => {
    silence = setTimeout(interrupt, SILENCE_MILLISECONDS);
    raw.resume();
  };
  const onError = () => {};
  raw.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  stopping.addEventListener('abort', interrupt);
  if (raw.destroyed && !raw.complete) interrupt();
  return () => {
    clearTimeout(silence);
    run.onReady = () => {};
    raw.off('data', onData).off('end', onEnd).off('close', onClose);
    stopping.removeEventListener('abort', interrupt);
  };
}

function refuseUnlessComplete(begun: BegunImport, end: ReadingEnd, stopping: AbortSignal): void {
  const { jobId } = begun;
  if (end.state === 'mismatch') throw begun.mismatch;
  if (end.state === 'broken') {
    throw new Problem(
      begun.format === 'json' ? 'invalid_json' : 'invalid_request',
      `${end.detail} The rows before it are done; correct the file and send it with resume=${jobId}.`,
    );
  }
  if (end.state === 'interrupted') {
    throw stopping.aborted
      ? new Problem('overloaded', `The server is stopping; send the file again with resume=${jobId}.`, {
          retryAfter: 5,
        })
      : new Problem('request_timeout', `The file did not go on; send it again with resume=${jobId}.`);
  }
}
