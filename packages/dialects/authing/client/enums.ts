/** The values that arguments and results are made of, under the names of `authing-js-sdk`. */

type ValueOf<T> = T[keyof T];

export const UdfTargetType = {
  Node: 'NODE',
  Org: 'ORG',
  User: 'USER',
  Userpool: 'USERPOOL',
  Role: 'ROLE',
  Permission: 'PERMISSION',
  Application: 'APPLICATION',
} as const;
/** What a user-defined field belongs to. */
export type UdfTargetType = ValueOf<typeof UdfTargetType>;

export const UdfDataType = {
  String: 'STRING',
  Number: 'NUMBER',
  Datetime: 'DATETIME',
  Boolean: 'BOOLEAN',
  Object: 'OBJECT',
  Select: 'SELECT',
} as const;
export type UdfDataType = ValueOf<typeof UdfDataType>;

export const ResourceType = { Data: 'DATA', Api: 'API', Menu: 'MENU', Ui: 'UI', Button: 'BUTTON' } as const;
export type ResourceType = ValueOf<typeof ResourceType>;

export const PolicyAssignmentTargetType = {
  User: 'USER',
  Role: 'ROLE',
  Group: 'GROUP',
  Org: 'ORG',
  AkSk: 'AK_SK',
} as const;
/** Who is granted something. */
export type PolicyAssignmentTargetType = ValueOf<typeof PolicyAssignmentTargetType>;

export const Operator = { And: 'AND', Or: 'OR' } as const;
export type Operator = ValueOf<typeof Operator>;

export const SortByEnum = {
  CreatedatDesc: 'CREATEDAT_DESC',
  CreatedatAsc: 'CREATEDAT_ASC',
  UpdatedatDesc: 'UPDATEDAT_DESC',
  UpdatedatAsc: 'UPDATEDAT_ASC',
} as const;
export type SortByEnum = ValueOf<typeof SortByEnum>;

export const UserStatus = {
  Suspended: 'Suspended',
  Resigned: 'Resigned',
  Activated: 'Activated',
  Archived: 'Archived',
} as const;
export type UserStatus = ValueOf<typeof UserStatus>;

export const EmailScene = {
  ResetPassword: 'RESET_PASSWORD',
  RESET_PASSWORD_VERIFY_CODE: 'RESET_PASSWORD_VERIFY_CODE',
  VerifyEmail: 'VERIFY_EMAIL',
  FIRST_EMAIL_LOGIN_VERIFY: 'FIRST_EMAIL_LOGIN_VERIFY',
  CONSOLE_CONDUCTED_VERIFY: 'CONSOLE_CONDUCTED_VERIFY',
  ChangeEmail: 'CHANGE_EMAIL',
  EMAIL_BIND_VERIFY_CODE: 'EMAIL_BIND_VERIFY_CODE',
  EMAIL_UNBIND_VERIFY_CODE: 'EMAIL_UNBIND_VERIFY_CODE',
  MfaVerify: 'MFA_VERIFY',
  VerifyCode: 'VERIFY_CODE',
  REGISTER_VERIFY_CODE: 'REGISTER_VERIFY_CODE',
  LOGIN_VERIFY_CODE: 'LOGIN_VERIFY_CODE',
  MFA_VERIFY_CODE: 'MFA_VERIFY_CODE',
  INFORMATION_COMPLETION_VERIFY_CODE: 'INFORMATION_COMPLETION_VERIFY_CODE',
} as const;
/** What a mail is for. */
export type EmailScene = ValueOf<typeof EmailScene>;
