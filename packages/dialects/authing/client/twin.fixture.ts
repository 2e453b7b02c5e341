/** Calls for the genuine client and ours: at least one for each method, with what the server answers. */
import { type Answer, graphql, jwt, refused, rest } from './upstream.fixture.ts';

export interface Case {
  readonly surface: string;
  readonly args: readonly unknown[];
  readonly answer: Answer;
}

const one = (surface: string, args: readonly unknown[], answer: Answer): Case => ({ surface, args, answer });
const ask = (surface: string, args: readonly unknown[], data: unknown): Case => one(surface, args, graphql(data));
const get = (surface: string, args: readonly unknown[], data: unknown): Case => one(surface, args, rest(data));

const message = { code: 200, message: 'fine' };
const values = [
  { key: 'school', dataType: 'STRING', value: 'HUST', label: 'School' },
  { key: 'age', dataType: 'NUMBER', value: '20', label: null },
  { key: 'vip', dataType: 'BOOLEAN', value: 'true', label: null },
  { key: 'extra', dataType: 'OBJECT', value: '{"a":[1,{"b":null}]}', label: null },
  { key: 'born', dataType: 'DATETIME', value: '2001-02-03T04:05:06.000Z', label: null },
  { key: 'moved', dataType: 'DATETIME', value: '86400000', label: null },
  { key: 'level', dataType: 'SELECT', value: 'gold', label: null },
  { key: 'none', dataType: 'STRING', value: null, label: null },
];
const user = { id: 'u', username: 'bob', customData: values, email: null };
const bare = { id: 'v', customData: null };
const page = { totalCount: 2, list: [user, bare] };
const role = { id: 'r', code: 'c', namespace: 'n', parent: null };
const resources = {
  totalCount: 2,
  list: [
    { code: 'a', type: null, actions: [], apiIdentifier: null },
    { code: 'b', type: 'API', actions: ['x:y'], apiIdentifier: 'i' },
  ],
};
const departments = { totalCount: 1, list: [{ department: { id: 'd', name: 'D' }, isMainDepartment: true }] };
const token = jwt({ data: { id: 'u', email: 'é@example.com' } });
const policy = { appId: 'A', targetType: 'USER', targetIdentifiers: ['u'], namespace: 'n', inheritByChildren: true };
const resource = { code: 'c', type: 'API', actions: [{ name: 'a', description: 'b' }], namespace: 'n', more: 1 };
const opts = [{ targetType: 'USER', targetIdentifier: 'u', actions: ['a'] }];
const targets = {
  namespace: 'n',
  resource: 'r',
  resourceType: 'DATA',
  targetType: 'USER',
  actions: { op: 'AND', list: ['a'] },
};
const action = {
  userpool_id: 'P',
  user: { id: 'u', displayName: 'U' },
  geoip: { ip: '1', city_name: 'C', region_name: 'R' },
  operation_desc: 'd',
  operation_name: 'n',
  timestamp: 't',
  app_id: 'a',
  app: { name: 'A' },
};
const withCustomData = true;

