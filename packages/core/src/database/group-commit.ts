/**
 * Group commit: units of work that are waiting when the writer comes free run one after another and share one durable
 * commit. Owns the invariant that each is atomic all the same, and is answered only after the commit.
 *
 * A savepoint for each unit makes the search index write out what it has collected every time: opening and releasing
 * them took 11 % of a create in a profile. So units run without one: a unit that fails before it
 * has written anything leaves nothing to undo, and where one fails later the group is rolled back and runs again, this
 * time with savepoints.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { changeCounter } from './changes.ts';
import { type Db, storageProblem } from './database.ts';
import type { WriteGate } from './gate.ts';
import { SearchIndex, STEP_PAGES } from './search-index.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * A shared commit ends when it holds so many units, or has run so long: whoever waits behind it waits no longer. Where the
 * disk is slow a group may run as long as the last commit took, up to a bound, as nothing else runs meanwhile: more units
 * share the next one.
 */
const GROUP_LIMIT = 256;
const GROUP_MILLISECONDS = 5;
const LONGEST_GROUP_MILLISECONDS = 25;
/** Of the search index, that a commit merges beside one for each unit: about what the units add, on all its levels. */
const FEWEST_PAGES = 4;

interface Waiting {
  readonly unit: (db: Db) => Promise<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

type Tell = () => void;

export class GroupCommit {
  readonly #handle: DatabaseSync;
  readonly #db: Db;
  readonly #gate: WriteGate;
  readonly #snapshot: Snapshot;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #countChanges: () => number;
  readonly #searchIndex: SearchIndex;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** So many of the next units run with a savepoint: a group was rolled back. */
  #wary = 0;
  /** Milliseconds. */
  #lastCommit = 0;

  constructor(handle: DatabaseSync, db: Db, gate: WriteGate, snapshot: Snapshot) {
    this.#handle = handle;
    this.#db = db;
    this.#gate = gate;
    this.#snapshot = snapshot;
    this.#begin = handle.prepare('BEGIN IMMEDIATE');
    this.#commit = handle.prepare('COMMIT');
    this.#countChanges = changeCounter(handle);
    this.#searchIndex = new SearchIndex(handle);
  }

  add<T>(unit: (db: Db) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ unit, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // One turn of the event loop, so that what arrives together is committed together.
      await new Promise(setImmediate);
      await this.#gate.enter();
      try {
        await this.#commitGroup();
      } finally {
        this.#gate.leave();
      }
    }
    this.#running = undefined;
  }

  async #commitGroup(): Promise<void> {
    const started = performance.now();
    const bound = Math.min(LONGEST_GROUP_MILLISECONDS, Math.max(GROUP_MILLISECONDS, this.#lastCommit));
    try {
      this.#begin.run();
    } catch (error) {
      for (const { reject } of this.#queue.splice(0)) reject(storageProblem(error));
      return;
    }
    const members: Waiting[] = [];
    const outcomes: Tell[] = [];
    const before = this.#countChanges();
    try {
      while (this.#queue.length > 0 && members.length < GROUP_LIMIT && performance.now() - started < bound) {
        const member = this.#queue.shift() as Waiting;
        members.push(member);
        const outcome = await (this.#wary > 0 ? this.#runWarily(member) : this.#runUnit(member, members.length === 1));
        if (outcome) outcomes.push(outcome);
        else return this.#again(members);
        if (!this.#handle.isTransaction) break;
      }
      const ran = performance.now();
      if (this.#handle.isTransaction && this.#countChanges() !== before && !this.#mergeSearch(members.length))
        return this.#again(members);
      this.#snapshot.end();
      if (this.#handle.isTransaction) this.#commit.run();
      this.#lastCommit = performance.now() - ran;
    } catch (error) {
      if (this.#handle.isTransaction) this.#handle.exec('ROLLBACK');
      for (const { reject } of members) reject(storageProblem(error));
      return;
    }
    for (const tell of outcomes) tell();
  }

  /** False: the group is to run again, without this: upkeep fails nobody. */
  #mergeSearch(units: number): boolean {
    try {
      this.#searchIndex.merge(Math.min(STEP_PAGES, FEWEST_PAGES + units));
      return true;
    } catch {
      return false;
    }
  }

  /** Puts a rolled back group to the front of the queue; whoever waits now runs with a savepoint, so that this happens once. */
  #again(members: Waiting[]): void {
    if (this.#handle.isTransaction) this.#handle.exec('ROLLBACK');
    this.#queue = [...members, ...this.#queue];
    this.#wary = this.#queue.length;
  }

  /**
   * Runs one unit. Its outcome, a refusal too, is told only after the commit that it depends on. Undefined: it failed
   * after it had written, and others have written before it. Alone it is simply rolled back, which ends the group.
   */
  async #runUnit({ unit, resolve, reject }: Waiting, isFirst: boolean): Promise<Tell | undefined> {
    const before = this.#countChanges();
    try {
      const value = await unit(this.#db);
      return () => resolve(value as never);
    } catch (error) {
      // A full disk may have ended the whole transaction: then the group fails as one.
      if (!this.#handle.isTransaction) throw error;
      if (this.#countChanges() !== before) {
        if (!isFirst) return undefined;
        this.#handle.exec('ROLLBACK');
      }
      return () => reject(storageProblem(error));
    }
  }

  async #runWarily({ unit, resolve, reject }: Waiting): Promise<Tell> {
    this.#wary--;
    this.#handle.exec('SAVEPOINT unit');
    try {
      const value = await unit(this.#db);
      this.#handle.exec('RELEASE unit');
      return () => resolve(value as never);
    } catch (error) {
      if (!this.#handle.isTransaction) throw error;
      this.#handle.exec('ROLLBACK TO unit; RELEASE unit');
      return () => reject(storageProblem(error));
    }
  }
}
