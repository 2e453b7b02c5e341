/** What Authing's GraphQL door knows: the contract's types (`authing.json`, `graphql`), with the names its client relies on. */
import { buildSchema } from 'graphql';

/** What a user has in every form, and is text. */
const PERSON = [
  'username email phone unionid openid nickname photo oauth browser device lastLogin lastIP company name givenName familyName',
  'middleName profile preferredUsername website gender birthdate zoneinfo locale address formatted streetAddress locality',
  'region postalCode city province country externalId phoneCountryCode',
]
  .flatMap((names) => names.split(' '))
  .map((name) => `${name}: String`)
  .join('\n  ');

export const schema = buildSchema(`
enum ResourceType { DATA API MENU UI BUTTON }
enum SortByEnum { CREATEDAT_DESC CREATEDAT_ASC UPDATEDAT_DESC UPDATEDAT_ASC }
enum UDFDataType { STRING NUMBER DATETIME BOOLEAN OBJECT SELECT }
enum UDFTargetType { NODE ORG USER USERPOOL ROLE PERMISSION APPLICATION }
enum PolicyAssignmentTargetType { USER ROLE GROUP ORG AK_SK }
enum Operator { AND OR }
enum UserStatus { Suspended Resigned Activated Archived }
type AccessTokenRes {
  accessToken: String
  exp: Int
  iat: Int
}
type User {
  ${PERSON}
  id: String!
  arn: String!
  userPoolId: String!
  status: UserStatus
  emailVerified: Boolean
  phoneVerified: Boolean
  registerSource: [String!]
  password: String
  token: String
  tokenExpiredAt: String
  loginsCount: Int
  signedUp: String
  blocked: Boolean
  isDeleted: Boolean
  createdAt: String
  updatedAt: String
  expiredAt: String
  directManagement: String
  identities: [Identity]
  customData: [UserCustomData]
  groups: PaginatedGroups
  roles(namespace: String): PaginatedRoles
  authorizedResources(namespace: String, resourceType: String): PaginatedAuthorizedResources
  departments(orgId: String): PaginatedDepartments
}
type UserDefinedField {
  targetType: UDFTargetType!
  dataType: UDFDataType!
  key: String!
  label: String
  options: String
}
type UserDefinedData {
  key: String!
  dataType: UDFDataType!
  value: String!
  label: String
}
type CommonMessage {
  code: Int
  message: String
}
type UserDefinedDataMap {
  targetId: String!
  data: [UserDefinedData!]!
}
type PaginatedUsers {
  totalCount: Int!
  list: [User!]!
}
type Identity {
  openid: String
  userIdInIdp: String
  userId: String
  connectionId: String
  isSocial: Boolean
  provider: String
  type: String
  userPoolId: String
  extIdpId: String
}
type UserCustomData {
  key: String!
  value: String
  dataType: UDFDataType!
  label: String
}
type RefreshToken {
  token: String
  iat: Int
  exp: Int
}
type Group {
  code: String!
  name: String!
  description: String
  createdAt: String
  updatedAt: String
  users(page: Int, limit: Int): PaginatedUsers!
  authorizedResources(namespace: String, resourceType: String): PaginatedAuthorizedResources
}
type PaginatedGroups {
  totalCount: Int!
  list: [Group!]!
}
type Role {
  id: String!
  namespace: String!
  code: String!
  arn: String!
  description: String
  createdAt: String
  updatedAt: String
  parent: Role
  users(page: Int, limit: Int): PaginatedUsers!
  authorizedResources(namespace: String, resourceType: String): PaginatedAuthorizedResources
}
type PaginatedRoles {
  totalCount: Int!
  list: [Role!]!
}
type PaginatedAuthorizedResources {
  totalCount: Int!
  list: [AuthorizedResource!]!
}
type AuthorizedResource {
  code: String!
  type: ResourceType
  actions: [String!]
  apiIdentifier: String
}
type PaginatedDepartments {
  totalCount: Int!
  list: [UserDepartment!]!
}
type UserDepartment {
  department: Node!
  isMainDepartment: Boolean!
  joinedAt: String
}
type Node {
  id: String!
  orgId: String
  name: String!
  nameI18n: String
  description: String
  descriptionI18n: String
  order: Int
  code: String
  root: Boolean
  depth: Int
  path: [String!]!
  codePath: [String]!
  namePath: [String!]!
  createdAt: String
  updatedAt: String
  children: [String!]
  isVirtualNode: Boolean
}
type PaginatedAuthorizedTargets {
  totalCount: Int
  list: [ResourcePermissionAssignment]
}
type ResourcePermissionAssignment {
  targetType: PolicyAssignmentTargetType
  targetIdentifier: String
  actions: [String!]
}
input AuthorizedTargetsActionsInput {
  op: Operator!
  list: [String]!
}
input AuthorizeResourceOpt {
  targetType: PolicyAssignmentTargetType!
  targetIdentifier: String!
  actions: [String!]
}
input CreateUserIdentityInput {
  provider: String!
  userIdInIdp: String!
  openid: String
  isSocial: Boolean
  connectionId: String
  accessToken: String
  refreshToken: String
}
input CreateUserInput {
  ${PERSON}
  emailVerified: Boolean
  phoneVerified: Boolean
  password: String
  registerSource: [String!]
  loginsCount: Int
  signedUp: String
  blocked: Boolean
  isDeleted: Boolean
}
input FindUserByIdentityInput {
  identifier: String
  userIdInIdp: String
  isSocial: Boolean
  provider: String
}
input SearchUserDepartmentOpt {
  departmentId: String
  includeChildrenDepartments: Boolean
}
input SearchUserGroupOpt {
  code: String
}
input SearchUserRoleOpt {
  namespace: String
  code: String!
}
input SetUdfValueBatchInput {
  targetId: String!
  key: String!
  value: String!
}
input UpdateUserInput {
  ${PERSON}
  emailVerified: Boolean
  phoneVerified: Boolean
  password: String
  tokenExpiredAt: String
  loginsCount: Int
  blocked: Boolean
  mainDepartmentId: String
  mainDepartmentCode: String
  expiredAt: String
  directManagement: String
  registerSource: [String!]
  signedUp: String
}
input UserDefinedDataInput {
  key: String!
  value: String
}
type Query {
  authorizedResources(targetType: PolicyAssignmentTargetType, targetIdentifier: String, namespace: String, resourceType: String): PaginatedAuthorizedResources
  authorizedTargets(namespace: String!, resource: String!, resourceType: ResourceType!, targetType: PolicyAssignmentTargetType, actions: AuthorizedTargetsActionsInput): PaginatedAuthorizedTargets
  accessToken(userPoolId: String!, secret: String!): AccessTokenRes!
  udf(targetType: UDFTargetType!): [UserDefinedField!]!
  udv(targetType: UDFTargetType!, targetId: String!): [UserDefinedData!]!
  udfValueBatch(targetType: UDFTargetType!, targetIds: [String]!): [UserDefinedDataMap!]!
  users(page: Int, limit: Int, sortBy: SortByEnum, excludeUsersInOrg: Boolean): PaginatedUsers!
  isUserExists(email: String, phone: String, username: String, externalId: String): Boolean
  findUser(email: String, phone: String, username: String, externalId: String, identity: FindUserByIdentityInput): User
  searchUser(query: String!, fields: [String], page: Int, limit: Int, departmentOpts: [SearchUserDepartmentOpt], groupOpts: [SearchUserGroupOpt], roleOpts: [SearchUserRoleOpt]): PaginatedUsers!
  user(id: String): User
  archivedUsers(page: Int, limit: Int): PaginatedUsers!
  role(code: String!, namespace: String): Role
  roles(namespace: String, page: Int, limit: Int, sortBy: SortByEnum): PaginatedRoles!
  group(code: String!): Group
  groups(userId: String, page: Int, limit: Int, sortBy: SortByEnum): PaginatedGroups!
}
type Mutation {
  allow(resource: String!, action: String!, userId: String, userIds: [String!], roleCode: String, roleCodes: [String!], namespace: String): CommonMessage
  authorizeResource(namespace: String, resource: String, resourceType: ResourceType, opts: [AuthorizeResourceOpt]): CommonMessage
  createUser(userInfo: CreateUserInput!, params: String, identity: CreateUserIdentityInput, keepPassword: Boolean, resetPasswordOnFirstLogin: Boolean): User!
  updateUser(id: String, input: UpdateUserInput!, emailToken: String, phoneToken: String): User!
  setUdf(targetType: UDFTargetType!, key: String!, dataType: UDFDataType!, label: String!, options: String): UserDefinedField!
  setUdvBatch(targetType: UDFTargetType!, targetId: String!, udvList: [UserDefinedDataInput!]): [UserDefinedData!]
  setUdfValueBatch(targetType: UDFTargetType!, input: [SetUdfValueBatchInput!]!): CommonMessage
  removeUdv(targetType: UDFTargetType!, targetId: String!, key: String!): [UserDefinedData!]
  refreshToken(id: String): RefreshToken
  createGroup(code: String!, name: String!, description: String): Group!
  addUserToGroup(userIds: [String!]!, code: String): CommonMessage!
  removeUserFromGroup(userIds: [String!]!, code: String): CommonMessage!
  createRole(namespace: String, code: String!, description: String, parent: String): Role!
  assignRole(namespace: String, roleCode: String, roleCodes: [String], userIds: [String!], groupCodes: [String!], nodeCodes: [String!]): CommonMessage
  revokeRole(namespace: String, roleCode: String, roleCodes: [String], userIds: [String!], groupCodes: [String!], nodeCodes: [String!]): CommonMessage
  deleteUser(id: String!): CommonMessage
  deleteUsers(ids: [String!]!): CommonMessage
  sendFirstLoginVerifyEmail(userId: String!, appId: String!): CommonMessage!
  deleteRole(code: String!, namespace: String): CommonMessage!
  deleteRoles(codeList: [String!]!, namespace: String): CommonMessage!
  updateRole(code: String!, description: String, newCode: String, namespace: String): Role!
  removeUdf(targetType: UDFTargetType!, key: String!): CommonMessage
  deleteGroups(codeList: [String!]!): CommonMessage!
  updateGroup(code: String!, name: String, description: String, newCode: String): Group!
}
`);