export const userCases: readonly Case[] = [
  ask('users.create', [{ username: 'bob', nickname: null, loginsCount: 0, signedUp: new Date(0) }], {
    createUser: user,
  }),
  ask('users.create', [{ username: 'bob', password: 'pass wörd', email: undefined }], { createUser: user }),
  ask(
    'users.create',
    [
      { password: '', city: 'X' },
      { keepPassword: true, identity: { provider: 'p', userIdInIdp: '1' } },
    ],
    {
      createUser: user,
    },
  ),
  one('users.create', [{ username: 'bob' }], refused(2026, 'taken')),
  ask('users.update', ['u', { nickname: 'x', password: 'pw', registerSource: ['a'] }], { updateUser: user }),
  one('users.update', ['u', {}], refused(2004, 'unknown')),
  get('users.detail', ['u'], user),
  get('users.detail', ['u'], null),
  get('users.detail', ['u', { withCustomData: false }], bare),
  get('users.detail', ['u', { withCustomData }], user),
  get('users.detail', ['u', { withCustomData }], bare),
  get('users.detail', ['u', { withCustomData }], null),
  one('users.detail', ['u'], { body: { code: 2020, message: 'no' } }),
  one('users.detail', ['u'], { body: { statusCode: 200, message: 'ok', data: bare } }),
  ask('users.delete', ['u'], { deleteUser: message }),
  ask('users.delete', ['u'], { deleteUser: { code: 500, message: 'returned, not thrown' } }),
  one('users.delete', ['u'], refused(undefined, 'no code')),
  ask('users.deleteMany', [['u', 'v']], { deleteUsers: message }),
  ask('users.deleteMany', [[]], { deleteUsers: message }),
  get('users.batch', [['u']], [user]),
  get('users.batch', [['bob'], { queryField: 'username', withCustomData }], [user, bare]),
  one('users.batch', [['u']], { body: { code: 2030, message: 'too many' } }),
  ask('users.list', [], { users: page }),
  ask('users.list', [2, 3, { excludeUsersInOrg: true }], { users: page }),
  ask('users.list', [null, 0], { users: page }),
  ask('users.list', [-1, 5, { withCustomData }], { users: page }),
  ask('users.list', [], { users: null }),
  one('users.list', [], refused(500, 'down')),
  get('users.filter', [{ page: 1, limit: 2, filter: [{ field: 'a' }] }], page),
  ask('users.listArchivedUsers', [], { archivedUsers: page }),
  ask('users.listArchivedUsers', [2, 3], { archivedUsers: page }),
  ask('users.exists', [{ username: 'bob', other: 1 }], { isUserExists: true }),
  ask('users.exists', [{}], { isUserExists: null }),
  ask('users.exists', [{ phone: '1', externalId: 'e', email: '' }], { isUserExists: false }),
  ask('users.find', [{ email: 'BOB@example.com', other: 1 }], { findUser: user }),
  ask('users.find', [{ identity: { provider: 'p', userIdInIdp: '1' } }], { findUser: null }),
  ask('users.find', [{ username: 'bob', withCustomData }], { findUser: bare }),
  ask('users.search', ['bob'], { searchUser: page }),
  ask('users.search', ['', { fields: ['username'], page: 2, limit: 5, groupOpts: [{ code: 'g' }] }], {
    searchUser: page,
  }),
  ask('users.search', ['o', { departmentOpts: [{}], roleOpts: [{ code: 'r' }], withCustomData }], { searchUser: page }),
  ask('users.refreshToken', ['u'], { refreshToken: { token: 't', iat: 1, exp: 2 } }),
  ask('users.listGroups', ['u'], { user: { groups: { totalCount: 0, list: [] } } }),
  ask('users.addGroup', ['u', 'g'], { addUserToGroup: message }),
  ask('users.removeGroup', ['u', 'g'], { removeUserFromGroup: message }),
  ask('users.listRoles', ['u'], { user: { roles: { totalCount: 1, list: [role] } } }),
  ask('users.listRoles', ['u', 'n'], { user: { roles: { totalCount: 1, list: [role] } } }),
  ask('users.addRoles', ['u', ['r']], { assignRole: message }),
  ask('users.addRoles', ['u', ['r', 's'], 'n'], { assignRole: message }),
  ask('users.removeRoles', ['u', ['r'], 'n'], { revokeRole: message }),
  ask('users.hasRole', ['u', 'c'], { user: { roles: { totalCount: 1, list: [role] } } }),
  ask('users.hasRole', ['u', 'd', 'n'], { user: { roles: { totalCount: 1, list: [role] } } }),
  get('users.listOrgs', ['u'], [[{ id: 'o' }]]),
  ask('users.listDepartment', ['u'], { user: { departments } }),
  ask('users.listAuthorizedResources', ['u', 'n'], { user: { authorizedResources: resources } }),
  ask('users.listAuthorizedResources', ['u', 'n', { resourceType: 'API' }], {
    user: { authorizedResources: resources },
  }),
  ask('users.getUdfValue', ['u'], { udv: values }),
  ask('users.getUdfValue', ['u'], { udv: null }),
  ask('users.getUdfValueBatch', [['u', 'v']], {
    udfValueBatch: [
      { targetId: 'u', data: values },
      { targetId: 'v', data: null },
    ],
  }),
  ask(
    'users.setUdfValue',
    ['u', { a: 'x', b: 1, c: null, d: undefined, e: Number.NaN, f: new Date(0), g: { h: [] } }],
    {
      setUdvBatch: values,
    },
  ),
  ask(
    'users.setUdfValueBatch',
    [
      [
        { userId: 'u', data: { a: 'x', b: undefined } },
        { userId: 'v', data: { a: 1 } },
      ],
    ],
    {
      setUdfValueBatch: message,
    },
  ),
  ask('users.setUdfValueBatch', [[{ userId: 'u', data: {} }]], { setUdfValueBatch: null }),
  ask('users.removeUdfValue', ['u', 'k'], { removeUdv: values }),
  get('users.kick', [['u']], null),
  one('users.kick', [['u']], { body: { code: 500, message: 'no' } }),
  get('users.logout', [{ userId: 'u', appId: 'a' }], null),
  get('users.logout', [{ userId: 'u' }], null),
  get('users.checkLoginStatus', ['u'], { isLogin: true }),
  get('users.checkLoginStatus', ['u', 'a', 'd'], { isLogin: true }),
  get('users.listUserActions', [], { totalCount: 1, list: [action] }),
  get(
    'users.listUserActions',
    [
      {
        clientIp: '1',
        operationNames: ['a', 'b'],
        userIds: ['u', 'v'],
        page: 2,
        limit: 3,
        excludeNonAppRecords: true,
        appIds: ['p'],
        start: 1,
        end: 2,
      },
    ],
    { totalCount: 1, list: [action] },
  ),
  get('users.listUserActions', [{ excludeNonAppRecords: false }], { totalCount: 0, list: [] }),
  ask('users.sendFirstLoginVerifyEmail', [{ userId: 'u', appId: 'a' }], { sendFirstLoginVerifyEmail: message }),
  get('users.getUserTenants', ['u'], [{ tenants: [] }]),
  get('users.linkIdentity', [{ userId: 'u', userIdInIdp: 'i', isSocial: true, type: 't', identifier: 'g' }], { a: 1 }),
  one('users.linkIdentity', [{ userId: 'u' }], { body: { code: 400, message: 'returned, not thrown' } }),
  get('users.unlinkIdentity', [{ userId: 'u', isSocial: true, type: 't', identifier: 'g', extIdpId: 'e' }], null),
  get('users.getApplicationLoginUserNum', [{ appId: 'a' }], 5),
  get('users.getUdfFieldUserNum', [{ appId: 'a', definedFieldKey: 'k' }], 5),
  get('users.resignUser', ['u'], { statusCode: 200 }),
  get('users.resignUserBatch', [['u', 'v']], { statusCode: 200 }),
];

