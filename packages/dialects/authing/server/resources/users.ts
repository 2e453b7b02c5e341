/** The users of the pool: create, change, delete, list, search, find. */
import {
  array,
  boolean,
  object,
  oneOf,
  optional,
  type Static,
  string,
  type UserCreate,
  type UserUpdate,
} from '@reeve/contract';
import {
  type Bag,
  createUser,
  type DialectCall,
  type DialectRow,
  endAccessBefore,
  extensionsOf,
  operations as native,
  noBody,
  type PartField,
  patchUser,
  resultOf,
  row,
  searchUsers,
  setExtension,
  setExternalId,
  together,
  type Unit,
  type User,
  type UserFilter,
  type Work,
} from '@reeve/core';
import { departmentsOf } from '../department.ts';
import { requireGroup } from '../group.ts';
import { answered, type Call, done, type Operations, spend } from '../operation.ts';
import { decryptPassword } from '../password-key.ts';
import { findId, findIds, inPool, requireId, requireIds, userBy, usersBy } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import { requireRole } from '../role.ts';
import { plainView, userView, userViews } from '../user.ts';
import { externalIdOf, type Input, mergedOwn, nativeOf, ownOf } from '../user-fields.ts';
import { type PageArgs, sliceOf } from '../value.ts';

/** What users and REST name one by. */
interface Keys {
  readonly username?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly externalId?: string | null;
}

const KEYS: Readonly<Record<keyof Keys, (value: string) => UserFilter>> = {
  username: (value) => ({ kind: 'equals', field: 'username', value }),
  email: (value) => ({ kind: 'equals', field: 'email', value }),
  phone: (value) => ({ kind: 'equals', field: 'phone_number', value }),
  externalId: (value) => ({ kind: 'equals', field: 'external_id', value }),
};

const keyFilters = (keys: Keys): UserFilter[] =>
  Object.entries(KEYS).flatMap(([name, filterOf]) => {
    const value = keys[name as keyof Keys];
    return value === undefined || value === null ? [] : [filterOf(value)];
  });

/** Whoever all the given keys name; without a key nobody. */
async function findByKeys(work: Work, keys: Keys): Promise<User | undefined> {
  const given = keyFilters(keys);
  if (given.length === 0) return undefined;
  const { users } = await searchUsers(work, { filter: await inPool(work, ...given), limit: 1 });
  return users[0];
}

interface Identity {
  readonly provider?: string | null;
  readonly userIdInIdp?: string | null;
  readonly identifier?: string | null;
}

/** The user who has a linked account of a provider, and whom all the given keys name. */
async function findByAccount(work: Work, account: Identity, keys: Keys): Promise<User | undefined> {
  const [provider, subject] = [account.provider ?? account.identifier ?? '', account.userIdInIdp ?? ''];
  const has: UserFilter[] = [
    { kind: 'equals', field: 'identity_provider', value: provider },
    { kind: 'equals', field: 'identity_subject', value: subject },
  ];
  const { users } = await searchUsers(work, { filter: await inPool(work, ...has, ...keyFilters(keys)), limit: 10 });
  return users.find(({ identities }) => identities.some((one) => one.provider === provider && one.subject === subject));
}

const turn = (work: Work, user_id: string, isBlocked: boolean) =>
  native.users[isBlocked ? 'disable' : 'enable'](work, { user_id, ...noBody });

const withoutNulls = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

interface CreateArgs {
  readonly userInfo: Input;
  readonly identity?: object | null;
  readonly resetPasswordOnFirstLogin?: boolean | null;
}

async function create(call: Call, { userInfo, identity, resetPasswordOnFirstLogin }: CreateArgs) {
  const { work } = call;
  if (identity)
    throw new Refusal(CODES.failed, 'identity: accounts are not linked while a user is created.', 'identity');
  const fields = withoutNulls(nativeOf(userInfo)) as UserCreate;
  const own = mergedOwn(undefined, ownOf(userInfo));
  const externalId = externalIdOf(userInfo);
  if (!fields.username && !fields.email && !fields.phone_number)
    throw new Refusal(CODES.identifierMissing, 'A user needs a username, an email or a phone.', 'username');
  const password = userInfo.password ? await decryptPassword(work, String(userInfo.password)) : undefined;
  const body: UserCreate = {
    ...fields,
    ...(password === undefined ? {} : { password }),
    ...(resetPasswordOnFirstLogin ? { password_must_be_reset: true } : {}),
  };
  const created = await together(
    work,
    async (inner, unit) => {
      const { id } = resultOf(await createUser(inner, body, { sendsVerification: false, judgesPassword: false }));
      if (userInfo.blocked === true) await turn(inner, id, true);
      if (externalId) await setExternalId(unit, id, externalId, { isCreation: true });
      if (own) await setExtension(unit, 'users', id, 'authing', own, { isCreation: true });
      return userBy(inner, id);
    },
    password === undefined ? [] : [password],
  );
  return userView(call, created);
}

