/** Small translations that every view needs. */
import { Rendered } from '@reeve/core';

/** What operations without a query and a body are given. */
export const noBody = { query: undefined, body: undefined } as const;

/** What an operation answered, as a value: some answer JSON that is rendered already. */
export const resultOf = <T>(output: T | Rendered<T>): T =>
  output instanceof Rendered ? (JSON.parse(output.json) as T) : output;

/** Contract `http.timestamps`: RFC 3339 to the second. */
export const toSecond = (instant: string): string => instant.replace(/\.\d+Z$/, 'Z');

/** Only what is there. */
export const present = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ) as never;

/** Nothing is kept of what is empty: a resource without it has no extension. */
export const unlessEmpty = <T extends object>(bag: T): T | null => (Object.keys(bag).length === 0 ? null : bag);

/** All of a native list, page by page. */
export async function everyItem<Key extends string, Item>(
  key: Key,
  list: (page: { limit: number; cursor?: string }) => Promise<Listed<Key, Item> | Rendered<Listed<Key, Item>>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = resultOf(await list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) }));
    items.push(...(page as Record<Key, readonly Item[]>)[key]);
    cursor = page.next_cursor;
  }
  return items;
}

type Listed<Key extends string, Item> = { readonly [K in Key]: readonly Item[] } & {
  readonly next_cursor: string | null;
};
