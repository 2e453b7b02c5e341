/** `auth0@4.37.1` and the current major: other names and other shapes for the same calls. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CLIENT_ID, CLIENT_SECRET } from '@reeve/testkit';
import { type Client, isRecord, numberOrNothing, reach, textOrNothing } from './clients.ts';

interface Package {
  readonly ManagementClient: new (options: Record<string, unknown>) => object;
  readonly UserInfoClient?: new (options: Record<string, unknown>) => object;
}
type Arguments = readonly unknown[];
type Loose = Record<string, unknown>;
/** The method's own path, and what becomes of the arguments that the 3.x line takes. */
type Entry = readonly [path: string, args?: (given: Arguments) => Arguments];
type Table = Readonly<Record<string, Entry>>;

const require = createRequire(import.meta.url);

const fileOf = (given: Loose) => {
  const { users, users_json: json, ...rest } = given;
  const text = json ?? readFileSync(users as string, 'utf8');
  return { ...rest, users: new File([String(text)], 'users.json', { type: 'application/json' }) };
};
const importing = ([given]: Arguments): Arguments => [fileOf(given as Loose)];
const none = () => [];

const same = (manager: string, ...names: string[]): Table =>
  Object.fromEntries(names.map((name) => [`${manager}.${name}`, [`${manager}.${name}`] as const]));

/** Parameters as an object and then the body, as before; many names differ. */
const fourth: Table = {
  ...same(
    'users',
    'create',
    'get',
    'update',
    'delete',
    'getAll',
    'unlink',
    'getRoles',
    'assignRoles',
    'getPermissions',
  ),
  ...same(
    'users',
    'assignPermissions',
    'getUserOrganizations',
    'getAuthenticationMethods',
    'createAuthenticationMethod',
  ),
  ...same('users', 'updateAuthenticationMethods', 'deleteAuthenticationMethods', 'deleteAllAuthenticators'),
  ...same('users', 'deleteMultifactorProvider', 'regenerateRecoveryCode', 'invalidateRememberBrowser'),
  'users.getByEmail': ['usersByEmail.getByEmail', ([email]) => [{ email }]],
  'users.link': ['users.link', ([id, body]) => [{ id }, body]],
  'users.logs': ['users.getLogs'],
  'users.getGuardianEnrollments': ['users.getEnrollments'],
  'users.removeRoles': ['users.deleteRoles'],
  'users.removePermissions': ['users.deletePermissions'],
  'users.getAuthenticationMethodById': ['users.getAuthenticationMethod'],
  'users.updateAuthenticationMethodById': ['users.updateAuthenticationMethod'],
  'users.deleteAuthenticationMethodById': ['users.deleteAuthenticationMethod'],
  ...same('clients', 'create', 'get', 'getAll', 'update', 'delete', 'rotateClientSecret'),
  ...same('clientGrants', 'create', 'getAll', 'update', 'delete'),
  ...same('connections', 'create', 'get', 'getAll', 'update', 'delete', 'checkStatus', 'deleteUserByEmail'),
  ...same('deviceCredentials', 'createPublicKey', 'getAll', 'delete'),
  ...same('resourceServers', 'create', 'get', 'getAll', 'update', 'delete'),
  ...same('rules', 'create', 'get', 'getAll', 'update', 'delete'),
  ...same('tickets', 'verifyEmail', 'changePassword'),
  ...same('logs', 'get', 'getAll'),
  ...same('stats', 'getDaily', 'getActiveUsersCount'),
  ...same('jobs', 'get', 'exportUsers', 'verifyEmail'),
  'jobs.errors': ['jobs.getErrors'],
  'jobs.importUsersJob': ['jobs.importUsers', importing],
  'blacklistedTokens.add': ['blacklists.add'],
  'blacklistedTokens.getAll': ['blacklists.getAll'],
  'emailProvider.configure': ['emails.configure'],
  'emailProvider.get': ['emails.get'],
  'emailProvider.update': ['emails.update', ([, body]) => [body]],
  'tenant.getSettings': ['tenants.getSettings'],
  'tenant.updateSettings': ['tenants.updateSettings'],
};

const field = (from: unknown, name: string): unknown => (from as Loose)[name];
const byId = ([params, ...rest]: Arguments): Arguments => [field(params, 'id'), ...rest];
const byIdOnly = ([params]: Arguments): Arguments => {
  const { id, ...rest } = params as Loose;
  return Object.keys(rest).length > 0 ? [id, rest] : [id];
};
const byClient = ([params, ...rest]: Arguments): Arguments => [field(params, 'client_id'), ...rest];
const byMethod = ([params, ...rest]: Arguments): Arguments => [
  field(params, 'id'),
  field(params, 'authentication_method_id'),
  ...rest,
];

/** The current major has the parameter's documented name only. */
const searching = ([params]: Arguments): Arguments => {
  const { q, ...rest } = params as Loose;
  return [{ search: q, ...rest }];
};

const five = (manager: string, args: (given: Arguments) => Arguments = byId): Table => ({
  [`${manager}.create`]: [`${manager}.create`],
  [`${manager}.getAll`]: [`${manager}.list`],
  [`${manager}.get`]: [`${manager}.get`, args],
  [`${manager}.update`]: [`${manager}.update`, args],
  [`${manager}.delete`]: [`${manager}.delete`, args],
});

