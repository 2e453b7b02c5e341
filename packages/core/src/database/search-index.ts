/**
 * Upkeep of SQLite's search index. FTS5 writes what a transaction adds as a segment, and merges segments when some commit
 * has filled a measure: that one then writes some hundred pages (measured: 10 to 60 ms, where others take 5). The index is
 * created without that (`automerge` 0); instead each transaction merges a little, whatever was added before it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Pages of a step: 4 ms at most (measured). */
export const STEP_PAGES = 16;
const MERGE = `insert into users_search (users_search, rank) values ('merge', ?)`;

export class SearchIndex {
  readonly #handle: DatabaseSync;
  #merge: StatementSync | undefined;
  #changes: StatementSync | undefined;

  constructor(handle: DatabaseSync) {
    this.#handle = handle;
  }

  /** Merges up to `pages`, inside the present transaction. Nothing to merge: 2 µs. Returns whether there may be more to do. */
  merge(pages: number = STEP_PAGES): boolean {
    this.#merge ??= this.#prepare();
    if (!this.#merge || !this.#changes) return false;
    const before = this.#changes.get() as { n: number };
    this.#merge.run(pages);
    const after = this.#changes.get() as { n: number };
    // https://sqlite.org/fts5.html#the_merge_command: a difference under 2 tells that there was nothing to merge.
    return after.n - before.n >= 2;
  }

  /** Before the first migration there is no index. */
  #prepare(): StatementSync | undefined {
    const found = this.#handle.prepare(`select 1 from sqlite_master where name = 'users_search'`).get();
    if (!found) return undefined;
    this.#changes = this.#handle.prepare('select total_changes() as n');
    return this.#handle.prepare(MERGE);
  }
}