/** `tokenExpiredAt` ends what began before it; null: nothing does. */
async function endTokens(unit: Unit, id: string, before: unknown, after: unknown): Promise<void> {
  if (after === undefined || after === (before ?? null)) return;
  await endAccessBefore(unit, id, typeof after === 'string' ? Date.parse(after) : 0);
}

/** A change in native fields. Nothing is mailed: a new address is unverified unless the change says otherwise. */
function patchFrom(input: Input, before: User, password: string | undefined): UserUpdate {
  const fields = nativeOf(input);
  const isMoved = typeof fields.email === 'string' && fields.email !== before.email?.toLowerCase();
  return {
    ...fields,
    ...(isMoved && fields.email_verified === undefined ? { email_verified: false } : {}),
    ...(password === undefined ? {} : { password }),
  };
}

/** Sign-ins here are counted by the directory: what a caller says of their number is kept as the rest of it. */
const withOffset = (own: Bag, { sign_in_count }: User): Bag =>
  typeof own.loginsCount === 'number' ? { ...own, loginsCount: own.loginsCount - sign_in_count } : own;

async function update(call: Call, { id: subject, input }: { id?: string | null; input: Input }) {
  const { work } = call;
  const user_id = await requireId(work, subject);
  const own = ownOf(input);
  const externalId = externalIdOf(input);
  const password = input.password ? await decryptPassword(work, String(input.password)) : undefined;
  const changed = await together(
    work,
    async (inner, unit) => {
      const before = await userBy(inner, user_id);
      const kept = (await extensionsOf(unit.db, work, 'users', 'authing', [user_id])).get(user_id);
      const body = patchFrom(input, before, password);
      // Who is let in again has left no more.
      const status = input.blocked === false ? { status: null } : {};
      const change = { ...withOffset(own, before), ...status };
      const beside = async (at: Unit) => {
        if (externalId !== undefined) await setExternalId(at, user_id, externalId);
        await setExtension(at, 'users', user_id, 'authing', (bag) => mergedOwn(bag, change));
      };
      await patchUser(inner, { user_id, query: undefined, body }, undefined, { judgesPassword: false, beside });
      const isBlocked = before.state === 'disabled';
      if (typeof input.blocked === 'boolean' && input.blocked !== isBlocked) await turn(inner, user_id, input.blocked);
      await endTokens(unit, user_id, kept?.tokenExpiredAt, own.tokenExpiredAt);
      return userBy(inner, user_id);
    },
    password === undefined ? [] : [password],
  );
  return userView(call, changed);
}

/** All of them or none. */
async function remove({ work }: Call, subjects: readonly string[]) {
  const ids = await requireIds(work, [...new Set(subjects)]);
  await together(work, async (inner) => {
    for (const user_id of ids.values()) await native.users.delete(inner, { user_id, ...noBody });
  });
  return done();
}

/** A page of the users of the pool who pass the filters. */
export async function userPage(
  call: Call,
  filters: readonly UserFilter[],
  args: PageArgs & { readonly sortBy?: string | null },
) {
  const [by = 'CREATEDAT', order = 'DESC'] = (args.sortBy ?? '').split('_').filter(Boolean);
  const { users, total } = await searchUsers(call.work, {
    filter: await inPool(call.work, ...filters),
    sort: {
      field: by === 'UPDATEDAT' ? 'updated_at' : 'created_at',
      direction: order === 'ASC' ? 'asc' : 'desc',
    },
    ...sliceOf(args),
    includeTotal: true,
  });
  spend(call, users.length);
  return { totalCount: total as number, list: await userViews(call, users) };
}

const OUTSIDE: UserFilter = { kind: 'not', of: { kind: 'exists', field: 'organization' } };

const SEARCHED: Readonly<Record<string, PartField>> = {
  username: 'username',
  nickname: 'nickname',
  email: 'email',
  phone: 'phone_number',
  company: 'profile.company',
  name: 'name',
  givenName: 'given_name',
  familyName: 'family_name',
  middleName: 'profile.middle_name',
  profile: 'profile.profile',
  preferredUsername: 'profile.preferred_username',
};

interface SearchArgs extends PageArgs {
  readonly query: string;
  readonly fields?: readonly (string | null)[] | null;
  readonly departmentOpts?: readonly ({ readonly departmentId?: string | null } | null)[] | null;
  readonly groupOpts?: readonly ({ readonly code?: string | null } | null)[] | null;
  readonly roleOpts?: readonly ({ readonly code: string; readonly namespace?: string | null } | null)[] | null;
}

export function searchFilter({ query, fields }: Pick<SearchArgs, 'query' | 'fields'>): UserFilter {
  const names = fields && fields.length > 0 ? fields : Object.keys(SEARCHED);
  return {
    kind: 'or',
    of: names.map((name): UserFilter => {
      const field = SEARCHED[name ?? ''];
      if (!field)
        throw new Refusal(CODES.failed, `fields: "${(name ?? '').slice(0, 64)}" can not be searched.`, 'fields');
      return { kind: 'part', field, text: query };
    }),
  };
}

