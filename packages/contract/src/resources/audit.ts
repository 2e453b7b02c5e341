/** The audit log: every change and every refusal. */
import { event, eventTypeFilter } from '../event.ts';
import { countedPage, cursor, limit, route } from '../route.ts';
import { boolean, instant, object, oneOf, optional, string } from '../schema.ts';

const filter = {
  start: optional(instant({ description: 'Inclusive' })),
  end: optional(instant({ description: 'Exclusive' })),
  event_types: optional(eventTypeFilter),
  actor: optional(string({ minLength: 1, maxLength: 128, description: 'Id of who did it (user or application)' })),
  user: optional(
    string({ minLength: 1, maxLength: 128, description: 'Id of a user: what was done by and to that user' }),
  ),
  target: optional(string({ minLength: 1, maxLength: 128, description: 'Id of what it was done to' })),
  request_id: optional(string({ minLength: 1, maxLength: 128 })),
} as const;

/** Lists events, newest first unless `order` is `asc`. */
export const list = route('GET /audit', {
  scope: 'audit:read',
  query: object({
    ...filter,
    order: optional(oneOf(['desc', 'asc'], { default: 'desc' })),
    include_total: optional(boolean({ description: 'Adds `total`, exact for this filter' })),
    limit,
    cursor,
  }),
  response: countedPage('events', event),
  items: 'events',
  fails: ['invalid_cursor'],
});

/** Reads one event. */
export const get = route('GET /audit/{event_id}', { scope: 'audit:read', response: event, fails: ['not_found'] });

/** Streams events, oldest first, as NDJSON over one connection. Resume from any event’s id; `live` goes on as events come. */
export const stream = route('GET /audit/stream', {
  scope: 'audit:read',
  query: object({
    ...filter,
    cursor: optional(string({ minLength: 1, maxLength: 1024, description: 'Id of the last event that was seen' })),
    live: optional(
      boolean({
        default: false,
        description: 'Keep the connection and send events as they come; blank lines keep it alive',
      }),
    ),
  }),
  produces: ['application/x-ndjson'],
  response: event,
  fails: ['invalid_cursor'],
});
