/** Native lists as the dialect pages through them. */
import { type Rendered, resultOf } from '@reeve/core';
import type { KeysetList } from './paging.ts';

type Page<K extends string, Item> = { readonly [key in K]: readonly Item[] } & {
  readonly next_cursor: string | null;
  readonly total?: number;
};

export interface NativePaging {
  readonly limit: number;
  readonly cursor?: string;
  readonly include_total?: boolean;
}

/** A native list operation as a keyset list of `key`. */
export const keyset =
  <K extends string, Item>(
    list: (query: NativePaging) => Promise<Page<K, Item> | Rendered<Page<K, Item>>>,
    key: K,
  ): KeysetList<Item> =>
  async (cursor, limit, isCounted = false) => {
    const { total, ...page } = resultOf(
      await list({
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...(isCounted ? { include_total: true } : {}),
      }),
    );
    const items: readonly Item[] = (page as Page<K, Item>)[key];
    return { items, next: page.next_cursor, ...(total === undefined ? {} : { total }) };
  };
