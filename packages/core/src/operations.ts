/** Every operation of the native API, by resource, as the contract names them. */
import * as contract from '@reeve/contract';
import * as applications from './applications/applications.ts';
import { listForUser as listApplications } from './applications/users.ts';
import * as audit from './audit/audit.ts';
import * as authenticationMethods from './authentication-methods/authentication-methods.ts';
import { forgetBrowsers } from './authentication-methods/browsers.ts';
import * as clientGrants from './client-grants/client-grants.ts';
import * as connections from './connections/connections.ts';
import * as customFields from './custom-fields/custom-fields.ts';
import * as deviceCredentials from './device-credentials/device-credentials.ts';
import { createExport } from './export/export-jobs.ts';
import * as groups from './groups/groups.ts';
import * as identities from './identities/identities.ts';
import { impersonate } from './impersonation/impersonation.ts';
import * as invitations from './invitations/invitations.ts';
import * as jobs from './jobs/jobs.ts';
import * as keys from './keys/rotation.ts';
import * as mails from './mails/mails.ts';
import * as mailProvider from './mails/provider.ts';
import { implement } from './operation.ts';
import * as organizations from './organizations/organizations.ts';
import * as permissions from './permissions/permissions.ts';
import * as pools from './pools/pools.ts';
import * as resourceServers from './resource-servers/resource-servers.ts';
import { explain, listForUser as listAuthorizedResources } from './resources/authorized.ts';
import * as resourceNamespaces from './resources/namespaces.ts';
import * as resources from './resources/resources.ts';
import * as roleGrants from './roles/grants.ts';
import * as roles from './roles/roles.ts';
import * as rules from './rules/rules.ts';
import * as revokedTokens from './sessions/revoked-tokens.ts';
import * as sessions from './sessions/sessions.ts';
import * as stats from './stats/stats.ts';
import * as tenants from './tenants/tenants.ts';
import * as tickets from './tickets/creation.ts';
import { deleteAll } from './users/delete-all.ts';
import * as erasure from './users/erasure.ts';
import { lookup } from './users/lookup.ts';
import * as passwordReset from './users/password-reset.ts';
import * as userState from './users/state.ts';
import * as users from './users/users.ts';
import * as verification from './users/verification.ts';

export const operations = {
  applications: implement(contract.applications, applications),
  audit: implement<typeof contract.audit, 'stream'>(contract.audit, { get: audit.get, list: audit.list }),
  authenticationMethods: implement(contract.authenticationMethods, authenticationMethods),
  clientGrants: implement(contract.clientGrants, clientGrants),
  connections: implement(contract.connections, connections),
  customFields: implement(contract.customFields, customFields),
  deviceCredentials: implement(contract.deviceCredentials, deviceCredentials),
  groups: implement(contract.groups, groups),
  identities: implement(contract.identities, identities),
  invitations: implement(contract.invitations, invitations),
  jobs: implement(contract.jobs, { createExport, errors: jobs.errors, get: jobs.get, list: jobs.list }),
  mails: implement(contract.mails, {
    list: mails.list,
    retry: mails.retry,
    getProvider: mailProvider.getProvider,
    createProvider: mailProvider.createProvider,
    updateProvider: mailProvider.updateProvider,
    deleteProvider: mailProvider.deleteProvider,
  }),
  organizations: implement(contract.organizations, organizations),
  pools: implement(contract.pools, {
    addUser: pools.addUser,
    getForUser: pools.getForUser,
    list: pools.list,
    removeUser: pools.removeUser,
    setUserHome: pools.setUserHome,
  }),
  revokedTokens: implement(contract.revokedTokens, revokedTokens),
  resourceNamespaces: implement(contract.resourceNamespaces, {
    create: resourceNamespaces.create,
    delete: resourceNamespaces.delete,
    get: resourceNamespaces.get,
    list: resourceNamespaces.list,
    update: resourceNamespaces.update,
  }),
  resources: implement(contract.resources, resources),
  resourceServers: implement(contract.resourceServers, resourceServers),
  roles: implement(contract.roles, {
    ...roles,
    ...permissions.ofRoles,
    addMember: roleGrants.addMember,
    listMembers: roleGrants.listMembers,
    removeMember: roleGrants.removeMember,
  }),
  rules: implement(contract.rules, rules),
  sessions: implement(contract.sessions, sessions),
  stats: implement(contract.stats, stats),
  tenants: implement(contract.tenants, {
    create: tenants.create,
    current: tenants.current,
    list: tenants.list,
    listKeys: keys.listKeys,
    revokeKey: keys.revokeKey,
    rotateKey: keys.rotateKey,
    updateCurrent: tenants.updateCurrent,
  }),
  tickets: implement(contract.tickets, tickets),
  users: implement<typeof contract.users, 'bulkImport' | 'exportAll'>(contract.users, {
    ...permissions.ofUsers,
    create: users.create,
    delete: erasure.delete,
    deleteAll,
    erase: erasure.erase,
    explain,
    disable: userState.disable,
    enable: userState.enable,
    forceMfaReset: userState.forceMfaReset,
    forgetBrowsers,
    get: users.get,
    impersonate,
    list: users.list,
    listApplications,
    listAuthorizedResources,
    listRoles: roleGrants.listRoles,
    lookup,
    resetPassword: passwordReset.resetPassword,
    setRoles: roleGrants.setRoles,
    sendVerification: verification.sendVerification,
    unlock: userState.unlock,
    update: users.update,
  }),
} as const;
