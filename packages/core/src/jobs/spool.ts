/** Where the files of imports in the background wait. The server keeps them; the directory knows them by their jobs. */
import type { ImportFileKey } from '../import/import-files.store.ts';

/** An uploaded form: its fields, and its one file. */
export interface Received {
  readonly fields: Readonly<Record<string, string>>;
  /** Absent where the form has none. */
  readonly file: ReceivedFile | undefined;
}

export interface ReceivedFile {
  /** Name of the form's field. */
  readonly field: string;
  readonly bytes: number;
  /** Makes the file a job's: it is durable then. */
  keepFor(job: ImportFileKey): Promise<void>;
  /** Removes the file, kept or not. */
  discard(): Promise<void>;
}

export interface Spool {
  /** Takes in a `multipart/form-data` body. Throws `invalid_request`, `unsupported_media_type`, `payload_too_large`. */
  receive(upload: AsyncIterable<Uint8Array>, contentType: string | undefined): Promise<Received>;
}
