import { expect, it } from 'vitest';
import { firstItems } from './answer.ts';

const all = Array.from({ length: 250 }, (_, i) => i);

/** The first numbers of a list of 250, and the pages that were asked of it. */
async function first(count: number) {
  const asked: { limit: number; include_total: boolean; cursor?: string }[] = [];
  const answer = await firstItems('numbers', count, async (page) => {
    asked.push(page);
    const [from, to] = [Number(page.cursor ?? 0), Number(page.cursor ?? 0) + page.limit];
    const next_cursor = to < all.length ? String(to) : null;
    return { numbers: all.slice(from, to), next_cursor, ...(page.include_total ? { total: all.length } : {}) };
  });
  return { ...answer, asked };
}

it('reads the pages that hold the first items, and no further one', async () => {
  expect(await first(10)).toEqual({ items: all.slice(0, 10), total: 250, asked: [{ limit: 10, include_total: true }] });
  const { items, total, asked } = await first(130);
  expect([items, total]).toEqual([all.slice(0, 130), 250]);
  expect(asked).toEqual([
    { limit: 100, include_total: true },
    { limit: 30, include_total: false, cursor: '100' },
  ]);
});

it('ends where the list ends', async () => {
  const { items, total, asked } = await first(2 ** 40);
  expect([items, total, asked.length]).toEqual([all, 250, 3]);
});
