/** The audit log as lists show it. It is the events themselves; nothing is written here. */
import type { audit as contract, Event, Static } from '@reeve/contract';
import { fromWire } from '../clock.ts';
import { isId } from '../id.ts';
import { type Operation, Rendered } from '../operation.ts';
import { cut, DEFAULT_LIMIT } from '../page.ts';
import { notFound, Problem } from '../problem.ts';
import type { Work } from '../work.ts';
import {
  countEvents,
  type EventFilter,
  findEvent,
  findEventNumber,
  findEvents,
  type NumberRange,
  numbersOf,
  renderEvent,
} from './audit.store.ts';

type Query = NonNullable<Static<typeof contract.list.query>>;

/** The filter as the store takes it. */
export const filterOf = ({
  start,
  end,
  event_types,
  actor,
  target,
  user,
  request_id,
}: Omit<Query, 'order' | 'limit' | 'include_total'>): EventFilter => ({
  start: start === undefined ? undefined : fromWire('start', start),
  end: end === undefined ? undefined : fromWire('end', end),
  types: event_types,
  actor,
  target,
  user,
  requestId: request_id,
});

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

export const list: Operation<typeof contract.list> = async (work, { query }) => {
  const order = query.order ?? 'desc';
  const limit = query.limit ?? DEFAULT_LIMIT;
  const filter = filterOf(query);
  const seen = query.cursor === undefined ? undefined : await positionOf(work, query.cursor);
  return work.read(async (db) => {
    const time = await numbersOf(db, work.tenant.id, filter);
    const range: NumberRange =
      order === 'asc' ? { ...time, after: seen ?? time.after } : { ...time, before: seen ?? time.before };
    const found = await findEvents(db, work.tenant.id, filter, range, { order, limit: limit + 1 });
    const { rows, next_cursor } = cut(found, limit, ({ id }) => id);
    const total = query.include_total ? `"total":${await countEvents(db, work.tenant.id, filter, time)},` : '';
    return new Rendered<{ events: Event[]; next_cursor: string | null; total?: number }>(
      `{"events":[${rows.map(renderEvent).join(',')}],${total}"next_cursor":${JSON.stringify(next_cursor)}}`,
    );
  });
};

export const get: Operation<typeof contract.get> = async (work, { event_id }) => {
  const row = isId('evt', event_id) ? await work.read((db) => findEvent(db, work.tenant.id, event_id)) : undefined;
  if (!row) throw notFound('event', event_id);
  return new Rendered<Event>(renderEvent(row));
};
