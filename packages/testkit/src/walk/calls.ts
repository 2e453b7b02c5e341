/** A valid call of every operation. What is not said here is derived: a path parameter is given a fresh thing's id. */
import { parametersOf, type Route } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import type { Call } from './caller.ts';
import type { Estate } from './estate.ts';

const makers: Readonly<Record<string, (estate: Estate) => Promise<string>>> = {
  user_id: (estate) => estate.user(),
  group_id: (estate) => estate.group(),
  role_id: (estate) => estate.role(),
  organization_id: (estate) => estate.organization(),
  application_id: (estate) => estate.application(),
  pool: (estate) => estate.connection(),
  client_grant_id: (estate) => estate.clientGrant(),
  resource_server_id: (estate) => estate.resourceServer(),
  connection_id: (estate) => estate.connection(),
  custom_field: (estate) => estate.customField(),
  namespace: (estate) => estate.resourceNamespace(),
  resource_id: (estate) => estate.resource(),
  invitation_id: (estate) => estate.invitation(),
  event_id: (estate) => estate.event(),
  rule_id: (estate) => estate.rule(),
  session_id: (estate) => estate.session(),
  credential_id: (estate) => estate.deviceCredential(),
  job_id: (estate) => estate.job(),
  mail_id: (estate) => estate.failedMail(),
  key_id: (estate) => estate.retiringKey(),
};

/** Path parameters that are names as well as ids: what is called by a new one is made. */
export const NAMES: ReadonlySet<string> = new Set(['pool']);

/** Ids for the path parameters of a route. */
export async function idsFor(estate: Estate, route: Route): Promise<Record<string, string>> {
  const names = parametersOf(route.path);
  if (names.includes('secret_id')) return estate.secret();
  if (names.includes('subject')) return estate.linkedIdentity();
  if (names.includes('method_id')) return estate.authenticationMethod();
  const ids: Record<string, string> = {};
  for (const name of names) ids[name] = await (makers[name] as (estate: Estate) => Promise<string>)(estate);
  return ids;
}

type Maker = (estate: Estate, ids: Readonly<Record<string, string>>) => Promise<Call> | Call;

