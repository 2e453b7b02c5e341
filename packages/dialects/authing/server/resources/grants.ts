/** Who may do what with resources (`acl` of the client). */
import { array, nullable, object, oneOf, optional, type Static } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  operations as native,
  Problem,
  resultOf,
  row,
  together,
  type Work,
} from '@reeve/core';
import { answered, type Call, done, type Operations } from '../operation.ts';
import { requireId, requireIds } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import {
  anyText,
  authorizedOf,
  codeFrom,
  findResource,
  namespaceOf,
  RESOURCE_TYPES,
  requireResource,
  text,
  typeFrom,
  type Wanted,
} from '../resource.ts';
import { requireRole } from '../role.ts';
import { type Subject, subjectFrom, TARGET_TYPES, type Target, targetsOf } from '../subject.ts';
import { textFrom } from '../value.ts';

interface Granted {
  readonly code: string;
  readonly type?: string | null | undefined;
  readonly actions?: readonly string[] | null | undefined;
}

interface Grant {
  readonly namespace?: string | null | undefined;
  readonly resources: readonly Granted[];
  readonly subjects: readonly Subject[];
}

const ACTION = { minLength: 1, maxLength: 256, pattern: '^\\S+$' };
const MOST_ACTIONS = 100;

function actionsFrom(names: readonly string[]): string[] {
  if (names.length > MOST_ACTIONS)
    throw new Refusal(CODES.parameterWrong, `actions may have at most ${MOST_ACTIONS} items.`, 'actions');
  return [...new Set(names)].map((name) => textFrom('actions', ACTION, name));
}

const TRIES = 3;

/** All of it or nothing. Who describes the same thing at the same moment goes first, and this comes after. */
async function atOnce(work: Work, run: (work: Work) => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await together(work, run);
    } catch (error) {
      const isRaced = error instanceof Problem && error.code === 'code_taken';
      if (!isRaced || tries === TRIES) throw error;
    }
  }
}

/** A thing that nobody described becomes a resource when it is first granted: data, unless its type is said. */
async function describe(work: Work, { code, type }: Granted, namespace: string | null | undefined): Promise<void> {
  if (await findResource(work, code, namespace)) return;
  const body = { code, type: typeFrom(type) ?? 'data', ...namespaceOf(namespace) };
  await native.resources.create(work, { query: undefined, body });
}

async function grant(work: Work, { namespace, resources, subjects }: Grant): Promise<void> {
  for (const resource of resources) await describe(work, resource, namespace);
  const given = resources.map(({ code, actions }) => ({
    code,
    ...(actions ? { actions: actionsFrom(actions) } : {}),
  }));
  const body = { resources: given, subjects: [...subjects], ...namespaceOf(namespace) };
  await native.resources.authorize(work, { query: undefined, body });
}

/** Without actions the whole grant is taken. */
async function take(work: Work, { namespace, resources, subjects }: Grant): Promise<void> {
  const taken = resources.map(({ code, actions }) => ({
    code,
    ...(actions && actions.length > 0 ? { actions: actionsFrom(actions) } : {}),
  }));
  const body = { resources: taken, subjects: [...subjects], ...namespaceOf(namespace) };
  await native.resources.revoke(work, { query: undefined, body });
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
  const subjects: Subject[] = [];
  for (const id of (await requireIds(work, [...new Set(users)])).values()) subjects.push({ type: 'user', id });
  for (const code of roles) subjects.push({ type: 'role', id: (await requireRole(work, code, namespace)).id });
  const resources = [{ code: resource, actions: [action] }];
  await atOnce(work, (inner) => grant(inner, { resources, namespace, subjects }));
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
  if (!opts || opts.length === 0) throw new Refusal(CODES.parameterWrong, 'opts: nobody is named.', 'opts');
  await atOnce(work, async (inner) => {
    for (const opt of opts) {
      const subjects = [await subjectFrom(inner, opt ?? {}, namespace)];
      const resources = [{ code: resource ?? '', type: resourceType, actions: opt?.actions }];
      await grant(inner, { resources, namespace, subjects });
    }
  });
  return done();
}

const authorizedResources = (call: Call, { targetType, targetIdentifier, ...wanted }: Target & Wanted) =>
  authorizedOfTarget(call, { targetType: targetType ?? null, targetIdentifier: targetIdentifier ?? null }, wanted);

const authorizedOfTarget = async (call: Call, target: Target, wanted: Wanted) =>
  authorizedOf(call, await subjectFrom(call.work, target, wanted.namespace), wanted);

interface Wish {
  readonly namespace: string;
  readonly resource: string;
  readonly resourceType: string;
  readonly targetType?: string | null;
  readonly actions?: { readonly op: 'AND' | 'OR'; readonly list: readonly (string | null)[] } | null;
}

