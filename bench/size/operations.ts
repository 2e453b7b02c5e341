/** What is asked of a directory of any size, natively and through the Auth0 dialect. */
import { findDefaultTenant, openDatabase, type User } from '@reeve/core';
import type { Ask } from '../load.ts';
import { codeOf, type Directory, ROLES } from './directory.ts';

/** How many different people are asked for. */
const VARIETY = 2000;
const PATH = '/api/v1/users';
const AUTH0 = '/api/v2/users';
const json = { 'content-type': 'application/json' };

export interface Sample {
  readonly users: readonly User[];
  readonly roleIds: readonly string[];
  /** The last row number, and the one in the middle. */
  readonly top: number;
  readonly middle: number;
}

/** Reads some people, spread over all of the directory. */
export async function sampleOf({ databaseUrl }: Directory): Promise<Sample> {
  const database = openDatabase(databaseUrl);
  try {
    return await database.read(async (db) => {
      const tenantId = (await findDefaultTenant(db))?.id as number;
      const { top } = await db
        .selectFrom('users')
        .select((e) => e.fn.max('num').as('top'))
        .executeTakeFirstOrThrow();
      const nums = Array.from({ length: VARIETY }, (_, i) => 2 + Math.floor(((Number(top) - 2) * i) / VARIETY));
      const rows = await db
        .selectFrom('users')
        .select('doc')
        .where('tenant_id', '=', tenantId)
        .where('num', 'in', nums)
        .execute();
      const codes = Array.from({ length: ROLES }, (_, i) => codeOf('role', i));
      const roles = await db.selectFrom('roles').select('id').where('code', 'in', codes).execute();
      return {
        users: rows.map(({ doc }) => JSON.parse(doc) as User),
        roleIds: roles.map(({ id }) => id),
        top: Number(top),
        middle: Math.floor(Number(top) / 2),
      };
    });
  } finally {
    await database.close();
  }
}

const get = (paths: readonly string[]): Ask => ({ method: 'GET', paths });
const asked = encodeURIComponent;
/** `auth0|…`, as Auth0 names a person. */
const auth0Id = ({ identities: [primary] }: User): string => asked(`${primary?.provider}|${primary?.subject}`);
const emailOf = ({ email }: User): string => email as string;
/** Part of an address that few people have in common. */
const partOf = (user: User): string => emailOf(user).slice(0, emailOf(user).indexOf('@')).slice(-10);
const lucene = (query: string, more = ''): string => `${AUTH0}?per_page=50&q=${asked(query)}${more}`;

const NEW = {
  email: 'new.{n}@example.com',
  email_verified: true,
  name: 'New Person',
  given_name: 'New',
  family_name: 'Person',
  user_metadata: { city: 'Osaka', newsletter: true },
  app_metadata: { plan: 'free', seats: 7 },
};
const CHANGED = { nickname: 'Nick {n}', user_metadata: { visit: '{n}' } };
const CONNECTION = 'Username-Password-Authentication';
/** More of them than a server keeps the texts of. */
const PAGES = 40;
const cursorAt = (num: number) => Buffer.from(JSON.stringify(['-created_at', num, num])).toString('base64url');

/** The operations that are measured by themselves. */
export function operationsOf({ users, roleIds, middle }: Sample): Readonly<Record<string, Ask>> {
  const cursor = cursorAt(middle);
  const total = '&include_totals=true';
  return {
    get: get(users.map(({ id }) => `${PATH}/${id}`)),
    'list of 50 with total': get([`${PATH}?limit=50&include_total=true`]),
    'deep page, by cursor': get([`${PATH}?limit=50&cursor=${cursor}`]),
    'deep page, Auth0, by offset': get([`${AUTH0}?per_page=50&page=${Math.floor(middle / 50)}`]),
    'search, exact e-mail': get(users.map((user) => `${PATH}?email=${asked(emailOf(user))}`)),
    'search, part of an e-mail': get(users.map((user) => `${PATH}?search=${asked(partOf(user))}`)),
    'Lucene: e-mail': get(users.map((user) => lucene(`email:"${emailOf(user)}"`))),
    'Lucene: name that many have, newest 50': get(users.map(({ name }) => lucene(`name:"${name}"`))),
    'Lucene: metadata, newest 50': get([lucene('user_metadata.city:"Osaka"')]),
    'Lucene: metadata, with total': get([lucene('app_metadata.plan:pro AND user_metadata.city:"Osaka"', total)]),
    'count, kept (a role)': get(
      Array.from({ length: ROLES }, (_, i) => `${PATH}?limit=1&include_total=true&role=${codeOf('role', i)}`),
    ),
    'count, counted (part of a name)': get([`${PATH}?limit=1&include_total=true&search=kowalski`]),
    'audit of a user': get(users.map(({ id }) => `/api/v1/audit?limit=50&target=${id}`)),
    'role change': {
      method: 'PUT',
      paths: roleIds.flatMap((role) => users.map(({ id }) => `/api/v1/roles/${role}/members/${id}`)),
    },
    create: { method: 'POST', paths: [PATH], headers: json, body: JSON.stringify(NEW) },
    update: {
      method: 'PATCH',
      paths: users.map(({ id }) => `${PATH}/${id}`),
      headers: json,
      body: JSON.stringify(CHANGED),
    },
  };
}

/** The same operation natively and through the Auth0 dialect. */
export function pairsOf({ users, top }: Sample): Readonly<Record<string, { native: Ask; auth0: Ask }>> {
  const pages = Array.from({ length: PAGES }, (_, page) => page);
  return {
    get: {
      native: get(users.map(({ id }) => `${PATH}/${id}`)),
      auth0: get(users.map((user) => `${AUTH0}/${auth0Id(user)}`)),
    },
    list: {
      native: get([`${PATH}?limit=50&include_total=true`]),
      auth0: get([`${AUTH0}?per_page=50&include_totals=true`]),
    },
    'list, page after page': {
      native: get(pages.map((page) => `${PATH}?limit=50&include_total=true&cursor=${cursorAt(top - 50 * page + 1)}`)),
      auth0: get(pages.map((page) => `${AUTH0}?per_page=50&include_totals=true&page=${page}`)),
    },
    exact: {
      native: get(users.map((user) => `${PATH}?email=${asked(emailOf(user))}`)),
      auth0: get(users.map((user) => `/api/v2/users-by-email?email=${asked(emailOf(user))}`)),
    },
    create: {
      native: { method: 'POST', paths: [PATH], headers: json, body: JSON.stringify(NEW) },
      auth0: {
        method: 'POST',
        paths: [AUTH0],
        headers: json,
        body: JSON.stringify({ ...NEW, email: 'other.{n}@example.com', connection: CONNECTION }),
      },
    },
    update: {
      native: {
        method: 'PATCH',
        paths: users.map(({ id }) => `${PATH}/${id}`),
        headers: json,
        body: JSON.stringify(CHANGED),
      },
      auth0: {
        method: 'PATCH',
        paths: users.map((user) => `${AUTH0}/${auth0Id(user)}`),
        headers: json,
        body: JSON.stringify(CHANGED),
      },
    },
  };
}