const special: Readonly<Record<string, Maker>> = {
  'applications.create': (e) => ({ body: { name: e.unique(), type: 'web', redirect_uris: ['https://a.example/cb'] } }),
  'applications.disable': () => ({}),
  'applications.enable': async (e, params) => {
    await e.call('applications.disable', { params });
    return {};
  },
  'applications.revokeUser': async (e, params) => {
    await e.call('applications.grantUser', { params });
    return {};
  },
  'applications.rotateSecret': () => ({ body: { overlap: 60 } }),
  'applications.update': (e) => ({ body: { name: e.unique(), metadata: { a: null, b: 1 } } }),
  'audit.stream': () => ({ query: { event_types: 'tenant.created' } }),
  'authenticationMethods.create': () => ({ body: { type: 'totp', name: 'Phone' } }),
  'authenticationMethods.deleteAll': async (e, params) => {
    await e.call('authenticationMethods.create', { params, body: { type: 'totp' } });
    return {};
  },
  'authenticationMethods.replaceAll': async (e, params) => {
    await e.call('authenticationMethods.create', { params, body: { type: 'totp' } });
    return { body: { authentication_methods: [{ type: 'email', email: `${e.unique()}@example.com` }] } };
  },
  'authenticationMethods.update': (e) => ({ body: { name: e.unique() } }),
  'authenticationMethods.verify': (e) => ({ body: { code: e.totpCode() } }),
  'clientGrants.create': async (e) => ({
    body: {
      application: await e.application(),
      audience: (await e.permission()).resource_server,
      scopes: ['read:all'],
    },
  }),
  'clientGrants.update': () => ({ body: { scopes: [] } }),
  'connections.create': (e) => ({ body: { name: e.unique(), password_policy: { min_length: 10 } } }),
  'connections.update': (e) => ({ body: { display_name: e.unique() } }),
  'customFields.create': (e) => ({ body: { key: e.unique(), type: 'select', options: [{ value: 'a' }] } }),
  'customFields.update': (e) => ({ body: { label: e.unique() } }),
  'deviceCredentials.create': async (e) => ({
    body: { type: 'public_key', device_name: 'Phone', device_id: e.unique(), value: 'key', user_id: await e.user() },
  }),
  'groups.create': (e) => ({ body: { name: e.unique() } }),
  'groups.removeMember': async (e, params) => {
    await e.call('groups.addMember', { params });
    return {};
  },
  'groups.update': (e) => ({ body: { description: e.unique() } }),
  'identities.link': async (e) => ({ body: { user_id: await e.user() } }),
  'invitations.create': async (e) => ({
    body: { email: `${e.unique()}@example.com`, groups: [await e.group()], organization: await e.organization() },
  }),
  'jobs.createExport': async (e) => ({ body: { connection: await e.connection(), format: 'csv' } }),
  'mails.createProvider': async (e) => {
    await e.mailProvider('gone');
    return { body: { name: 'resend', enabled: false, credentials: { api_key: e.unique() } } };
  },
  'mails.deleteProvider': async (e) => {
    await e.mailProvider('there');
    return {};
  },
  'mails.getProvider': async (e) => {
    await e.mailProvider('there');
    return {};
  },
  'mails.updateProvider': async (e) => {
    await e.mailProvider('there');
    return { body: { default_from_address: `${e.unique()}@example.com` } };
  },
  'organizations.create': async (e) => ({ body: { name: e.unique(), owner_id: await e.user() } }),
  'organizations.addMember': () => ({ body: { roles: ['org_member'] } }),
  'organizations.removeMember': async (e, params) => {
    await e.call('organizations.addMember', { params, body: {} });
    return {};
  },
  'organizations.update': (e) => ({ body: { display_name: e.unique() } }),
  'pools.removeUser': async (e, params) => {
    await e.call('pools.addUser', { params });
    return {};
  },
  'pools.setUserHome': async (e) => ({ body: { pool: await e.connection() } }),
  'revokedTokens.create': (e) => ({ body: { jti: e.unique() } }),
  'resourceNamespaces.create': (e) => ({ body: { code: e.unique() } }),
  'resourceNamespaces.update': (e) => ({ body: { name: e.unique() } }),
  'resources.authorize': async (e) => ({ body: await e.grants() }),
  'resources.create': (e) => ({ body: { code: `${e.unique()}:*`, type: 'data', actions: [{ name: 'read' }] } }),
  'resources.revoke': async (e) => {
    const body = await e.grants();
    await e.call('resources.authorize', { body });
    return { body };
  },
  'resources.update': (e) => ({ body: { description: e.unique() } }),
  'resourceServers.create': (e) => ({
    body: { identifier: `https://${e.unique()}.example/`, scopes: [{ value: 'read:all' }] },
  }),
  'resourceServers.update': (e) => ({ body: { name: e.unique(), scopes: [{ value: 'write:all' }] } }),
  'roles.addPermissions': async (e) => ({ body: { permissions: [await e.permission()] } }),
  'roles.removePermissions': async (e, params) => {
    const body = { permissions: [await e.permission()] };
    await e.call('roles.addPermissions', { params, body });
    return { body };
  },
  'roles.create': (e) => ({ body: { code: e.unique(), level: 50 } }),
  'roles.removeMember': async (e, params) => {
    await e.call('roles.addMember', { params });
    return {};
  },
  'roles.update': (e) => ({ body: { name: e.unique() } }),
  'rules.create': (e) => ({
    body: { name: e.unique(), script: 'async function (user) { throw new Error(user.email); }', enabled: false },
  }),
  'rules.update': (e) => ({ body: { name: e.unique() } }),
  'sessions.revokeAllForUser': async (e, { user_id }) => {
    await e.session(user_id);
    return {};
  },
  'tenants.create': (e) => ({ body: { name: e.unique(), domains: [`${e.unique()}.example.com`] } }),
  'tenants.updateCurrent': (e) => ({ body: { display_name: e.unique() } }),
  'tickets.createEmailVerification': () => ({ body: { result_url: 'https://a.example/done', ttl: 60 } }),
  'tickets.createPasswordChange': () => ({ body: { new_password: 'correct horse battery' } }),
  'users.addPermissions': async (e) => ({ body: { permissions: [await e.permission()] } }),
  'users.removePermissions': async (e, params) => {
    const body = { permissions: [await e.permission()] };
    await e.call('users.addPermissions', { params, body });
    return { body };
  },
  'users.bulkImport': (e) => ({
    raw: `{"email":"${e.unique()}@example.com"}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  }),
  'users.create': (e) => ({ body: { email: `${e.unique()}@example.com`, password: 'correct horse battery' } }),
  'users.deleteAll': async (e) => {
    await e.call('tenants.updateCurrent', { body: { settings: { allow_delete_all_users: true } } });
    await e.user();
    return {};
  },
  'users.enable': async (e, params) => {
    await e.call('users.disable', { params });
    return {};
  },
  'users.erase': () => ({ body: { reason: 'asked to be forgotten' } }),
  'users.explain': (e) => ({ body: { resource: e.unique(), action: 'read' } }),
  'users.impersonate': async (e) => {
    const redirect_uri = 'https://a.example/cb';
    const { body } = await e.call('applications.create', {
      body: { name: e.unique(), type: 'web', redirect_uris: [redirect_uri], grant_types: ['authorization_code'] },
    });
    return {
      body: { application: (body as { id: string }).id, redirect_uri, reason: 'a call' },
    };
  },
  'users.lookup': async (e) => ({ body: { ids: [await e.user(), 'usr_none'], emails: ['nobody@example.com'] } }),
  'users.resetPassword': () => ({ body: {} }),
  'users.setRoles': async (e) => ({ body: { roles: [await e.role()] } }),
  'users.unlock': async (e, params) => {
    await e.lock(params.user_id as string);
    return {};
  },
  'users.update': (e) => ({ body: { nickname: e.unique(), user_metadata: { plan: 'gold' } } }),
};

for (const id of Object.keys(special)) {
  if (!routes.some((named) => named.id === id)) throw new Error(`The contract has no operation ${id}.`);
}

/** A call of the operation that succeeds and, where it is a change, changes something. */
export async function validCall(estate: Estate, id: string, route: Route): Promise<Call> {
  const params = await idsFor(estate, route);
  return { params, ...(await special[id]?.(estate, params)) };
}
