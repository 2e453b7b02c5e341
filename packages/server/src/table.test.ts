/** The tables behind the prefixes, which a server loads with the first request that needs them. */
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doors, nativeArea } from './areas.ts';
import { dialectTable } from './dialects.ts';
import type { Rooms } from './entry.ts';
import { finderOf, mountTable, type Table, type TableRoute } from './table.ts';

/** No row is run. */
const rooms = {} as Rooms;

function proveUnique(routes: readonly TableRoute[]): void {
  const finder = finderOf(routes);
  for (const route of routes) expect(finder.find(route.verb, route.path)?.store, route.path).toBe(route);
  expect(() => finderOf([...routes, ...routes.slice(0, 1)])).toThrow('already declared');
}

it.each(doors.map((door) => [door.prefix + (door.path ?? '/'), door] as const))(
  'what stands at %s has no two rows for one request, and is all below it',
  async (_name, { prefix, path, verbs, load }) => {
    const dialect = await load();
    expect(dialect.prefix).toBe(prefix);
    if (path !== undefined)
      for (const row of dialect.rows) {
        expect(row.path.replaceAll(/\{([a-z_]+)\}/g, ':$1')).toBe(path);
        expect(verbs).toContain(row.verb);
      }
    proveUnique(dialectTable(rooms, dialect).routes);
  },
);

it('the native API has no two routes for one request', async () => {
  proveUnique((await nativeArea(rooms, {} as never).load()).routes);
});

describe('a table', () => {
  let http: FastifyInstance;
  let loads = 0;
  let next: () => Promise<Table>;

  const hello: TableRoute = {
    verb: 'GET',
    path: '/x/{name}',
    isStreamed: false,
    enter: async () => {},
    answer: async (_request, reply, { name }) => reply.send(`hello ${name}`),
  };
  const table: Table = {
    routes: [hello],
    refuse: async (_request, reply, error) => reply.code(418).send(`refused: ${(error as Error).message}`),
    miss: async (_request, _reply, verbs) => {
      throw new Error(`only ${verbs().join()}`);
    },
  };
  const ask = async (path: string, method: 'GET' | 'PUT' = 'GET') => {
    const { statusCode, body } = await http.inject({ method, url: path });
    return [statusCode, body];
  };

  beforeEach(() => {
    loads = 0;
    http = Fastify();
    http.decorateRequest('found');
    http.decorateRequest('entered');
    http.addHook('onRequest', async (request) => {
      request.entered = {};
    });
    const load = () => {
      loads++;
      return next();
    };
    mountTable(http, {} as never, { prefix: '/x', path: '/x/*', load });
  });
  afterEach(() => http.close());

  it('is loaded by the first request, and once for all that come meanwhile', async () => {
    const loaded = Promise.withResolvers<Table>();
    next = () => loaded.promise;
    const first = [ask('/x/you'), ask('/x/me'), ask('/x/us', 'PUT')];
    loaded.resolve(table);
    expect(await Promise.all(first)).toEqual([
      [200, 'hello you'],
      [200, 'hello me'],
      [418, 'refused: only GET'],
    ]);
    expect(await ask('/x/them')).toEqual([200, 'hello them']);
    expect(loads).toBe(1);
  });

  it('that can’t be loaded is a failure of that request, told as every other, and loaded at the next one', async () => {
    next = async () => {
      throw new Error('gone');
    };
    const [status, body] = await ask('/x/you');
    expect([status, JSON.parse(body as string)]).toMatchObject([500, { code: 'internal' }]);
    next = async () => table;
    expect(await ask('/x/you')).toEqual([200, 'hello you']);
  });
});
