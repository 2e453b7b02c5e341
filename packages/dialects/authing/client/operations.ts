/**
 * Every GraphQL operation, one row each: its variables, what it selects, and the type of its root field. A variable is
 * an argument of the root field unless the selection uses it.
 */
import type {
  AuthorizedResource,
  AuthorizedTarget,
  CommonMessage,
  Group,
  Page,
  PolicyAssignment,
  RefreshToken,
  Role,
  User,
  UserDefinedData,
  UserDefinedField,
  UserDepartment,
} from './models.ts';
import type { UdfItem } from './udf.ts';

export interface Operation<T> {
  readonly text: string;
  /** The field of the answer that is the result. */
  readonly root: string;
  /** It changes nothing, so it may be sent again. */
  readonly isSafe: boolean;
  /** The type of the result; nothing at run time. */
  readonly result?: T;
}

const operationOf = <T>(
  kind: string,
  name: string,
  root: string,
  variables: string,
  selection: string,
): Operation<T> => {
  const passed = [...variables.matchAll(/\$(\w+)/g)].map(([, variable]) => variable as string);
  const own = passed.filter((variable) => !new RegExp(`\\$${variable}\\b`).test(selection));
  const args = own.map((variable) => `${variable}: $${variable}`).join(', ');
  const fields = selection ? ` { ${selection} }` : '';
  return { text: `${kind} ${name}(${variables}) { ${root}(${args})${fields} }`, root, isSafe: kind === 'query' };
};
const query = <T>(name: string, variables: string, selection: string, root = name): Operation<T> =>
  operationOf('query', name, root, variables, selection);
const mutation = <T>(name: string, variables: string, selection: string): Operation<T> =>
  operationOf('mutation', name, name, variables, selection);

const USER =
  'id arn userPoolId status username email emailVerified phone phoneVerified unionid openid nickname registerSource photo ' +
  'password oauth token tokenExpiredAt loginsCount lastLogin lastIP signedUp blocked isDeleted device browser company name ' +
  'givenName familyName middleName profile preferredUsername website gender birthdate zoneinfo locale address formatted ' +
  'streetAddress locality region postalCode city province country createdAt updatedAt externalId phoneCountryCode';
const IDENTITIES = 'identities { openid userIdInIdp userId connectionId isSocial provider type userPoolId extIdpId }';
const CUSTOM_DATA = 'customData { key value dataType label }';
const MESSAGE = 'message code';
const VALUE = 'key dataType value label';
const FIELD = 'targetType dataType key label options';
const GROUP = 'code name description createdAt updatedAt';
const ROLE_CODE = 'namespace code arn description createdAt updatedAt';
const ROLE = `id ${ROLE_CODE} parent { ${ROLE_CODE} }`;
const DEPARTMENT =
  'department { id orgId name nameI18n description descriptionI18n order code root depth path codePath namePath createdAt ' +
  'updatedAt children isVirtualNode } isMainDepartment joinedAt';
const pageOf = (selection: string): string => `totalCount list { ${selection} }`;
const RESOURCES = pageOf('code type actions apiIdentifier');

const KEYS = '$email: String, $phone: String, $username: String, $externalId: String';
const IDENTITY_AND_KEYS = `${KEYS}, $identity: FindUserByIdentityInput`;
const LIST_USERS = '$page: Int, $limit: Int, $sortBy: SortByEnum, $excludeUsersInOrg: Boolean';
const SEARCH_USERS =
  '$query: String!, $fields: [String], $page: Int, $limit: Int, $departmentOpts: [SearchUserDepartmentOpt], ' +
  '$groupOpts: [SearchUserGroupOpt], $roleOpts: [SearchUserRoleOpt]';
const MEMBERSHIP = '$userIds: [String!]!, $code: String';
const GRANT_ROLE =
  '$namespace: String, $roleCode: String, $roleCodes: [String], $userIds: [String!], $groupCodes: [String!], $nodeCodes: [String!]';
const ROLE_USERS = '$code: String!, $namespace: String, $page: Int, $limit: Int';
const GROUP_USERS = '$code: String!, $page: Int, $limit: Int';
const ROLE_RESOURCES = '$code: String!, $namespace: String, $resourceType: String';
const POLICIES = '$policies: [String!]!, $targetType: PolicyAssignmentTargetType!, $targetIdentifiers: [String!]';
const membersOf = (selection: string): string => `users(page: $page, limit: $limit) { ${pageOf(selection)} }`;

type Users = Page<User>;
type Resources = { authorizedResources: Page<AuthorizedResource> | null } | null;
type Members = { users: Users } | null;