const anyOf = (field: 'organization' | 'group' | 'role', ids: readonly string[]): UserFilter => ({
  kind: 'or',
  of: ids.map((value) => ({ kind: 'equals', field, value })),
});

async function search(call: Call, args: SearchArgs) {
  const filters = args.query === '' ? [] : [searchFilter(args)];
  const groups: string[] = [];
  for (const one of args.groupOpts ?? []) groups.push((await requireGroup(call.work, one?.code)).id);
  const roles: string[] = [];
  for (const one of args.roleOpts ?? []) roles.push((await requireRole(call.work, one?.code ?? '', one?.namespace)).id);
  const departments = (args.departmentOpts ?? []).map((one) => one?.departmentId ?? '');
  if (groups.length > 0) filters.push(anyOf('group', groups));
  if (roles.length > 0) filters.push(anyOf('role', roles));
  if (departments.length > 0) filters.push(anyOf('organization', departments));
  return userPage(call, filters, args);
}

async function find(call: Call, { identity, ...keys }: Keys & { readonly identity?: Identity | null }) {
  const found = identity ? await findByAccount(call.work, identity, keys) : await findByKeys(call.work, keys);
  return found ? userView(call, found) : null;
}

export const users: Operations = {
  createUser: { scope: 'users:write', run: create },
  updateUser: { scope: 'users:write', run: update },
  deleteUser: { scope: 'users:write', run: (call, { id }: { id: string }) => remove(call, [id]) },
  deleteUsers: { scope: 'users:write', run: (call, { ids }: { ids: string[] }) => remove(call, ids) },
  users: {
    scope: 'users:read',
    run: (call, args: PageArgs & { sortBy?: string; excludeUsersInOrg?: boolean }) =>
      userPage(call, args.excludeUsersInOrg ? [OUTSIDE] : [], args),
  },
  // Who is deleted is erased: nobody is archived.
  archivedUsers: {
    scope: 'users:read',
    run: async (_call, args: PageArgs) => ({ totalCount: 0, list: sliceOf(args) && [] }),
  },
  isUserExists: {
    scope: 'users:read',
    run: async ({ work }, keys: Keys) => (await findByKeys(work, keys)) !== undefined,
  },
  findUser: { scope: 'users:read', run: find },
  searchUser: { scope: 'users:read', run: search },
  user: {
    scope: 'users:read',
    run: async (call, { id }: { id?: string | null }) =>
      userView(call, await userBy(call.work, await requireId(call.work, id))),
  },
  sendFirstLoginVerifyEmail: {
    scope: 'users:write',
    run: async ({ work }, { userId }: { userId: string }) => {
      await native.users.sendVerification(work, { user_id: await requireId(work, userId), ...noBody });
      return done();
    },
  },
};

const flag = optional(oneOf(['true', 'false']));
const detailQuery = object({ with_custom_data: flag });

/** Nobody there is no error (contract row `users.detail`). */
async function detail(call: DialectCall<Static<typeof detailQuery>>) {
  const id = await findId(call.work, call.params.id as string);
  if (id === undefined) return answered(null);
  const view = await userView(call, await userBy(call.work, id));
  return answered(await plainView(view, call.query.with_custom_data === 'true'));
}

/** One path from root to leaf for each department. */
async function orgs(call: DialectCall) {
  const departments = await departmentsOf(call, await requireId(call.work, call.params.id));
  return answered(departments.map((department) => [department]));
}

/** Contract, code 2030. */
const MOST_IN_BATCH = 80;
const batchBody = object({
  ids: array(string({ maxLength: 256 }), { maxItems: 1000 }),
  type: optional(oneOf(['id', 'username', 'phone', 'email', 'externalId'])),
  withCustomData: optional(boolean()),
});

async function usersByKeys(work: Work, keys: readonly string[], type: 'id' | keyof Keys): Promise<User[]> {
  if (type === 'id') {
    const ids = [...(await findIds(work, keys)).values()];
    const users = await usersBy(work, ids);
    return ids.flatMap((id) => users.get(id) ?? []);
  }
  const found: User[] = [];
  for (const key of keys) {
    const user = await findByKeys(work, { [type]: key });
    if (user) found.push(user);
  }
  return found;
}

/** In the order of the ids; those that name nobody are left out. */
async function batch(call: DialectCall<undefined, Static<typeof batchBody>>) {
  const { ids, type = 'id', withCustomData = false } = call.body;
  if (ids.length > MOST_IN_BATCH)
    throw new Refusal(CODES.tooManyUsers, `At most ${MOST_IN_BATCH} users are read at once.`, 'ids');
  const found = await usersByKeys(call.work, [...new Set(ids)], type);
  const views = await userViews(call, found);
  return answered(await Promise.all(views.map((view) => plainView(view, withCustomData))));
}

export const userRows: readonly DialectRow[] = [
  row('GET /api/v2/users/{id}', { scopes: ['users:read'], query: detailQuery, run: detail }),
  row('GET /api/v2/users/{id}/orgs', { scopes: ['organizations:read'], run: orgs }),
  row('POST /api/v2/users/batch', { scopes: ['users:read'], body: batchBody, run: batch }),
];
