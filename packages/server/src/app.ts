/** Room 1: the HTTP application. Request ids, bounds on size and time; then every route of the contract. */

import { rw3iss } from '@reeve/auth-client/server';
import { auth0, auth0Root } from '@reeve/auth0/server';
import { authing } from '@reeve/authing/server';
import type { Route } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { newId, operations, Problem, type Services, type Tallies } from '@reeve/core';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { streamAudit } from './audit-stream.ts';
import { installBodies } from './body.ts';
import type { Config } from './config.ts';
import { mountDialect, refuseIn } from './dialects.ts';
import { installDocs } from './docs/docs.ts';
import { createDrain, type Drain } from './drain.ts';
import { exportAll } from './export.ts';
import { createGuard, type Guard } from './guard.ts';
import { installHealth } from './health.ts';
import { createBulkImport } from './import/import.ts';
import type { ImportMeans } from './import/run.ts';
import { installDownloads } from './jobs/download.ts';
import { enter, MAX_PARAM_LENGTH, mount, NATIVE_PREFIX, type Rooms, refuse, type StreamHandler } from './mount.ts';
import { installOidc, type Oidc } from './oidc/endpoints.ts';
import { createSigner } from './oidc/signer.ts';
import { installOrigins, type Origins } from './origins.ts';
import { installPages } from './pages/pages.ts';
import { trustOf } from './proxies.ts';
import { createRateLimit } from './rate-limit.ts';
import { answerMalformed } from './reply.ts';
import { createTenancy } from './tenancy.ts';
import { VERSION } from './version.ts';

export interface AppOptions {
  readonly services: Services;
  readonly config: Config;
  readonly tallies: Tallies;
  readonly imports: ImportMeans;
  /** Bounds in time that tests shorten. */
  readonly limits?: Limits | undefined;
}

export interface Limits {
  /** For all headers of a request to arrive. Default 30 s. */
  readonly headerMilliseconds?: number;
  /** For a body that is one document to arrive. Default 30 s. */
  readonly bodyMilliseconds?: number;
  /** For running requests to end once the server stops. Default 30 s. */
  readonly drainMilliseconds?: number;
}

const HEADER_MILLISECONDS = 30_000;

export const dialects = [auth0, auth0Root, rw3iss, authing];

/** What clients that run in browsers call, beside what the OAuth provider answers. */
const PATHS_FOR_PAGES = [
  '/userinfo',
  `${NATIVE_PREFIX}/`,
  ...dialects.filter(({ isForPages }) => isForPages).map(({ prefix }) => `${prefix}/`),
];

const streamsOf = (imports: ImportMeans): Readonly<Record<string, StreamHandler>> => ({
  'audit.stream': streamAudit,
  'users.bulkImport': createBulkImport(imports),
  'users.exportAll': exportAll,
});

export interface App {
  readonly http: FastifyInstance;
  readonly guard: Guard;
  readonly rooms: Rooms;
  readonly drain: Drain;
  readonly oidc: Oidc;
  readonly origins: Origins;
}

/** What came and went well is below the level of the log; making the lines for it costs time all the same. */
class FailureLog extends Fastify.LogController {
  override incomingRequest(): void {}
  override requestCompleted(...[error, ...rest]: Parameters<Fastify.LogController['requestCompleted']>): void {
    if (error) super.requestCompleted(error, ...rest);
  }
}

/** Schemas are judged in `validate.ts`; Fastify's own compilers would be loaded at every start for nothing. */
const noCompiler = (): never => {
  throw new Error('No route has a schema of Fastify.');
};

