/** `users.exportAll` over HTTP: written as fast as the client reads, in constant memory. */
import { Readable } from 'node:stream';
import { type ExportFormat, exportUsers } from '@reeve/core';
import type { StreamHandler } from './native.ts';

const TYPES = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const;

/** Text that may wait for the client, in characters. */
const HIGH_WATER = 262_144;

export const exportAll: StreamHandler = async ({ work, query, reply }) => {
  const { format, ...filter } = query as { format: ExportFormat };
  const pieces = exportUsers(work, filter, format);
  // A refused filter is a problem, not a stream that ends at once.
  const first = await pieces.next();
  async function* all(): AsyncGenerator<string> {
    try {
      if (!first.done) yield first.value;
      yield* pieces;
    } finally {
      await pieces.return();
    }
  }
  return reply.type(TYPES[format]).send(Readable.from(all(), { objectMode: false, highWaterMark: HIGH_WATER }));
};
