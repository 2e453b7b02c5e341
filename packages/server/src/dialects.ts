/**
 * Room 3 for a vendor's dialect: every row becomes a route of the API, by one way for all: tenant, token, limit, scope in the
 * vendor's spelling, validation, the row, the answer. What goes wrong is told in the vendor's form.
 */
import {
  type Answer,
  anonymousActor,
  atMostOnce,
  createWork,
  type Dialect,
  DialectAnswer,
  type DialectCall,
  type DialectRow,
  digestOf,
  ownerOf,
  Problem,
  type RefusedPart,
  Rendered,
  type Services,
} from '@reeve/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  callerOf,
  checkParams,
  type Entered,
  enterTenant,
  idempotencyKeyOf,
  type Rooms,
  strangerAt,
  witnessRefusal,
} from './entry.ts';
import { doorAudience, permissionsOf } from './oidc/apis.ts';
import { schemeOf } from './proxies.ts';
import type { Table, TableRoute } from './table.ts';
import { bodyJudge, queryJudge } from './validate.ts';

/** How far a request came: a refusal is told by it. */
interface Reached {
  /** Where it is now. */
  part: RefusedPart;
  readonly row: DialectRow | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** In a dialect. */
    reached: Reached | undefined;
  }
}

/** Answers what went wrong in the vendor's form, and tells the audit log. */
async function refuse(
  dialect: Dialect,
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<FastifyReply> {
  const problem = await witnessRefusal(services, request, error);
  const at = request.reached ?? { part: 'operation', row: undefined };
  const { status, body, headers } = dialect.refuse(problem, at);
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  return reply
    .code(status)
    .headers(headers ?? {})
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(body));
}

/** Every row of a dialect. */
export function dialectTable(rooms: Rooms, dialect: Dialect): Table {
  return {
    routes: dialect.rows.map((row) => ({
      verb: row.verb,
      path: dialect.prefix + row.path,
      isStreamed: row.uploads,
      enter: (request, reply) => enter(rooms, dialect, row, request, reply),
      answer: answerBy(rooms, dialect, row),
    })),
    refuse: (request, reply, error) => refuse(dialect, rooms.services, request, reply, error),
    async miss(request, reply) {
      const tenant = await enterTenant(rooms, request, reply);
      rooms.rateLimit.count(`${tenant.id} ip ${strangerAt(request)}`, reply);
      throw new Problem('route_not_found', 'Not Found');
    },
  };
}

function answerBy(rooms: Rooms, dialect: Dialect, row: DialectRow): TableRoute['answer'] {
  const judges = { query: queryJudge(row), body: bodyJudge(row) };
  const isKeyed = dialect.takesKeys === true && !row.uploads && !['GET', 'PUT'].includes(row.verb);
  const running = new Map<string, Promise<Answer>>();
  return async (request, reply, given) => {
    const at = request.reached as Reached;
    at.part = 'path';
    const params = checkParams(given);
    // `DELETE /users/` is no deletion of anybody.
    if (Object.values(params).includes('')) throw new Problem('route_not_found', 'Not Found');
    at.part = 'query';
    const query = judges.query(request.query);
    at.part = 'body';
    const body = row.uploads ? undefined : judges.body(request.body);
    at.part = 'operation';
    const key = isKeyed ? idempotencyKeyOf(request) : undefined;
    const run = async (services: Services) => {
      const call = callOf({ ...rooms, services }, dialect, row, request, { params, query, body });
      return rendered(row, await row.run(call as never));
    };
    const { services } = rooms;
    return send(reply, key === undefined ? await run(services) : await once(running, services, request, key, run));
  };
}

