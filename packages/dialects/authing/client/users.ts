/** Users of the pool: `managementClient.users`. */
import type {
  AuthorizedResource,
  BatchOptions,
  CommonMessage,
  CreateUserInput,
  CreateUserOptions,
  CustomDataOption,
  FindUserOptions,
  Group,
  ListUsersOptions,
  Page,
  RefreshToken,
  ResourceTypeOption,
  Role,
  SearchOptions,
  UpdateUserInput,
  User,
  UserDefinedData,
  UserKeys,
} from './models.ts';
import { present, resourcesOf, usersIn } from './nested.ts';
import { operations } from './operations.ts';
import type { Passwords } from './password.ts';
import { withCustomData as readable } from './udf.ts';
import { type UdfValues, udfValuesOf } from './udf-values.ts';
import { type UserRecords, userRecordsOf } from './user-records.ts';
import { need, path, type Wire } from './wire.ts';

/** Users, one by one, created and changed. */
const directoryOf = (wire: Wire, passwords: Passwords) => ({
  /** The password is sent encrypted. */
  create: async (userInfo: CreateUserInput, options: CreateUserOptions = {}): Promise<User> => {
    const { keepPassword = false, resetPasswordOnFirstLogin = false, identity } = options ?? {};
    return passwords.sealing(userInfo, (sealed, secrets) =>
      wire.ask(operations.createUser, { userInfo: sealed, keepPassword, resetPasswordOnFirstLogin, identity }, secrets),
    );
  },

  /** The password is sent encrypted. */
  update: async (id: string, updates: UpdateUserInput): Promise<User> => {
    need(id, 'id');
    return passwords.sealing(updates, (input, secrets) => wire.ask(operations.updateUser, { id, input }, secrets));
  },

  /** Everything about a user; null if there is none. */
  detail: async (userId: string, options: CustomDataOption = {}): Promise<User | null> => {
    const { withCustomData = false } = options ?? {};
    const query = { with_custom_data: withCustomData };
    const user = await wire.rest<User | null>('GET', path`/api/v2/users/${{ userId }}`, { query });
    return user && withCustomData ? readable(user) : user;
  },

  delete: async (userId: string): Promise<CommonMessage> =>
    wire.ask(operations.deleteUser, { id: need(userId, 'userId') }),

  deleteMany: async (userIds: readonly string[]): Promise<CommonMessage> =>
    wire.ask(operations.deleteUsers, { ids: userIds }),

  /** A new token for the user. */
  refreshToken: async (id: string): Promise<RefreshToken> => wire.ask(operations.refreshToken, { id: need(id, 'id') }),
});

/** Users, found. */
const searchOf = (wire: Wire) => ({
  /** At most 80 at a time. Who is unknown is left out. */
  batch: async (identifiers: readonly string[], options: BatchOptions = {}): Promise<User[]> => {
    const { queryField = 'id', withCustomData = false } = options ?? {};
    const body = { ids: identifiers, type: queryField, withCustomData };
    const users = await wire.rest<User[]>('POST', '/api/v2/users/batch', { body, isSafe: true });
    return withCustomData ? users.map(readable) : users;
  },

  /** Pages from 1, of 10 if not told otherwise. */
  list: async (page = 1, limit = 10, options: ListUsersOptions = {}): Promise<Page<User>> => {
    const { withCustomData = false, excludeUsersInOrg = false } = options ?? {};
    const operation = withCustomData ? operations.usersWithCustomData : operations.users;
    return usersIn(await wire.ask(operation, { page, limit, excludeUsersInOrg }), withCustomData);
  },

  exists: async ({ username, email, phone, externalId }: UserKeys): Promise<boolean> =>
    wire.ask(operations.isUserExists, { username, email, phone, externalId }),

  /** Null if there is none. */
  find: async (options: FindUserOptions): Promise<User | null> => {
    const { username, email, phone, externalId, identity, withCustomData } = options;
    const keys = { username, email, phone, externalId };
    if (!withCustomData) return wire.ask(operations.findUser, { ...keys, identity });
    const user = identity
      ? await wire.ask(operations.findUserByIdentityWithCustomData, { ...keys, identity })
      : await wire.ask(operations.findUserWithCustomData, keys);
    return user && readable(user);
  },

  /**
   * Finds users by a part of a name, e-mail address, phone number and the like.
   *
   * @param options also a list of fields; `page` and `limit` in here go before the positional ones
   */
  search: async (
    query: string,
    options: SearchOptions | readonly string[] = {},
    page = 1,
    limit = 10,
  ): Promise<Page<User>> => {
    const given = (Array.isArray(options) ? { fields: options } : (options ?? {})) as SearchOptions;
    const { withCustomData = false, fields, departmentOpts, groupOpts, roleOpts } = given;
    const variables = {
      query,
      fields,
      page: given.page ?? page,
      limit: given.limit ?? limit,
      departmentOpts,
      groupOpts,
      roleOpts,
    };
    const operation = withCustomData ? operations.searchUserWithCustomData : operations.searchUser;
    return usersIn(await wire.ask(operation, variables), withCustomData);
  },
});

