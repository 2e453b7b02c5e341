/** The queue of rules: one tenant can't fill it for the others. */
import { afterAll, describe, expect, it } from 'vitest';
import { createRuleThreads } from './engine.ts';

describe('the queue of rules', () => {
  const engine = createRuleThreads();
  afterAll(() => engine.close());

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
});
