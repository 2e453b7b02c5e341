/** What hangs on a user, group or role; errors where there is no such thing, which the server says by null. */
import { AuthingError } from './errors.ts';
import type { AuthorizedResource, CommonMessage, Page, User } from './models.ts';
import { withCustomData } from './udf.ts';

const NO_USER = 2004;
const FAILED = 500;

const missing = (what: string): AuthingError =>
  new AuthingError(`there is no such ${what}`, { code: what === 'user' ? NO_USER : FAILED });

/** @throws AuthingError 2004 for a user, 500 for anything else */
export const present = <T>(value: T | null, what: 'user' | 'group' | 'role' | 'target'): T => {
  if (value === null || value === undefined) throw missing(what);
  return value;
};

/** Without what has no value. */
export const resourcesOf = (page: Page<AuthorizedResource> | null): Page<AuthorizedResource> => {
  const { list, totalCount } = present(page, 'target');
  const withoutEmpty = (item: AuthorizedResource) =>
    Object.fromEntries(Object.entries(item).filter(([, value]) => value)) as unknown as AuthorizedResource;
  return { list: list.map(withoutEmpty), totalCount };
};

/** With custom data as an object, where it was asked for. */
export const usersIn = (page: Page<User>, hasCustomData: boolean): Page<User> =>
  hasCustomData ? { ...page, list: page.list.map(withCustomData) } : page;

/** What calls resolve with whose answer says nothing more. */
export const done = (): CommonMessage => ({ code: 200, message: 'done' });
