/**
 * Where files of imports wait for their jobs: on the disk beside an embedded database, in the database where several servers
 * share one, so that any of them can take a job up.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Clock,
  type Database,
  hasImportFile,
  type ImportFileKey,
  keepImportFile,
  readImportFile,
  removeImportFile,
} from '@reeve/core';

export interface Shelf {
  /** Makes the received file at `path` a job's; it is durable then, and gone from `path`. */
  keep(path: string, job: ImportFileKey): Promise<void>;
  has(job: ImportFileKey): Promise<boolean>;
  open(job: ImportFileKey): AsyncIterable<Uint8Array>;
  remove(job: ImportFileKey): Promise<void>;
}

const CHUNK = { highWaterMark: 65_536 };
const KEPT = /^(job_[0-9A-Z]{26})\.json$/;

/** The job whose file has this name, on the disk. */
export const jobOfFile = (name: string): string | undefined => KEPT.exec(name)?.[1];

export function createDiskShelf(folder: string): Shelf {
  const pathOf = ({ id }: ImportFileKey) => join(folder, `${id}.json`);
  return {
    async keep(path, job) {
      await rename(path, pathOf(job));
      // Windows keeps its directories by itself, and opens none.
      if (process.platform === 'win32') return;
      const directory = await open(folder, 'r');
      await directory.sync().finally(() => directory.close());
    },
    async has({ id }) {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      return names.some((name) => jobOfFile(name) === id);
    },
    open: (job) => createReadStream(pathOf(job), CHUNK) as AsyncIterable<Uint8Array>,
    remove: (job) => rm(pathOf(job), { force: true }),
  };
}

export const createDatabaseShelf = (database: Database, clock: Clock): Shelf => ({
  async keep(path, job) {
    await keepImportFile(database, job, createReadStream(path, CHUNK) as AsyncIterable<Uint8Array>, clock.now());
    await rm(path, { force: true });
  },
  has: (job) => hasImportFile(database, job),
  open: (job) => readImportFile(database, job),
  remove: (job) => removeImportFile(database, job),
});
