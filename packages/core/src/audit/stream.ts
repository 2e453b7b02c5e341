/**
 * The audit log as a stream: every event that matches, oldest first, from any event on, and then as they come. Owns the
 * invariant that whoever resumes after the last event seen gets each later one once: nothing is told before everything
 * that stands before it is settled.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { audit as contract, Static } from '@reeve/contract';
import { type Settled, watchSettled } from '../database/settled.ts';
import { createPortions, type Portions } from '../portion.ts';
import type { Work } from '../work.ts';
import { type EventFilter, findEvents, numbersOf, renderEvent } from './audit.store.ts';
import { filterOf } from './audit.ts';
import { positionOf } from './search.ts';

/** Events of one read at most. */
const BATCH = 250;
/** Numbers that one query may walk, so that a filter which matches little never holds up the process for long. */
const WINDOW = 50_000;
/** How long another process's events may go unseen. */
const ASK_MILLISECONDS = 1000;
/** What comes together is told together. */
const GATHER_MILLISECONDS = 20;
const UNSETTLED_MILLISECONDS = 15;
const KEEP_ALIVE_MILLISECONDS = 15_000;

export interface StreamControl {
  /** Ends the stream: the caller is gone or the server stops. */
  readonly abort: AbortSignal;
  /** Whether the caller may still read; asked about once a second. */
  readonly mayGoOn: () => Promise<boolean>;
}

export type StreamQuery = NonNullable<Static<typeof contract.stream.query>>;

interface Tail {
  readonly work: Work;
  readonly filter: EventFilter;
  readonly settled: Settled;
  readonly control: StreamControl;
  readonly portions: Portions;
  /** Number of the last event that was passed. */
  position: number;
  checkedAt: number;
}

/** Checks the query, then gives the lines as they are asked for. Throws problems before the first line only. */
export async function openStream(
  work: Work,
  query: StreamQuery,
  control: StreamControl,
): Promise<AsyncGenerator<string, void>> {
  const filter = filterOf(query);
  const seen = query.cursor === undefined ? undefined : await positionOf(work, query.cursor);
  const range = await work.read((db) => numbersOf(db, work.tenant.id, filter));
  const settled = await work.read(async (db) => watchSettled(db, 'events'));
  const last = await work.read((db) => settled.latest(db));
  const goal = range.before === undefined ? last : Math.min(last, range.before);
  const position = Math.max(seen ?? 0, range.after ?? 0);
  const portions = createPortions(BATCH);
  const tail: Tail = { work, filter, settled, control, portions, position, checkedAt: performance.now() };
  return query.live ? live(tail, goal) : upTo(tail, goal);
}

/** Whether the stream is still wanted and allowed. */
async function goesOn(tail: Tail): Promise<boolean> {
  const { abort, mayGoOn } = tail.control;
  if (abort.aborted) return false;
  if (performance.now() - tail.checkedAt < ASK_MILLISECONDS) return true;
  tail.checkedAt = performance.now();
  return mayGoOn();
}

/** What is settled after the position, up to `goal`. */
async function* settledLines(tail: Tail, goal = Number.POSITIVE_INFINITY): AsyncGenerator<string, void> {
  const { work, filter, settled, portions } = tail;
  const end = Math.min(goal, await work.read((db) => settled.advance(db)));
  while (tail.position < end) {
    const last = Math.min(end, tail.position + WINDOW);
    const range = { after: tail.position, before: last + 1 };
    const limit = portions.rows;
    const rows = await work.read((db) => findEvents(db, work.tenant.id, filter, range, { order: 'asc', limit }));
    tail.position = rows.length === limit ? (rows.at(-1)?.num as number) : last;
    const lines = rows.length > 0 ? `${rows.map(renderEvent).join('\n')}\n` : '';
    portions.took(rows.length, lines.length);
    if (lines !== '') yield lines;
    // SQLite answers without leaving the event loop's turn; others must have theirs.
    await setImmediate();
    if (!(await goesOn(tail))) return;
  }
}

/** What there was when the stream was opened. */
async function* upTo(tail: Tail, goal: number): AsyncGenerator<string, void> {
  while (tail.position < goal && (await goesOn(tail))) {
    yield* settledLines(tail, goal);
    if (tail.position < goal) await setTimeout(UNSETTLED_MILLISECONDS);
  }
}

/** What there was, and what comes until `end`, with blank lines in between that keep the connection alive. */
async function* live(tail: Tail, goal: number): AsyncGenerator<string, void> {
  const { clock, database, eventSignal } = tail.work.services;
  // Tells that the stream stands, before there is an event to tell of.
  yield '\n';
  yield* upTo(tail, goal);
  let toldAt = performance.now();
  while (await goesOn(tail)) {
    const isOver = tail.filter.end !== undefined && clock.now() >= tail.filter.end;
    const latest = await database.read((db) => tail.settled.latest(db));
    if (isOver) return yield* upTo(tail, latest);
    for await (const lines of settledLines(tail)) {
      yield lines;
      toldAt = performance.now();
    }
    if (tail.position < latest) {
      await setTimeout(UNSETTLED_MILLISECONDS);
      continue;
    }
    await eventSignal.wait(ASK_MILLISECONDS, tail.control.abort);
    if (performance.now() - toldAt >= KEEP_ALIVE_MILLISECONDS) {
      yield '\n';
      toldAt = performance.now();
    }
    if (!tail.control.abort.aborted) await setTimeout(GATHER_MILLISECONDS);
  }
}
