/** Resources as this vendor shows them, and what somebody may do with them. */
import type { AuthorizedResource, Resource, ResourceGrant } from '@reeve/contract';
import { operations } from '@reeve/core';
import { type Call, need, poolOf } from './operation.ts';
import { everyItem } from './value.ts';

export const RESOURCE_TYPES = ['DATA', 'API', 'MENU', 'BUTTON', 'UI'] as const;
export type ResourceType = Resource['type'];

/** The native type; undefined: any. */
export const typeFrom = (named: string | null | undefined): ResourceType | undefined =>
  named ? (named.toLowerCase() as ResourceType) : undefined;

export const resourceView = (call: Call, resource: Resource) => ({
  id: resource.id,
  userPoolId: poolOf(call),
  namespace: resource.namespace,
  code: resource.code,
  type: resource.type.toUpperCase(),
  actions: resource.actions,
  apiIdentifier: resource.api_identifier,
  description: resource.description,
  createdAt: resource.created_at,
  updatedAt: resource.updated_at,
});

type Authorized = Pick<AuthorizedResource | ResourceGrant, 'code' | 'type' | 'actions' | 'api_identifier'>;

/** Menus and buttons have no actions. */
const authorizedView = ({ code, type, actions, api_identifier }: Authorized) => ({
  code,
  type: type.toUpperCase(),
  actions: actions.length === 0 && (type === 'menu' || type === 'button') ? null : actions,
  apiIdentifier: api_identifier,
});

export interface Wanted {
  readonly namespace?: string | null;
  readonly resourceType?: string | null;
}

const queryOf = ({ namespace, resourceType }: Wanted) => {
  const type = typeFrom(resourceType);
  return { ...(namespace ? { namespace } : {}), ...(type ? { type } : {}) };
};

const counted = (found: readonly Authorized[]) => ({ totalCount: found.length, list: found.map(authorizedView) });

/** What the user may do, by whatever grant: of roles, groups and organizations, too. */
export async function authorizedOfUser(call: Call, user_id: string, wanted: Wanted) {
  need(call, 'resources:read');
  const query = queryOf(wanted);
  return counted(
    await everyItem('resources', (page) =>
      operations.users.listAuthorizedResources(call.work, { user_id, query: { ...query, ...page }, body: undefined }),
    ),
  );
}

/** What is granted to a role, a group or an organization itself. */
export async function authorizedOfSubject(call: Call, subject: string, wanted: Wanted) {
  need(call, 'resources:read');
  const query = { ...queryOf(wanted), subject };
  return counted(
    await everyItem('resource_grants', (page) =>
      operations.resources.listGrants(call.work, { query: { ...query, ...page }, body: undefined }),
    ),
  );
}
