/** Namespaces, resources and who may do what with them (`acl` of the client). */
import {
  array,
  resources as contract,
  resourceNamespaces as namespaceContract,
  nullable,
  object,
  oneOf,
  optional,
  type Resource,
  type Schema,
  type Static,
  string,
} from '@reeve/contract';
import { type DialectCall, type DialectRow, operations as native, row, together, type Work } from '@reeve/core';
import { type Call, done, type Operations } from '../operation.ts';
import { requireId } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import {
  authorizedOfSubject,
  authorizedOfUser,
  RESOURCE_TYPES,
  resourceView,
  typeFrom,
  type Wanted,
} from '../resource.ts';
import { requireRole } from '../role.ts';
import { subjectFrom, type Target } from '../subject.ts';
import { everyItem, noBody, pageOf, resultOf, textFrom } from '../value.ts';

const rules = contract.create.body?.properties as Record<'code', Schema>;
const namespaceRules = namespaceContract.create.body?.properties as Record<'code' | 'name', Schema>;
const answer = (data: unknown) => ({ code: 200, message: 'OK', data });
const inNamespace = (namespace: string | null | undefined) => (namespace ? { namespace } : {});

async function findResource(work: Work, code: string, namespace?: string | null): Promise<Resource | undefined> {
  const query = { code: textFrom('resource', rules.code, code), namespace: namespace || 'default' };
  const { resources } = resultOf(await native.resources.list(work, { query, body: undefined }));
  return resources[0];
}

async function requireResource(work: Work, code: string, namespace?: string | null): Promise<Resource> {
  const found = await findResource(work, code, namespace);
  if (!found) throw new Refusal(CODES.failed, `No resource is called "${code.slice(0, 128)}".`, 'code');
  return found;
}

interface Grant {
  readonly resource: string;
  readonly type?: string | null;
  readonly namespace?: string | null;
  readonly subjects: Awaited<ReturnType<typeof subjectFrom>>[];
  readonly actions?: readonly string[] | null;
}

/** A thing that nobody described becomes a resource when it is first granted: data, unless its type is said. */
async function grant(work: Work, { resource, type, namespace, subjects, actions }: Grant): Promise<void> {
  if (!(await findResource(work, resource, namespace))) {
    const body = { code: resource, type: typeFrom(type) ?? 'data', ...inNamespace(namespace) };
    await native.resources.create(work, { query: undefined, body });
  }
  const given = { code: resource, ...(actions ? { actions: [...new Set(actions)] } : {}) };
  const body = { resources: [given], subjects, ...inNamespace(namespace) };
  await native.resources.authorize(work, { query: undefined, body });
}

interface Allowance {
  readonly resource: string;
  readonly action: string;
  readonly userId?: string | null;
  readonly userIds?: readonly string[] | null;
  readonly roleCode?: string | null;
  readonly roleCodes?: readonly string[] | null;
  readonly namespace?: string | null;
}

async function allow({ work }: Call, { resource, action, namespace, ...who }: Allowance) {
  const users = [...(who.userId ? [who.userId] : []), ...(who.userIds ?? [])];
  const roles = [...(who.roleCode ? [who.roleCode] : []), ...(who.roleCodes ?? [])];
  if (users.length + roles.length === 0) throw new Refusal(CODES.parameterWrong, 'userId: nobody is named.', 'userId');
  const subjects: Grant['subjects'] = [];
  for (const user of users) subjects.push({ type: 'user', id: await requireId(work, user) });
  for (const code of roles) subjects.push({ type: 'role', id: (await requireRole(work, code, namespace)).id });
  await together(work, (inner) =>
    grant(inner, { resource, namespace: namespace ?? null, subjects, actions: [action] }),
  );
  return done();
}

interface Authorization {
  readonly namespace?: string | null;
  readonly resource?: string | null;
  readonly resourceType?: string | null;
  readonly opts?: readonly ((Target & { readonly actions?: readonly string[] | null }) | null)[] | null;
}

/** All of them or none. */
async function authorize({ work }: Call, { namespace, resource, resourceType, opts }: Authorization) {
  await together(work, async (inner) => {
    for (const opt of opts ?? []) {
      const subjects = [await subjectFrom(inner, opt ?? {}, namespace)];
      const given = { resource: resource ?? '', type: resourceType ?? null, namespace: namespace ?? null, subjects };
      await grant(inner, { ...given, actions: opt?.actions ?? null });
    }
  });
  return done();
}

