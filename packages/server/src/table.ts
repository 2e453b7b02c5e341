/**
 * Many routes behind one of the HTTP server, found by a table that is loaded when it is first asked. Mounted one by one,
 * the several hundred routes of the API and its dialects would cost most of a start, and a tenth of its memory.
 */
import type { Verb } from '@reeve/contract';
import type { Services } from '@reeve/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import createFinder, { type HTTPMethod, type HTTPVersion, type Instance } from 'find-my-way';
import { refuse as refuseNatively } from './entry.ts';

export type Params = Readonly<Record<string, string | undefined>>;

export interface TableRoute {
  readonly verb: Verb;
  /** The whole of it: `/api/v1/users/{user_id}`. */
  readonly path: string;
  /** It reads its body itself, from the raw request. */
  readonly isStreamed: boolean;
  /** Before the body is read: a stranger's is not worth the memory. */
  enter(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  answer(request: FastifyRequest, reply: FastifyReply, params: Params): Promise<FastifyReply | undefined>;
}

export interface Table {
  readonly routes: readonly TableRoute[];
  /** What goes wrong, in the form that the callers know. */
  refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<FastifyReply>;
  /** No route answers; `verbs` tells which others would on the same path. Throws. */
  miss(request: FastifyRequest, reply: FastifyReply, verbs: () => readonly Verb[]): Promise<never>;
}

export interface Area {
  /** Everything below it is the table's. Empty: the table has one path only, and what is beside that is not its own. */
  readonly prefix: string;
  /** Where its routes are, as Fastify spells it: `:name` for a part of the path, `*` for the rest. */
  readonly path: string;
  /** Those of its routes; default: any. */
  readonly verbs?: readonly Verb[];
  load(): Promise<Table>;
}

export interface MountedArea {
  readonly prefix: string;
  refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<FastifyReply>;
  miss(request: FastifyRequest, reply: FastifyReply): Promise<never>;
  /** Loads the table, if nobody has asked for it yet. */
  warm(): Promise<void>;
}

interface Found {
  readonly route: TableRoute;
  readonly params: Params;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** In a table. */
    found: Found | undefined;
  }
}

const VERBS: readonly Verb[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

type Finder = Instance<HTTPVersion.V1>;

/** The routes by verb and path. Throws where two have the same ones. */
export function finderOf(routes: readonly TableRoute[]): Finder {
  // How long a parameter may be is judged where they are checked.
  const finder = createFinder({ maxParamLength: Number.MAX_SAFE_INTEGER });
  for (const route of routes) finder.on(route.verb, route.path.replace(/\{([a-z_]+)\}/g, ':$1'), () => {}, route);
  return finder;
}

export function mountTable(http: FastifyInstance, services: Services, area: Area): MountedArea {
  const { prefix, path, verbs = VERBS, load } = area;
  let loaded: { readonly table: Table; readonly finder: Finder } | undefined;
  let loading: Promise<NonNullable<typeof loaded>> | undefined;
  const loadOnce = async () => {
    loading ??= load().then((table) => ({ table, finder: finderOf(table.routes) }));
    try {
      loaded = await loading;
      return loaded;
    } catch (error) {
      // Whatever stood in the way may be gone at the next request.
      loading = undefined;
      throw error;
    }
  };
  const miss = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    const { table, finder } = loaded ?? (await loadOnce());
    return table.miss(request, reply, () => VERBS.filter((verb) => finder.find(verb, request.url) !== null));
  };
  const refuse = async (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    // What can't be loaded has no form of its own.
    const known = loaded ?? (await loadOnce().catch(() => undefined));
    return known ? known.table.refuse(request, reply, error) : refuseNatively(services, request, reply, error);
  };
  http.route({
    method: [...verbs],
    url: path,
    async onRequest(request, reply) {
      const { finder } = loaded ?? (await loadOnce());
      const place = finder.find(request.method as HTTPMethod, request.url);
      if (!place) return miss(request, reply);
      const route = place.store as TableRoute;
      request.found = { route, params: place.params };
      return route.enter(request, reply);
    },
    errorHandler: (error, request, reply) => refuse(request, reply, error),
    handler(request, reply) {
      const { route, params } = request.found as Found;
      return route.answer(request, reply, params);
    },
  });
  return { prefix, refuse, miss, warm: async () => void (await loadOnce()) };
}
