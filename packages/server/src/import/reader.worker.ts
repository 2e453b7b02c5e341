/** The thread that reads an import: it parses and judges rows and drafts their users, off the event loop. */
import type { MessagePort } from 'node:worker_threads';
import { users } from '@reeve/contract';
import {
  createPasswordHasher,
  type ImportDialect,
  type Incoming,
  Interrupted,
  Reader,
  type TranslatedRow,
} from '@reeve/core';
import { parseJson } from '../body.ts';
import { rowJudge } from '../validate.ts';
import { Mailbox } from './mailbox.ts';
import type { FromReader, FromWriterToReader, ReaderData, ToReader, ToWriter } from './messages.ts';
import { takePart } from './part.ts';

/** Rows that may wait for the writer: enough for its largest transaction, and for the next one to be made meanwhile. */
const AHEAD = 3072;
/** Requests hash passwords too, and go first. */
const HASHES_AT_ONCE = 2;

/** The vendors whose files are read: each is loaded for its own files only. */
const translators: Readonly<Record<ImportDialect, () => Promise<(row: unknown) => TranslatedRow>>> = {
  auth0: async () => {
    const { importUser, translateImportUser } = await import('@reeve/auth0/server/import-user');
    const judge = rowJudge(importUser);
    return (row) => translateImportUser(judge(row) as never);
  },
};

const judge = rowJudge(users.bulkImport.body as never);
const hasher = createPasswordHasher({ concurrency: HASHES_AT_ONCE, queue: Number.POSITIVE_INFINITY });

/** The file, as the server sends it piece by piece. */
function incomingOf(port: MessagePort): Incoming {
  const mailbox = new Mailbox<ToReader>();
  port.on('message', mailbox.put);
  return {
    async next() {
      const message = await mailbox.take();
      if ('isInterrupted' in message) throw new Interrupted('The file does not go on.');
      if ('isOver' in message) return undefined;
      port.postMessage({ taken: message.bytes.length } satisfies FromReader);
      return message.bytes;
    },
    get isIdle() {
      return mailbox.isEmpty;
    },
  };
}

/** Hands everything that is read to the writer, as fast as that one writes. */
async function read(data: ReaderData, port: MessagePort): Promise<void> {
  const reader = new Reader({
    ...data,
    parse: (text) => parseJson(text),
    judge,
    translate: data.dialect && (await translators[data.dialect]()),
    hash: hasher.hash,
    now: () => Date.now() + data.clockOffset,
  });
  const slices = reader.read(incomingOf(port));
  const give = (message: ToWriter) => data.toWriter?.postMessage(message);
  let ahead = 0;
  let writerWasReady = () => {};
  data.toWriter?.on('message', ({ rows }: FromWriterToReader) => {
    ahead -= rows;
    writerWasReady();
  });
  for (;;) {
    const { value, done } = await slices.next();
    if (done) {
      give({ end: value });
      port.postMessage({ end: value } satisfies FromReader);
      return;
    }
    give({ slice: value });
    ahead += value.rows;
    while (ahead > AHEAD)
      await new Promise<void>((resolve) => {
        writerWasReady = resolve;
      });
  }
}

takePart<ReaderData>((data, port) =>
  read(data, port).catch((error: unknown) => {
    data.toWriter?.postMessage({ end: { state: 'interrupted' } } satisfies ToWriter);
    throw error;
  }),
);
