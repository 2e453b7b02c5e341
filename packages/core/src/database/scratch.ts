/** A set of texts too large for memory: a private file of the system's temporary folder, gone when it is closed. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export class ScratchSet {
  readonly #handle = new DatabaseSync('');
  readonly #insert: StatementSync;

  constructor() {
    this.#handle.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192');
    this.#handle.exec('create table texts (text text primary key) without rowid');
    this.#handle.exec('BEGIN');
    this.#insert = this.#handle.prepare('insert or ignore into texts values (?)');
    this.#find = this.#handle.prepare('select 1 from texts where text = ?');
  }

  readonly #find: StatementSync;

  has(text: string): boolean {
    return this.#find.get(text) !== undefined;
  }

  add(text: string): void {
    this.#insert.run(text);
  }

  close(): void {
    this.#handle.close();
  }
}
