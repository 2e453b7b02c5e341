/** The audit log as lists show it. It is the events themselves; nothing is written here. */
import type { audit as contract, Event, Static } from '@reeve/contract';
import { fromWire } from '../clock.ts';
import { isId } from '../id.ts';
import { type Operation, Rendered } from '../operation.ts';
import { DEFAULT_LIMIT } from '../page.ts';
import { notFound } from '../problem.ts';
import { type EventFilter, findEvent, renderEvent } from './audit.store.ts';
import { findPage } from './search.ts';

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

export const list: Operation<typeof contract.list> = async (work, { query }) => {
  const { order = 'desc', limit = DEFAULT_LIMIT, cursor, include_total: includeTotal } = query;
  const search = { filter: filterOf(query), order, limit, cursor, includeTotal };
  const { rows, next_cursor, total } = await findPage(work, search);
  return new Rendered<{ events: Event[]; next_cursor: string | null; total?: number }>(
    `{"events":[${rows.map(renderEvent).join(',')}],${total === undefined ? '' : `"total":${total},`}` +
      `"next_cursor":${JSON.stringify(next_cursor)}}`,
  );
};

export const get: Operation<typeof contract.get> = async (work, { event_id }) => {
  const row = isId('evt', event_id) ? await work.read((db) => findEvent(db, work.tenant.id, event_id)) : undefined;
  if (!row) throw notFound('event', event_id);
  return new Rendered<Event>(renderEvent(row));
};
