/** Lists over lists: what matches, what stands behind, and what a page costs. */
import { describe, expect, it } from 'vitest';
import { allOf, asTheyAre, followedBy, type KeysetList, listOf, matching, pageOf, walkTo } from './paging.ts';

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A list that tells how often it was asked, and how many items it gave. */
function watched(list: KeysetList<number>) {
  const cost = { calls: 0, items: 0 };
  const asked: KeysetList<number> = async (...args) => {
    const page = await list(...args);
    cost.calls++;
    cost.items += page.items.length;
    return page;
  };
  return { asked, cost };
}

/** As native lists do: the total is told where it is asked for. */
const counting =
  (list: KeysetList<number>): KeysetList<number> =>
  async (cursor, limit, isCounted = false) => {
    const { total, ...page } = await list(cursor, limit);
    return isCounted && total !== undefined ? { ...page, total } : page;
  };

const uncounted =
  (list: KeysetList<number>): KeysetList<number> =>
  async (cursor, limit) => {
    const { items, next } = await list(cursor, limit);
    return { items, next };
  };

/** Every page of a list by checkpoint. */
async function pagesOf(list: KeysetList<number>, take: number): Promise<number[][]> {
  const pages: number[][] = [];
  for (let from: string | undefined; ; ) {
    const answer = (await pageOf('all', { take, ...(from === undefined ? {} : { from }) }, list, asTheyAre)) as {
      all: number[];
      next?: string;
    };
    pages.push(answer.all);
    if (answer.next === undefined) return pages;
    from = answer.next;
  }
}

describe('pages', () => {
  it('hold exactly what is theirs, and the total, wherever they begin', async () => {
    const all = numbers(230);
    for (const list of [counting(listOf(all)), uncounted(listOf(all))])
      for (const per_page of [1, 7, 100])
        for (const page of [0, 1, 2, 33, 230]) {
          const start = page * per_page;
          const items = all.slice(start, start + per_page);
          expect(await walkTo(list, { page, per_page })).toEqual({ items, total: undefined });
          expect(await walkTo(list, { page, per_page, include_totals: true })).toEqual({ items, total: 230 });
        }
    expect(await walkTo(counting(listOf(all)), { per_page: 0, include_totals: true })).toEqual({
      items: [],
      total: 230,
    });
  });

  it('cost what is on them where the list tells its total', async () => {
    const { asked, cost } = watched(counting(listOf(numbers(5000))));
    const { total } = await walkTo(asked, { per_page: 10, include_totals: true });
    expect([total, cost]).toEqual([5000, { calls: 1, items: 10 }]);
  });

  it('show the items of the page, and no others', async () => {
    const shown: number[] = [];
    const view = (items: readonly number[]) => {
      shown.push(...items);
      return items.map(String);
    };
    const query = { page: 3, per_page: 4, include_totals: true };
    const answer = await pageOf('all', query, listOf(numbers(50)), view);
    expect(answer).toEqual({ start: 12, limit: 4, total: 50, all: ['12', '13', '14', '15'] });
    expect(shown).toEqual([12, 13, 14, 15]);
  });
});

describe('what matches', () => {
  it('is paged without a gap or a double', async () => {
    for (const size of [0, 1, 99, 100, 101, 350])
      for (const step of [1, 2, 90, 1000])
        for (const take of [1, 3, 100]) {
          const list = matching(listOf(numbers(size)), (n) => n % step === 0);
          const wanted = numbers(size).filter((n) => n % step === 0);
          expect((await pagesOf(list, take)).flat()).toEqual(wanted);
          expect(await walkTo(list, { per_page: 100, include_totals: true })).toEqual({
            items: wanted.slice(0, 100),
            total: wanted.length,
          });
        }
  });

  it('is looked for in large pages, however few are asked for', async () => {
    const { asked, cost } = watched(listOf(numbers(1000)));
    const { items } = await matching(asked, (n) => n === 999)(undefined, 1);
    expect([items, cost.calls]).toEqual([[999], 10]);
  });
});

describe('what stands behind a list', () => {
  it('is told once, last, and counted', async () => {
    for (const size of [0, 1, 2, 99, 100, 101]) {
      const list = followedBy(counting(listOf(numbers(size))), -1);
      const wanted = [...numbers(size), -1];
      expect(await allOf(list)).toEqual(wanted);
      for (const take of [1, 2, 100]) {
        const pages = await pagesOf(list, take);
        expect(pages.flat()).toEqual(wanted);
        expect(pages.every(({ length }) => length > 0 && length <= take)).toBe(true);
      }
      for (const page of [0, 1, 50])
        expect(await walkTo(list, { page, per_page: 2, include_totals: true })).toEqual({
          items: wanted.slice(page * 2, page * 2 + 2),
          total: size + 1,
        });
    }
  });
});