export const operations = {
  accessToken: query<{ accessToken: string | null }>(
    'accessToken',
    '$userPoolId: String!, $secret: String!',
    'accessToken exp iat',
  ),

  createUser: mutation<User>(
    'createUser',
    '$userInfo: CreateUserInput!, $params: String, $identity: CreateUserIdentityInput, $keepPassword: Boolean, $resetPasswordOnFirstLogin: Boolean',
    USER,
  ),
  updateUser: mutation<User>(
    'updateUser',
    '$id: String, $input: UpdateUserInput!, $emailToken: String, $phoneToken: String',
    `expiredAt directManagement ${USER}`,
  ),
  deleteUser: mutation<CommonMessage>('deleteUser', '$id: String!', MESSAGE),
  deleteUsers: mutation<CommonMessage>('deleteUsers', '$ids: [String!]!', MESSAGE),
  users: query<Users>('users', LIST_USERS, pageOf(`${USER} ${IDENTITIES}`)),
  usersWithCustomData: query<Users>(
    'usersWithCustomData',
    LIST_USERS,
    pageOf(`${USER} ${IDENTITIES} ${CUSTOM_DATA}`),
    'users',
  ),
  archivedUsers: query<Users>('archivedUsers', '$page: Int, $limit: Int', pageOf(USER)),
  isUserExists: query<boolean>('isUserExists', KEYS, ''),
  findUser: query<User | null>('findUser', IDENTITY_AND_KEYS, USER),
  findUserWithCustomData: query<User | null>('findUserWithCustomData', KEYS, `${USER} ${CUSTOM_DATA}`, 'findUser'),
  findUserByIdentityWithCustomData: query<User | null>(
    'findUserWithCustomData',
    IDENTITY_AND_KEYS,
    `${USER} ${CUSTOM_DATA}`,
    'findUser',
  ),
  searchUser: query<Users>('searchUser', SEARCH_USERS, pageOf(USER)),
  searchUserWithCustomData: query<Users>(
    'searchUserWithCustomData',
    SEARCH_USERS,
    pageOf(`${USER} ${CUSTOM_DATA}`),
    'searchUser',
  ),
  refreshToken: mutation<RefreshToken>('refreshToken', '$id: String', 'token iat exp'),
  getUserGroups: query<{ groups: Page<Group> } | null>(
    'getUserGroups',
    '$id: String!',
    `groups { ${pageOf(GROUP)} }`,
    'user',
  ),
  getUserRoles: query<{ roles: Page<Role> } | null>(
    'getUserRoles',
    '$id: String!, $namespace: String',
    `roles(namespace: $namespace) { ${pageOf(ROLE)} }`,
    'user',
  ),
  getUserDepartments: query<{ departments: Page<UserDepartment> } | null>(
    'getUserDepartments',
    '$id: String!, $orgId: String',
    `departments(orgId: $orgId) { ${pageOf(DEPARTMENT)} }`,
    'user',
  ),
  listUserAuthorizedResources: query<Resources>(
    'listUserAuthorizedResources',
    '$id: String!, $namespace: String, $resourceType: String',
    `authorizedResources(namespace: $namespace, resourceType: $resourceType) { ${RESOURCES} }`,
    'user',
  ),
  sendFirstLoginVerifyEmail: mutation<CommonMessage>(
    'sendFirstLoginVerifyEmail',
    '$userId: String!, $appId: String!',
    MESSAGE,
  ),

  setUdf: mutation<UserDefinedField>(
    'setUdf',
    '$targetType: UDFTargetType!, $key: String!, $dataType: UDFDataType!, $label: String!, $options: String',
    FIELD,
  ),
  removeUdf: mutation<CommonMessage>('removeUdf', '$targetType: UDFTargetType!, $key: String!', MESSAGE),
  udf: query<UserDefinedField[]>('udf', '$targetType: UDFTargetType!', FIELD),
  udv: query<UdfItem[] | null>('udv', '$targetType: UDFTargetType!, $targetId: String!', VALUE),
  udfValueBatch: query<{ targetId: string; data: UdfItem[] | null }[]>(
    'udfValueBatch',
    '$targetType: UDFTargetType!, $targetIds: [String!]!',
    `targetId data { ${VALUE} }`,
  ),
  setUdvBatch: mutation<UserDefinedData[]>(
    'setUdvBatch',
    '$targetType: UDFTargetType!, $targetId: String!, $udvList: [UserDefinedDataInput!]',
    VALUE,
  ),
  setUdfValueBatch: mutation<CommonMessage | null>(
    'setUdfValueBatch',
    '$targetType: UDFTargetType!, $input: [SetUdfValueBatchInput!]!',
    MESSAGE,
  ),
  removeUdv: mutation<unknown>('removeUdv', '$targetType: UDFTargetType!, $targetId: String!, $key: String!', VALUE),

  createGroup: mutation<Group>('createGroup', '$code: String!, $name: String!, $description: String', GROUP),
  updateGroup: mutation<Group>(
    'updateGroup',
    '$code: String!, $name: String, $description: String, $newCode: String',
    GROUP,
  ),
  deleteGroups: mutation<CommonMessage>('deleteGroups', '$codeList: [String!]!', MESSAGE),
  group: query<Group | null>('group', '$code: String!', GROUP),
  groups: query<Page<Group>>('groups', '$userId: String, $page: Int, $limit: Int, $sortBy: SortByEnum', pageOf(GROUP)),
  groupWithUsers: query<Members>('groupWithUsers', GROUP_USERS, membersOf(USER), 'group'),
  groupWithUsersWithCustomData: query<Members>(
    'groupWithUsersWithCustomData',
    GROUP_USERS,
    membersOf(`${USER} ${CUSTOM_DATA}`),
    'group',
  ),
  addUserToGroup: mutation<CommonMessage>('addUserToGroup', MEMBERSHIP, MESSAGE),
  removeUserFromGroup: mutation<CommonMessage>('removeUserFromGroup', MEMBERSHIP, MESSAGE),
  listGroupAuthorizedResources: query<Resources>(
    'listGroupAuthorizedResources',
    ROLE_RESOURCES,
    `authorizedResources(namespace: $namespace, resourceType: $resourceType) { ${RESOURCES} }`,
    'group',
  ),

  createRole: mutation<Role>(
    'createRole',
    '$namespace: String, $code: String!, $description: String, $parent: String',
    ROLE,
  ),
  updateRole: mutation<Role>(
    'updateRole',
    '$code: String!, $description: String, $newCode: String, $namespace: String',
    ROLE,
  ),
  deleteRole: mutation<CommonMessage>('deleteRole', '$code: String!, $namespace: String', MESSAGE),
  deleteRoles: mutation<CommonMessage>('deleteRoles', '$codeList: [String!]!, $namespace: String', MESSAGE),
  role: query<Role | null>('role', '$code: String!, $namespace: String', ROLE),
  roles: query<Page<Role>>(
    'roles',
    '$namespace: String, $page: Int, $limit: Int, $sortBy: SortByEnum',
    pageOf(`id ${ROLE_CODE}`),
  ),
  roleWithUsers: query<Members>('roleWithUsers', ROLE_USERS, membersOf(USER), 'role'),
  roleWithUsersWithCustomData: query<Members>(
    'roleWithUsersWithCustomData',
    ROLE_USERS,
    membersOf(`${USER} ${CUSTOM_DATA}`),
    'role',
  ),
  assignRole: mutation<CommonMessage>('assignRole', GRANT_ROLE, MESSAGE),
  revokeRole: mutation<CommonMessage>('revokeRole', GRANT_ROLE, MESSAGE),
  listRoleAuthorizedResources: query<Resources>(
    'listRoleAuthorizedResources',
    ROLE_RESOURCES,
    `authorizedResources(resourceType: $resourceType) { ${RESOURCES} }`,
    'role',
  ),
  policyAssignments: query<Page<PolicyAssignment>>(
    'policyAssignments',
    '$namespace: String, $code: String, $targetType: PolicyAssignmentTargetType, $targetIdentifier: String, $page: Int, $limit: Int',
    pageOf('code targetType targetIdentifier'),
  ),
  addPolicyAssignments: mutation<CommonMessage>(
    'addPolicyAssignments',
    `${POLICIES}, $inheritByChildren: Boolean, $namespace: String`,
    MESSAGE,
  ),
  removePolicyAssignments: mutation<CommonMessage>(
    'removePolicyAssignments',
    `${POLICIES}, $namespace: String`,
    MESSAGE,
  ),

  allow: mutation<CommonMessage>(
    'allow',
    '$resource: String!, $action: String!, $userId: String, $userIds: [String!], $roleCode: String, $roleCodes: [String!], $namespace: String',
    MESSAGE,
  ),
  authorizeResource: mutation<CommonMessage>(
    'authorizeResource',
    '$namespace: String, $resource: String, $resourceType: ResourceType, $opts: [AuthorizeResourceOpt]',
    MESSAGE,
  ),
  authorizedResources: query<Page<AuthorizedResource> | null>(
    'authorizedResources',
    '$targetType: PolicyAssignmentTargetType, $targetIdentifier: String, $namespace: String, $resourceType: String',
    RESOURCES,
  ),
  authorizedTargets: query<Page<AuthorizedTarget>>(
    'authorizedTargets',
    '$namespace: String!, $resourceType: ResourceType!, $resource: String!, $targetType: PolicyAssignmentTargetType, $actions: AuthorizedTargetsActionsInput',
    pageOf('targetType targetIdentifier actions'),
  ),
  sendEmail: mutation<CommonMessage>('sendEmail', '$email: String!, $scene: EmailScene!', MESSAGE),
};
