/** Room 1: the HTTP application. Request ids, bounds on size and time; then everything that it answers. */

import { newId, type Services, type Tallies } from '@reeve/core';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { dialectArea, doors, nativeArea, PATHS_FOR_PAGES } from './areas.ts';
import { installBodies } from './body.ts';
import type { Config } from './config.ts';
import { installDocs } from './docs/docs.ts';
import { createDrain, type Drain } from './drain.ts';
import { type Rooms, refuse, unknownRoute } from './entry.ts';
import { createGuard } from './guard.ts';
import { installHealth } from './health.ts';
import type { ImportMeans } from './import/run.ts';
import { installDownloads } from './jobs/download.ts';
import { installOidc, type Oidc } from './oidc/endpoints.ts';
import { createSigner } from './oidc/signer.ts';
import { installOrigins, type Origins } from './origins.ts';
import { installPages } from './pages/pages.ts';
import { trustOf } from './proxies.ts';
import { createRateLimit } from './rate-limit.ts';
import { answerMalformed } from './reply.ts';
import { type MountedArea, mountTable } from './table.ts';
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

/** A path may be as long as the headers may be. */
const MAX_PATH_LENGTH = 16_384;

export interface App {
  readonly http: FastifyInstance;
  readonly rooms: Rooms;
  readonly drain: Drain;
  readonly oidc: Oidc;
  readonly origins: Origins;
  /** Loads the native API, which somebody is going to ask for. */
  warm(): Promise<void>;
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
  const areas: MountedArea[] = [];
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
    routerOptions: { maxParamLength: MAX_PATH_LENGTH },
    http: { headersTimeout: headerMilliseconds, connectionsCheckingInterval: Math.min(5_000, headerMilliseconds) },
    clientErrorHandler: (error, socket) => answerMalformed(error, socket, newId('req', services.clock.now())),
    frameworkErrors: (error, request, reply) => {
      markAnswer(request, reply);
      request.entered = {};
      const area = areaOf(areas, request);
      void (area ? area.refuse(request, reply, error) : refuse(services, request, reply, error));
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
  http.decorateRequest('reached');
  http.decorateRequest('found');
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
  const native = mountTable(http, services, nativeArea(rooms, imports));
  areas.push(native, ...doors.map((door) => mountTable(http, services, dialectArea(rooms, door))));
  http.setNotFoundHandler(createUnknown(areas));
  return { http, rooms, drain, oidc, origins, warm: native.warm };
}

/** What every answer carries. */
function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff');
}

/** What no route answers. Below the prefix of an area it is a refusal like any other there. */
function createUnknown(areas: readonly MountedArea[]) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const area = areaOf(areas, request);
    if (!area) throw unknownRoute(request);
    try {
      return await area.miss(request, reply);
    } catch (error) {
      return area.refuse(request, reply, error);
    }
  };
}

function areaOf<T extends { readonly prefix: string }>(areas: readonly T[], { url }: FastifyRequest): T | undefined {
  const [path = ''] = url.split('?');
  return areas.find(({ prefix }) => prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`)));
}
