/** Pages of users that have something in common; their total is kept, however many they are. */
import { operations, type User, type Work } from '@reeve/core';
import { type CheckpointQuery, isCheckpoint, type OffsetQuery, offsetAnswer, PER_PAGE, walkTo } from './paging.ts';
import { resultOf } from './value.ts';

export async function usersWith<View>(
  work: Work,
  filter: { readonly role?: string; readonly organization?: string },
  query: OffsetQuery & CheckpointQuery,
  view: (user: User) => View,
): Promise<View[] | Record<string, unknown>> {
  const ask = async (more: { cursor?: string; limit: number; include_total?: boolean }) =>
    resultOf(await operations.users.list(work, { query: { ...filter, ...more }, body: undefined }));
  const list = async (cursor: string | undefined, limit: number) => {
    const page = await ask({ limit, ...(cursor === undefined ? {} : { cursor }) });
    return { items: page.users.map(view), next: page.next_cursor };
  };
  if (isCheckpoint(query)) {
    const { items, next } = await list(query.from, query.take ?? PER_PAGE);
    return { users: items, ...(next === null ? {} : { next }) };
  }
  const { items } = await walkTo(list, { ...query, include_totals: false });
  const total = query.include_totals ? (await ask({ limit: 1, include_total: true })).total : undefined;
  return offsetAnswer('users', query, { items, total });
}
