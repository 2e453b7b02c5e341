/**
 * Answers that arrive as a stream: the audit log and the user export. Owns two invariants: an event stream that breaks
 * goes on after the last event seen, none twice and none left out; an export that is incomplete never ends quietly.
 */

import { ReeveError } from './error.ts';
import { sleep } from './limit.ts';
import { blocksOf, join, NEWLINE } from './lines.ts';
import type { AuditEvent, User } from './models.ts';
import { type RequestOptions, requestOf, type Wiring } from './operations.ts';
import { isPassing, pauseBefore } from './retry.ts';
import type { Row } from './routes.ts';
import { Sha256 } from './sha256.ts';
import type { OpenAnswer } from './transport.ts';

/** What both streams are asked with. */
export interface StreamCall {
  readonly wiring: Wiring;
  readonly name: string;
  readonly row: Row;
  readonly query: Readonly<Record<string, unknown>>;
  readonly options: RequestOptions;
}

const open = async ({ wiring, name, row, query, options }: StreamCall): Promise<OpenAnswer> => {
  const shape = { answer: 'stream', timeout: options.timeout ?? Number.POSITIVE_INFINITY } as const;
  const accept = query.format === 'csv' ? 'text/csv' : 'application/x-ndjson';
  const request = requestOf(
    wiring,
    name,
    row,
    row.path,
    query,
    { ...options, headers: { accept, ...options.headers } },
    {
      ...shape,
      deadline: Number.POSITIVE_INFINITY,
    },
  );
  return (await wiring.transport.send(request, wiring.tokens)).data as OpenAnswer;
};

const isDropped = (error: unknown): error is ReeveError =>
  error instanceof ReeveError &&
  (error.code === 'connection_failed' || error.code === 'timeout' || isPassing(error.status));

/** Parses one block of NDJSON; blank lines keep the connection alive and mean nothing. */
function* eventsOf(call: StreamCall, answer: OpenAnswer, block: Uint8Array): Generator<AuditEvent> {
  for (const line of new TextDecoder().decode(block).split('\n')) {
    if (line.trim() === '') continue;
    let event: AuditEvent;
    try {
      event = JSON.parse(line);
    } catch (cause) {
      // Only a broken connection ends inside a line.
      if (block.at(-1) !== NEWLINE) throw answer.fault(new Error('The stream ended inside a line', { cause }));
      throw call.wiring.transport.error(call.name, 'A line is not JSON', { code: 'unexpected_answer' });
    }
    yield event;
  }
}

/** Every event that the query matches, oldest first; over a dropped connection it goes on by itself until the client's deadline. */
export async function* streamEvents(call: StreamCall): AsyncGenerator<AuditEvent, void> {
  const { wiring, name, options } = call;
  const { transport } = wiring;
  let { query } = call;
  let isEstablished = false;
  let drops = 0;
  let downSince = 0;
  for (;;) {
    try {
      const answer = await open({ ...call, query });
      isEstablished = true;
      for await (const block of blocksOf(answer)) {
        drops = 0;
        for (const event of eventsOf(call, answer, block)) {
          query = { ...query, cursor: event.id };
          yield event;
        }
      }
      if (query.live !== true) return;
      // A live stream has no end of its own: the server went away, and it or another one will answer again.
      throw answer.fault(new Error('The server ended the live stream'));
    } catch (error) {
      if (!isEstablished || !isDropped(error)) throw error;
      if (drops++ === 0) downSince = Date.now();
      const pause = pauseBefore(Math.min(drops, 5), transport.retry);
      if (Date.now() + pause - downSince >= transport.deadline) throw error;
      await transport.wait(name, options.signal, Number.POSITIVE_INFINITY, (limit) => sleep(pause, limit));
    }
  }
}

const csvTrailer = /^#trailer rows=(\d+) sha256=([0-9a-f]{64})\s*$/;

const trailerOf = (line: string, isCsv: boolean): { rows: number; sha256: string } | undefined => {
  if (isCsv) {
    const [, rows, sha256] = csvTrailer.exec(line) ?? [];
    return rows && sha256 ? { rows: Number(rows), sha256 } : undefined;
  }
  try {
    return JSON.parse(line).trailer;
  } catch {
    return undefined;
  }
};

const usersOf = (call: StreamCall, text: string): User[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    return lines.map((line) => JSON.parse(line));
  } catch {
    throw call.wiring.transport.error(call.name, 'A line is not JSON', { code: 'export_corrupt' });
  }
};

/** Every user that the query matches: rows of NDJSON, or runs of whole CSV lines which together are the file. */
export async function* exportUsers(call: StreamCall): AsyncGenerator<User | string, void> {
  const { transport } = call.wiring;
  const isCsv = call.query.format === 'csv';
  const answer = await open(call);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const hash = new Sha256();
  let rows = 0;
  let last = new Uint8Array() as Uint8Array;
  try {
    for await (const block of blocksOf(answer)) {
      // The last line may be the trailer: it is held back until another one follows.
      const cut = block.length > 1 ? block.lastIndexOf(NEWLINE, block.length - 2) + 1 : 0;
      const whole = join([last, block.subarray(0, cut)]);
      last = block.subarray(cut);
      hash.update(whole);
      if (whole.length === 0) continue;
      const text = decoder.decode(whole);
      if (isCsv) {
        yield text;
        continue;
      }
      const users = usersOf(call, text);
      rows += users.length;
      yield* users;
    }
  } catch (cause) {
    if (!isDropped(cause)) throw cause;
    throw transport.error(call.name, 'The connection broke off', { code: 'export_truncated', cause });
  }
  const trailer = trailerOf(decoder.decode(last), isCsv);
  if (!trailer) throw transport.error(call.name, 'The trailer is missing', { code: 'export_truncated' });
  if (trailer.sha256 !== hash.digest() || (!isCsv && trailer.rows !== rows)) {
    throw transport.error(call.name, 'The trailer does not agree with the rows', { code: 'export_corrupt' });
  }
}
