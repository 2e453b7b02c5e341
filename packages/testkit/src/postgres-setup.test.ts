/** What the test run rests on: that failed tests make it fail. */
import { expect, it } from 'vitest';
import { loadEmbeddedPostgres } from './postgres-setup.ts';

it('leaves the end of the process, and so its exit code, alone', async () => {
  const listeners = () => [process.listeners('beforeExit'), process.listeners('exit')];
  const before = listeners();
  await loadEmbeddedPostgres();
  expect(listeners()).toEqual(before);
});