export function createApp({ services, config, tallies, imports, limits }: AppOptions): App {
  const headerMilliseconds = limits?.headerMilliseconds ?? HEADER_MILLISECONDS;
  const http: FastifyInstance = Fastify({
    // Standard output belongs to the start-up contract.
    logger: { level: 'warn', stream: process.stderr },
    // A logger for each request costs 2 % of a small one; what is logged names its request itself.
    childLoggerFactory: (logger) => logger,
    logController: new FailureLog(),
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    genReqId: () => newId('req', services.clock.now()),
    requestIdHeader: false,
    trustProxy: trustOf(config.trustedProxies),
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Bodies have their own bound in time; a long import is no slow client.
    requestTimeout: 0,
    connectionTimeout: 0,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    http: { headersTimeout: headerMilliseconds, connectionsCheckingInterval: Math.min(5_000, headerMilliseconds) },
    clientErrorHandler: (error, socket) => answerMalformed(error, socket, newId('req', services.clock.now())),
    frameworkErrors: (error, request, reply) => {
      markAnswer(request, reply);
      request.entered = {};
      const dialect = dialects.find(({ prefix }) => prefix !== '' && request.url.startsWith(`${prefix}/`));
      void (dialect ? refuseIn(dialect, services, request, reply, error) : refuse(services, request, reply, error));
    },
  });
  const guard = createGuard(services);
  const stopping = new AbortController();
  const rooms: Rooms = {
    services,
    guard,
    tenancy: createTenancy(services.database, config),
    rateLimit: createRateLimit(services.clock, tallies, config.rateLimit),
    signer: createSigner(services),
    stopping: stopping.signal,
  };
  const drain = createDrain(limits?.drainMilliseconds);
  drain.watch(http.server);
  http.addHook('preClose', async () => {
    stopping.abort();
    drain.begin();
  });
  http.decorateRequest('entered');
  http.addHook('onRequest', (request, reply, done) => {
    request.entered = {};
    markAnswer(request, reply);
    done();
  });
  const origins = installOrigins(http, rooms, PATHS_FOR_PAGES);
  installBodies(http, limits?.bodyMilliseconds);
  http.setErrorHandler((error, request, reply) => refuse(services, request, reply, error));
  installHealth(http, services, stopping.signal);
  installDocs(http, VERSION);
  installPages(http, rooms);
  installDownloads(http, rooms);
  const oidc = installOidc(http, rooms);
  const known = mountAll(http, rooms, streamsOf(imports));
  for (const dialect of dialects) mountDialect(http, rooms, dialect);
  http.setNotFoundHandler(createUnknown(rooms, known));
  return { http, guard, rooms, drain, oidc, origins };
}

/** What every answer carries. */
function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff');
}

/** Mounts every route of the contract and returns them. */
function mountAll(http: FastifyInstance, rooms: Rooms, streams: Readonly<Record<string, StreamHandler>>): Route[] {
  const known: Route[] = [];
  const implemented = operations as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  for (const { resource, name, id, route } of routes) {
    const stream = streams[id];
    const operation = implemented[resource]?.[name];
    if (!stream && !operation) throw new Error(`Nothing implements ${id}.`);
    if (stream && route.consumes) mountUpload(http, rooms, route, stream);
    else mount(http, rooms, { route, ...(stream ? { stream } : { operation: operation as never }) });
    known.push(route);
  }
  return known;
}

/** A route that reads its body itself. */
function mountUpload(http: FastifyInstance, rooms: Rooms, route: Route, stream: StreamHandler): void {
  http.register(async (own) => {
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', (_request, _payload, done) => done(null));
    mount(own, rooms, { route, stream });
  });
}

/** Answers what no route does: 405 where another method is known, else 404. Under the API's prefix it is a refusal like any other. */
function createUnknown(rooms: Rooms, known: readonly Route[]) {
  const shapes = known.map(({ verb, path }) => ({
    verb,
    shape: new RegExp(`^${NATIVE_PREFIX}${path.replace(/\{[a-z_]+\}/g, '[^/]+')}$`),
  }));
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0] ?? '';
    const verbs = [...new Set(shapes.filter(({ shape }) => shape.test(path)).map(({ verb }) => verb))].join(', ');
    if (path.startsWith(`${NATIVE_PREFIX}/`)) await enter(rooms, null, request, reply);
    if (verbs === '')
      throw new Problem(
        'route_not_found',
        `Nothing answers ${request.method} ${path.slice(0, 256)}; the reference is at /docs.`,
      );
    reply.header('allow', verbs);
    throw new Problem('method_not_allowed', `This path answers ${verbs}.`);
  };
}
