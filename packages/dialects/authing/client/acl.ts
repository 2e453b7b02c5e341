/** Resources, who may use them, and who may use an application: `managementClient.acl`. */
import { type ApplicationAccess, applicationAccessOf } from './application-access.ts';
import type { PolicyAssignmentTargetType, ResourceType } from './enums.ts';
import { refusal } from './errors.ts';
import type {
  AuthorizedResource,
  AuthorizedTarget,
  AuthorizedTargetsOptions,
  AuthorizeResourceOpt,
  CommonMessage,
  CreateResourceOptions,
  Document,
  ListResourcesOptions,
  Page,
  Resource,
  ResourceTypeOption,
} from './models.ts';
import { resourcesOf } from './nested.ts';
import { operations } from './operations.ts';
import { need, path, type Wire } from './wire.ts';

export interface IsAllowedOptions {
  readonly namespace?: string | undefined;
  readonly tenantId?: string | undefined;
}
export interface AuthorizeResourceInput {
  readonly namespace: string;
  readonly resource: string;
  readonly opts: readonly AuthorizeResourceOpt[];
}
/** Several resources at once; `opts` says who and which. */
export interface AuthorizeResourcesInput {
  readonly namespace: string;
  readonly opts: readonly {
    readonly targetType: PolicyAssignmentTargetType;
    readonly targetIdentifiers: readonly string[];
    readonly resources: readonly {
      readonly code: string;
      readonly actions?: readonly string[] | undefined;
      readonly resourceType?: ResourceType | undefined;
    }[];
  }[];
}
export interface AuthorizedResourcesBatchInput {
  readonly namespace: string;
  readonly targets: readonly {
    readonly targetType: PolicyAssignmentTargetType;
    readonly targetIdentifier: string;
  }[];
  readonly resourceType?: ResourceType | undefined;
}
export interface NamespaceUpdates {
  readonly name?: string | undefined;
  readonly code?: string | undefined;
  readonly description?: string | undefined;
}

const grantsOf = (wire: Wire) => ({
  /** Allows a user one action on a resource. */
  allow: async (userId: string, resource: string, action: string, namespace: string): Promise<CommonMessage> =>
    wire.ask(operations.allow, { resource, action, userId: need(userId, 'userId'), namespace }),

  isAllowed: async (
    userId: string,
    resource: string,
    action: string,
    options: IsAllowedOptions = {},
  ): Promise<boolean> => {
    const { namespace, tenantId } = options ?? {};
    const body = { namespace, userId: need(userId, 'userId'), resource, action, tenantId };
    const answer = await wire.rest<{ allowed: boolean }>('POST', '/api/v2/acl/is-allowed', { body, isSafe: true });
    return answer.allowed;
  },

  listAuthorizedResources: async (
    targetType: PolicyAssignmentTargetType,
    targetIdentifier: string,
    namespace: string,
    options: ResourceTypeOption = {},
  ): Promise<Page<AuthorizedResource>> => {
    const target = { targetType, targetIdentifier: need(targetIdentifier, 'targetIdentifier') };
    const variables = { ...target, namespace, resourceType: options?.resourceType };
    return resourcesOf(await wire.ask(operations.authorizedResources, variables));
  },

  listAuthorizedResourcesBatch: async (
    input: AuthorizedResourcesBatchInput,
  ): Promise<{ readonly list: Page<AuthorizedResource>[] }> => {
    const { namespace, resourceType, targets } = input;
    const body = { namespace, resourceType, targets };
    return wire.rest('POST', '/api/v2/acl/list-authorized-resources-batch', { body, isSafe: true });
  },
});

