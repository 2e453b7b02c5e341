/**
 * Room 3: every route of the contract becomes a route of the API. One way for all of them: tenant, token, limit, scope,
 * validation, idempotency, the operation, the answer. No handler is written by hand but for streams.
 */
import { isKeyed, type Route, type Scope } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import {
  type Actor,
  type Answer,
  anonymousActor,
  createWork,
  digestOf,
  findAnswer,
  operations,
  ownerOf,
  Problem,
  Rendered,
  recorderOf,
  type Services,
  type TenantContext,
  type Work,
} from '@reeve/core';
import fastJson from 'fast-json-stringify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { streamAudit } from './audit-stream.ts';
import {
  callerOf,
  checkParams,
  type Entered,
  enter,
  idempotencyKeyOf,
  NATIVE_PREFIX,
  type Rooms,
  refuse,
  unknownRoute,
} from './entry.ts';
import { exportAll } from './export.ts';
import { checkScope } from './guard.ts';
import { createBulkImport } from './import/import.ts';
import type { ImportMeans } from './import/run.ts';
import type { Table, TableRoute } from './table.ts';
import { bodyJudge, queryJudge } from './validate.ts';

/** An operation whose types the contract has checked already (`implement`). */
type AnyOperation = (work: Work, input: never) => Promise<unknown>;

/** A stream takes the reply into its own hands. */
export type StreamHandler = (context: {
  work: Work;
  query: never;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Whether the caller's token still stands and carries the scope: to be asked while a stream runs. */
  mayGoOn: () => Promise<boolean>;
  /** Fires when the server stops. */
  stopping: AbortSignal;
}) => Promise<FastifyReply>;

/** What a request's work is done as: its tenant, its actor, the scopes of its token. */
const workOptionsOf = (services: Services, request: FastifyRequest) => {
  const { tenant, principal } = request.entered as Entered;
  const caller = callerOf(request);
  return principal
    ? { services, tenant, actor: principal.actor, scopes: principal.scopes, caller }
    : { services, tenant, actor: anonymousActor, scopes: new Set<string>(), caller };
};

const streamsOf = (imports: ImportMeans): Readonly<Record<string, StreamHandler>> => ({
  'audit.stream': streamAudit,
  'users.bulkImport': createBulkImport(imports),
  'users.exportAll': exportAll,
});

/** Every route of the contract. Throws where nothing implements one. */
export function nativeTable(rooms: Rooms, imports: ImportMeans): Table {
  const streams = streamsOf(imports);
  const implemented = operations as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return {
    routes: routes.map(({ resource, name, id, route }) => {
      const stream = streams[id];
      if (stream) return streamed(rooms, route, stream);
      const operation = implemented[resource]?.[name];
      if (!operation) throw new Error(`Nothing implements ${id}.`);
      return operated(rooms, route, operation as AnyOperation);
    }),
    refuse: (request, reply, error) => refuse(rooms.services, request, reply, error),
    async miss(request, reply, verbs) {
      await enter(rooms, null, request, reply);
      const answered = verbs().join(', ');
      if (answered === '') throw unknownRoute(request);
      reply.header('allow', answered);
      throw new Problem('method_not_allowed', `This path answers ${answered}.`);
    },
  };
}

/** Where a route stands, and how it is entered. */
const placeOf = (rooms: Rooms, { verb, path, scope }: Route): Pick<TableRoute, 'verb' | 'path' | 'enter'> => ({
  verb,
  path: NATIVE_PREFIX + path,
  enter: (request, reply) => enter(rooms, scope, request, reply),
});

function streamed(rooms: Rooms, route: Route, stream: StreamHandler): TableRoute {
  const judgeQuery = queryJudge(route);
  return {
    ...placeOf(rooms, route),
    isStreamed: route.consumes !== undefined,
    async answer(request, reply, params) {
      checkParams(params);
      const query = judgeQuery(request.query);
      const { tenant } = request.entered as Entered;
      return stream({
        work: createWork(workOptionsOf(rooms.services, request)),
        query: query as never,
        request,
        reply,
        mayGoOn: () => stillStands(rooms, route.scope, tenant, request),
        stopping: rooms.stopping,
      });
    },
  };
}

