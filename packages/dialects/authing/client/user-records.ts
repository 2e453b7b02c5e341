/** The part of `managementClient.users` that the vendor’s documents of v4 leave out: records, sign-ins, linked identities. */
import type {
  CommonMessage,
  Document,
  Page,
  PageOptions,
  User,
  UserAction,
  UserActionsOptions,
  UserDepartment,
} from './models.ts';
import { done, present } from './nested.ts';
import { operations } from './operations.ts';
import { expectSuccess } from './udf-values.ts';
import { type Envelope, need, path, type Wire } from './wire.ts';

export interface FilterUsersOptions extends PageOptions {
  readonly filter?: readonly Document[] | undefined;
}
export interface UnlinkIdentityOptions {
  readonly userId: string;
  readonly isSocial: boolean;
  readonly type: string;
  readonly identifier: string;
  readonly extIdpId?: string | undefined;
}
export interface LinkIdentityOptions extends UnlinkIdentityOptions {
  readonly userIdInIdp: string;
}

interface ActionRecord {
  readonly userpool_id?: string;
  readonly user?: { readonly id?: string; readonly displayName?: string };
  readonly geoip?: { readonly city_name?: string; readonly region_name?: string; readonly ip?: string };
  readonly operation_desc?: string;
  readonly operation_name?: string;
  readonly timestamp?: string;
  readonly app_id?: string;
  readonly app?: { readonly name?: string };
}

const actionOf = ({ user, geoip, app, ...record }: ActionRecord) => ({
  userpoolId: record.userpool_id,
  userId: user?.id,
  username: user?.displayName,
  cityName: geoip?.city_name,
  regionName: geoip?.region_name,
  clientIp: geoip?.ip,
  operationDesc: record.operation_desc,
  operationName: record.operation_name,
  timestamp: record.timestamp,
  appId: record.app_id,
  appName: app?.name,
});

const directoryOf = (wire: Wire) => ({
  /** Finds users by rules. */
  filter: async (options: FilterUsersOptions = {}): Promise<Page<User>> =>
    wire.rest('POST', '/api/v2/users/filter', { body: options ?? {}, isSafe: true }),

  listArchivedUsers: async (page = 1, limit = 10): Promise<Page<User>> =>
    wire.ask(operations.archivedUsers, { page, limit }),

  /** One path from root to leaf for each department of the user. */
  listOrgs: async (userId: string): Promise<Document[][]> => wire.rest('GET', path`/api/v2/users/${{ userId }}/orgs`),

  listDepartment: async (userId: string): Promise<Page<UserDepartment>> =>
    present(await wire.ask(operations.getUserDepartments, { id: need(userId, 'userId') }), 'user').departments,
});

/** Sign-ins and what was done. */
const sessionsOf = (wire: Wire) => ({
  /** Ends the sessions of users. */
  kick: async (userIds: readonly string[]): Promise<CommonMessage> => {
    await wire.rest('POST', '/api/v2/users/kick', { body: { userIds } });
    return done();
  },

  /** Ends a user’s session with an application; without one, all of them. */
  logout: async ({
    userId,
    appId,
  }: {
    readonly userId: string;
    readonly appId?: string | undefined;
  }): Promise<CommonMessage> => {
    const query = { appId, userId: need(userId, 'userId') };
    await wire.rest('GET', '/logout', { query, isSafe: false });
    return done();
  },

  checkLoginStatus: async (userId: string, appId?: string, deviceId?: string): Promise<Document> =>
    wire.rest('GET', '/api/v2/users/login-status', { query: { userId: need(userId, 'userId'), appId, deviceId } }),

  /** `start` and `end` are epoch milliseconds; a Reeve server calls operations by the names of its audit log: `user.signed_in`. */
  listUserActions: async (options: UserActionsOptions = { page: 1, limit: 10 }): Promise<Page<UserAction>> => {
    const { clientIp, operationNames, userIds, page, limit, excludeNonAppRecords, appIds, start, end } = options ?? {};
    const query = {
      clientip: clientIp,
      operation_name: operationNames,
      operator_arn: userIds?.map((id) => `arn:cn:authing:${wire.userPoolId}:user:${id}`),
      page,
      limit,
      exclude_non_app_records: excludeNonAppRecords ? 1 : undefined,
      app_id: appIds,
      start,
      end,
    };
    const found = await wire.rest<Page<ActionRecord>>('GET', '/api/v2/analysis/user-action', { query });
    return { list: found.list.map(actionOf) as UserAction[], totalCount: found.totalCount };
  },

  sendFirstLoginVerifyEmail: async (options: { readonly userId: string; readonly appId: string }): Promise<true> => {
    const variables = { userId: need(options.userId, 'userId'), appId: need(options.appId, 'appId') };
    expectSuccess(await wire.ask(operations.sendFirstLoginVerifyEmail, variables));
    return true;
  },
});

const accountOf = (wire: Wire) => ({
  getUserTenants: async (userId: string): Promise<Document> =>
    wire.rest('GET', path`/api/v2/users/${{ userId }}/tenants`),

  /** Resolves with what the server says, also where it refuses. */
  linkIdentity: async (options: LinkIdentityOptions): Promise<Envelope> =>
    wire.envelope('POST', '/api/v2/users/identity/link', { body: options }),

  /** Resolves with what the server says, also where it refuses. */
  unlinkIdentity: async (options: UnlinkIdentityOptions): Promise<Envelope> =>
    wire.envelope('POST', '/api/v2/users/identity/unlink', { body: options }),

  getApplicationLoginUserNum: async ({ appId }: { readonly appId: string }): Promise<number> =>
    wire.rest('GET', '/api/v2/analysis/total-login-count', { query: { appId } }),

  getUdfFieldUserNum: async (options: {
    readonly definedFieldKey: string;
    readonly appId?: string | undefined;
  }): Promise<number> => {
    const { definedFieldKey, appId } = options;
    return wire.rest('GET', '/api/v2/analysis/exist-defined-field-count', { query: { definedFieldKey, appId } });
  },

  resignUser: async (userId: string): Promise<unknown> =>
    wire.rest('POST', '/api/v3/resign-user', { body: { userId: need(userId, 'userId') } }),

  resignUserBatch: async (userIds: readonly string[]): Promise<unknown> =>
    wire.rest('POST', '/api/v3/resign-user-batch', { body: { userIds } }),
});

export const userRecordsOf = (wire: Wire) => ({ ...directoryOf(wire), ...sessionsOf(wire), ...accountOf(wire) });
export type UserRecords = ReturnType<typeof userRecordsOf>;
