/**
 * Searches of the audit log: pages by cursor and by number. Owns the invariant that no search holds up the process: where
 * no index tells the matches, the log is walked a window of numbers at a time, and others have their turn in between.
 */
import { setImmediate } from 'node:timers/promises';
import type { Event } from '@reeve/contract';
import { isId } from '../id.ts';
import { cut } from '../page.ts';
import { Problem } from '../problem.ts';
import type { Work } from '../work.ts';
import {
  boundsOf,
  countEvents,
  type EventFilter,
  type EventRow,
  findEventNumber,
  findEvents,
  type NumberRange,
  numbersOf,
  renderEvent,
} from './audit.store.ts';
import { sizeOf } from './condition.ts';

/** Numbers that one query may walk, fewer where each of them takes many comparisons. */
const [SMALLEST_WINDOW, WINDOW] = [1000, 50_000];
const COMPARISONS = 1_000_000;

export interface EventSearch {
  readonly filter: EventFilter;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Id of the last event that was seen. */
  readonly cursor?: string | undefined;
  /** How many matches behind the cursor are passed over first. */
  readonly offset?: number | undefined;
  readonly includeTotal?: boolean | undefined;
}

interface Found {
  readonly rows: readonly EventRow[];
  readonly next_cursor: string | null;
  /** All matches, wherever the cursor stands. */
  readonly total: number | undefined;
}

/** The number of the event that a cursor names: the last one that was seen. */
export async function positionOf(work: Work, cursor: string): Promise<number> {
  const num = isId('evt', cursor) ? await work.read((db) => findEventNumber(db, work.tenant.id, cursor)) : undefined;
  if (num === undefined) {
    throw new Problem('invalid_cursor', 'The cursor names no event; pass the id of the last event that was seen.', {
      errors: [{ field: 'cursor', code: 'cursor', message: 'must be the id of an event' }],
    });
  }
  return num;
}

/** The ranges of numbers, in the order of the search, that together hold all matches. */
async function windowsOf(work: Work, { filter, order }: EventSearch, range: NumberRange): Promise<NumberRange[]> {
  if (filter.where === undefined) return [range];
  const whole = await work.read((db) => boundsOf(db, work.tenant.id));
  const first = Math.max(whole.first, (range.after ?? 0) + 1);
  const last = Math.min(whole.last, (range.before ?? Number.POSITIVE_INFINITY) - 1);
  const windows: NumberRange[] = [];
  const width = Math.max(SMALLEST_WINDOW, Math.min(WINDOW, Math.floor(COMPARISONS / (sizeOf(filter.where) + 1))));
  for (let from = first; from <= last; from += width)
    windows.push({ after: from - 1, before: Math.min(from + width, last + 1) });
  return order === 'asc' ? windows : windows.toReversed();
}

async function collect(work: Work, search: EventSearch, range: NumberRange): Promise<EventRow[]> {
  const { filter, order, limit } = search;
  const windows = await windowsOf(work, search, range);
  const rows: EventRow[] = [];
  let left = search.offset ?? 0;
  for (const window of windows) {
    const offset = left;
    if (windows.length > 1 && offset > 0) {
      const passed = await work.read((db) => countEvents(db, work.tenant.id, filter, window));
      left = Math.max(0, offset - passed);
      if (passed <= offset) continue;
    }
    const portion = { order, limit: limit - rows.length, offset };
    rows.push(...(await work.read((db) => findEvents(db, work.tenant.id, filter, window, portion))));
    if (rows.length >= limit) break;
    await setImmediate();
  }
  return rows;
}

async function count(work: Work, search: EventSearch, range: NumberRange): Promise<number> {
  let total = 0;
  for (const window of await windowsOf(work, search, range)) {
    total += await work.read((db) => countEvents(db, work.tenant.id, search.filter, window));
    await setImmediate();
  }
  return total;
}

/** One page. Throws `invalid_cursor`. */
export async function findPage(work: Work, search: EventSearch): Promise<Found> {
  const { filter, order, limit, cursor, includeTotal = false } = search;
  const seen = cursor === undefined ? undefined : await positionOf(work, cursor);
  const time = await work.read((db) => numbersOf(db, work.tenant.id, filter));
  const range: NumberRange =
    order === 'asc' ? { ...time, after: seen ?? time.after } : { ...time, before: seen ?? time.before };
  const found = limit === 0 ? [] : await collect(work, { ...search, limit: limit + 1 }, range);
  const total = includeTotal ? await count(work, search, time) : undefined;
  return { ...cut(found, limit, ({ id }) => id), total };
}

export interface EventSearchResult {
  readonly events: readonly Event[];
  /** Id of the last one, where there are more. */
  readonly next: string | null;
  /** All matches, wherever the cursor stands; where it was asked for. */
  readonly total: number | undefined;
}

/**
 * The search of the log that dialects have: everything of an `EventFilter`, and pages by number as well as by cursor.
 *
 * @throws Problem `invalid_cursor`.
 */
export async function searchEvents(work: Work, search: EventSearch): Promise<EventSearchResult> {
  const { rows, next_cursor, total } = await findPage(work, search);
  return { events: rows.map((row) => JSON.parse(renderEvent(row)) as Event), next: next_cursor, total };
}
