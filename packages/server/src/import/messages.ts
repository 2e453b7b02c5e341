/** What the threads of an import say to one another; plain data. */

import type { MessagePort } from 'node:worker_threads';
import type {
  Actor,
  Caller,
  ImportDialect,
  ImportTask,
  LoanTicket,
  PrepareOptions,
  ReaderOptions,
  ReadingEnd,
  Slice,
  TenantContext,
} from '@reeve/core';

/** An import for a thread, with the channel on which it is spoken of. */
export interface Assignment<Data> {
  readonly data: Data;
  readonly port: MessagePort;
}

/** To the reader, from the request. */
export type ToReader = { readonly bytes: Uint8Array } | { readonly isOver: true } | { readonly isInterrupted: true };

export type FromReader =
  /** So many bytes are dealt with; more may come. */
  { readonly taken: number } | { readonly end: ReadingEnd } | { readonly failure: Failure };

/** From the reader to the writer, and what the writer has done of it. */
export type ToWriter = { readonly slice: Slice } | { readonly end: ReadingEnd };
export interface FromWriterToReader {
  readonly rows: number;
}

export type FromWriter =
  | { readonly told: 'onMail' | 'onAccessChange' | 'events' | 'rows' }
  /** The job has ended, or was left to be resumed. */
  | { readonly end: ReadingEnd }
  | { readonly failure: Failure };

/** An error that crosses threads. `code` where it is a problem. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
}

export interface ReaderData extends Omit<ReaderOptions, Exclude<keyof PrepareOptions, 'mode' | 'connection'>> {
  readonly clockOffset: number;
  /** Whose rows they are; absent: native ones. */
  readonly dialect: ImportDialect | undefined;
  /** Absent where the file is only compared. */
  readonly toWriter: MessagePort | undefined;
}

export interface WriterData {
  readonly ticket: LoanTicket;
  readonly secretKey: string;
  readonly clockOffset: number;
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly caller: Caller;
  readonly task: ImportTask;
  readonly fromReader: MessagePort;
}
