/** Groups of the pool, each known by its code: `managementClient.groups`. */
import type {
  AuthorizedResource,
  CommonMessage,
  CustomDataOption,
  Group,
  Page,
  PageOptions,
  ResourceTypeOption,
  User,
} from './models.ts';
import { present, resourcesOf, usersIn } from './nested.ts';
import { operations } from './operations.ts';
import { need, type Wire } from './wire.ts';

export interface UpdateGroupInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly newCode?: string | undefined;
}

export const groupsOf = (wire: Wire) => ({
  create: async (code: string, name: string, description?: string): Promise<Group> =>
    wire.ask(operations.createGroup, { code: need(code, 'code'), name: need(name, 'name'), description }),

  delete: async (code: string): Promise<CommonMessage> =>
    wire.ask(operations.deleteGroups, { codeList: [need(code, 'code')] }),

  deleteMany: async (codeList: readonly string[]): Promise<CommonMessage> =>
    wire.ask(operations.deleteGroups, { codeList }),

  update: async (code: string, input: UpdateGroupInput): Promise<Group> => {
    const { name, description, newCode } = input;
    return wire.ask(operations.updateGroup, { code: need(code, 'code'), name, description, newCode });
  },

  /** Null if there is none. */
  detail: async (code: string): Promise<Group | null> => wire.ask(operations.group, { code: need(code, 'code') }),

  /** Pages from 1, of 10 if not told otherwise. */
  list: async (page = 1, limit = 10): Promise<Page<Group>> => wire.ask(operations.groups, { page, limit }),

  listUsers: async (code: string, options: PageOptions & CustomDataOption = {}): Promise<Page<User>> => {
    const { page = 1, limit = 10, withCustomData = false } = options ?? {};
    const operation = withCustomData ? operations.groupWithUsersWithCustomData : operations.groupWithUsers;
    const { users } = present(await wire.ask(operation, { code: need(code, 'code'), page, limit }), 'group');
    return usersIn(users, withCustomData);
  },

  addUsers: async (code: string, userIds: readonly string[]): Promise<CommonMessage> =>
    wire.ask(operations.addUserToGroup, { code: need(code, 'code'), userIds }),

  removeUsers: async (code: string, userIds: readonly string[]): Promise<CommonMessage> =>
    wire.ask(operations.removeUserFromGroup, { code: need(code, 'code'), userIds }),

  listAuthorizedResources: async (
    code: string,
    namespace: string,
    options: ResourceTypeOption = {},
  ): Promise<Page<AuthorizedResource>> => {
    const variables = { code: need(code, 'code'), namespace, resourceType: options?.resourceType };
    const group = await wire.ask(operations.listGroupAuthorizedResources, variables);
    return resourcesOf(present(group, 'group').authorizedResources);
  },
});

export type GroupsManagementClient = ReturnType<typeof groupsOf>;