/** Ids by position, groups below groups, and pages. */
const seventh: Table = {
  ...five('users'),
  'users.getByEmail': ['users.listUsersByEmail', ([email]) => [{ email }]],
  'users.link': ['users.identities.link'],
  'users.unlink': [
    'users.identities.delete',
    ([params]) => [field(params, 'id'), field(params, 'provider'), field(params, 'user_id')],
  ],
  'users.logs': ['users.logs.list', byIdOnly],
  'users.getRoles': ['users.roles.list', byIdOnly],
  'users.assignRoles': ['users.roles.assign', byId],
  'users.removeRoles': ['users.roles.delete', byId],
  'users.getPermissions': ['users.permissions.list', byIdOnly],
  'users.assignPermissions': ['users.permissions.create', byId],
  'users.removePermissions': ['users.permissions.delete', byId],
  'users.getUserOrganizations': ['users.organizations.list', byIdOnly],
  'users.getGuardianEnrollments': ['users.enrollments.get', byId],
  'users.getAuthenticationMethods': ['users.authenticationMethods.list', byIdOnly],
  'users.createAuthenticationMethod': ['users.authenticationMethods.create', byId],
  'users.updateAuthenticationMethods': ['users.authenticationMethods.set', byId],
  'users.deleteAuthenticationMethods': ['users.authenticationMethods.deleteAll', byId],
  'users.getAuthenticationMethodById': ['users.authenticationMethods.get', byMethod],
  'users.updateAuthenticationMethodById': ['users.authenticationMethods.update', byMethod],
  'users.deleteAuthenticationMethodById': ['users.authenticationMethods.delete', byMethod],
  'users.deleteAllAuthenticators': ['users.authenticators.deleteAll', byId],
  'users.deleteMultifactorProvider': [
    'users.multifactor.deleteProvider',
    ([params]) => [field(params, 'id'), field(params, 'provider')],
  ],
  'users.regenerateRecoveryCode': ['users.regenerateRecoveryCode', byId],
  'users.invalidateRememberBrowser': ['users.multifactor.invalidateRememberBrowser', byId],
  ...five('clients', byClient),
  'clients.rotateClientSecret': ['clients.rotateSecret', byClient],
  ...five('clientGrants'),
  ...five('connections'),
  'connections.checkStatus': ['connections.checkStatus', byId],
  'connections.deleteUserByEmail': [
    'connections.users.deleteByEmail',
    ([params]) => [field(params, 'id'), { email: field(params, 'email') }],
  ],
  'deviceCredentials.createPublicKey': ['deviceCredentials.createPublicKey'],
  'deviceCredentials.getAll': ['deviceCredentials.list'],
  'deviceCredentials.delete': ['deviceCredentials.delete', byId],
  'emailProvider.configure': ['emails.provider.create'],
  'emailProvider.get': ['emails.provider.get', none],
  'emailProvider.update': ['emails.provider.update', ([, body]) => [body]],
  'emailProvider.delete': ['emails.provider.delete', none],
  ...five('resourceServers'),
  ...five('rules'),
  'tickets.verifyEmail': ['tickets.verifyEmail'],
  'tickets.changePassword': ['tickets.changePassword'],
  'logs.getAll': ['logs.list', searching],
  'logs.get': ['logs.get', byId],
  'stats.getDaily': ['stats.getDaily'],
  'stats.getActiveUsersCount': ['stats.getActiveUsersCount'],
  'tenant.getSettings': ['tenants.settings.get', none],
  'tenant.updateSettings': ['tenants.settings.update'],
  'jobs.get': ['jobs.get', byId],
  'jobs.errors': ['jobs.errors.get', byId],
  'jobs.importUsersJob': ['jobs.usersImports.create', importing],
  'jobs.exportUsers': ['jobs.usersExports.create'],
  'jobs.verifyEmail': ['jobs.verificationEmail.create'],
};

const createClient = (
  name: string,
  { ManagementClient, UserInfoClient }: Package,
  { table, read }: { table: Table; read: (answer: unknown) => unknown },
): Client => {
  const inert = new ManagementClient({ domain: 'localhost', token: 'none' });
  return {
    name,
    offers: (row) =>
      row === 'auth.users.getInfo'
        ? UserInfoClient !== undefined
        : table[row] !== undefined && reach(inert, table[row][0]) !== undefined,
    refusalOf(error) {
      if (!isRecord(error)) throw error;
      const { statusCode, body, message } = error;
      const parsed = typeof body === 'string' ? (JSON.parse(body) as unknown) : body;
      return {
        status: numberOrNothing(statusCode),
        message: (isRecord(parsed) && textOrNothing(parsed.message)) || String(message),
        errorCode: isRecord(parsed) ? textOrNothing(parsed.errorCode) : undefined,
        seen: undefined,
      };
    },
    connect({ domain }, token) {
      const credentials = token === undefined ? { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } : { token };
      const management = new ManagementClient({ domain, ...credentials });
      return {
        call(row, given) {
          const outcome = async () => {
            if (row === 'auth.users.getInfo' && UserInfoClient)
              return read(await reach(new UserInfoClient({ domain }), 'getUserInfo')?.(...given));
            const [path, args = (all: Arguments) => all] = table[row] ?? [row];
            const method = reach(management, path);
            if (!method) throw new Error(`${name} has no ${row}.`);
            return read(await method(...args(given)));
          };
          return { row, style: 'promise', outcome: outcome() };
        },
      };
    },
  };
};

export const fourthMajor = createClient('auth0@4.37.1', require('auth0-4') as Package, {
  table: fourth,
  read: (answer) => (answer as { data: unknown }).data ?? {},
});
/** A page is read as its items. */
export const current = createClient('auth0@7.1.0', require('auth0-latest') as Package, {
  table: seventh,
  read: (answer) => (isRecord(answer) && typeof answer.hasNextPage === 'function' ? answer.data : (answer ?? {})),
});
