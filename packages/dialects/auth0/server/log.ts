/** Entries of Auth0's log, made of the directory's events when they are asked for (contract, `schemas.LogEvent`). */
import type { Event } from '@reeve/contract';
import {
  type ClientName,
  findClients,
  findConnectionNames,
  findFormerSpellings,
  present,
  type User,
  type Work,
} from '@reeve/core';
import { dataOf, sayingOf } from './log-types.ts';
import { userIdOf, usersBy } from './user.ts';

/** The user whom an event is about: it was done to that user, else by that user. */
function userOf(event: Event): string | undefined {
  const { actor, target } = event;
  const { user_id: named } = dataOf(event);
  if (target.type === 'user' && target.id !== null) return target.id;
  if (typeof named === 'string') return named;
  return actor.type === 'user' && actor.id !== null ? actor.id : undefined;
}

/** The client that carried the request, or that the event is about. */
function clientOf({ actor, target }: Event): string | undefined {
  if (actor.application_id !== null) return actor.application_id;
  return target.type === 'application' && target.id !== null ? target.id : undefined;
}

const textOf = (value: unknown): string[] => (typeof value === 'string' ? [value] : []);

/** Entries of one page, with what they name, as far as it is still there: one look for each kind. */
export async function logViews(work: Work, events: readonly Event[]): Promise<LogView[]> {
  const ids = [...new Set(events.flatMap((event) => userOf(event) ?? []))];
  const users = await usersBy(work, ids);
  const gone = ids.filter((id) => !users.has(id));
  const called = events.flatMap((event) => textOf(dataOf(event).connection));
  const homes = [...users.values()].map(({ connection_id: id }) => id);
  const { id: tenantId, origin } = work.tenant;
  const [spellings, clients, connections] = await work.read((db) =>
    Promise.all([
      findFormerSpellings(db, tenantId, gone),
      findClients(db, tenantId, [...new Set(events.flatMap((event) => clientOf(event) ?? []))]),
      findConnectionNames(db, tenantId, [...new Set([...called, ...homes])]),
    ]),
  );
  return events.map((event) => {
    const userId = userOf(event);
    const user = userId === undefined ? undefined : users.get(userId);
    return logView(event, {
      user,
      userId: user ? userIdOf(user) : userId && (spellings.get(userId) ?? userId),
      client: clients.get(clientOf(event) ?? ''),
      connections,
      hostname: new URL(origin).host,
    });
  });
}

interface Named {
  /** As Auth0 spells it. */
  readonly userId: string | undefined;
  readonly user: User | undefined;
  readonly client: ClientName | undefined;
  readonly connections: readonly { readonly id: string; readonly name: string }[];
  readonly hostname: string;
}

function connectionOf(event: Event, { user, connections }: Named) {
  const { connection: given } = dataOf(event);
  return connections.find(({ id, name }) =>
    typeof given === 'string' ? name === given || id === given : id === user?.connection_id,
  );
}

function detailsOf({ event_type, actor, target, request_id, data }: Event) {
  return { event_type, actor, target, request_id, data };
}

function logView(event: Event, named: Named) {
  const { userId, user, client, hostname } = named;
  const { type, description } = sayingOf(event);
  const { client_id: named_client, audience, scope } = dataOf(event);
  const connection = connectionOf(event, named);
  return {
    date: event.created_at,
    type,
    description,
    ...present({
      connection: connection?.name,
      connection_id: connection?.id,
      client_id: client?.client_id ?? (typeof named_client === 'string' ? named_client : undefined),
      client_name: client?.name,
      ip: event.ip,
      user_agent: event.user_agent,
      user_id: userId,
      user_name: user?.email ?? user?.username ?? user?.phone_number,
      audience: typeof audience === 'string' ? audience : undefined,
      scope: typeof scope === 'string' ? scope : undefined,
      strategy: connection && 'auth0',
      strategy_type: connection && 'database',
    }),
    hostname,
    details: detailsOf(event),
    isMobile: /Mobi|Android/i.test(event.user_agent ?? ''),
    log_id: event.id,
    _id: event.id,
  };
}
export type LogView = ReturnType<typeof logView>;
