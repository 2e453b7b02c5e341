/** The tables behind the prefixes, which a server loads with the first request that needs them. */
import { expect, it } from 'vitest';
import { doors, nativeArea } from './areas.ts';
import { dialectTable } from './dialects.ts';
import type { Rooms } from './entry.ts';
import { finderOf, type TableRoute } from './table.ts';

/** No row is run. */
const rooms = {} as Rooms;

function proveUnique(routes: readonly TableRoute[]): void {
  const finder = finderOf(routes);
  for (const route of routes) expect(finder.find(route.verb, route.path)?.store, route.path).toBe(route);
  expect(() => finderOf([...routes, ...routes.slice(0, 1)])).toThrow('already declared');
}

it.each(doors.map((door) => [door.prefix + (door.path ?? '/'), door] as const))(
  'what stands at %s has no two rows for one request, and is all below it',
  async (_name, { prefix, load }) => {
    const dialect = await load();
    expect(dialect.prefix).toBe(prefix);
    proveUnique(dialectTable(rooms, dialect).routes);
  },
);

it('the native API has no two routes for one request', async () => {
  proveUnique((await nativeArea(rooms, {} as never).load()).routes);
});
