/** What of the contract the server has no row for, and why. */
const POLICIES = 'Roles hold no policies; resources are granted to them.';
const ROLE_VALUES = 'Only users have values of custom fields.';
const ACCESS = 'Who may use an application is decided natively.';
const ACCOUNTS = 'Applications’ own accounts are applications.';
const TENANTS = 'The contract does not say how a user’s tenants are told.';
const IDENTITIES = 'A linked identity was a user, and is one again when it is unlinked; a bare one can not be added.';
const RULES = 'The contract does not say what a rule is made of.';

const all = (module: string, methods: readonly string[], reason: string) =>
  methods.map((method) => [`${module}.${method}`, reason] as const);

export const LEFT_OUT: Readonly<Record<string, string>> = Object.fromEntries([
  ...all('roles', ['listPolicies', 'addPolicies', 'removePolicies'], POLICIES),
  ...all(
    'roles',
    ['getUdfValue', 'getSpecificUdfValue', 'getUdfValueBatch', 'setUdfValue', 'setUdfValueBatch', 'removeUdfValue'],
    ROLE_VALUES,
  ),
  ...all('acl', ['getPoliciesAssignmentsCondition'], POLICIES),
  ...all(
    'acl',
    [
      'getApplicationAccessPolicies',
      'enableApplicationAccessPolicy',
      'disableApplicationAccessPolicy',
      'deleteApplicationAccessPolicy',
      'allowAccessApplication',
      'denyAccessApplication',
      'updateDefaultApplicationAccessPolicy',
    ],
    ACCESS,
  ),
  ...all(
    'acl',
    [
      'programmaticAccessAccountList',
      'createProgrammaticAccessAccount',
      'deleteProgrammaticAccessAccount',
      'refreshProgrammaticAccessAccountSecret',
      'enableProgrammaticAccessAccount',
      'disableProgrammaticAccessAccount',
    ],
    ACCOUNTS,
  ),
  ...all('users', ['filter'], RULES),
  ...all('users', ['getUserTenants'], TENANTS),
  ...all('users', ['linkIdentity', 'unlinkIdentity'], IDENTITIES),
]);
