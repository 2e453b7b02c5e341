/** What arguments and results are made of. Instants are ISO 8601 texts; those of tokens are seconds. */
import type {
  Operator,
  PolicyAssignmentTargetType,
  ResourceType,
  UdfDataType,
  UdfTargetType,
  UserStatus,
} from './enums.ts';

/** An instant of an argument. A Date is sent as ISO 8601. */
export type Instant = string | Date;
type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

export interface CommonMessage {
  /** 200 on success. */
  readonly code: number;
  readonly message: string;
}

/** A part of a list; `totalCount` counts all of it. */
export interface Page<T> {
  readonly totalCount: number;
  readonly list: T[];
}

export interface PageOptions {
  /** From 1, which is the default. */
  readonly page?: number | undefined;
  /** Default 10. */
  readonly limit?: number | undefined;
}

interface ProfileTexts {
  readonly username: string;
  readonly email: string;
  readonly phone: string;
  readonly phoneCountryCode: string;
  readonly externalId: string;
  readonly unionid: string;
  readonly openid: string;
  readonly nickname: string;
  readonly photo: string;
  readonly password: string;
  readonly oauth: string;
  readonly company: string;
  readonly browser: string;
  readonly device: string;
  readonly lastIP: string;
  readonly name: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly middleName: string;
  readonly profile: string;
  readonly preferredUsername: string;
  readonly website: string;
  /** `M`, `F` or `U`. */
  readonly gender: string;
  readonly birthdate: string;
  readonly zoneinfo: string;
  readonly locale: string;
  readonly address: string;
  readonly formatted: string;
  readonly streetAddress: string;
  readonly locality: string;
  readonly region: string;
  readonly postalCode: string;
  readonly city: string;
  readonly province: string;
  readonly country: string;
}
type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

export interface Identity
  extends Nullable<{
    readonly openid: string;
    readonly userIdInIdp: string;
    readonly userId: string;
    readonly connectionId: string;
    readonly isSocial: boolean;
    readonly provider: string;
    readonly type: string;
    readonly userPoolId: string;
    readonly extIdpId: string;
  }> {}

export interface User extends Nullable<ProfileTexts> {
  /** 24 hex digits. */
  readonly id: string;
  readonly arn: string;
  readonly userPoolId: string;
  readonly status: UserStatus | null;
  readonly emailVerified: boolean | null;
  readonly phoneVerified: boolean | null;
  readonly registerSource: string[] | null;
  readonly token: string | null;
  readonly tokenExpiredAt: string | null;
  readonly loginsCount: number | null;
  readonly lastLogin: string | null;
  readonly signedUp: string | null;
  readonly blocked: boolean | null;
  readonly isDeleted: boolean | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  /** Of `update` and `detail`. */
  readonly expiredAt?: string | null;
  /** Of `update` and `detail`. */
  readonly directManagement?: string | null;
  /** Of `list` and `detail`. */
  readonly identities?: Identity[] | null;
  /** Where it was asked for: key → value; a Date for DATETIME. */
  readonly customData?: Record<string, unknown>;
}

export interface CreateUserInput extends Optional<ProfileTexts> {
  readonly emailVerified?: boolean | null | undefined;
  readonly phoneVerified?: boolean | null | undefined;
  readonly registerSource?: string | readonly string[] | null | undefined;
  readonly loginsCount?: number | null | undefined;
  readonly lastLogin?: Instant | null | undefined;
  readonly signedUp?: Instant | null | undefined;
  readonly blocked?: boolean | null | undefined;
  readonly isDeleted?: boolean | null | undefined;
}

export interface UpdateUserInput extends Omit<CreateUserInput, 'isDeleted'> {
  /** Tokens issued before it end. */
  readonly tokenExpiredAt?: Instant | null | undefined;
  readonly expiredAt?: Instant | null | undefined;
  readonly directManagement?: string | null | undefined;
  readonly mainDepartmentId?: string | null | undefined;
  readonly mainDepartmentCode?: string | null | undefined;
}

export interface CreateUserIdentityInput {
  readonly provider: string;
  readonly userIdInIdp: string;
  readonly openid?: string | undefined;
  readonly isSocial?: boolean | undefined;
  readonly connectionId?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
}

export interface CreateUserOptions {
  /** The password is a hash already; default false. */
  readonly keepPassword?: boolean | undefined;
  /** Default false. */
  readonly resetPasswordOnFirstLogin?: boolean | undefined;
  /** A sign-in at another provider that belongs to the user. */
  readonly identity?: CreateUserIdentityInput | undefined;
}

/** Who is meant; several must all match the same user. */
export interface UserKeys {
  /** Case counts. */
  readonly username?: string | undefined;
  /** Case doesn't count. */
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly externalId?: string | undefined;
}

export interface CustomDataOption {
  /** Whether users carry `customData`; default false. */
  readonly withCustomData?: boolean | undefined;
}

export interface FindUserOptions extends UserKeys, CustomDataOption {
  /** Ignored with `withCustomData`. */
  readonly identity?:
    | {
        readonly provider?: string | undefined;
        readonly userIdInIdp?: string | undefined;
        readonly identifier?: string | undefined;
        readonly isSocial?: boolean | undefined;
      }
    | undefined;
}

export interface ListUsersOptions extends CustomDataOption {
  /** Default false. */
  readonly excludeUsersInOrg?: boolean | undefined;
}