const members = { users: page };
export const otherCases: readonly Case[] = [
  ask('groups.create', ['g', 'G', 'd'], { createGroup: { code: 'g' } }),
  ask('groups.create', ['g', 'G'], { createGroup: { code: 'g' } }),
  ask('groups.delete', ['g'], { deleteGroups: message }),
  ask('groups.deleteMany', [['g', 'h']], { deleteGroups: message }),
  ask('groups.update', ['g', { name: 'H', newCode: 'h', other: 1 }], { updateGroup: { code: 'h' } }),
  ask('groups.detail', ['g'], { group: null }),
  ask('groups.list', [], { groups: { totalCount: 0, list: [] } }),
  ask('groups.list', [2, 3], { groups: { totalCount: 0, list: [] } }),
  ask('groups.listUsers', ['g'], { group: members }),
  ask('groups.listUsers', ['g', { page: 2, withCustomData }], { group: members }),
  ask('groups.addUsers', ['g', ['u']], { addUserToGroup: message }),
  ask('groups.removeUsers', ['g', ['u']], { removeUserFromGroup: message }),
  ask('groups.listAuthorizedResources', ['g', 'n', { resourceType: 'API' }], {
    group: { authorizedResources: resources },
  }),
  ask('roles.create', ['r', 'd', 'n'], { createRole: role }),
  ask('roles.delete', ['r', 'n'], { deleteRole: message }),
  ask('roles.deleteMany', [['r', 's']], { deleteRoles: message }),
  ask('roles.update', ['r', { description: 'd', newCode: 's', namespace: 'n' }], { updateRole: role }),
  ask('roles.detail', ['r'], { role: null }),
  ask('roles.findByCode', ['r', 'n'], { role }),
  ask('roles.list', [], { roles: { totalCount: 1, list: [role] } }),
  ask('roles.list', [{ namespace: 'n', page: 2, limit: 3 }], { roles: { totalCount: 1, list: [role] } }),
  ask('roles.listUsers', ['r'], { role: members }),
  ask('roles.listUsers', ['r', { namespace: 'n', withCustomData }], { role: members }),
  get('roles.findUsers', ['r'], page),
  get('roles.findUsers', ['r', { namespace: 'n', search: 's', page: 2, limit: 3 }], page),
  ask('roles.addUsers', ['r', ['u'], 'n'], { assignRole: message }),
  ask('roles.removeUsers', ['r', ['u']], { revokeRole: message }),
  ask('roles.listPolicies', ['r'], { policyAssignments: { totalCount: 0, list: [] } }),
  ask('roles.listAuthorizedResources', ['r', 'n'], { role: { authorizedResources: resources } }),
  ask('roles.getUdfValue', ['r'], { udv: values }),
  ask('roles.getSpecificUdfValue', ['r', 'age'], { udv: values }),
  ask('roles.getSpecificUdfValue', ['r', 'absent'], { udv: values }),
  ask('roles.getUdfValueBatch', [['r']], { udfValueBatch: [{ targetId: 'r', data: values }] }),
  ask('roles.setUdfValue', ['r', { a: 1 }], { setUdvBatch: values }),
  ask('roles.setUdfValueBatch', [[{ roleId: 'r', data: { a: 1 } }]], { setUdfValueBatch: message }),
  ask('roles.removeUdfValue', ['r', 'k'], { removeUdv: values }),
  ask('udf.set', ['USER', 'k', 'STRING', 'K'], { setUdf: { key: 'k' } }),
  ask('udf.remove', ['USER', 'k'], { removeUdf: message }),
  ask('udf.list', ['ROLE'], { udf: [{ key: 'k' }] }),
  ask('udf.listUdv', ['USER', 'u'], { udv: values.filter(({ key }) => key !== 'born') }),
  ask('udf.setUdvBatch', ['USER', 'u', [{ key: 'k', value: 'x' }, { key: 'l', value: 5 }, { key: 'm' }]], {
    setUdvBatch: [],
  }),
  ask('acl.allow', ['u', 'r', 'a', 'n'], { allow: message }),
  get('acl.isAllowed', ['u', 'r', 'a'], { allowed: true }),
  get('acl.isAllowed', ['u', 'r', 'a', { namespace: 'n', tenantId: 't' }], { allowed: false }),
  ask('acl.listAuthorizedResources', ['USER', 'u', 'n', { resourceType: 'API' }], { authorizedResources: resources }),
  get(
    'acl.listAuthorizedResourcesBatch',
    [{ namespace: 'n', targets: [{ targetType: 'USER' }], resourceType: 'API' }],
    [{ resources }],
  ),
  ask('acl.authorizeResource', [{ namespace: 'n', resource: 'r', opts }], { authorizeResource: message }),
  get('acl.authorizeResources', [{ namespace: 'n', opts }], null),
  get('acl.revokeResources', [{ namespace: 'n', opts }], null),
  get('acl.revokeResource', [{ namespace: 'n', resource: 'r', opts }], null),
  ask('acl.getAuthorizedTargets', [targets], { authorizedTargets: { totalCount: 0, list: [] } }),
  get('acl.listResources', [], { totalCount: 0, list: [] }),
  get('acl.getResources', [{ namespace: 'n', type: 'API', limit: 1, page: 2 }], { totalCount: 0, list: [] }),
  get('acl.getResourceById', ['i'], resource),
  get('acl.getResourceByCode', [{ namespace: 'n', code: 'c' }], resource),
  get('acl.createResource', [resource], resource),
  get('acl.updateResource', ['c', resource], resource),
  get('acl.deleteResource', ['c', 'n'], null),
  get('acl.getApplicationAccessPolicies', [{ appId: 'A', page: 1, limit: 2 }], { totalCount: 0, list: [] }),
  get('acl.getApplicationAccessPolicies', [{ appId: 'A' }], { totalCount: 0, list: [] }),
  get('acl.enableApplicationAccessPolicy', [policy], null),
  get('acl.disableApplicationAccessPolicy', [policy], null),
  get('acl.deleteApplicationAccessPolicy', [policy], null),
  get('acl.allowAccessApplication', [policy], null),
  get('acl.denyAccessApplication', [{ appId: 'A', targetType: 'USER', targetIdentifiers: ['u'] }], null),
  get('acl.updateDefaultApplicationAccessPolicy', [{ appId: 'A', defaultStrategy: 'ALLOW_ALL' }], { id: 'A' }),
  get('acl.programmaticAccessAccountList', ['A'], { totalCount: 0, list: [] }),
  get('acl.createProgrammaticAccessAccount', ['A'], { id: 'p' }),
  get('acl.createProgrammaticAccessAccount', ['A', { tokenLifetime: 5, remarks: 'r' }], { id: 'p' }),
  get('acl.deleteProgrammaticAccessAccount', ['p'], null),
  get('acl.refreshProgrammaticAccessAccountSecret', ['p', 'a secret of mine'], { id: 'p' }),
  get('acl.enableProgrammaticAccessAccount', ['p'], { id: 'p' }),
  get('acl.disableProgrammaticAccessAccount', ['p'], { id: 'p' }),
  get('acl.listNamespaces', [], { total: 0, list: [] }),
  get('acl.createNamespace', ['c', 'n'], { code: 'c' }),
  get('acl.updateNamespace', ['c', { name: 'x', other: 1 }], { code: 'c' }),
  get('acl.deleteNamespace', ['c'], null),
  get('acl.getPoliciesAssignmentsCondition', ['n', 'p', 'USER'], {}),
  ask('checkLoginStatus', [token], {}),
  get('checkLoginStatus', [token, { fetchUserDetail: true }], user),
  ask('checkLoginStatus', [jwt({ exp: 1, data: { id: 'u' } })], {}),
  ask('checkLoginStatus', [jwt()], {}),
  ask('checkLoginStatus', ['no token'], {}),
  ask('checkLoginStatus', [''], {}),
  ask('checkLoginStatus', [undefined], {}),
  ask('sendEmail', ['e@example.com', 'VERIFY_EMAIL'], { sendEmail: message }),
  get('isPasswordValid', ['pw'], { valid: false, message: 'short' }),
  ask('makeGraphqlRequest', [{ query: 'query q($a: Int) { x(a: $a) }', variables: { a: 1 } }], { x: 1 }),
  ask('makeGraphqlRequest', [{ query: '{ x y }' }], { x: 1, y: null }),
  get('makeRestRequest', [{ method: 'GET', url: '/api/v2/x', params: { a: 1, b: undefined, c: [1, 2] } }], { x: 1 }),
  get('makeRestRequest', [{ url: 'api/v2/x' }], { x: 1 }),
  get(
    'makeRestRequest',
    [{ method: 'post', url: '/x', data: { q: 1 }, headers: { authorization: 'Bearer mine', z: '1' } }],
    {},
  ),
];

