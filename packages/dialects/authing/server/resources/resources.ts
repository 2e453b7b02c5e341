/** Resources and the namespaces that they stand in (`acl` of the client). */
import {
  array,
  resourceNamespaces as namespaceContract,
  nullable,
  object,
  oneOf,
  optional,
  type ResourceNamespace,
  type Schema,
  type Static,
  string,
} from '@reeve/contract';
import { type DialectCall, type DialectRow, operations as native, noBody, resultOf, row } from '@reeve/core';
import { answered, type Call } from '../operation.ts';
import { CODES, Refusal } from '../problems.ts';
import {
  anyText,
  codeFrom,
  namespaceOf,
  RESOURCE_TYPES,
  requireResource,
  resourceView,
  text,
  typeFrom,
} from '../resource.ts';
import { pageIn, textFrom } from '../value.ts';

const namespaceRules = namespaceContract.create.body?.properties as Record<'code' | 'name', Schema>;
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
  const query = { ...namespaceOf(namespace), ...(named ? { type: named } : {}) };
  const { totalCount, list: found } = await pageIn('resources', pageFrom(page), (next) =>
    native.resources.list(call.work, { query: { ...query, ...next }, body: undefined }),
  );
  return answered({ totalCount, list: found.map((resource) => resourceView(call, resource)) });
}

const detailQuery = object({ id: optional(text), namespace: optional(text), code: optional(text) });

async function detail(call: DialectCall<Static<typeof detailQuery>>) {
  const { id, code = '', namespace } = call.query;
  const found = id
    ? resultOf(await native.resources.get(call.work, { resource_id: id, ...noBody }))
    : await requireResource(call.work, code, namespace);
  return answered(resourceView(call, found));
}

/** `*` is all of them, and no name of one. */
const actionName = string({ minLength: 1, maxLength: 256, pattern: '^(?!\\*$)\\S+$' });
const described = array(object({ name: actionName, description: anyText }), { maxItems: 100 });
const fields = {
  type: oneOf(RESOURCE_TYPES),
  description: optional(nullable(string({ maxLength: 1000 }))),
  actions: optional(nullable(described)),
  namespace: anyText,
  apiIdentifier: anyText,
};
const createBody = object({ ...fields, code: text });
const updateBody = object({ ...fields, type: optional(fields.type), code: anyText });

/** What is given, in native fields. An empty text is none, as null. */
const fieldsFrom = ({ description, actions, apiIdentifier }: Static<typeof updateBody>) => ({
  ...(description === undefined ? {} : { description: description || null }),
  ...(actions ? { actions: actions.map(({ name, description: told }) => ({ name, description: told ?? null })) } : {}),
  ...(apiIdentifier === undefined ? {} : { api_identifier: apiIdentifier || null }),
});

async function create(call: DialectCall<undefined, Static<typeof createBody>>) {
  const { code, type, namespace } = call.body;
  const body = {
    ...fieldsFrom(call.body),
    code: codeFrom('code', code),
    type: typeFrom(type) ?? 'data',
    ...namespaceOf(namespace),
  };
  return answered(resourceView(call, resultOf(await native.resources.create(call.work, { query: undefined, body }))));
}

async function update(call: DialectCall<undefined, Static<typeof updateBody>>) {
  const { id } = await requireResource(call.work, call.params.code as string, call.body.namespace);
  if (call.body.code && call.body.code !== call.params.code)
    throw new Refusal(CODES.failed, 'code: the code of a resource stays as it is.', 'code');
  const type = typeFrom(call.body.type);
  const input = { resource_id: id, query: undefined, body: { ...fieldsFrom(call.body), ...(type ? { type } : {}) } };
  return answered(resourceView(call, resultOf(await native.resources.update(call.work, input))));
}

const namespaceQuery = object({ namespace: optional(text) });

async function remove({ work, params, query }: DialectCall<Static<typeof namespaceQuery>>) {
  const { id } = await requireResource(work, params.code as string, query.namespace);
  await native.resources.delete(work, { resource_id: id, ...noBody });
  return answered(null);
}

const namespaceView = (call: Call, { id, code, name, description, created_at, updated_at }: ResourceNamespace) => ({
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
  const { totalCount: total, list: items } = await pageIn('resource_namespaces', pageFrom(call.query), (query) =>
    native.resourceNamespaces.list(call.work, { query, body: undefined }),
  );
  return answered({ total, list: items.map((one) => namespaceView(call, one)) });
}

const namespaceBody = object({
  code: anyText,
  name: anyText,
  description: optional(nullable(string({ maxLength: 1000 }))),
});
type NamespaceBody = Static<typeof namespaceBody>;

const namespaceFields = ({ name, description }: NamespaceBody) => ({
  ...(name ? { name: textFrom('name', namespaceRules.name, name) } : {}),
  ...(description === undefined ? {} : { description: description || null }),
});

async function createNamespace(call: DialectCall<undefined, NamespaceBody>) {
  const code = textFrom('code', namespaceRules.code, call.body.code ?? '');
  const input = { query: undefined, body: { code, ...namespaceFields(call.body) } };
  return answered(namespaceView(call, resultOf(await native.resourceNamespaces.create(call.work, input))));
}

async function updateNamespace(call: DialectCall<undefined, NamespaceBody>) {
  const namespace = call.params.code as string;
  if (call.body.code && call.body.code !== namespace)
    throw new Refusal(CODES.failed, 'code: the code of a namespace stays as it is.', 'code');
  const input = { namespace, query: undefined, body: namespaceFields(call.body) };
  return answered(namespaceView(call, resultOf(await native.resourceNamespaces.update(call.work, input))));
}

async function removeNamespace({ work, params }: DialectCall) {
  await native.resourceNamespaces.delete(work, { namespace: params.code as string, ...noBody });
  return answered(null);
}

const READ = ['resources:read'];
const WRITE = ['resources:write'];
const NAMESPACES = '/api/v2/resource-namespace/{pool}';

export const resourceRows: readonly DialectRow[] = [
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
