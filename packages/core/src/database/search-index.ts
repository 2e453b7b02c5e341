/**
 * Upkeep of SQLite's search index. FTS5 writes what a transaction adds as a segment, and would merge segments when some commit
 * has filled a measure: that one then writes some hundred pages (measured: 10 to 60 ms, where others take 5). Migration 0017
 * turns that off; instead each transaction merges a little, whatever was added before it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { changeCounter } from './changes.ts';

/** Pages of a step: 4 ms at most (measured). */
export const STEP_PAGES = 16;
/** After a step that failed there is none for so long. */
const REST_MILLISECONDS = 60_000;

export class SearchIndex {
  readonly #handle: DatabaseSync;
  readonly #countChanges: () => number;
  #merge: StatementSync | undefined;
  #restsUntil = 0;

  constructor(handle: DatabaseSync) {
    this.#handle = handle;
    this.#countChanges = changeCounter(handle);
  }

  /**
   * Merges up to `pages`, inside the present transaction. Returns whether there may be more to do; nothing to merge costs some
   * microseconds. A step that throws (a full disk) may have ended the transaction: it is to be run again, and no step is taken then.
   */
  merge(pages: number = STEP_PAGES): boolean {
    if (performance.now() < this.#restsUntil) return false;
    this.#merge ??= this.#prepare();
    if (!this.#merge) return false;
    const before = this.#countChanges();
    try {
      this.#merge.run(pages);
    } catch (error) {
      this.#restsUntil = performance.now() + REST_MILLISECONDS;
      throw error;
    }
    // https://sqlite.org/fts5.html#the_merge_command: a difference under 2 tells that there was nothing to merge.
    return this.#countChanges() - before >= 2;
  }

  /** Before the first migration there is no index. */
  #prepare(): StatementSync | undefined {
    const found = this.#handle.prepare(`select 1 from sqlite_master where name = 'users_search'`).get();
    return found && this.#handle.prepare(`insert into users_search (users_search, rank) values ('merge', ?)`);
  }
}