async function enter(
  rooms: Rooms,
  dialect: Dialect,
  row: DialectRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const at: { part: RefusedPart; row: DialectRow } = { part: 'token', row };
  request.reached = at;
  const tenant = await enterTenant(rooms, request, reply);
  const asStranger = () => rooms.rateLimit.count(`${tenant.id} ip ${strangerAt(request)}`, reply);
  const brings = row.scopes.length > 0 || (row.takesToken && request.headers.authorization !== undefined);
  if (!brings) return asStranger();
  try {
    const principal = await rooms.guard.authenticate(tenant, request.headers.authorization, dialect.api);
    request.entered = { tenant, principal };
  } catch (error) {
    asStranger();
    throw error;
  }
  const { principal } = request.entered as Required<Entered>;
  rooms.rateLimit.count(`${tenant.id} ${principal?.clientId}`, reply);
  at.part = 'scope';
  if (row.scopes.length > 0 && !row.scopes.some((scope) => principal?.scopes.has(scope)))
    throw new Problem('insufficient_scope', lackOf(dialect, row, principal));
}

const lackOf = ({ lacking }: Dialect, row: DialectRow, principal: Entered['principal']): string =>
  lacking?.(row, { impersonates: principal?.actor.impersonatorId != null }) ??
  `Insufficient scope, expected any of: ${row.scopes.join(',')}`;

function callOf(
  rooms: Rooms,
  dialect: Dialect,
  row: DialectRow,
  request: FastifyRequest,
  judged: Pick<DialectCall, 'params' | 'query' | 'body'>,
): DialectCall {
  const { services } = rooms;
  const { tenant, principal } = request.entered as Entered;
  const who = principal
    ? {
        actor: principal.actor,
        scopes: permissionsOf(dialect.api, principal.scopes),
        // Auth0's scopes divide a permission of ours more finely; role codes stand for whole ones.
        ...(dialect.api === 'auth0' ? { spelled: principal.scopes } : {}),
      }
    : { actor: anonymousActor, scopes: new Set<string>() };
  return {
    ...judged,
    work: createWork({ services, tenant, caller: callerOf(request), ...who }),
    holds: (scope) => principal?.scopes.has(scope) ?? false,
    claims: principal?.claims ?? {},
    sign: (claims) => rooms.signer.sign(tenant, audienceOf(dialect, tenant.origin), claims),
    origin: `${schemeOf(request)}://${request.host}`,
    subjectOf: (idToken) => rooms.guard.subjectOf(tenant, principal, idToken),
    upload: row.uploads ? request.raw : undefined,
    contentType: request.headers['content-type'],
  };
}

/** What the tokens of a dialect's door are for. Auth0's dialect has no door of its own. */
function audienceOf({ api }: Dialect, origin: string): string {
  if (api === 'auth0') throw new Error('The dialect signs no tokens.');
  return doorAudience(api, origin);
}

/** Runs a keyed request at most once: a repetition waits for the first one, or is given the answer that it had. */
function once(
  running: Map<string, Promise<Answer>>,
  services: Services,
  { method, url, bodyText, entered }: FastifyRequest,
  key: string,
  run: (services: Services) => Promise<Answer>,
): Promise<Answer> {
  const { tenant, principal } = entered as Entered;
  const actor = principal?.actor ?? anonymousActor;
  const keyed = { key, digest: digestOf(services.vault, method, url, bodyText) };
  const slot = `${tenant.id} ${ownerOf(actor)} ${key} ${keyed.digest}`;
  let answer = running.get(slot);
  if (!answer) {
    answer = atMostOnce({ services, tenant, actor, request: keyed }, run).finally(() => running.delete(slot));
    running.set(slot, answer);
  }
  return answer;
}

/** An answer as it is sent. Its headers are not kept: no row that takes a key has any. */
interface RenderedAnswer extends Answer {
  readonly headers?: DialectAnswer['headers'];
}

function rendered(row: DialectRow, answer: unknown): RenderedAnswer {
  const { body, status, headers } = answer instanceof DialectAnswer ? answer : new DialectAnswer(answer);
  return { status: status ?? row.status, etag: null, body: textOf(body), headers };
}

function textOf(body: unknown): string {
  if (body instanceof Rendered) return body.json;
  return body === undefined ? '' : JSON.stringify(body);
}

function send(reply: FastifyReply, { status, headers = {}, body }: RenderedAnswer): FastifyReply {
  reply.code(status).headers(headers);
  if (body === '') return reply.send();
  return reply.type('application/json; charset=utf-8').send(body);
}
