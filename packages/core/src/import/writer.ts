/**
 * Writes judged rows into the directory. Owns the invariant of an import: the rows of a batch, their events and totals,
 * their failures and the progress of the job become true in one transaction, so that an import that is cut off goes on
 * exactly behind the last row that was written.
 */
import { addMethods, prepare } from '../authentication-methods/draft.ts';
import { findConnection } from '../connections/connections.store.ts';
import { sealHashKey } from '../credentials/imported-hash.ts';
import { userFieldsToPointTo } from '../custom-fields/custom-fields.store.ts';
import type { BulkDatabase } from '../database/bulk.ts';
import { uniqueViolation } from '../database/database.ts';
import { ScratchSet } from '../database/scratch.ts';
import { insertEvents } from '../events/events.store.ts';
import { advanceJob, endJob, insertJobErrors } from '../jobs/jobs.store.ts';
import { Problem } from '../problem.ts';
import { parse } from '../users/document.ts';
import { eventDataOf, insertUsers, pickUsers } from '../users/users.bulk.ts';
import { TOTAL, totalOf, totalOfState } from '../users/users.query.ts';
import { sendVerificationMail } from '../users/verification.ts';
import type { Unit, Work } from '../work.ts';
import { Holders, type Identifiers } from './holders.ts';
import { failureOf } from './prepare.ts';
import type { ImportConnection, ImportMode, ReadingEnd, RowFailure, Slice } from './slice.ts';
import { changeUser } from './upsert.ts';

/** The job as a writer takes it over; plain data. */
export interface ImportTask {
  readonly jobId: string;
  readonly mode: ImportMode;
  readonly sendsVerification: boolean;
  readonly connection: Pick<ImportConnection, 'num' | 'id' | 'customFields'>;
  /** Rows that are done already. */
  readonly total: number;
}

/** The job is no longer this process's. */
const jobLost = () => new Problem('import_running', 'Another process has taken the import over.');

interface Tally {
  rows: number;
  inserted: number;
  updated: number;
  /** The slice that was written last. */
  last: Slice | undefined;
  readonly failures: RowFailure[];
}

/** Another process may take an identifier between the look and the insert; its commit is seen at the next try. */
const TRIES = 20;

export class ImportWriter {
  readonly #database: BulkDatabase;
  readonly #work: Work;
  readonly #task: ImportTask;
  /** Identifiers of the rows before, which a dry run does not write. */
  readonly #seen: ScratchSet | undefined;
  readonly #judged = new WeakMap<Slice, RowFailure[]>();
  #total: number;

  /** `work` runs on `database`. */
  constructor(database: BulkDatabase, work: Work, task: ImportTask) {
    this.#database = database;
    this.#work = work;
    this.#task = task;
    this.#total = task.total;
    if (task.mode === 'dry_run') this.#seen = new ScratchSet();
  }

