/** A run of rows of an import, judged and made ready to be written: what one thread gives to the other. */
import type { AuthenticationMethodDraft, FieldError, PasswordPolicy, RowError } from '@reeve/contract';
import type { FieldDefinition } from '../custom-fields/values.ts';
import type { UserColumns } from '../users/users.bulk.ts';

export type ImportMode = 'insert' | 'upsert' | 'dry_run';

/** Whose rows a background import reads, where they are not native ones. */
export type ImportDialect = 'auth0';

/** Where an import writes to; plain data. */
export interface ImportConnection {
  readonly num: number;
  readonly id: string;
  readonly policy: PasswordPolicy;
  /** The definitions of the fields that its users may have, as the rows are judged by them. */
  readonly customFields: readonly FieldDefinition[];
}

/** A row of a vendor's file in the directory's terms. */
export interface TranslatedRow {
  /** As a native row; what is given here is judged as one. */
  readonly row: Readonly<Record<string, unknown>>;
  /** What of it changes a user who is there. Its metadata is merged at the top level only. */
  readonly patch: Readonly<Record<string, unknown>>;
  /** The id inside the connection; null: made here. */
  readonly subject: string | null;
  /** Factors of a new user. */
  readonly factors: readonly AuthenticationMethodDraft[];
}

/** What is kept of a failed row beside its error: the row without its secrets, and every rule that it breaks. */
export interface FailureDetails {
  readonly row: unknown;
  readonly errors: readonly FieldError[];
}

/** The failure of one row, as it is kept. */
export interface RowFailure extends RowError {
  /** `FailureDetails` as JSON. */
  readonly details: string | null;
}

/** What a translated row brings beside its user. */
export interface Extras {
  readonly subject: string | null;
  readonly factors: readonly AuthenticationMethodDraft[];
  /** The row without its secrets, as JSON. */
  readonly original: string;
}

export interface Slice {
  /** Rows of the file, failed ones too. */
  readonly rows: number;
  /** Of all rows of the file up to the end of this slice's window. */
  readonly digest: string;
  readonly windowRows: number;
  /** Rows of the window up to the end of this slice, in the order in which they are written. */
  readonly windowDone: number;
  /** Rows that can't be written, whatever the directory holds. */
  readonly failures: RowFailure[];
  /** The other rows, as new users. */
  readonly users: UserColumns;
  readonly lines: number[];
  readonly keys: (string | null)[];
  /** Upsert: each row as JSON, in case that it changes a user who is there. */
  readonly patches: string[];
  /** Of a vendor's file: one for each user; else empty. */
  readonly extras: Extras[];
  /** Keys of the custom fields that the rows have values of. */
  readonly fields: string[];
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
