/** What a user may do with resources, and why. Owns the invariant that a list and an explanation are made of the same grants. */
import type { AuthorizedResource, users as contract, Explanation } from '@reeve/contract';
import { type Db, padded } from '../database/database.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import { countRows } from '../rows.ts';
import { requireUser } from '../users/users.ts';
import { allows, expanded, namesOf } from './actions.ts';
import { type GrantRow, grantsOfUser, unitedActions } from './grants.store.ts';
import { findNamespace } from './namespaces.ts';
import { type ResourceRow, resourcesIn } from './resources.store.ts';
import { typeOf } from './subjects.ts';

const SORT = 'authorized resources';

/** The resources that a user has any grant of. */
const resourcesOfUser = (db: Db, tenantId: number, userNum: number) =>
  resourcesIn(db, tenantId).where('resources.id', 'in', (e) =>
    e.selectFrom(grantsOfUser(db, tenantId, userNum).as('held')).select('held.resource_id'),
  );

export const listForUser: Operation<typeof contract.listAuthorizedResources> = async (work, { user_id, query }) => {
  const { num } = await requireUser(work, user_id);
  const { id: tenantId } = work.tenant;
  return work.read(async (db) => {
    const { limit = DEFAULT_LIMIT, cursor, namespace, type } = query;
    let matching = resourcesOfUser(db, tenantId, num);
    if (namespace !== undefined)
      matching = matching.where(
        'resources.namespace_id',
        '=',
        (await findNamespace(db, tenantId, namespace))?.id ?? '',
      );
    if (type !== undefined) matching = matching.where('resources.type', '=', type);
    const total = query.include_total ? { total: await countRows(matching) } : {};
    let page = matching
      .selectAll('resources')
      .select('namespaces.code as namespace')
      .orderBy('resources.code')
      .orderBy('resources.id')
      .limit(limit + 1);
    if (cursor !== undefined) {
      const [code, id] = decodeCursor(cursor, SORT, ['string', 'string']) as readonly [string, string];
      page = page.where((e) =>
        e.or([e('resources.code', '>', code), e.and([e('resources.code', '=', code), e('resources.id', '>', id)])]),
      );
    }
    const { rows, next_cursor } = cut(await page.execute(), limit, ({ code, id }) => encodeCursor(SORT, [code, id]));
    return { resources: await withActions(db, tenantId, num, rows), next_cursor, ...total };
  });
};

async function withActions(
  db: Db,
  tenantId: number,
  userNum: number,
  rows: readonly (ResourceRow & { readonly namespace: string })[],
): Promise<AuthorizedResource[]> {
  const [first, ...rest] = rows.map(({ id }) => id);
  if (first === undefined) return [];
  const grants = await db
    .selectFrom(grantsOfUser(db, tenantId, userNum).as('held'))
    .select(['held.resource_id', 'held.actions'])
    .where('held.resource_id', 'in', padded([first, ...rest]))
    .execute();
  const byResource = Map.groupBy(grants, ({ resource_id }) => resource_id);
  return rows.map((row) => ({
    resource_id: row.id,
    namespace: row.namespace,
    code: row.code,
    type: row.type,
    api_identifier: row.api_identifier,
    actions: expanded(unitedActions(byResource.get(row.id) ?? []), namesOf(row)),
  }));
}

/** The codes of resources that stand for one: its own, `a:*` and `a:b:*` for `a:b:c`, and `*`. */
function codesFor(code: string): [string, ...string[]] {
  const parts = code.split(':');
  return [code, ...parts.slice(1).map((_, i) => `${parts.slice(0, i + 1).join(':')}:*`), '*'];
}

const ORDER = ['user', 'role', 'group', 'organization'] as const;

type Reason = GrantRow & { readonly code: string; readonly declared: string };

export const explain: Operation<typeof contract.explain> = async (work, { user_id, body }) => {
  const { num } = await requireUser(work, user_id);
  const { id: tenantId } = work.tenant;
  return work.read(async (db): Promise<Explanation> => {
    const namespace = await findNamespace(db, tenantId, body.namespace);
    if (!namespace) throw fieldProblem('namespace', 'exists', `No namespace has the id or code "${body.namespace}".`);
    const grants: Reason[] = await db
      .selectFrom(grantsOfUser(db, tenantId, num).as('held'))
      .innerJoin('resources', 'resources.id', 'held.resource_id')
      .selectAll('held')
      .select(['resources.code', 'resources.actions as declared'])
      .where('resources.tenant_id', '=', tenantId)
      .where('resources.namespace_id', '=', namespace.id)
      .where('resources.code', 'in', padded(codesFor(body.resource)))
      .execute();
    const reasons = grants
      .map((grant) => ({
        by: typeOf(grant),
        id: grant.subject_id,
        resource: grant.code,
        actions: expanded(JSON.parse(grant.actions) as string[], namesOf({ actions: grant.declared })),
      }))
      .filter(({ actions }) => allows(actions, body.action))
      .sort((a, b) => ORDER.indexOf(a.by) - ORDER.indexOf(b.by) || (keyOf(a) < keyOf(b) ? -1 : 1));
    const names = await namesOfSubjects(db, tenantId, reasons);
    const because = reasons.map(({ by, id, ...granted }) => ({ by, id, ...(names.get(id) ?? UNNAMED), ...granted }));
    return { allowed: because.length > 0, because };
  });
};

const keyOf = ({ id, resource }: { readonly id: string; readonly resource: string }): string => `${id} ${resource}`;

interface Names {
  readonly code: string | null;
  readonly name: string | null;
}
/** A user is known by the id alone. */
const UNNAMED: Names = { code: null, name: null };

/** What people call roles, groups and organizations, by id. */
async function namesOfSubjects(
  db: Db,
  tenantId: number,
  subjects: readonly { readonly by: (typeof ORDER)[number]; readonly id: string }[],
): Promise<ReadonlyMap<string, Names>> {
  const names = new Map<string, Names>();
  for (const type of ['role', 'group', 'organization'] as const) {
    const [first, ...rest] = subjects.flatMap(({ by, id }) => (by === type ? [id] : []));
    if (first === undefined) continue;
    const [code, name] = type === 'organization' ? (['name', 'display_name'] as const) : (['code', 'name'] as const);
    const rows = await db
      .selectFrom(`${type}s` as 'roles')
      .select(['id', `${code as 'code'} as code`, `${name as 'name'} as name`])
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', padded([first, ...rest]))
      .execute();
    for (const { id, ...called } of rows) names.set(id, called);
  }
  return names;
}
