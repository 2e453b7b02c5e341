/** What the views of dialects read from the answers of operations, and what calls without arguments are given. */
import { Rendered } from './operation.ts';

/** What operations without a query and a body are given. */
export const noBody = { query: undefined, body: undefined } as const;

/** What an operation answered, as a value: some answer JSON that is rendered already. */
export const resultOf = <T>(output: T | Rendered<T>): T =>
  output instanceof Rendered ? (JSON.parse(output.json) as T) : output;

/** What an operation answered, as JSON. */
export const renderedOf = <T>(output: T | Rendered<T>): Rendered<T> =>
  output instanceof Rendered ? output : new Rendered<T>(JSON.stringify(output));

type Listed<Key extends string, Item> = { readonly [K in Key]: readonly Item[] } & {
  readonly next_cursor: string | null;
};

/** All of a list, page by page. */
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

type Counted<Key extends string, Item> = Listed<Key, Item> & { readonly total?: number | undefined };

/** The first items of a list, and how many there are of all: no page is read that holds none of the first. */
export async function firstItems<Key extends string, Item>(
  key: Key,
  count: number,
  list: (page: {
    limit: number;
    include_total: boolean;
    cursor?: string;
  }) => Promise<Counted<Key, Item> | Rendered<Counted<Key, Item>>>,
): Promise<{ readonly items: Item[]; readonly total: number }> {
  const items: Item[] = [];
  let total = 0;
  for (let cursor: string | null | undefined; cursor !== null && items.length < count; ) {
    const limit = Math.min(100, count - items.length);
    const page = resultOf(
      await list({ limit, include_total: cursor === undefined, ...(cursor === undefined ? {} : { cursor }) }),
    );
    items.push(...(page as Record<Key, readonly Item[]>)[key]);
    total = page.total ?? total;
    cursor = page.next_cursor;
  }
  return { items, total };
}

/** Only what is there; `empty` is what counts as nothing beside null and undefined. */
export const present = <T extends Record<string, unknown>>(
  fields: T,
  empty?: unknown,
): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== empty),
  ) as never;
