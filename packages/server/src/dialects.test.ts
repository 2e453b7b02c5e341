/** The tables of dialects' rows, which a server makes with the first request that needs them. */
import { expect, it } from 'vitest';
import { dialects } from './app.ts';
import { tableOf } from './dialects.ts';
import type { Rooms } from './mount.ts';

/** No row is run. */
const rooms = {} as Rooms;

it.each(dialects.map((dialect) => [`${dialect.api} at ${dialect.prefix}/`, dialect] as const))(
  '%s has no two rows for one request',
  (_name, dialect) => {
    const rows = dialect.rows.filter(({ uploads }) => !uploads);
    const table = tableOf(rooms, dialect);
    for (const row of rows)
      expect(table.find(row.verb, dialect.prefix + row.path)?.store, row.path).toMatchObject({ row });
    expect(() => tableOf(rooms, { ...dialect, rows: [...rows, ...rows.slice(0, 1)] })).toThrow('already declared');
  },
);