/** To whom a resource is granted itself; `actions` asks for those who have all, or one, of them. */
async function authorizedTargets(call: Call, { namespace, resource, resourceType, targetType, actions }: Wish) {
  const found = await requireResource(call.work, resource, namespace);
  if (found.type !== typeFrom(resourceType))
    throw new Refusal(CODES.failed, `resourceType: "${found.code}" is no ${resourceType}.`, 'resourceType');
  const asked = (actions?.list ?? []).flatMap((name) => name ?? []);
  const list = (await targetsOf(call, found, targetType)).filter(({ actions: held }) => {
    const has = (name: string) => held.includes(name) || held.includes('*');
    return asked.length === 0 || (actions?.op === 'AND' ? asked.every(has) : asked.some(has));
  });
  return { totalCount: list.length, list };
}

export const grants: Operations = {
  allow: { scope: 'resources:write', run: allow },
  authorizeResource: { scope: 'resources:write', run: authorize },
  authorizedResources: { scope: 'resources:read', run: authorizedResources },
  authorizedTargets: { scope: 'resources:read', run: authorizedTargets },
};

const allowedBody = object({
  namespace: anyText,
  userId: text,
  resource: text,
  action: text,
  tenantId: anyText,
});

async function isAllowed({ work, body }: DialectCall<undefined, Static<typeof allowedBody>>) {
  const { userId, resource, action, namespace } = body;
  const asked = { resource: codeFrom('resource', resource), action, ...namespaceOf(namespace) };
  const input = { user_id: await requireId(work, userId), query: undefined, body: asked };
  return answered({ allowed: resultOf(await native.users.explain(work, input)).allowed });
}

/** Targets, and resources, that one call may name. */
const MOST = 50;
const targetType = oneOf(TARGET_TYPES);
const target = { targetType, targetIdentifier: text };
const anyActions = optional(nullable(array(text, { maxItems: 100 })));
const opt = object({ ...target, actions: anyActions });
const revokeBody = object({ namespace: anyText, resource: text, opts: array(opt, { minItems: 1, maxItems: MOST }) });

/** All of them or none. */
async function revoke({
  work,
  body: { namespace, resource, opts },
}: DialectCall<undefined, Static<typeof revokeBody>>) {
  await requireResource(work, resource, namespace);
  await together(work, async (inner) => {
    for (const { actions, ...one } of opts) {
      const subjects = [await subjectFrom(inner, one, namespace)];
      await take(inner, { namespace, resources: [{ code: resource, actions }], subjects });
    }
  });
  return answered(null);
}

const several = object({
  targetType,
  targetIdentifiers: array(text, { minItems: 1, maxItems: MOST }),
  resources: array(
    object({ code: text, actions: anyActions, resourceType: optional(nullable(oneOf(RESOURCE_TYPES))) }),
    {
      minItems: 1,
      maxItems: MOST,
    },
  ),
});
const severalBody = object({ namespace: anyText, opts: array(several, { minItems: 1, maxItems: MOST }) });

/** All of them or none. */
const changeSeveral =
  (change: (work: Work, grant: Grant) => Promise<void>) =>
  async ({ work, body: { namespace, opts } }: DialectCall<undefined, Static<typeof severalBody>>) => {
    await atOnce(work, async (inner) => {
      for (const { targetType, targetIdentifiers, resources } of opts) {
        const subjects: Subject[] = [];
        for (const targetIdentifier of new Set(targetIdentifiers))
          subjects.push(await subjectFrom(inner, { targetType, targetIdentifier }, namespace));
        const granted = resources.map(({ resourceType: type, ...resource }) => ({ ...resource, type }));
        await change(inner, { namespace, resources: granted, subjects });
      }
    });
    return answered(null);
  };

const batchBody = object({
  namespace: anyText,
  resourceType: optional(nullable(oneOf(RESOURCE_TYPES))),
  targets: array(object(target), { maxItems: MOST }),
});

/** In the order of the targets. */
async function listBatch(call: DialectCall<undefined, Static<typeof batchBody>>) {
  const { targets, ...wanted } = call.body;
  const list: unknown[] = [];
  for (const one of targets) list.push(await authorizedOfTarget(call, one, wanted));
  return answered({ list });
}

const READ = ['resources:read'];
const WRITE = ['resources:write'];

export const grantRows: readonly DialectRow[] = [
  row('POST /api/v2/acl/is-allowed', { scopes: READ, body: allowedBody, run: isAllowed }),
  row('POST /api/v2/acl/list-authorized-resources-batch', { scopes: READ, body: batchBody, run: listBatch }),
  row('POST /api/v2/acl/authorize-resources', { scopes: WRITE, body: severalBody, run: changeSeveral(grant) }),
  row('POST /api/v2/acl/revoke-resources', { scopes: WRITE, body: severalBody, run: changeSeveral(take) }),
  row('POST /api/v2/acl/revoke-resource', { scopes: WRITE, body: revokeBody, run: revoke }),
];
