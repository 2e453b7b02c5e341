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
  connection_id: (estate) => estate.connection(),
  invitation_id: (estate) => estate.invitation(),
  session_id: (estate) => estate.session(),
  job_id: (estate) => estate.job(),
  mail_id: (estate) => estate.failedMail(),
  key_id: (estate) => estate.retiringKey(),
};

/** Ids for the path parameters of a route. */
export async function idsFor(estate: Estate, route: Route): Promise<Record<string, string>> {
  const names = parametersOf(route.path);
  if (names.includes('secret_id')) return estate.secret();
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
  'applications.rotateSecret': () => ({ body: { overlap: 60 } }),
  'applications.update': (e) => ({ body: { name: e.unique(), metadata: { a: null, b: 1 } } }),
  'audit.stream': () => ({ query: { event_types: 'tenant.created' } }),
  'connections.create': (e) => ({ body: { name: e.unique(), password_policy: { min_length: 10 } } }),
  'connections.update': (e) => ({ body: { display_name: e.unique() } }),
  'groups.create': (e) => ({ body: { name: e.unique() } }),
  'groups.removeMember': async (e, params) => {
    await e.call('groups.addMember', { params });
    return {};
  },
  'groups.update': (e) => ({ body: { description: e.unique() } }),
  'invitations.create': async (e) => ({
    body: { email: `${e.unique()}@example.com`, groups: [await e.group()], organization: await e.organization() },
  }),
  'organizations.create': async (e) => ({ body: { name: e.unique(), owner_id: await e.user() } }),
  'organizations.addMember': () => ({ body: { roles: ['org_member'] } }),
  'organizations.removeMember': async (e, params) => {
    await e.call('organizations.addMember', { params, body: {} });
    return {};
  },
  'organizations.update': (e) => ({ body: { display_name: e.unique() } }),
  'roles.create': (e) => ({ body: { code: e.unique(), level: 50 } }),
  'roles.removeMember': async (e, params) => {
    await e.call('roles.addMember', { params });
    return {};
  },
  'roles.update': (e) => ({ body: { name: e.unique() } }),
  'sessions.revokeAllForUser': async (e, { user_id }) => {
    await e.session(user_id);
    return {};
  },
  'tenants.create': (e) => ({ body: { name: e.unique(), domains: [`${e.unique()}.example.com`] } }),
  'tenants.updateCurrent': (e) => ({ body: { display_name: e.unique() } }),
  'users.bulkImport': (e) => ({
    raw: `{"email":"${e.unique()}@example.com"}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  }),
  'users.create': (e) => ({ body: { email: `${e.unique()}@example.com`, password: 'correct horse battery' } }),
  'users.enable': async (e, params) => {
    await e.call('users.disable', { params });
    return {};
  },
  'users.lookup': async (e) => ({ body: { ids: [await e.user(), 'usr_none'], emails: ['nobody@example.com'] } }),
  'users.resetPassword': () => ({ body: {} }),
  'users.setRoles': async (e) => ({ body: { roles: [await e.role()] } }),
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
