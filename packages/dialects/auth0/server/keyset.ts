/** Native lists as the dialect pages through them. */
import type { Rendered } from '@reeve/core';
import type { KeysetList } from './paging.ts';
import { resultOf } from './value.ts';

type Page<K extends string, Item> = { readonly [key in K]: readonly Item[] } & { readonly next_cursor: string | null };

/** A native list operation as a keyset list of `key`, each item as `view` shows it. */
export const keyset =
  <K extends string, Item, View>(
    list: (query: { cursor?: string; limit: number }) => Promise<Page<K, Item> | Rendered<Page<K, Item>>>,
    key: K,
    view: (item: Item) => View,
  ): KeysetList<View> =>
  async (cursor, limit) => {
    const page = resultOf(await list({ limit, ...(cursor === undefined ? {} : { cursor }) }));
    const items: readonly Item[] = page[key];
    return { items: items.map(view), next: page.next_cursor };
  };
