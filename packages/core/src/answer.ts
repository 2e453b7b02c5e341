/** What the views of dialects read from the answers of operations, and what calls without arguments are given. */
import { Rendered } from './operation.ts';

/** What operations without a query and a body are given. */
export const noBody = { query: undefined, body: undefined } as const;

/** What an operation answered, as a value: some answer JSON that is rendered already. */
export const resultOf = <T>(output: T | Rendered<T>): T =>
  output instanceof Rendered ? (JSON.parse(output.json) as T) : output;

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

/** Only what is there; `empty` is what counts as nothing beside null and undefined. */
export const present = <T extends Record<string, unknown>>(
  fields: T,
  empty?: unknown,
): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== empty),
  ) as never;
