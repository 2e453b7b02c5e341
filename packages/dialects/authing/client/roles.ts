/** Roles, each known by its namespace and code: `managementClient.roles`. No namespace means the one called `default`. */
import type {
  AuthorizedResource,
  CommonMessage,
  CustomDataOption,
  Page,
  PageOptions,
  PolicyAssignment,
  ResourceTypeOption,
  Role,
  User,
} from './models.ts';
import { present, resourcesOf, usersIn } from './nested.ts';
import { operations } from './operations.ts';
import { type UdfValues, udfValuesOf } from './udf-values.ts';
import { need, type Wire } from './wire.ts';

export interface NamespaceOption {
  readonly namespace?: string | undefined;
}
export interface UpdateRoleOptions extends NamespaceOption {
  readonly description?: string | undefined;
  readonly newCode?: string | undefined;
}
export interface FindRoleUsersOptions extends PageOptions, NamespaceOption {
  /** A part of a name, e-mail address and the like. */
  readonly search?: string | undefined;
}

const directoryOf = (wire: Wire) => ({
  create: async (code: string, description?: string, namespace?: string): Promise<Role> =>
    wire.ask(operations.createRole, { code: need(code, 'code'), description, namespace }),

  delete: async (code: string, namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.deleteRole, { code: need(code, 'code'), namespace }),

  deleteMany: async (codeList: readonly string[], namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.deleteRoles, { codeList, namespace }),

  update: async (code: string, options: UpdateRoleOptions): Promise<Role> => {
    const { description, newCode, namespace } = options;
    return wire.ask(operations.updateRole, { code: need(code, 'code'), description, newCode, namespace });
  },

  /** Null if there is none. */
  detail: async (code: string, namespace?: string): Promise<Role | null> =>
    wire.ask(operations.role, { code: need(code, 'code'), namespace }),

  /** The same as `detail`. */
  findByCode: async (code: string, namespace?: string): Promise<Role | null> =>
    wire.ask(operations.role, { code: need(code, 'code'), namespace }),

  list: async (options: PageOptions & NamespaceOption = {}): Promise<Page<Role>> => {
    const { page = 1, limit = 10, namespace } = options ?? {};
    return wire.ask(operations.roles, { page, limit, namespace });
  },

  listAuthorizedResources: async (
    code: string,
    namespace: string,
    options: ResourceTypeOption = {},
  ): Promise<Page<AuthorizedResource>> => {
    const variables = { code: need(code, 'code'), namespace, resourceType: options?.resourceType };
    const role = await wire.ask(operations.listRoleAuthorizedResources, variables);
    return resourcesOf(present(role, 'role').authorizedResources);
  },
});

/** Who has a role, and which policies it has. */
const assignmentsOf = (wire: Wire) => ({
  listUsers: async (
    code: string,
    options: PageOptions & NamespaceOption & CustomDataOption = {},
  ): Promise<Page<User>> => {
    const { page = 1, limit = 10, namespace, withCustomData = false } = options ?? {};
    const operation = withCustomData ? operations.roleWithUsersWithCustomData : operations.roleWithUsers;
    const role = await wire.ask(operation, { code: need(code, 'code'), namespace, page, limit });
    const { users } = present(role, 'role');
    return usersIn(users, withCustomData);
  },

  findUsers: async (code: string, options: FindRoleUsersOptions = {}): Promise<Page<User>> => {
    const { namespace = 'default', page = 1, limit = 10, search = '' } = options ?? {};
    const body = { namespace, code: need(code, 'code'), limit, page, search };
    return wire.rest('POST', '/api/v2/roles/roleUsers', { body, isSafe: true });
  },

  addUsers: async (code: string, userIds: readonly string[], namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.assignRole, { roleCode: need(code, 'code'), userIds, namespace }),

  removeUsers: async (code: string, userIds: readonly string[], namespace?: string): Promise<CommonMessage> =>
    wire.ask(operations.revokeRole, { roleCode: need(code, 'code'), userIds, namespace }),

  listPolicies: async (code: string, page = 1, limit = 10): Promise<Page<PolicyAssignment>> => {
    const target = { targetType: 'ROLE', targetIdentifier: need(code, 'code') };
    return wire.ask(operations.policyAssignments, { ...target, page, limit });
  },

  addPolicies: async (code: string, policies: readonly string[]): Promise<CommonMessage> => {
    const target = { targetType: 'ROLE', targetIdentifiers: [need(code, 'code')] };
    return wire.ask(operations.addPolicyAssignments, { ...target, policies });
  },

  removePolicies: async (code: string, policies: readonly string[]): Promise<CommonMessage> => {
    const target = { targetType: 'ROLE', targetIdentifiers: [need(code, 'code')] };
    return wire.ask(operations.removePolicyAssignments, { ...target, policies });
  },
});

const fieldsOf = (wire: Wire) => {
  const values = udfValuesOf(wire, 'ROLE');
  return {
    /** key → value; a Date for DATETIME. */
    getUdfValue: async (roleId: string): Promise<Record<string, unknown>> => values.get(roleId),

    /** Only this key, or `{}`. */
    getSpecificUdfValue: async (roleId: string, udfKey: string): Promise<Record<string, unknown>> => {
      const all = await values.get(roleId);
      return Object.hasOwn(all, udfKey) ? { [udfKey]: all[udfKey] } : {};
    },

    /** role id → key → value */
    getUdfValueBatch: async (roleIds: readonly string[]): Promise<Record<string, Record<string, unknown>>> =>
      values.getBatch(roleIds),

    setUdfValue: async (roleId: string, data: UdfValues): Promise<void> => {
      await values.set(roleId, data);
    },

    setUdfValueBatch: async (input: readonly { readonly roleId: string; readonly data: UdfValues }[]): Promise<void> =>
      values.setBatch(input.map(({ roleId, data }) => ({ targetId: roleId, data }))),

    removeUdfValue: async (roleId: string, key: string): Promise<void> => values.remove(roleId, key),
  };
};

export interface RolesManagementClient
  extends ReturnType<typeof directoryOf>,
    ReturnType<typeof assignmentsOf>,
    ReturnType<typeof fieldsOf> {}

export const rolesOf = (wire: Wire): RolesManagementClient => ({
  ...directoryOf(wire),
  ...assignmentsOf(wire),
  ...fieldsOf(wire),
});
