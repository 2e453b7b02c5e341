/** The APIs of the server by where they stand. Each is loaded when it is first asked: a start waits for none of them. */
import type { Verb } from '@reeve/contract';
import type { Dialect } from '@reeve/core';
import { NATIVE_PREFIX, type Rooms } from './entry.ts';
import type { ImportMeans } from './import/run.ts';
import type { Area } from './table.ts';

/** Where a dialect stands. */
export interface Door {
  /** That of the dialect. */
  readonly prefix: string;
  /** Where that is empty: its one path, as Fastify spells it, and its verbs. */
  readonly path?: string;
  readonly verbs?: readonly Verb[];
  /** Its clients run in browsers, too: pages at the origins of the tenant's applications may call it (CORS). */
  readonly isForPages?: boolean;
  load(): Promise<Dialect>;
}

export const doors: readonly Door[] = [
  { prefix: '/api/v2', load: async () => (await import('@reeve/auth0/server')).auth0 },
  {
    prefix: '',
    path: '/users/:user_id/impersonate',
    verbs: ['POST'],
    load: async () => (await import('@reeve/auth0/server')).auth0Root,
  },
  { prefix: '/rw3iss/api/v1', isForPages: true, load: async () => (await import('@reeve/auth-client/server')).rw3iss },
  { prefix: '/authing', isForPages: true, load: async () => (await import('@reeve/authing/server')).authing },
];

/** What clients that run in browsers call, beside what the OAuth provider answers. */
export const PATHS_FOR_PAGES = [
  '/userinfo',
  ...[{ prefix: NATIVE_PREFIX }, ...doors.filter(({ isForPages }) => isForPages)].map(({ prefix }) => `${prefix}/`),
];

export const nativeArea = (rooms: Rooms, imports: ImportMeans): Area => ({
  prefix: NATIVE_PREFIX,
  path: `${NATIVE_PREFIX}/*`,
  load: async () => (await import('./native.ts')).nativeTable(rooms, imports),
});

export const dialectArea = (rooms: Rooms, { prefix, path = `${prefix}/*`, verbs, load }: Door): Area => ({
  prefix,
  path,
  ...(verbs ? { verbs } : {}),
  async load() {
    const [{ dialectTable }, dialect] = await Promise.all([import('./dialects.ts'), load()]);
    return dialectTable(rooms, dialect);
  },
});