/** Where ours is better on purpose: what the other does, and what ours does instead. */
export interface Difference extends Case {
  readonly why: string;
  readonly theirs: unknown;
  readonly ours: unknown;
  /** What each sends, where that differs. */
  readonly sends?: readonly [theirs: unknown, ours: unknown];
}
const differs = (
  why: string,
  given: Case,
  theirs: unknown,
  ours: unknown,
  sends?: Difference['sends'],
): Difference => ({
  ...given,
  why,
  theirs,
  ours,
  ...(sends ? { sends } : {}),
});
/** A rejection that has no code. */
const uncoded = { code: undefined };
const argument = { code: 'ERR_INVALID_ARGUMENT' };

export const differences: readonly Difference[] = [
  differs(
    'positional page and limit are honoured',
    ask('users.search', ['q', { fields: ['email'] }, 2, 3], { searchUser: page }),
    page,
    page,
    [
      { query: 'q', fields: ['email'], page: 1, limit: 10 },
      { query: 'q', fields: ['email'], page: 2, limit: 3 },
    ],
  ),
  differs(
    'a list of fields may stand in place of the options',
    ask('users.search', ['q', ['email'], 2, 3], { searchUser: page }),
    page,
    page,
    [
      { query: 'q', page: 1, limit: 10 },
      { query: 'q', fields: ['email'], page: 2, limit: 3 },
    ],
  ),
  differs(
    'nobody found is null, with custom data too',
    ask('users.find', [{ username: 'x', withCustomData }], { findUser: null }),
    uncoded,
    null,
  ),
  differs(
    'a linked account counts, with custom data too',
    ask('users.find', [{ username: 'bob', identity: { provider: 'p', userIdInIdp: '1' }, withCustomData }], {
      findUser: bare,
    }),
    { ...bare, customData: {} },
    { ...bare, customData: {} },
    [{ username: 'bob' }, { username: 'bob', identity: { provider: 'p', userIdInIdp: '1' } }],
  ),
  differs('an unknown user has a code', ask('users.listRoles', ['x'], { user: null }), uncoded, { code: 2004 }),
  differs('an unknown user has a code', ask('users.listGroups', ['x'], { user: null }), uncoded, { code: 2004 }),
  differs('an unknown user has a code', ask('users.hasRole', ['x', 'r'], { user: null }), uncoded, { code: 2004 }),
  differs('an unknown user has a code', ask('users.listDepartment', ['x'], { user: null }), uncoded, { code: 2004 }),
  differs('an unknown user has a code', ask('users.listAuthorizedResources', ['x', 'n'], { user: null }), uncoded, {
    code: 2004,
  }),
  differs('an unknown group has a code', ask('groups.listUsers', ['x'], { group: null }), uncoded, { code: 500 }),
  differs('an unknown group has a code', ask('groups.listAuthorizedResources', ['x', 'n'], { group: null }), uncoded, {
    code: 500,
  }),
  differs('an unknown role has a code', ask('roles.listAuthorizedResources', ['x', 'n'], { role: null }), uncoded, {
    code: 500,
  }),
  differs(
    'an unknown role is no role without users',
    ask('roles.listUsers', ['x'], { role: null }),
    { totalCount: 0, list: [] },
    { code: 500 },
  ),
  differs('an answer without data is an error with a code', one('users.list', [], { body: {} }), uncoded, {
    code: 'ERR_BAD_RESPONSE',
  }),
  differs(
    'a failure is no success',
    ask('users.setUdfValueBatch', [[{ userId: 'u', data: { a: 1 } }]], {
      setUdfValueBatch: { code: 500, message: 'no' },
    }),
    undefined,
    { code: 500, message: 'no' },
  ),
  differs(
    'a failure is no success',
    ask('users.sendFirstLoginVerifyEmail', [{ userId: 'u', appId: 'a' }], {
      sendFirstLoginVerifyEmail: { code: 500, message: 'no' },
    }),
    true,
    { code: 500, message: 'no' },
  ),
  differs(
    'no value is null, not 1970',
    ask('users.getUdfValue', ['u'], { udv: [{ key: 'k', dataType: 'DATETIME', value: null }] }),
    { k: new Date(0) },
    { k: null },
  ),
  differs(
    'a number that is none says which field',
    ask('users.getUdfValue', ['u'], { udv: [{ key: 'k', dataType: 'NUMBER', value: 'x' }] }),
    uncoded,
    { code: 'ERR_BAD_RESPONSE' },
  ),
  differs(
    'instants are read whole',
    ask('udf.listUdv', ['USER', 'u'], { udv: [{ key: 'k', dataType: 'DATETIME', value: '2001-02-03T04:05:06.000Z' }] }),
    [{ key: 'k', dataType: 'DATETIME', value: new Date(2001) }],
    [{ key: 'k', dataType: 'DATETIME', value: new Date('2001-02-03T04:05:06.000Z') }],
  ),
  differs(
    'options of a field are sent',
    ask('udf.set', ['USER', 'k', 'SELECT', 'K', [{ value: 'a' }]], { setUdf: {} }),
    {},
    {},
    [
      { targetType: 'USER', dataType: 'SELECT', key: 'k', label: 'K' },
      { targetType: 'USER', dataType: 'SELECT', key: 'k', label: 'K', options: '[{"value":"a"}]' },
    ],
  ),
  ...['add', 'remove'].map((verb) =>
    differs(
      'policies are a role’s, not a user’s',
      ask(`roles.${verb}Policies`, ['r', ['p']], { [`${verb}PolicyAssignments`]: message }),
      message,
      message,
      [
        { targetType: 'USER', targetIdentifiers: ['r'], policies: ['p'] },
        { targetType: 'ROLE', targetIdentifiers: ['r'], policies: ['p'] },
      ],
    ),
  ),
  differs('without rules: JSON all the same', get('users.filter', [], page), page, page, ['', {}]),
  differs(
    'a code that no REST answer has names',
    one('users.detail', ['u'], { body: { statusCode: 403, message: 'no' } }),
    { code: undefined, message: 'no' },
    { code: 403, message: 'no' },
  ),
  differs(
    'a message that is a text is read',
    one('users.list', [], { body: { errors: [{ message: 'Unknown type', extensions: { code: 'BAD' } }], data: null } }),
    { code: undefined, message: undefined },
    { code: 'BAD', message: 'Unknown type' },
  ),
  differs(
    'the server’s code counts, whatever the status',
    one('users.list', [], { status: 400, body: { errors: [{ message: { code: 2231, message: 'no' } }] } }),
    { code: 'ERR_BAD_REQUEST' },
    { code: 2231, message: 'no' },
  ),
  differs(
    'the server’s code counts, whatever the status',
    one('users.detail', ['u'], { status: 400, body: { code: 2231, message: 'no' } }),
    { code: 'ERR_BAD_REQUEST' },
    { code: 2231, message: 'no' },
  ),
  differs('nothing to ask for', ask('users.getUdfValueBatch', [[]], {}), uncoded, argument),
  differs('nothing to write', ask('users.setUdfValue', ['u', {}], {}), uncoded, argument),
  differs('nothing to write', ask('users.setUdfValueBatch', [[]], {}), uncoded, argument),
  differs('who is meant must be said', get('users.logout', [{ appId: 'a' }], null), uncoded, argument),
  differs('a resource has actions', get('acl.createResource', [{ ...resource, actions: [] }], {}), uncoded, argument),
  differs(
    'a token of nobody has a code',
    get('checkLoginStatus', [jwt(), { fetchUserDetail: true }], user),
    uncoded,
    argument,
  ),
];
