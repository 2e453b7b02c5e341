/**
 * Room 3: every route of the contract becomes an HTTP route. One way for all of them: tenant, token, limit, scope,
 * validation, idempotency, the operation, the answer. No handler is written by hand but for streams.
 */
import { isKeyed, type Route, type Scope } from '@reeve/contract';
import {
  type Actor,
  type Answer,
  anonymousActor,
  createWork,
  digestOf,
  findAnswer,
  ownerOf,
  Problem,
  Rendered,
  recorderOf,
  type Services,
  type TenantContext,
  type Work,
} from '@reeve/core';
import fastJson from 'fast-json-stringify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkScope, type Guard, type Principal } from './guard.ts';
import type { Signer } from './oidc/signer.ts';
import { addressOf, schemeOf } from './proxies.ts';
import { type RateLimit, strangerOf } from './rate-limit.ts';
import { problemOf, sendProblem } from './reply.ts';
import type { PlacedTenant, Tenancy } from './tenancy.ts';
import { bodyJudge, queryJudge } from './validate.ts';

export const NATIVE_PREFIX = '/api/v1';

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
}) => Promise<unknown>;

export interface Rooms {
  readonly services: Services;
  readonly tenancy: Tenancy;
  readonly guard: Guard;
  readonly rateLimit: RateLimit;
  /** Signs access tokens of dialects' doors. */
  readonly signer: Signer;
  /** Fires when the server stops: endless answers end then. */
  readonly stopping: AbortSignal;
}

export interface Mounted {
  readonly route: Route;
  readonly operation?: AnyOperation;
  readonly stream?: StreamHandler;
}

/** What the first rooms found out about a request. */
export interface Entered {
  readonly tenant: PlacedTenant;
  readonly principal: Principal | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Filled before the body is read; a refusal finds here how far the request came. */
    entered: Partial<Entered>;
  }
}

export const callerOf = (request: FastifyRequest) => ({
  requestId: request.id,
  ip: addressOf(request),
  network: strangerAt(request),
  userAgent: request.headers['user-agent']?.slice(0, 512) ?? null,
});

/** What a request's work is done as: its tenant, its actor, the scopes of its token. */
const workOptionsOf = (services: Services, request: FastifyRequest) => {
  const { tenant, principal } = request.entered as Entered;
  const caller = callerOf(request);
  return principal
    ? { services, tenant, actor: principal.actor, scopes: principal.scopes, caller }
    : { services, tenant, actor: anonymousActor, scopes: new Set<string>(), caller };
};

export function mount(app: FastifyInstance, rooms: Rooms, { route, operation, stream }: Mounted): void {
  const url = NATIVE_PREFIX + route.path.replace(/\{([a-z_]+)\}/g, ':$1');
  const judgeQuery = queryJudge(route);
  const judgeBody = stream ? () => undefined : bodyJudge(route);
  const render = renderer(route);
  const running = new Map<string, true>();
  app.route({
    method: route.verb,
    url,
    // Before the body is read: a stranger's is not worth the memory.
    onRequest: (request, reply) => enter(rooms, route.scope, request, reply),
    errorHandler: async (error, request, reply) => refuse(rooms.services, request, reply, error),
    handler: async (request, reply) => {
      const { tenant, principal } = request.entered as Entered;
      const actor = principal?.actor ?? anonymousActor;
      const params = checkParams(request.params as Record<string, string>);
      const query = judgeQuery(request.query);
      if (stream) {
        return stream({
          work: createWork(workOptionsOf(rooms.services, request)),
          query: query as never,
          request,
          reply,
          mayGoOn: () => stillStands(rooms, route.scope, tenant, request),
          stopping: rooms.stopping,
        });
      }
      const body = judgeBody(request.body);
      const input = { ...params, query, body, ifMatch: request.headers['if-match'] };
      const run = (work: Work) => (operation as AnyOperation)(work, input as never);
      // A malformed one is refused also where it would not count: whoever sends it is told before they rely on it.
      const given = isKeyed(route) || route.verb === 'POST' ? idempotencyKeyOf(request) : undefined;
      const key = isKeyed(route) ? given : undefined;
      const answer =
        key === undefined
          ? render(await run(createWork(workOptionsOf(rooms.services, request))))
          : await once({ rooms, tenant, actor, request, running, render, key, run });
      send(reply, answer);
      // Given back, the reply would be waited for like a promise, although it is sent.
      return undefined;
    },
  });
}

