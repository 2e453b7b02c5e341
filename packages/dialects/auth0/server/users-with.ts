/** Pages of users that have something in common; their total is kept, however many they are. */
import { operations, type User, type Work } from '@reeve/core';
import { keyset } from './keyset.ts';
import { type CheckpointQuery, each, type OffsetQuery, pageOf } from './paging.ts';

export function usersWith<View>(
  work: Work,
  filter: { readonly role?: string; readonly organization?: string },
  query: OffsetQuery & CheckpointQuery,
  key: string,
  view: (user: User) => View,
): Promise<View[] | Record<string, unknown>> {
  const users = keyset(
    (page) => operations.users.list(work, { query: { ...filter, ...page }, body: undefined }),
    'users',
  );
  return pageOf(key, query, users, each(view));
}
