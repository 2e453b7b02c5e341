/** Organizations, their members, roles and invitations. What begins with `admin` needs no membership. */
import type {
  Invitation,
  NewInvitation,
  NewOrganization,
  NewRole,
  Organization,
  OrganizationChange,
  OrgMember,
  OrgMemberStatus,
  Permission,
  Role,
  RoleChange,
} from '../models.ts';
import { path, type Wire } from '../wire.ts';
import type { Parts } from './auth.ts';

const membersOf = (wire: Wire) => ({
  listMembers: async (orgId: string): Promise<OrgMember[]> => wire.list('members', path`/orgs/${{ orgId }}/members`),

  adminListMembers: async (orgId: string): Promise<OrgMember[]> =>
    wire.list('members', path`/admin/organizations/${{ orgId }}/members`),

  /** Without roles: an org_member. */
  addMember: async (orgId: string, userId: string, roleIds: readonly string[] = []): Promise<void> =>
    wire.command('POST', path`/admin/organizations/${{ orgId }}/members`, { user_id: userId, role_ids: roleIds }),

  removeMember: async (orgId: string, userId: string): Promise<void> =>
    wire.command('DELETE', path`/orgs/${{ orgId }}/members/${{ userId }}`),

  adminRemoveMember: async (orgId: string, userId: string): Promise<void> =>
    wire.command('DELETE', path`/admin/organizations/${{ orgId }}/members/${{ userId }}`),

  updateMemberStatus: async (orgId: string, userId: string, status: OrgMemberStatus): Promise<void> =>
    wire.command('PUT', path`/orgs/${{ orgId }}/members/${{ userId }}/status`, { status }),

  /** Makes these the roles of a member; `[]` takes all away. */
  setMemberRoles: async (orgId: string, userId: string, roleCodes: readonly string[]): Promise<OrgMember> =>
    wire.put(path`/admin/organizations/${{ orgId }}/members/${{ userId }}/roles`, { role_codes: roleCodes }),
});

const rolesOf = (wire: Wire) => ({
  listRoles: async (orgId: string): Promise<Role[]> => wire.list('roles', path`/orgs/${{ orgId }}/roles`),

  getRole: async (orgId: string, roleId: string): Promise<Role> =>
    wire.get(path`/orgs/${{ orgId }}/roles/${{ roleId }}`),

  createRole: async (orgId: string, body: NewRole): Promise<Role> => wire.post(path`/orgs/${{ orgId }}/roles`, body),

  updateRole: async (orgId: string, roleId: string, body: RoleChange): Promise<Role> =>
    wire.put(path`/orgs/${{ orgId }}/roles/${{ roleId }}`, body),

  deleteRole: async (orgId: string, roleId: string): Promise<void> =>
    wire.command('DELETE', path`/orgs/${{ orgId }}/roles/${{ roleId }}`),

  listAssignablePermissions: async (orgId: string): Promise<Permission[]> =>
    wire.list('permissions', path`/orgs/${{ orgId }}/permissions/assignable`),
});

const invitationsOf = (wire: Wire) => ({
  /** Mails an invitation; it ends after 7 days. */
  createInvitation: async (orgId: string, body: NewInvitation): Promise<Invitation> =>
    wire.post(path`/orgs/${{ orgId }}/invitations`, body),

  listInvitations: async (orgId: string): Promise<Invitation[]> =>
    wire.list('invitations', path`/orgs/${{ orgId }}/invitations`),

  revokeInvitation: async (orgId: string, invitationId: string): Promise<void> =>
    wire.command('DELETE', path`/orgs/${{ orgId }}/invitations/${{ invitationId }}`),
});

export const organizationsOf = ({ wire }: Parts) => ({
  /** The first 25, oldest first. */
  list: (): Promise<Organization[]> => wire.list('organizations', '/admin/organizations'),

  /** Makes an organization, owned by the caller. */
  create: (body: NewOrganization): Promise<Organization> => wire.post('/admin/organizations', body),

  get: async (orgId: string): Promise<Organization> => wire.get(path`/orgs/${{ orgId }}`),

  adminGet: async (orgId: string): Promise<Organization> => wire.get(path`/admin/organizations/${{ orgId }}`),

  update: async (orgId: string, body: OrganizationChange): Promise<Organization> =>
    wire.put(path`/orgs/${{ orgId }}`, body),

  adminUpdate: async (orgId: string, body: OrganizationChange): Promise<Organization> =>
    wire.put(path`/admin/organizations/${{ orgId }}`, body),

  delete: async (orgId: string): Promise<void> => wire.command('DELETE', path`/admin/organizations/${{ orgId }}`),

  ...membersOf(wire),
  ...rolesOf(wire),
  ...invitationsOf(wire),
});
export type OrganizationsModule = ReturnType<typeof organizationsOf>;