/** Characters that a part of a path may have. */
export const MAX_PARAM_LENGTH = 1024;

/** Path parameters. What can't be stored can't be the name of anything. */
export function checkParams(params: Readonly<Record<string, string | undefined>>): Record<string, string> {
  for (const name in params) {
    const text = params[name] as string;
    if (text.includes('\0') || !text.isWellFormed()) throw new Problem('not_found', 'Nothing has this id.');
  }
  return params as Record<string, string>;
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

/** Who a request without a token counts as. */
export const strangerAt = (request: FastifyRequest): string => strangerOf(addressOf(request));

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/**
 * Throws `invalid_request` where a request names its host more than once and differently, by several Host lines or by a
 * whole URL (RFC 9112 §3.2): a proxy may have read the other one.
 */
function checkHost({ rawHeaders, url = '', headers }: FastifyRequest['raw']): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  const named = url.startsWith('/') ? undefined : ABSOLUTE.exec(url)?.[1];
  if (hosts > 1 || (named !== undefined && named.toLowerCase() !== headers.host?.toLowerCase()))
    throw new Problem('invalid_request', 'Name one host, in one Host header.');
}

/** Room 1: which tenant. What belongs to none is counted, too. */
export async function enterTenant(
  { tenancy, rateLimit }: Pick<Rooms, 'tenancy' | 'rateLimit'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<PlacedTenant> {
  try {
    checkHost(request.raw);
    const tenant = await tenancy.tenantOf(schemeOf(request), request.host);
    request.entered = { tenant };
    return tenant;
  } catch (error) {
    rateLimit.count(`nowhere ip ${strangerAt(request)}`, reply);
    throw error;
  }
}

/** Rooms 1 and 2: which tenant, who, how often, and may they. Fills `request.entered` as it goes. */
export async function enter(
  rooms: Omit<Rooms, 'services' | 'stopping'>,
  scope: Scope | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { rateLimit, guard } = rooms;
  const stranger = () => strangerAt(request);
  const tenant = await enterTenant(rooms, request, reply);
  if (scope === null) {
    rateLimit.count(`${tenant.id} ip ${stranger()}`, reply);
    return;
  }
  let principal: Principal;
  try {
    principal = await guard.authenticate(tenant, request.headers.authorization);
  } catch (error) {
    rateLimit.count(`${tenant.id} ip ${stranger()}`, reply);
    throw error;
  }
  request.entered = { tenant, principal };
  rateLimit.count(`${tenant.id} ${principal.clientId}`, reply);
  checkScope(principal, scope);
}

/** Tells the problem, after the audit log was told. */
export const refuse = async (
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<FastifyReply> => sendProblem(reply, await witnessRefusal(services, request, error));

/**
 * Turns any error into a problem and tells the audit log: the request id of every refusal is found there. What is over
 * the rate limit leaves no trace, so that the limit also bounds what strangers can make the log grow by.
 */
export async function witnessRefusal(services: Services, request: FastifyRequest, error: unknown): Promise<Problem> {
  const problem = problemOf(error, request);
  const { tenant, principal } = request.entered;
  if (tenant && problem.status < 500 && problem.status !== 429) {
    const work = createWork({
      services,
      tenant,
      actor: principal?.actor ?? anonymousActor,
      caller: callerOf(request),
    });
    const fields = problem.errors?.map(({ field, code }) => ({ field: field.slice(0, 128), code }));
    try {
      await work.witness('request.refused', {
        target: { type: 'route', id: null },
        data: {
          code: problem.code,
          status: problem.status,
          verb: request.method,
          path: pathOf(request),
          ...(fields ? { fields } : {}),
        },
      });
    } catch (fault) {
      // The caller is told the refusal all the same.
      request.log.error({ err: fault, request_id: request.id }, 'a refusal could not be recorded');
    }
  }
  return problem;
}

/** The path without the query, as it was sent. */
const pathOf = (request: FastifyRequest): string => (request.url.split('?')[0] ?? '').slice(0, 512);

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

/** The request's Idempotency-Key. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem('invalid_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', {
      errors: [{ field: 'Idempotency-Key', code: 'pattern', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  }
  return key;
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
