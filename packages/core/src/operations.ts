/** Every operation of the native API, by resource, as the contract names them. */
import * as contract from '@reeve/contract';
import * as applications from './applications/applications.ts';
import * as audit from './audit/audit.ts';
import * as connections from './connections/connections.ts';
import * as groups from './groups/groups.ts';
import * as invitations from './invitations/invitations.ts';
import * as jobs from './jobs/jobs.ts';
import * as keys from './keys/rotation.ts';
import * as mails from './mails/mails.ts';
import { implement } from './operation.ts';
import * as organizations from './organizations/organizations.ts';
import * as roleGrants from './roles/grants.ts';
import * as roles from './roles/roles.ts';
import * as sessions from './sessions/sessions.ts';
import * as tenants from './tenants/tenants.ts';
import * as erasure from './users/erasure.ts';
import { lookup } from './users/lookup.ts';
import * as passwordReset from './users/password-reset.ts';
import * as userState from './users/state.ts';
import * as users from './users/users.ts';
import * as verification from './users/verification.ts';

export const operations = {
  applications: implement(contract.applications, applications),
  audit: implement<typeof contract.audit, 'stream'>(contract.audit, { list: audit.list }),
  connections: implement(contract.connections, connections),
  groups: implement(contract.groups, groups),
  invitations: implement(contract.invitations, invitations),
  jobs: { list: jobs.list, get: jobs.get, errors: jobs.errors },
  mails: implement(contract.mails, mails),
  organizations: implement(contract.organizations, organizations),
  roles: implement(contract.roles, {
    ...roles,
    addMember: roleGrants.addMember,
    listMembers: roleGrants.listMembers,
    removeMember: roleGrants.removeMember,
  }),
  sessions: implement(contract.sessions, sessions),
  tenants: implement(contract.tenants, {
    create: tenants.create,
    current: tenants.current,
    list: tenants.list,
    listKeys: keys.listKeys,
    revokeKey: keys.revokeKey,
    rotateKey: keys.rotateKey,
    updateCurrent: tenants.updateCurrent,
  }),
  users: implement<typeof contract.users, 'bulkImport' | 'exportAll'>(contract.users, {
    create: users.create,
    delete: erasure.delete,
    disable: userState.disable,
    enable: userState.enable,
    forceMfaReset: userState.forceMfaReset,
    get: users.get,
    list: users.list,
    listRoles: roleGrants.listRoles,
    lookup,
    resetPassword: passwordReset.resetPassword,
    setRoles: roleGrants.setRoles,
    sendVerification: verification.sendVerification,
    update: users.update,
  }),
} as const;