function operated(rooms: Rooms, route: Route, operation: AnyOperation): TableRoute {
  const judgeQuery = queryJudge(route);
  const judgeBody = bodyJudge(route);
  const render = renderer(route);
  const running = new Map<string, true>();
  return {
    ...placeOf(rooms, route),
    isStreamed: false,
    async answer(request, reply, given) {
      const { tenant, principal } = request.entered as Entered;
      const actor = principal?.actor ?? anonymousActor;
      const params = checkParams(given);
      const query = judgeQuery(request.query);
      const body = judgeBody(request.body);
      const input = { ...params, query, body, ifMatch: request.headers['if-match'] };
      const run = (work: Work) => operation(work, input as never);
      // A malformed one is refused also where it would not count: whoever sends it is told before they rely on it.
      const sent = isKeyed(route) || route.verb === 'POST' ? idempotencyKeyOf(request) : undefined;
      const key = isKeyed(route) ? sent : undefined;
      const answer =
        key === undefined
          ? render(await run(createWork(workOptionsOf(rooms.services, request))))
          : await once({ rooms, tenant, actor, request, running, render, key, run });
      send(reply, answer);
      // Given back, the reply would be waited for like a promise, although it is sent.
      return undefined;
    },
  };
}

async function stillStands(
  { guard }: Rooms,
  scope: Scope | null,
  tenant: TenantContext,
  request: FastifyRequest,
): Promise<boolean> {
  if (scope === null) return true;
  try {
    checkScope(await guard.authenticate(tenant, request.headers.authorization), scope);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return false;
    throw error;
  }
}

/** How a result becomes an answer: by the route's response schema, so that nothing undeclared can leave. */
function renderer(route: Route): (result: unknown) => Answer {
  const schema = route.produces ? undefined : route.response;
  let serialize: ((value: unknown) => string) | undefined;
  return (result) => {
    if (result instanceof Rendered)
      return {
        status: route.status,
        etag: result.version === undefined ? null : `"v${result.version}"`,
        body: result.json,
      };
    // Compiled at its first use, as the judges are.
    if (schema) serialize ??= fastJson(schema as never) as (value: unknown) => string;
    return { status: route.status, etag: null, body: serialize ? serialize(result) : '' };
  };
}

function send(reply: FastifyReply, { status, etag, body }: Answer): FastifyReply {
  reply.code(status);
  if (etag !== null) reply.header('etag', etag);
  if (body === '') return reply.send();
  return reply.type('application/json; charset=utf-8').send(body);
}

interface Once {
  readonly rooms: Rooms;
  readonly tenant: TenantContext;
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly running: Map<string, true>;
  readonly render: (result: unknown) => Answer;
  readonly key: string;
  readonly run: (work: Work) => Promise<unknown>;
}

/** Runs a keyed request at most once: a repetition is given the stored answer, or told to wait for it. */
async function once({ rooms: { services }, tenant, actor, request, running, render, key, run }: Once): Promise<Answer> {
  const keyed = { key, digest: digestOf(services.vault, request.method, request.url, request.bodyText) };
  const slot = `${tenant.id} ${ownerOf(actor)} ${key}`;
  if (running.has(slot))
    throw new Problem('idempotency_in_progress', 'The first request with this Idempotency-Key is still running.', {
      retryAfter: 1,
    });
  running.set(slot, true);
  try {
    const stored = await findAnswer(services, tenant, actor, keyed);
    if (stored) return stored;
    const recorder = recorderOf(services, tenant, actor, keyed, render);
    return render(await run(createWork({ ...workOptionsOf(services, request), recorder })));
  } catch (error) {
    // Another node may have done the same meanwhile; what is in the way then, a name that is taken or a thing that is gone,
    // is the request's own doing.
    const stored = await findAnswer(services, tenant, actor, keyed).catch(() => undefined);
    if (stored) return stored;
    throw error;
  } finally {
    running.delete(slot);
  }
}
