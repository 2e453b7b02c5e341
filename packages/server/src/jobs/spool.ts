/**
 * The spool: takes in the files of imports, in a folder of the data directory that nobody else may read, and hands them to
 * the shelf where they wait. Owns the invariant that no file stays longer than its job, and that an acknowledged one is durable.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { type ImportFileKey, Problem, type Received, type ReceivedFile, type Spool } from '@reeve/core';
import type { Shelf } from './shelf.ts';

/** Of the text fields of a form. */
const LIMITS = { fieldNameSize: 100, fieldSize: 1024, fields: 20, files: 1, parts: 21, headerPairs: 50 } as const;
/** A sender that says nothing for so long is gone. */
const SILENCE_MILLISECONDS = 120_000;

/** A file that waits on the disk for its job, or is being received by a process. */
const KEPT = /^(job_[0-9A-Z]{26})\.json$/;
const RECEIVED = /\.(\d+)\.part$/;

/** Whether another server, with which the folder is shared, receives the file. */
function isReceivedElsewhere(name: string): boolean {
  const pid = Number(RECEIVED.exec(name)?.[1] ?? 0);
  if (pid === 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export interface ServerSpool extends Spool {
  /** Whether the file of a job can be opened here. */
  has(job: ImportFileKey): Promise<boolean>;
  open(job: ImportFileKey): AsyncIterable<Uint8Array>;
  remove(job: ImportFileKey): Promise<void>;
  /** Removes what an earlier process of this folder has left: what was being received, and files without a job. */
  sweep(isWanted: (jobId: string) => Promise<boolean>): Promise<void>;
}

/** `folder`: where files are received; `limit`: bytes of one. */
export function createSpool(folder: string, limit: number, shelf: Shelf): ServerSpool {
  const since = Date.now();
  return {
    async receive(upload, contentType) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${randomUUID()}.${process.pid}.part`);
      const reception = new Reception(path, limit);
      try {
        await reception.take(upload, contentType);
      } catch (error) {
        await reception.abort();
        await rm(path, { force: true });
        throw error;
      }
      return reception.result(shelf);
    },
    has: shelf.has,
    open: shelf.open,
    remove: shelf.remove,
    async sweep(isWanted) {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      for (const name of names) {
        const path = join(folder, name);
        const jobId = KEPT.exec(name)?.[1];
        if (!name.endsWith('.part') && jobId === undefined) continue;
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: since }));
        // What this process receives is its own.
        if (mtimeMs >= since || isReceivedElsewhere(name)) continue;
        if (jobId !== undefined && (await isWanted(jobId))) continue;
        await rm(path, { force: true });
      }
    },
  };
}

const malformed = (message: string): Problem =>
  new Problem('invalid_request', message, { errors: [{ field: '', code: 'form', message }] });

/** What went wrong with the file: on the disk, or in the form that it came in. */
function failureOf(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new Problem('storage_full', 'The disk is full; the file was not kept.', { cause: error });
  const isOurs = error instanceof Problem || error.syscall !== undefined;
  return isOurs ? error : malformed('The form broke off within its file.');
}

/** One form on its way in. */
class Reception {
  readonly #path: string;
  readonly #limit: number;
  readonly #fields: Record<string, string> = {};
  /** The file on its way from the form to the disk. */
  #stream: Readable | undefined;
  #writing: Promise<void> | undefined;
  #field: string | undefined;
  #bytes = 0;

  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
  }

  async take(upload: AsyncIterable<Uint8Array>, contentType: string | undefined): Promise<void> {
    const form = formOf(contentType);
    let failure: Error | undefined;
    let tell = () => {};
    const failed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const fail = (error: Error) => {
      failure ??= error;
      tell();
    };
    form.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) fail(malformed(`The field ${name.slice(0, 100)} of the form is too long.`));
      else if (Object.hasOwn(this.#fields, name)) fail(malformed(`The form has the field ${name} twice.`));
      else Object.defineProperty(this.#fields, name, { value, enumerable: true });
    });
    form.on('file', (name, stream) => {
      this.#field = name;
      this.#stream = stream;
      // Also long after the form was given up: an error that nobody hears of would end the process.
      stream.on('error', () => {});
      this.#writing = this.#write(stream).catch((error: NodeJS.ErrnoException) => {
        fail(failureOf(error));
        stream.resume();
      });
    });
    form.on('partsLimit', () => fail(malformed('The form has too many parts.')));
    form.on('filesLimit', () => fail(malformed('The form has more than one file.')));
    form.on('fieldsLimit', () => fail(malformed('The form has too many fields.')));
    form.on('error', (error) => fail(malformed(`The form can't be read: ${(error as Error).message.slice(0, 200)}.`)));
    const finished = once(form, 'finish').catch(() => {});
    for await (const chunk of watched(upload)) {
      if (failure) throw failure;
      if (!form.write(chunk)) await Promise.race([once(form, 'drain').catch(() => {}), finished, failed]);
    }
    if (failure) throw failure;
    form.end();
    await Promise.race([finished, failed]);
    // A form that broke off never ends its file.
    if (failure) throw failure;
    await this.#writing;
    if (failure) throw failure;
  }

  async #write(stream: Readable): Promise<void> {
    const file = await open(this.#path, 'wx', 0o600);
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        this.#bytes += chunk.byteLength;
        if (this.#bytes > this.#limit)
          throw new Problem('payload_too_large', `The file may be at most ${this.#limit} bytes (REEVE_IMPORT_LIMIT).`);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Nothing is written any more. */
  async abort(): Promise<void> {
    this.#stream?.destroy();
    await this.#writing;
  }

  result(shelf: Shelf): Received {
    return { fields: this.#fields, file: this.#field === undefined ? undefined : this.#received(this.#field, shelf) };
  }

  #received(field: string, shelf: Shelf): ReceivedFile {
    let kept: ImportFileKey | undefined;
    return {
      field,
      bytes: this.#bytes,
      keepFor: async (job) => {
        kept = job;
        await shelf.keep(this.#path, job);
      },
      discard: async () => {
        if (kept) await shelf.remove(kept);
        await rm(this.#path, { force: true });
      },
    };
  }
}

function formOf(contentType: string | undefined) {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? ''))
    throw new Problem('unsupported_media_type', 'Send the file as multipart/form-data.');
  try {
    return new Busboy({ headers: { 'content-type': contentType } as BusboyHeaders, limits: LIMITS });
  } catch (error) {
    throw malformed(`The form can't be read: ${(error as Error).message.slice(0, 200)}.`);
  }
}

/** The body, given up where it falls silent. It is not destroyed: a refusal must still reach the one who sends it. */
async function* watched(upload: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces =
    upload instanceof Readable ? upload.iterator({ destroyOnReturn: false }) : upload[Symbol.asyncIterator]();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
          () => reject(new Problem('request_timeout', 'The file did not go on.')),
          SILENCE_MILLISECONDS,
        );
      });
      const { value, done } = await Promise.race([
        pieces.next().catch(() => {
          throw malformed('The body broke off.');
        }),
        silence,
      ]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    // Lets go of the body, so that what still comes of it can be let go by. A piece that is waited for may never come.
    void pieces.return?.();
  }
}
