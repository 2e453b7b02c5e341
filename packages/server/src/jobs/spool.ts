/**
 * The spool: files of imports wait here, in a folder of the data directory that nobody else may read. Owns the invariant
 * that no file stays longer than its job, and that an acknowledged one is on the disk.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { Problem, type Received, type ReceivedFile, type Spool } from '@reeve/core';

/** Of the text fields of a form. */
const LIMITS = { fieldNameSize: 100, fieldSize: 1024, fields: 20, files: 1, parts: 21, headerPairs: 50 } as const;
/** A sender that says nothing for so long is gone. */
const SILENCE_MILLISECONDS = 120_000;

export interface ServerSpool extends Spool {
  /** Ids of the jobs whose files are here. */
  list(): Promise<Set<string>>;
  open(jobId: string): ReadStream;
  remove(jobId: string): Promise<void>;
  /** Removes what an earlier process of this folder has left: what was being received, and files without a job. */
  sweep(isWanted: (jobId: string) => Promise<boolean>): Promise<void>;
}

const KEPT = /^(job_[0-9A-Z]{26})\.json$/;

export function createSpool(dataDir: string, limit: number): ServerSpool {
  const folder = join(dataDir, 'imports');
  const since = Date.now();
  const pathOf = (jobId: string) => join(folder, `${jobId}.json`);
  const names = () =>
    readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  return {
    async receive(upload, contentType) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${randomUUID()}.part`);
      const reception = new Reception(path, limit);
      try {
        await reception.take(upload, contentType);
      } catch (error) {
        await reception.close();
        await rm(path, { force: true });
        throw error;
      }
      return reception.result(pathOf);
    },
    async list() {
      return new Set((await names()).flatMap((name) => KEPT.exec(name)?.[1] ?? []));
    },
    open: (jobId) => createReadStream(pathOf(jobId), { highWaterMark: 65_536 }),
    remove: (jobId) => rm(pathOf(jobId), { force: true }),
    async sweep(isWanted) {
      for (const name of await names()) {
        const path = join(folder, name);
        const jobId = KEPT.exec(name)?.[1];
        if (!name.endsWith('.part') && jobId === undefined) continue;
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: since }));
        // What this process receives is its own.
        if (mtimeMs >= since || (jobId !== undefined && (await isWanted(jobId)))) continue;
        await rm(path, { force: true });
      }
    },
  };
}

const malformed = (message: string): Problem =>
  new Problem('invalid_request', message, { errors: [{ field: '', code: 'form', message }] });

/** One form on its way in. */
class Reception {
  readonly #path: string;
  readonly #limit: number;
  readonly #fields: Record<string, string> = {};
  #file: FileHandle | undefined;
  #field: string | undefined;
  #bytes = 0;

  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
  }

  async take(upload: AsyncIterable<Uint8Array>, contentType: string | undefined): Promise<void> {
    const form = formOf(contentType);
    let failure: Error | undefined;
    const fail = (error: Error) => {
      failure ??= error;
    };
    const writing: Promise<void>[] = [];
    form.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) fail(malformed(`The field ${name.slice(0, 100)} of the form is too long.`));
      else if (Object.hasOwn(this.#fields, name)) fail(malformed(`The form has the field ${name} twice.`));
      else Object.defineProperty(this.#fields, name, { value, enumerable: true });
    });
    form.on('file', (name, stream) => {
      this.#field = name;
      writing.push(this.#write(stream).catch((error: Error) => (fail(error), void stream.resume())));
    });
    form.on('partsLimit', () => fail(malformed('The form has too many parts.')));
    form.on('filesLimit', () => fail(malformed('The form has more than one file.')));
    form.on('fieldsLimit', () => fail(malformed('The form has too many fields.')));
    form.on('error', (error) => fail(malformed(`The form can't be read: ${(error as Error).message.slice(0, 200)}.`)));
    const finished = once(form, 'finish').catch(() => {});
    for await (const chunk of watched(upload)) {
      if (failure) throw failure;
      if (!form.write(chunk)) await Promise.race([once(form, 'drain').catch(() => {}), finished]);
    }
    form.end();
    await finished;
    await Promise.all(writing);
    if (failure) throw failure;
  }

  async #write(stream: Readable): Promise<void> {
    const file = await open(this.#path, 'wx', 0o600);
    this.#file = file;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#limit)
        throw new Problem('payload_too_large', `The file may be at most ${this.#limit} bytes (REEVE_IMPORT_LIMIT).`);
      await file.writeFile(chunk);
    }
    await file.sync();
    await this.close();
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  result(pathOf: (jobId: string) => string): Received {
    return { fields: this.#fields, file: this.#field === undefined ? undefined : this.#received(this.#field, pathOf) };
  }

  #received(field: string, pathOf: (jobId: string) => string): ReceivedFile {
    let path = this.#path;
    return {
      field,
      bytes: this.#bytes,
      async keepFor(jobId) {
        await rename(path, pathOf(jobId));
        path = pathOf(jobId);
        const folder = await open(join(path, '..'), 'r');
        await folder.sync().finally(() => folder.close());
      },
      discard: () => rm(path, { force: true }),
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
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Problem('request_timeout', 'The file did not go on.')), SILENCE_MILLISECONDS);
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
}
