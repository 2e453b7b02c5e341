/** `/admin/audit-log`: the directory's events as this vendor's entries (contract `shapes.AuditEntry`). */
import { type Event, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, type EventFilter, fromWire, row, searchEvents, uuidOf } from '@reeve/core';
import { actionOf, eventsOf } from '../action.ts';
import { PLATFORM_ADMIN } from '../gate.ts';
import { idFrom } from '../ids.ts';
import { pageFrom, pageQuery, sliceOf } from '../paging.ts';
import { present } from '../value.ts';

/** Contract `http.limits.audit_page_size`. */
const SIZES = { size: 50, most: 200 } as const;

const lenient = optional(string({ maxLength: 128 }));
const listQuery = object({
  ...pageQuery,
  action: lenient,
  user_id: lenient,
  organization_id: lenient,
  since: lenient,
  until: lenient,
});
type Query = Static<typeof listQuery>;

/** Undefined: nothing can match. */
function filterOf({ action, user_id, organization_id, since, until }: Query): EventFilter | undefined {
  const events = action ? eventsOf(action) : {};
  return (
    events && {
      ...events,
      ...(user_id ? { actor: idFrom('usr', 'user_id', user_id) } : {}),
      ...(organization_id ? { target: idFrom('org', 'organization_id', organization_id) } : {}),
      ...(since ? { start: fromWire('since', since) } : {}),
      ...(until ? { end: fromWire('until', until) } : {}),
    }
  );
}

const ID = /^[a-z]+_[0-9A-HJKMNP-TV-Z]{26}$/;
/** The UUID of an id; undefined of what is none. */
const uuidIn = (id: unknown): string | undefined => (typeof id === 'string' && ID.test(id) ? uuidOf(id) : undefined);

/** Whom an event is about, where that is somebody else than who did it. */
function subjectOf({ actor, target, data }: Event): string | undefined {
  const named = (data as { readonly user_id?: unknown } | null)?.user_id;
  const subject = target.type === 'user' ? target.id : named;
  return subject === actor.id ? undefined : uuidIn(subject);
}

function entryOf(event: Event) {
  const { id, actor, target, ip, user_agent, data, created_at } = event;
  const details = {
    ...(data as object | null),
    ...present({ subject_user_id: subjectOf(event), impersonator_id: uuidIn(actor.impersonator_id) }),
  };
  return {
    id: uuidOf(id),
    ...present({
      user_id: actor.type === 'user' ? uuidIn(actor.id) : undefined,
      organization_id: target.type === 'organization' ? uuidIn(target.id) : undefined,
    }),
    action: actionOf(event),
    ...present({ resource_type: target.type, resource_id: uuidIn(target.id), ip_address: ip, user_agent }),
    ...(Object.keys(details).length > 0 ? { details } : {}),
    created_at,
  };
}

async function list({ work, query }: DialectCall<Query>) {
  const page = pageFrom(query, SIZES);
  const filter = filterOf(query);
  if (!filter) return { entries: [], ...page, total: 0 };
  const { events, total } = await searchEvents(work, { filter, order: 'desc', ...sliceOf(page), includeTotal: true });
  return { entries: events.map(entryOf), ...page, total };
}

export const audit: readonly DialectRow[] = [
  row('GET /admin/audit-log', { scopes: PLATFORM_ADMIN, query: listQuery, run: list }),
];
