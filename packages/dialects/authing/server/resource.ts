/** Resources as this vendor names and shows them, and what somebody may do with them. */
import {
  type AuthorizedResource,
  resources as contract,
  nullable,
  optional,
  type Resource,
  type ResourceGrant,
  type Schema,
  string,
} from '@reeve/contract';
import { declaredActionsOf, everyItem, operations, resultOf, type Work } from '@reeve/core';
import { type Call, need, poolOf } from './operation.ts';
import { CODES, Refusal } from './problems.ts';
import { textFrom } from './value.ts';

const rules = contract.create.body?.properties as Record<'code', Schema>;
export const text = string({ maxLength: 2048 });
export const anyText = optional(nullable(text));

/** Without a namespace: the one called `default`. */
export const namespaceOf = (namespace: string | null | undefined) => (namespace ? { namespace } : {});
export const codeFrom = (field: string, code: string): string => textFrom(field, rules.code, code);

export async function findResource(work: Work, code: string, namespace?: string | null): Promise<Resource | undefined> {
  const query = { code: codeFrom('resource', code), namespace: namespace || 'default' };
  const { resources } = resultOf(await operations.resources.list(work, { query, body: undefined }));
  return resources[0];
}

/** Throws a refusal that names the resource. */
export async function requireResource(work: Work, code: string, namespace?: string | null): Promise<Resource> {
  const found = await findResource(work, code, namespace);
  if (!found) throw new Refusal(CODES.failed, `No resource is called "${code.slice(0, 128)}".`, 'code');
  return found;
}

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
  actions: type === 'menu' || type === 'button' ? null : actions,
  apiIdentifier: api_identifier,
});

export interface Wanted {
  readonly namespace?: string | null;
  readonly resourceType?: string | null;
}

const queryOf = ({ namespace, resourceType }: Wanted) => {
  const type = typeFrom(resourceType);
  return { ...namespaceOf(namespace), ...(type ? { type } : {}) };
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
  const grants = await everyItem('resource_grants', (page) =>
    operations.resources.listGrants(call.work, { query: { ...query, ...page }, body: undefined }),
  );
  // All actions are told as those that the resource has, as they are of a user; `*` alone where it names none.
  const whole = grants.filter(({ actions }) => actions.includes('*')).map(({ resource_id }) => resource_id);
  const declared = await call.work.read((db) => declaredActionsOf(db, call.work.tenant.id, whole));
  const named = (id: string, actions: string[]) => {
    const all = declared.get(id) ?? [];
    return all.length === 0 ? actions : all;
  };
  return counted(grants.map((grant) => ({ ...grant, actions: named(grant.resource_id, grant.actions) })));
}

/** What a subject may do; of a user by whatever grant, of others what is granted to themselves. */
export const authorizedOf = (call: Call, { type, id }: ResourceGrant['subject'], wanted: Wanted) =>
  type === 'user' ? authorizedOfUser(call, id, wanted) : authorizedOfSubject(call, id, wanted);
