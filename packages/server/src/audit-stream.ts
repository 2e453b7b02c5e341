/** `audit.stream` over HTTP: NDJSON on one connection, written as fast as the client reads, until either side ends. */
import { Readable } from 'node:stream';
import { openStream, type StreamQuery } from '@reeve/core';
import type { StreamHandler } from './native.ts';

const HIGH_WATER_BYTES = 65_536;

export const streamAudit: StreamHandler = async ({ work, query, reply, mayGoOn, stopping }) => {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const abort = AbortSignal.any([gone.signal, stopping]);
  const lines = await openStream(work, query as StreamQuery, { abort, mayGoOn });
  return reply
    .type('application/x-ndjson; charset=utf-8')
    .send(Readable.from(lines, { objectMode: false, highWaterMark: HIGH_WATER_BYTES }));
};
