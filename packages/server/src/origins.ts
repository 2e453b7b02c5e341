/**
 * Pages at other origins than the server's own, and what a browser lets them read (CORS protocol of the Fetch standard).
 * Owns the invariant that only pages at the origin of a redirect URI of an enabled application of the tenant are let in.
 * Credentials mode is let in nowhere: a page brings a bearer, and no cookie says who is asking.
 */
import { findRedirectUris } from '@reeve/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { type Rooms, strangerAt } from './entry.ts';
import { schemeOf } from './proxies.ts';

/** How long another process's change of applications may stay unseen. */
const FRESH_MILLISECONDS = 1000;
const REMEMBERED = 1000;
/** How long a browser need not ask again; Chromium remembers no longer. */
const PREFLIGHT_SECONDS = 7200;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** What clients read, beside what any page may. */
const EXPOSED = [
  'content-disposition',
  'etag',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'www-authenticate',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
].join(', ');

export interface Origins {
  /** Applications changed: nothing that is kept of them is trusted any more. */
  forget(): void;
}

/** The origins of redirect URIs. A scheme of an app's own has none: its `null` is what any sandboxed frame calls itself. */
export const originsOf = (redirectUris: readonly string[]): string[] =>
  redirectUris.map((uri) => URL.parse(uri)?.origin ?? 'null').filter((origin) => origin !== 'null');

/** Lets pages call what is below the paths. */
export function installOrigins(
  http: FastifyInstance,
  { services, tenancy, rateLimit }: Pick<Rooms, 'services' | 'tenancy' | 'rateLimit'>,
  paths: readonly string[],
): Origins {
  const known = new LRUCache<number, ReadonlySet<string>>({ max: REMEMBERED, ttl: FRESH_MILLISECONDS });

  async function isListed(request: FastifyRequest, reply: FastifyReply, origin: string): Promise<boolean> {
    const tenant = await tenancy.tenantOf(schemeOf(request), request.host).catch(() => undefined);
    if (!tenant) {
      // A host that is nobody's is refused, and counted, where every request is; but a preflight comes no further.
      if (isPreflight(request)) rateLimit.count(`nowhere ip ${strangerAt(request)}`, reply);
      return false;
    }
    let origins = known.get(tenant.id);
    if (!origins) {
      origins = new Set(originsOf(await services.database.read((db) => findRedirectUris(db, tenant.id))));
      known.set(tenant.id, origins);
    }
    return origins.has(origin);
  }

  // By callback: a request that comes from no page waits for nothing.
  http.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !paths.some((path) => request.url.startsWith(path))) return done();
    reply.header('vary', 'origin');
    const go = (isAllowed: boolean) => {
      if (isAllowed) reply.header('access-control-allow-origin', origin);
      if (isPreflight(request)) answerPreflight(request, reply, isAllowed);
      else {
        if (isAllowed) reply.header('access-control-expose-headers', EXPOSED);
        done();
      }
    };
    isListed(request, reply, origin).then(go, done);
  });
  return { forget: () => known.clear() };
}

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

/** No origin is refused, and nothing is counted or recorded: a page that is not let in is told so by its browser. */
function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply, isAllowed: boolean): void {
  if (isAllowed) {
    // Any header: none but the bearer opens anything.
    const asked = headers['access-control-request-headers'];
    if (asked !== undefined) reply.header('access-control-allow-headers', asked);
    reply.header('access-control-allow-methods', METHODS).header('access-control-max-age', PREFLIGHT_SECONDS);
  }
  reply.code(204).send();
}