async function authorizedResources(call: Call, { targetType, targetIdentifier, ...wanted }: Target & Wanted) {
  const { type, id } = await subjectFrom(
    call.work,
    { targetType: targetType ?? null, targetIdentifier: targetIdentifier ?? null },
    wanted.namespace,
  );
  return type === 'user' ? authorizedOfUser(call, id, wanted) : authorizedOfSubject(call, id, wanted);
}

export const resources: Operations = {
  allow: { scope: 'resources:write', run: allow },
  authorizeResource: { scope: 'resources:write', run: authorize },
  authorizedResources: { scope: 'resources:read', run: authorizedResources },
};

const text = string({ maxLength: 2048 });
const anyText = optional(nullable(text));
const allowedBody = object({
  namespace: anyText,
  userId: text,
  resource: text,
  action: text,
  tenantId: anyText,
});

async function isAllowed({ work, body }: DialectCall<undefined, Static<typeof allowedBody>>) {
  const { userId, resource, action, namespace } = body;
  const asked = { resource: textFrom('resource', rules.code, resource), action, ...inNamespace(namespace) };
  const input = { user_id: await requireId(work, userId), query: undefined, body: asked };
  return answer({ allowed: resultOf(await native.users.explain(work, input)).allowed });
}

const opt = object({
  targetType: oneOf(['USER', 'ROLE', 'GROUP', 'ORG']),
  targetIdentifier: text,
  actions: optional(nullable(array(text, { maxItems: 100 }))),
});
const revokeBody = object({ namespace: anyText, resource: text, opts: array(opt, { minItems: 1, maxItems: 50 }) });

/** All of them or none. */
async function revoke({
  work,
  body: { namespace, resource, opts },
}: DialectCall<undefined, Static<typeof revokeBody>>) {
  await requireResource(work, resource, namespace);
  await together(work, async (inner) => {
    for (const { actions, ...target } of opts) {
      const taken = { code: resource, ...(actions && actions.length > 0 ? { actions: [...new Set(actions)] } : {}) };
      const subjects = [await subjectFrom(inner, target, namespace)];
      const body = { resources: [taken], subjects, ...inNamespace(namespace) };
      await native.resources.revoke(inner, { query: undefined, body });
    }
  });
  return answer(null);
}

const digits = optional(string({ maxLength: 9, pattern: '^-?[0-9]+$' }));
const pageFrom = ({ page, limit }: { page?: string; limit?: string }) => ({
  ...(page === undefined ? {} : { page: Number(page) }),
  ...(limit === undefined ? {} : { limit: Number(limit) }),
});
const listQuery = object({
  namespace: optional(text),
  type: optional(oneOf(RESOURCE_TYPES)),
  limit: digits,
  page: digits,
});

async function list(call: DialectCall<Static<typeof listQuery>>) {
  const { namespace, type, ...page } = call.query;
  const named = typeFrom(type);
  const query = { ...inNamespace(namespace), ...(named ? { type: named } : {}) };
  const found = await everyItem('resources', (next) =>
    native.resources.list(call.work, { query: { ...query, ...next }, body: undefined }),
  );
  return answer(
    pageOf(
      found.map((resource) => resourceView(call, resource)),
      pageFrom(page),
    ),
  );
}

const detailQuery = object({ id: optional(text), namespace: optional(text), code: optional(text) });

async function detail(call: DialectCall<Static<typeof detailQuery>>) {
  const { id, code = '', namespace } = call.query;
  const found = id
    ? resultOf(await native.resources.get(call.work, { resource_id: id, ...noBody }))
    : await requireResource(call.work, code, namespace);
  return answer(resourceView(call, found));
}

const described = array(object({ name: text, description: anyText }), { maxItems: 100 });
const fields = {
  type: oneOf(RESOURCE_TYPES),
  description: optional(nullable(string({ maxLength: 1000 }))),
  actions: optional(nullable(described)),
  namespace: anyText,
  apiIdentifier: anyText,
};
const createBody = object({ ...fields, code: text });
const updateBody = object({ ...fields, type: optional(fields.type), code: anyText });

/** What is given, in native fields. */
const fieldsFrom = ({ description, actions, apiIdentifier }: Static<typeof updateBody>) => ({
  ...(description ? { description } : {}),
  ...(actions ? { actions: actions.map(({ name, description: told }) => ({ name, description: told ?? null })) } : {}),
  ...(apiIdentifier ? { api_identifier: apiIdentifier } : {}),
});

async function create(call: DialectCall<undefined, Static<typeof createBody>>) {
  const { code, type, namespace } = call.body;
  const body = {
    ...fieldsFrom(call.body),
    code: textFrom('code', rules.code, code),
    type: typeFrom(type) ?? 'data',
    ...inNamespace(namespace),
  };
  return answer(resourceView(call, resultOf(await native.resources.create(call.work, { query: undefined, body }))));
}

