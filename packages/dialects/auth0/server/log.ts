/** Entries of Auth0's log, made of the directory's events when they are asked for (contract, `schemas.LogEvent`). */
import type { Application, Event } from '@reeve/contract';
import { operations, Problem, type User, type Work } from '@reeve/core';
import { allConnections } from './connection.ts';
import { dataOf, sayingOf } from './log-types.ts';
import { userIdOf } from './user.ts';
import { present, resultOf } from './value.ts';

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

const LOOKED_UP_AT_ONCE = 200;

async function findUsers(work: Work, events: readonly Event[]): Promise<Map<string, User>> {
  const ids = [...new Set(events.flatMap((event) => userOf(event) ?? []))];
  const found = new Map<string, User>();
  for (let from = 0; from < ids.length; from += LOOKED_UP_AT_ONCE) {
    const body = { ids: ids.slice(from, from + LOOKED_UP_AT_ONCE) };
    const { users } = resultOf(await operations.users.lookup(work, { query: undefined, body }));
    for (const user of users) found.set(user.id, user);
  }
  return found;
}

const ignoringNone = (error: unknown): undefined => {
  if (error instanceof Problem && error.code === 'not_found') return undefined;
  throw error;
};

/** What events name, as far as it is still there. It remembers: a walk through many events asks once. */
export class LogContext {
  readonly #work: Work;
  readonly #clients = new Map<string, Promise<Application | undefined>>();
  #connections: Promise<readonly { readonly id: string; readonly name: string }[]> | undefined;

  constructor(work: Work) {
    this.#work = work;
  }

  async views(events: readonly Event[]): Promise<LogView[]> {
    const users = await findUsers(this.#work, events);
    this.#connections ??= allConnections(this.#work);
    const connections = await this.#connections;
    const views: LogView[] = [];
    for (const event of events) {
      const userId = userOf(event);
      const client = await this.#client(clientOf(event));
      views.push(
        logView(event, {
          userId,
          user: userId === undefined ? undefined : users.get(userId),
          client,
          connections,
          hostname: new URL(this.#work.tenant.origin).host,
        }),
      );
    }
    return views;
  }

  #client(id: string | undefined): Promise<Application | undefined> {
    if (id === undefined) return Promise.resolve(undefined);
    let client = this.#clients.get(id);
    if (!client) {
      const input = { application_id: id, query: undefined, body: undefined };
      client = Promise.resolve(operations.applications.get(this.#work, input)).then(resultOf).catch(ignoringNone);
      this.#clients.set(id, client);
    }
    return client;
  }
}

interface Named {
  readonly userId: string | undefined;
  readonly user: User | undefined;
  readonly client: Application | undefined;
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

/** A user who was erased is told by the id that is left of them. */
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
      user_id: user ? userIdOf(user) : userId,
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