const authorizationsOf = (wire: Wire) => ({
  authorizeResource: async ({ namespace, resource, opts }: AuthorizeResourceInput): Promise<CommonMessage> =>
    wire.ask(operations.authorizeResource, { namespace, resource, opts }),

  authorizeResources: async ({ namespace, opts }: AuthorizeResourcesInput): Promise<true> => {
    await wire.rest('POST', '/api/v2/acl/authorize-resources', { body: { namespace, opts } });
    return true;
  },

  revokeResources: async ({ namespace, opts }: AuthorizeResourcesInput): Promise<true> => {
    await wire.rest('POST', '/api/v2/acl/revoke-resources', { body: { namespace, opts } });
    return true;
  },

  revokeResource: async ({ namespace, resource, opts }: AuthorizeResourceInput): Promise<true> => {
    await wire.rest('POST', '/api/v2/acl/revoke-resource', { body: { namespace, resource, opts } });
    return true;
  },

  /** Who may use a resource. */
  getAuthorizedTargets: async (options: AuthorizedTargetsOptions): Promise<Page<AuthorizedTarget>> => {
    const { targetType, actions } = options;
    const namespace = need(options.namespace, 'namespace');
    const resource = need(options.resource, 'resource');
    need(options.resourceType, 'resourceType');
    const variables = { namespace, resourceType: options.resourceType, resource, targetType, actions };
    return wire.ask(operations.authorizedTargets, variables);
  },
});

const resourcesApiOf = (wire: Wire) => {
  const list = async (options: ListResourcesOptions = {}): Promise<Page<Resource>> => {
    const { namespace, type, limit = 10, page = 1 } = options ?? {};
    return wire.rest('GET', '/api/v2/resources', { query: { namespace, type, limit, page } });
  };
  return {
    listResources: list,

    /** The same as `listResources`. */
    getResources: list,

    getResourceById: async (id: string): Promise<Resource> =>
      wire.rest('GET', '/api/v2/resources/detail', { query: { id: need(id, 'id') } }),

    getResourceByCode: async (options: { readonly namespace: string; readonly code: string }): Promise<Resource> => {
      const { namespace, code } = options;
      return wire.rest('GET', '/api/v2/resources/detail', { query: { namespace, code: need(code, 'code') } });
    },

    createResource: async (options: CreateResourceOptions): Promise<Resource> => {
      need(options.code, 'code');
      need(options.namespace, 'namespace');
      if (!options.actions?.length) throw refusal('actions: must not be empty');
      return wire.rest('POST', '/api/v2/resources', { body: options });
    },

    updateResource: async (code: string, options: Partial<Omit<CreateResourceOptions, 'code'>>): Promise<Resource> =>
      wire.rest('POST', path`/api/v2/resources/${{ code }}`, { body: options }),

    deleteResource: async (code: string, namespace: string): Promise<true> => {
      await wire.rest('DELETE', path`/api/v2/resources/${{ code }}`, { query: { namespace } });
      return true;
    },
  };
};

const namespacesOf = (wire: Wire) => {
  const all = () => path`/api/v2/resource-namespace/${{ userPoolId: wire.userPoolId }}`;
  const one = (code: string) => `${all()}${path`/code/${{ code }}`}`;
  return {
    listNamespaces: async (page = 1, limit = 10): Promise<{ readonly total: number; readonly list: Document[] }> =>
      wire.rest('GET', all(), { query: { page, limit } }),

    createNamespace: async (code: string, name: string, description?: string): Promise<Document> =>
      wire.rest('POST', all(), { body: { name: need(name, 'name'), code: need(code, 'code'), description } }),

    updateNamespace: async (code: string, updates: NamespaceUpdates): Promise<Document> => {
      const { name, code: newCode, description } = updates;
      return wire.rest('PUT', one(code), { body: { name, code: newCode, description } });
    },

    deleteNamespace: async (code: string): Promise<true> => {
      await wire.rest('DELETE', one(code));
      return true;
    },

    getPoliciesAssignmentsCondition: async (
      namespace: string,
      policyCode: string,
      targetType: PolicyAssignmentTargetType,
    ): Promise<Document> => {
      const query = { namespace, policy_code: policyCode, target_type: targetType };
      return wire.rest('GET', '/api/v2/policies/assignments/by-target', { query });
    },
  };
};

export interface AclManagementClient
  extends ReturnType<typeof grantsOf>,
    ReturnType<typeof authorizationsOf>,
    ReturnType<typeof resourcesApiOf>,
    ReturnType<typeof namespacesOf>,
    ApplicationAccess {}

export const aclOf = (wire: Wire): AclManagementClient => ({
  ...grantsOf(wire),
  ...authorizationsOf(wire),
  ...resourcesApiOf(wire),
  ...namespacesOf(wire),
  ...applicationAccessOf(wire),
});