async function update(call: DialectCall<undefined, Static<typeof updateBody>>) {
  const { id } = await requireResource(call.work, call.params.code as string, call.body.namespace);
  const type = typeFrom(call.body.type);
  const input = { resource_id: id, query: undefined, body: { ...fieldsFrom(call.body), ...(type ? { type } : {}) } };
  return answer(resourceView(call, resultOf(await native.resources.update(call.work, input))));
}

const namespaceQuery = object({ namespace: optional(text) });

async function remove({ work, params, query }: DialectCall<Static<typeof namespaceQuery>>) {
  const { id } = await requireResource(work, params.code as string, query.namespace);
  await native.resources.delete(work, { resource_id: id, ...noBody });
  return answer(null);
}

type Namespace = Awaited<ReturnType<typeof namespacesOf>>[number];

const namespacesOf = (work: Work) =>
  everyItem('resource_namespaces', (page) => native.resourceNamespaces.list(work, { query: page, body: undefined }));

const namespaceView = (call: Call, { id, code, name, description, created_at, updated_at }: Namespace) => ({
  id,
  userPoolId: call.params.pool,
  code,
  name,
  description,
  createdAt: created_at,
  updatedAt: updated_at,
});

const pageQuery = object({ page: digits, limit: digits });

async function listNamespaces(call: DialectCall<Static<typeof pageQuery>>) {
  const found = await namespacesOf(call.work);
  const { totalCount: total, list: items } = pageOf(found, pageFrom(call.query));
  return answer({ total, list: items.map((one) => namespaceView(call, one)) });
}

const namespaceBody = object({
  code: anyText,
  name: anyText,
  description: optional(nullable(string({ maxLength: 1000 }))),
});
type NamespaceBody = Static<typeof namespaceBody>;

const namespaceFields = ({ name, description }: NamespaceBody) => ({
  ...(name ? { name: textFrom('name', namespaceRules.name, name) } : {}),
  ...(description ? { description } : {}),
});

async function createNamespace(call: DialectCall<undefined, NamespaceBody>) {
  const code = textFrom('code', namespaceRules.code, call.body.code ?? '');
  const input = { query: undefined, body: { code, ...namespaceFields(call.body) } };
  return answer(namespaceView(call, resultOf(await native.resourceNamespaces.create(call.work, input))));
}

async function updateNamespace(call: DialectCall<undefined, NamespaceBody>) {
  const namespace = call.params.code as string;
  if (call.body.code && call.body.code !== namespace)
    throw new Refusal(CODES.failed, 'code: the code of a namespace stays as it is.', 'code');
  const input = { namespace, query: undefined, body: namespaceFields(call.body) };
  return answer(namespaceView(call, resultOf(await native.resourceNamespaces.update(call.work, input))));
}

async function removeNamespace({ work, params }: DialectCall) {
  await native.resourceNamespaces.delete(work, { namespace: params.code as string, ...noBody });
  return answer(null);
}

const READ = ['resources:read'];
const WRITE = ['resources:write'];
const NAMESPACES = '/api/v2/resource-namespace/{pool}';

export const resourceRows: readonly DialectRow[] = [
  row('POST /api/v2/acl/is-allowed', { scopes: READ, body: allowedBody, run: isAllowed }),
  row('POST /api/v2/acl/revoke-resource', { scopes: WRITE, body: revokeBody, run: revoke }),
  row('GET /api/v2/resources', { scopes: READ, query: listQuery, run: list }),
  row('GET /api/v2/resources/detail', { scopes: READ, query: detailQuery, run: detail }),
  row('POST /api/v2/resources', { scopes: WRITE, body: createBody, run: create }),
  row('POST /api/v2/resources/{code}', { scopes: WRITE, body: updateBody, run: update }),
  row('DELETE /api/v2/resources/{code}', { scopes: WRITE, query: namespaceQuery, run: remove }),
  row(`GET ${NAMESPACES}`, { scopes: READ, query: pageQuery, run: listNamespaces }),
  row(`POST ${NAMESPACES}`, { scopes: WRITE, body: namespaceBody, run: createNamespace }),
  row(`PUT ${NAMESPACES}/code/{code}`, { scopes: WRITE, body: namespaceBody, run: updateNamespace }),
  row(`DELETE ${NAMESPACES}/code/{code}`, { scopes: WRITE, run: removeNamespace }),
];