/** What users belong to and may do. */
const belongingsOf = (wire: Wire) => ({
  listGroups: async (userId: string): Promise<Page<Group>> =>
    present(await wire.ask(operations.getUserGroups, { id: need(userId, 'userId') }), 'user').groups,

  addGroup: async (userId: string, group: string): Promise<CommonMessage> =>
    wire.ask(operations.addUserToGroup, { userIds: [need(userId, 'userId')], code: need(group, 'group') }),

  removeGroup: async (userId: string, group: string): Promise<CommonMessage> =>
    wire.ask(operations.removeUserFromGroup, { userIds: [need(userId, 'userId')], code: need(group, 'group') }),

  /** Without a namespace: those of the namespace `default`. */
  listRoles: async (userId: string, namespace?: string): Promise<Page<Role>> =>
    present(await wire.ask(operations.getUserRoles, { id: need(userId, 'userId'), namespace }), 'user').roles,

  addRoles: async (userId: string, roles: readonly string[], namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.assignRole, { userIds: [need(userId, 'userId')], roleCodes: roles, namespace }),

  removeRoles: async (userId: string, roles: readonly string[], namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.revokeRole, { userIds: [need(userId, 'userId')], roleCodes: roles, namespace }),

  hasRole: async (userId: string, roleCode: string, namespace?: string): Promise<boolean> => {
    const answer = await wire.ask(operations.getUserRoles, { id: need(userId, 'userId'), namespace });
    return present(answer, 'user').roles.list.some(({ code }) => code === roleCode);
  },

  /** Those of the user’s roles, groups and departments too. */
  listAuthorizedResources: async (
    userId: string,
    namespace: string,
    options: ResourceTypeOption = {},
  ): Promise<Page<AuthorizedResource>> => {
    const variables = { id: need(userId, 'userId'), namespace, resourceType: options?.resourceType };
    const user = await wire.ask(operations.listUserAuthorizedResources, variables);
    return resourcesOf(present(user, 'user').authorizedResources);
  },
});

const fieldsOf = (wire: Wire) => {
  const values = udfValuesOf(wire, 'USER');
  return {
    /** key → value; a Date for DATETIME. */
    getUdfValue: async (userId: string): Promise<Record<string, unknown>> => values.get(userId),

    /** user id → key → value */
    getUdfValueBatch: async (userIds: readonly string[]): Promise<Record<string, Record<string, unknown>>> =>
      values.getBatch(userIds),

    /** Resolves with the user’s values as the server keeps them: text. */
    setUdfValue: async (userId: string, data: UdfValues): Promise<UserDefinedData[]> => values.set(userId, data),

    setUdfValueBatch: async (input: readonly { readonly userId: string; readonly data: UdfValues }[]): Promise<void> =>
      values.setBatch(input.map(({ userId, data }) => ({ targetId: userId, data }))),

    removeUdfValue: async (userId: string, key: string): Promise<void> => values.remove(userId, key),
  };
};

export interface UsersManagementClient
  extends ReturnType<typeof directoryOf>,
    ReturnType<typeof searchOf>,
    ReturnType<typeof belongingsOf>,
    ReturnType<typeof fieldsOf>,
    UserRecords {}

export const usersOf = (wire: Wire, passwords: Passwords): UsersManagementClient => ({
  ...directoryOf(wire, passwords),
  ...searchOf(wire),
  ...belongingsOf(wire),
  ...fieldsOf(wire),
  ...userRecordsOf(wire),
});
