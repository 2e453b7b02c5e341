/** The sandbox's engines: what one tenant's rules left in memory is never under another's. */
import { afterEach, expect, it, vi } from 'vitest';
import { createSandbox } from './sandbox.ts';

declare const WebAssembly: { Memory: new () => object };

afterEach(() => void vi.restoreAllMocks());

const rules = [{ name: 'passes', script: 'function (user, context, callback) { callback(null, user, context); }' }];

it('has an engine of its own for each tenant in turn, and for each script that is judged', async () => {
  // Each engine is made on a memory of its own.
  const memories = vi.spyOn(WebAssembly, 'Memory');
  const sandbox = await createSandbox();
  const enginesOf = async (act: () => Promise<unknown>) => {
    const before = memories.mock.calls.length;
    await act();
    return memories.mock.calls.length - before;
  };
  const run = (tenantId: number) => () => sandbox.run({ tenantId, rules, user: {}, context: {} }, () => {});
  const check = () => sandbox.check('function () {}');
  expect(memories, 'the first is ready before anybody asks').toHaveBeenCalledTimes(1);
  expect(await enginesOf(run(1))).toBe(0);
  expect(await enginesOf(run(1))).toBe(0);
  expect(await enginesOf(run(2))).toBe(1);
  expect(await enginesOf(run(1))).toBe(1);
  expect(await enginesOf(check)).toBe(1);
  expect(await enginesOf(check)).toBe(1);
  expect(await enginesOf(run(1))).toBe(1);
});
