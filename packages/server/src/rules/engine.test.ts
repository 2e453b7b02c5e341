/** The queue of rules: one tenant can't fill it for the others. */
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createRuleThreads } from './engine.ts';

describe('the queue of rules', () => {
  const engine = createRuleThreads();
  afterAll(() => engine.close());
  afterEach(() => void vi.restoreAllMocks());

  const run = (tenantId: number) =>
    engine.run({
      tenantId,
      rules: [{ name: 'passes', script: 'function (user, context, callback) { callback(null, user, context); }' }],
      user: {},
      context: {},
    });

  it('takes in so many of one tenant, and others beside', async () => {
    const many = Promise.allSettled(Array.from({ length: 200 }, () => run(1)));
    const others = await Promise.all([run(2), run(3)]);
    for (const outcome of others) expect(outcome).toHaveProperty('context');
    const settled = await many;
    const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    // Two run, 64 wait.
    expect(settled.length - refused.length).toBe(66);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'overloaded', retryAfter: 1 });
    expect(await run(1)).toHaveProperty('context');
  });

  it('gives each of two tenants in turn the thread whose engine is its own', async () => {
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    for (const tenantId of [4, 5, 5, 4, 4, 5]) expect(await run(tenantId)).toHaveProperty('context');
    const [first, second, ...later] = posted.mock.contexts;
    expect(first).not.toBe(second);
    expect(later.map((thread) => thread === first)).toEqual([false, true, true, false]);
  });
});
