/**
 * Where files of imports wait for their jobs: on the disk beside an embedded database, in the database where several servers
 * share one, so that any of them can take a job up.
 */
import { createReadStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Database,
  deleteImportFile,
  hasImportFile,
  type ImportFileKey,
  insertImportFile,
  readImportFile,
} from '@reeve/core';

export interface Shelf {
  /** Makes the received file at `path` a job's; it is durable then, and gone from `path`. */
  keep(path: string, job: ImportFileKey): Promise<void>;
  has(job: ImportFileKey): Promise<boolean>;
  open(job: ImportFileKey): AsyncIterable<Uint8Array>;
  remove(job: ImportFileKey): Promise<void>;
}

const CHUNK = { highWaterMark: 65_536 };
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
    has: (job) =>
      access(pathOf(job)).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return false;
          throw error;
        },
      ),
    open: (job) => createReadStream(pathOf(job), CHUNK) as AsyncIterable<Uint8Array>,
    remove: (job) => rm(pathOf(job), { force: true }),
  };
}

export const createDatabaseShelf = (database: Database): Shelf => ({
  async keep(path, job) {
    await insertImportFile(database, job, createReadStream(path, CHUNK) as AsyncIterable<Uint8Array>);
    await rm(path, { force: true });
  },
  has: (job) => hasImportFile(database, job),
  open: (job) => readImportFile(database, job),
  remove: (job) => deleteImportFile(database, job),
});