export interface BatchOptions extends CustomDataOption {
  /** What the values are; default `id`. */
  readonly queryField?: 'id' | 'username' | 'phone' | 'email' | 'externalId' | undefined;
}

export interface SearchOptions extends PageOptions, CustomDataOption {
  /** Where to look, in place of the server's own list of fields. */
  readonly fields?: readonly string[] | undefined;
  readonly departmentOpts?:
    | readonly { readonly departmentId?: string; readonly includeChildrenDepartments?: boolean }[]
    | undefined;
  readonly groupOpts?: readonly { readonly code?: string }[] | undefined;
  readonly roleOpts?: readonly { readonly code: string; readonly namespace?: string }[] | undefined;
}

export interface RefreshToken {
  readonly token: string | null;
  /** Seconds since 1970. */
  readonly iat: number | null;
  /** Seconds since 1970. */
  readonly exp: number | null;
}

/** What a token of a user says of that user; unverified. */
export interface TokenData {
  readonly id?: string;
  readonly email?: string;
  readonly [claim: string]: unknown;
}

export interface Group {
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

export interface Role {
  readonly id: string;
  readonly code: string;
  readonly namespace: string;
  readonly arn: string;
  readonly description: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  /** Not in `roles.list`. */
  readonly parent?: Omit<Role, 'id' | 'parent'> | null;
}

/** A resource that somebody may use. What has no value is absent. */
export interface AuthorizedResource {
  /** DATA: `<resource type>:<resource id>`, with `*` for all. */
  readonly code: string;
  readonly type?: ResourceType;
  /** `<resource type>:<action>`; absent for MENU and BUTTON. */
  readonly actions?: string[];
  readonly apiIdentifier?: string;
}

export interface ResourceTypeOption {
  readonly resourceType?: ResourceType | undefined;
}

export interface UserDefinedField {
  readonly targetType: UdfTargetType;
  readonly dataType: UdfDataType;
  readonly key: string;
  readonly label: string | null;
  readonly options: string | null;
}

/** A value as the server keeps it: text, whatever the type. */
export interface UserDefinedData {
  readonly key: string;
  readonly dataType: UdfDataType;
  readonly value: string | null;
  readonly label: string | null;
}

/** The same, with the value of its type. */
export interface DecodedUserDefinedData {
  readonly key: string;
  readonly dataType: UdfDataType;
  readonly value: unknown;
  readonly label: string | null;
}

/** A department that a user belongs to. */
export interface UserDepartment {
  readonly department: Readonly<Record<string, unknown>> & { readonly id: string; readonly name: string };
  readonly isMainDepartment: boolean;
  readonly joinedAt: string | null;
}

export interface PolicyAssignment {
  readonly code: string;
  readonly targetType: PolicyAssignmentTargetType;
  readonly targetIdentifier: string;
}

export interface ResourceAction {
  readonly name: string;
  readonly description?: string | undefined;
}

export interface CreateResourceOptions {
  readonly code: string;
  readonly namespace: string;
  /** At least one. */
  readonly actions: readonly ResourceAction[];
  readonly type?: ResourceType | undefined;
  readonly description?: string | undefined;
  readonly apiIdentifier?: string | undefined;
}

/** Any JSON object whose members the contract does not list. */
export type Document = Readonly<Record<string, unknown>>;

export interface Resource extends Document {
  readonly code: string;
  readonly type?: ResourceType | null;
  readonly description?: string | null;
  readonly actions?: ResourceAction[] | null;
  readonly namespace?: string | null;
  readonly apiIdentifier?: string | null;
}

export interface ListResourcesOptions extends PageOptions {
  readonly namespace?: string | undefined;
  readonly type?: ResourceType | undefined;
}

/** Somebody, and what to allow them or take away. */
export interface AuthorizeResourceOpt {
  readonly targetType: PolicyAssignmentTargetType;
  readonly targetIdentifier: string;
  readonly actions?: readonly string[] | undefined;
}

export interface AuthorizedTargetsOptions {
  readonly namespace: string;
  readonly resource: string;
  readonly resourceType: ResourceType;
  readonly targetType?: PolicyAssignmentTargetType | undefined;
  readonly actions?: { readonly op: Operator; readonly list: readonly string[] } | undefined;
}

export interface AuthorizedTarget {
  readonly targetType: PolicyAssignmentTargetType;
  readonly targetIdentifier: string;
  readonly actions: string[] | null;
}

export interface AccessPolicyOptions {
  readonly appId: string;
  readonly targetType: PolicyAssignmentTargetType;
  readonly targetIdentifiers: readonly string[];
  readonly namespace?: string | undefined;
  readonly inheritByChildren?: boolean | undefined;
}

export interface UserAction {
  readonly userpoolId?: string;
  readonly userId?: string;
  readonly username?: string;
  readonly cityName?: string;
  readonly regionName?: string;
  readonly clientIp?: string;
  readonly operationDesc?: string;
  readonly operationName?: string;
  readonly timestamp?: string;
  readonly appId?: string;
  readonly appName?: string;
}

export interface UserActionsOptions extends PageOptions {
  readonly clientIp?: string | undefined;
  readonly operationNames?: readonly string[] | undefined;
  readonly userIds?: readonly string[] | undefined;
  readonly excludeNonAppRecords?: boolean | undefined;
  readonly appIds?: readonly string[] | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}
