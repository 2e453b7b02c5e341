/** A run of rows of an import, judged and made ready to be written: what one thread gives to the other. */
import type { RowError } from '@reeve/contract';
import type { UserColumns } from '../users/users.bulk.ts';

export type ImportMode = 'insert' | 'upsert' | 'dry_run';

export interface Slice {
  /** Rows of the file, failed ones too. */
  readonly rows: number;
  /** Of all rows of the file up to the end of this slice's window. */
  readonly digest: string;
  readonly windowRows: number;
  /** Rows of the window up to the end of this slice, in the order in which they are written. */
  readonly windowDone: number;
  /** Rows that can't be written, whatever the directory holds. */
  readonly failures: RowError[];
  /** The other rows, as new users. */
  readonly users: UserColumns;
  readonly lines: number[];
  readonly keys: (string | null)[];
  /** Upsert: each row as JSON, in case that it changes a user who is there. */
  readonly patches: string[];
}

/** How the reading of a file ended. */
export type ReadingEnd =
  | { readonly state: 'complete' }
  /** The sender went away, or the server is stopping. */
  | { readonly state: 'interrupted' }
  /** The rest of the file can't be read. */
  | { readonly state: 'broken'; readonly detail: string }
  /** Rows that the job has done already are other ones in this file. */
  | { readonly state: 'mismatch' };
