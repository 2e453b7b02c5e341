/** `GET /admin/users`: everybody, or who passes the filters, page by page in an order (contract `users.list`). */
import { object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  findRoleSummaries,
  idOfUuid,
  row,
  searchUsers,
  type UserFilter,
  type UserSort,
} from '@reeve/core';
import { PLATFORM_ADMIN } from '../gate.ts';
import { pageFrom, pageQuery, sliceOf } from '../paging.ts';
import { Refusal } from '../problems.ts';
import { statusFilter, userViews } from '../user.ts';

const lenient = optional(string({ maxLength: 1024 }));
const listQuery = object({
  ...pageQuery,
  search: lenient,
  organization_id: lenient,
  app_id: lenient,
  // The vendor's server knows these, its client sends none of them.
  status: lenient,
  sort_by: lenient,
  sort_order: lenient,
  limit: lenient,
  offset: lenient,
});
type ListQuery = Static<typeof listQuery>;

/** D14: bound. */
const SIZES = { size: 25, most: 1000 } as const;

/** The vendor's columns; by its column of the state nobody is put in order here. */
const SORTS: ReadonlyMap<string | undefined, UserSort> = new Map([
  ['created_at', 'created_at'],
  ['updated_at', 'updated_at'],
  ['email', 'email'],
  ['first_name', 'given_name'],
  ['last_name', 'family_name'],
  ['display_name', 'name'],
  ['last_login_at', 'last_sign_in_at'],
]);

function filterOf({ search, organization_id, app_id, status }: ListQuery): UserFilter | undefined {
  const parts: UserFilter[] = [];
  if (search) parts.push({ kind: 'words', text: search, isOpenLeft: true, isOpenRight: true });
  if (organization_id)
    parts.push({ kind: 'equals', field: 'organization', value: scopeId('org', 'organization_id', organization_id) });
  if (app_id) parts.push({ kind: 'equals', field: 'application', value: scopeId('app', 'app_id', app_id) });
  if (status) parts.push(statusFilter(status));
  return parts.length === 0 ? undefined : { kind: 'and', of: parts };
}

/** A filter that is no UUID is a `VALIDATION_ERROR`. */
function scopeId(prefix: 'org' | 'app', field: string, text: string): string {
  const id = idOfUuid(prefix, text);
  if (id === '') throw new Refusal(400, 'VALIDATION_ERROR', `${field} must be a UUID.`, { field });
  return id;
}

/** What is no column is the time of creation, and whatever is not `DESC` ascends; unasked, a search has the newest first. */
function sortOf({ search, sort_by, sort_order }: ListQuery) {
  const isDescending = sort_by || sort_order ? sort_order?.toUpperCase() === 'DESC' : Boolean(search);
  return { field: SORTS.get(sort_by) ?? 'created_at', direction: isDescending ? 'desc' : 'asc' } as const;
}

/** `limit` goes before the size of the page, `offset` before its number. What is no number is not there. */
function sliceFrom({ limit, offset = '', ...query }: ListQuery) {
  const slice = sliceOf(pageFrom({ ...query, ...(limit === undefined ? {} : { page_size: limit }) }, SIZES));
  return /^\d{1,9}$/.test(offset) ? { ...slice, offset: Number(offset) } : slice;
}

async function list({ work, query }: DialectCall<ListQuery>) {
  const { users, total } = await searchUsers(work, {
    filter: filterOf(query),
    sort: sortOf(query),
    ...sliceFrom(query),
    includeTotal: true,
  });
  const roles = await work.read((db) =>
    findRoleSummaries(
      db,
      work.tenant.id,
      users.map(({ id }) => id),
    ),
  );
  const views = await userViews(work, users);
  const withRoles = views.map((view, i) => {
    const held = roles.get(users[i]?.id ?? '');
    return held ? { ...view, roles: held } : view;
  });
  return { users: withRoles, total };
}

export const userList = row('GET /admin/users', { scopes: PLATFORM_ADMIN, query: listQuery, run: list });
