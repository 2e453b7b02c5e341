/** What a connection makes of the statements that it is given. */
import { afterAll, expect, it } from 'vitest';
import { SqliteConnection } from './sqlite.ts';

const connection = new SqliteConnection(':memory:', []);
afterAll(() => connection.handle.close());

it('hides the value of a limit from the planner, which would prepare the statement anew for each', () => {
  const text = 'with n (i) as (values (1), (2), (3)) select i from n order by i limit ? offset ?';
  expect(connection.prepare(text).prepared.sourceSQL).toContain(' limit +? ');
  expect([connection.run(text, [2, 1]), connection.run(text, [1, 0])]).toMatchObject([
    [{ i: 2 }, { i: 3 }],
    [{ i: 1 }],
  ]);
});