  /** Writes slices in one transaction, fewer than all where a request waits. Returns how many. */
  async write(slices: readonly Slice[]): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#work
          .write((unit) => this.#writeAll(unit, slices))
          .then(({ taken, rows }) => {
            this.#total += rows;
            return taken;
          });
      } catch (error) {
        if (tries >= TRIES || uniqueViolation(error) === undefined) throw error;
      }
    }
  }

  /** Ends the job as the reading of its file ended. */
  async end(end: ReadingEnd): Promise<void> {
    const { jobId } = this.#task;
    const detail = end.state === 'broken' ? end.detail : null;
    const state = end.state === 'complete' ? 'completed' : end.state === 'broken' ? 'failed' : 'interrupted';
    await this.#work.write(async (unit) => {
      const isOurs = await endJob(unit.db, unit.tenant.id, jobId, this.#total, { state, detail }, unit.now);
      if (!isOurs) throw jobLost();
      if (state === 'interrupted') return;
      await unit.emit('import.completed', { target: { type: 'job', id: jobId }, data: { state, total: this.#total } });
    });
    this.#seen?.close();
  }

  async #writeAll(unit: Unit, slices: readonly Slice[]): Promise<{ taken: number; rows: number }> {
    await this.#requireConnection(unit);
    const tally: Tally = { rows: 0, inserted: 0, updated: 0, last: undefined, failures: [] };
    let taken = 0;
    for (const slice of slices) {
      await this.#requireFields(unit, slice);
      tally.failures.push(...slice.failures);
      if (this.#task.mode === 'dry_run') await this.#judge(unit, slice, tally);
      else await this.#writeSlice(unit, slice, tally);
      tally.rows += slice.rows;
      tally.last = slice;
      taken++;
      if (this.#database.isAwaited()) break;
    }
    if (tally.inserted > 0) {
      unit.count(TOTAL, tally.inserted);
      unit.count(totalOf('connection', this.#task.connection.num), tally.inserted);
    }
    await this.#advance(unit, tally);
    return { taken, rows: tally.rows };
  }

  /** Bulk writers check no foreign keys on SQLite: a connection that was deleted meanwhile is found here. */
  async #requireConnection(unit: Unit): Promise<void> {
    const { id } = this.#task.connection;
    const found = await findConnection(unit.db, unit.tenant.id, id);
    if (found?.id !== id) throw new Problem('conflict', 'The connection was deleted during the import.');
  }

  /** The values of the rows were judged before: what they were judged by must still be so. */
  async #requireFields(unit: Unit, { fields }: Slice): Promise<void> {
    const { customFields } = this.#task.connection;
    const judgedBy = customFields.filter(({ key }) => fields.includes(key));
    if (JSON.stringify(await userFieldsToPointTo(unit, fields)) !== JSON.stringify(judgedBy))
      throw new Problem('conflict', 'A custom field was changed during the import; resume it.');
  }

  async #advance(unit: Unit, { rows, inserted, updated, last, failures }: Tally): Promise<void> {
    const { jobId, mode } = this.#task;
    const { db, tenant, now } = unit;
    await insertJobErrors(db, tenant.id, jobId, failures);
    const told = mode === 'dry_run' ? rows - failures.length : inserted;
    const { digest = null, windowRows = 0, windowDone = 0 } = last ?? {};
    const isWhole = windowDone === windowRows;
    const place = { digest, window_rows: isWhole ? 0 : windowRows, window_done: isWhole ? 0 : windowDone };
    const progress = { rows, inserted: told, updated, failed: failures.length, ...place };
    if (!(await advanceJob(db, tenant.id, jobId, this.#total, progress, now))) throw jobLost();
  }

  async #writeSlice(unit: Unit, slice: Slice, tally: Tally): Promise<void> {
    const holders = new Holders();
    const { connection, mode } = this.#task;
    await holders.load(unit.db, unit.tenant.id, connection.num, wantedKeys(slice));
    let waiting: number[] = [];
    const flush = async () => {
      const numbers = await this.#insert(unit, slice, waiting, tally);
      for (const [i, place] of waiting.entries()) holders.move(numbers[i] as number, keysAt(slice, place));
      waiting = [];
    };
    for (let place = 0; place < slice.lines.length; place++) {
      const keys = keysAt(slice, place);
      try {
        let holder = mode === 'upsert' ? holders.find(keys) : undefined;
        if (holder !== undefined && holder < 0) {
          await flush();
          holder = holders.find(keys);
        }
        if (holder !== undefined) {
          await changeUser(unit, holders, holder, slice, place);
          tally.updated++;
          continue;
        }
        const conflict = holders.conflict(keys, undefined);
        if (conflict) throw conflict;
        holders.move(-1 - place, keys);
        waiting.push(place);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const { lines, keys, extras } = slice;
        tally.failures.push(failureOf(lines[place] as number, keys[place] ?? null, error, extras[place]?.original));
      }
    }
    await flush();
  }

  async #insert(unit: Unit, slice: Slice, places: readonly number[], tally: Tally): Promise<number[]> {
    if (places.length === 0) return [];
    const users = pickUsers(slice.users, places);
    const { vault } = unit.services;
    // In a copy: a unit may run twice, and each seals anew.
    const hashes = users.password_hash.map((hash) => (hash === null ? null : sealHashKey(vault, hash)));
    const { actor, caller } = this.#work;
    const { db, tenant, now } = unit;
    const numbers = await insertUsers(
      db,
      tenant.id,
      this.#task.connection.num,
      { ...users, password_hash: hashes },
      now,
    );
    const targets = { type: 'user', id: users.id, data: eventDataOf(users) };
    await insertEvents(db, { tenant, actor, caller, now }, 'user.created', targets);
    const disabled = users.state.filter((state) => state === 'disabled').length;
    unit.count(totalOfState('disabled'), disabled);
    unit.count(totalOfState('active'), users.id.length - disabled);
    for (const [i, place] of places.entries()) {
      const factors = slice.extras[place]?.factors ?? [];
      const holder = { num: numbers[i] as number, id: users.id[i] as string };
      if (factors.length > 0)
        await addMethods(
          unit,
          holder,
          factors.map((factor) => prepare(factor)),
        );
    }
    tally.inserted += users.id.length;
    if (this.#task.sendsVerification) {
      for (const doc of users.doc) {
        const user = parse(doc);
        if (user.email !== null && !user.email_verified) await sendVerificationMail(unit, user);
      }
    }
    return numbers;
  }

  /** A dry run: what would fail because of the directory or of a row before. */
  async #judge(unit: Unit, slice: Slice, tally: Tally): Promise<void> {
    let failures = this.#judged.get(slice);
    if (!failures) {
      failures = [];
      const holders = new Holders();
      await holders.load(unit.db, unit.tenant.id, this.#task.connection.num, wantedKeys(slice));
      for (let place = 0; place < slice.lines.length; place++) {
        const keys = keysAt(slice, place);
        this.#recall(holders, keys);
        const conflict = holders.conflict(keys, undefined);
        if (conflict) failures.push(failureOf(slice.lines[place] as number, slice.keys[place] ?? null, conflict));
        else this.#remember(keys);
      }
      this.#judged.set(slice, failures);
    }
    tally.failures.push(...failures);
  }

  #recall(holders: Holders, keys: Identifiers): void {
    for (const [column, key] of Object.entries(keys)) {
      if (key !== null && this.#seen?.has(`${column} ${key}`)) holders.move(-1, { ...nothing, [column]: key });
    }
  }

  #remember(keys: Identifiers): void {
    for (const [column, key] of Object.entries(keys)) if (key !== null) this.#seen?.add(`${column} ${key}`);
  }
}

const nothing: Identifiers = { email_key: null, username_key: null, phone_key: null, subject: null };

const wantedKeys = ({ users, extras }: Slice) => ({ ...users, subject: extras.map(({ subject }) => subject) });

const keysAt = ({ users, extras }: Slice, place: number): Identifiers => ({
  email_key: users.email_key[place] as string,
  username_key: users.username_key[place] ?? null,
  phone_key: users.phone_key[place] ?? null,
  subject: extras[place]?.subject ?? null,
});
