/**
 * Rooms 1 and 2: how a request comes in (which tenant, who, how often, may they), and how it is refused. Every door of the
 * server enters by these.
 */
import type { Scope } from '@reeve/contract';
import { anonymousActor, createWork, Problem, type Services } from '@reeve/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { checkScope, type Guard, type Principal } from './guard.ts';
import type { Signer } from './oidc/signer.ts';
import { addressOf, schemeOf } from './proxies.ts';
import { type RateLimit, strangerOf } from './rate-limit.ts';
import { problemOf, sendProblem } from './reply.ts';
import type { PlacedTenant, Tenancy } from './tenancy.ts';

export const NATIVE_PREFIX = '/api/v1';

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

/** Characters that a part of a path may have. */
const MAX_PARAM_LENGTH = 1024;

/** Path parameters. What is too long or can't be stored can't be the name of anything. */
export function checkParams(params: Readonly<Record<string, string | undefined>>): Record<string, string> {
  for (const name in params) {
    const text = params[name] as string;
    if (text.length > MAX_PARAM_LENGTH || text.includes('\0') || !text.isWellFormed())
      throw new Problem('not_found', 'Nothing has this id.');
  }
  return params as Record<string, string>;
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

export const unknownRoute = (request: FastifyRequest): Problem =>
  new Problem(
    'route_not_found',
    `Nothing answers ${request.method} ${pathOf(request).slice(0, 256)}; the reference is at /docs.`,
  );

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
