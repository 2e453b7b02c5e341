/**
 * One read transaction for what is read in one turn of the event loop (SQLite). Each statement outside a transaction locks
 * and unlocks the database file: two calls of the operating system, half the cost of a small read. Owns the invariant
 * that no read sees less than what this process had committed before it began: the snapshot ends with the turn, before every
 * commit of this thread, and is not taken while another thread may commit.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export class Snapshot {
  readonly #handle: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #isOpen = false;
  #isForbidden = false;

  constructor(handle: DatabaseSync) {
    this.#handle = handle;
    this.#begin = handle.prepare('BEGIN');
    this.#commit = handle.prepare('COMMIT');
  }

  /** Call it before a read. */
  share(): void {
    if (this.#isOpen || this.#isForbidden) return;
    if (!this.#handle.isTransaction) this.#begin.run();
    this.#isOpen = true;
    setImmediate(() => this.end());
  }

  /** Call it before a commit: what is read afterwards sees it, and the write-ahead log can start over. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Whoever closes the database, or a read that failed, may have ended the transaction.
    if (this.#handle.isOpen && this.#handle.isTransaction) this.#commit.run();
  }

  /** Other threads write from now on, or the database is being closed: each statement sees what is committed when it runs. */
  forbid(): void {
    this.end();
    this.#isForbidden = true;
  }

  allow(): void {
    this.#isForbidden = false;
  }
}
