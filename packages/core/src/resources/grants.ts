/**
 * Granting resources to subjects and taking them away. Owns the invariant that two who change the grants of a resource at once both
 * count: the resource is locked.
 */
import type { resources as contract, ResourceGrant } from '@reeve/contract';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import { countRows } from '../rows.ts';
import type { Unit } from '../work.ts';
import { givenOf, namesOf, undeclared, union, without } from './actions.ts';
import {
  deleteGrants,
  findActions,
  type GrantRow,
  grantsIn,
  grantView,
  keyOf,
  putGrants,
  resourcesToGrant,
} from './grants.store.ts';
import { findNamespace, namespaceToPointTo } from './namespaces.ts';
import type { ResourceRow } from './resources.store.ts';
import { findSubjectKey, type KnownSubject, subjectsToPointTo } from './subjects.ts';

type Body = Parameters<Operation<typeof contract.authorize>>[1]['body'];

/** One resource of a request, and what of it is given or taken. */
interface Asked {
  readonly resource: ResourceRow;
  readonly declared: readonly string[];
  readonly actions: readonly string[];
}

/** A grant after the change; null: it goes. */
interface Changed {
  readonly resource: ResourceRow;
  readonly subject: KnownSubject;
  readonly actions: readonly string[] | null;
}

/** What a grant becomes; undefined: it stays as it is. */
type Change = (held: readonly string[] | undefined, asked: Asked) => readonly string[] | null | undefined;

async function changeGrants(unit: Unit, body: Body, event: 'resource.authorized' | 'resource.revoked', change: Change) {
  const subjects = await subjectsToPointTo(unit, body.subjects);
  const namespace = await namespaceToPointTo(unit, body.namespace);
  const codes = body.resources.map(({ code }) => code);
  const resources = await resourcesToGrant(unit, namespace.id, codes);
  const asked = resources.map((resource, i): Asked => {
    const declared = namesOf(resource);
    const actions = givenOf(body.resources[i]?.actions);
    const unknown = undeclared(declared, actions);
    if (unknown !== undefined)
      throw fieldProblem(`resources.${i}.actions`, 'exists', `"${resource.code}" has no action "${unknown}".`);
    return { resource, declared, actions };
  });
  const ids = subjects.map(({ id }) => id);
  const held = await findActions(
    unit,
    resources.map(({ id }) => id),
    ids,
  );
  const changed = new Map<string, Changed>();
  for (const one of asked)
    for (const subject of subjects) {
      const key = keyOf(one.resource.id, subject.id);
      // A resource may be named twice: the second time it is as the first one left it.
      const earlier = changed.get(key);
      const before = earlier ? (earlier.actions ?? undefined) : held.get(key);
      const actions = change(before, one);
      if (actions !== undefined) changed.set(key, { resource: one.resource, subject, actions });
    }
  await save(unit, [...changed.values()]);
  await tell(unit, event, namespace.code, subjects, [...changed.values()]);
}

async function save(unit: Unit, changed: readonly Changed[]): Promise<void> {
  const kept = changed.flatMap(({ resource, subject, actions }): GrantRow[] =>
    actions === null
      ? []
      : [
          {
            tenant_id: unit.tenant.id,
            resource_id: resource.id,
            subject_id: subject.id,
            ...subject.columns,
            actions: JSON.stringify(actions),
            granted_at: unit.now,
          },
        ],
  );
  await putGrants(unit, kept);
  for (const resourceId of new Set(changed.map(({ resource }) => resource.id))) {
    const gone = changed.filter(({ resource, actions }) => resource.id === resourceId && actions === null);
    const [first, ...rest] = gone.map(({ subject }) => subject.id);
    if (first !== undefined) await deleteGrants(unit, resourceId, [first, ...rest]);
  }
}

/** One event for each subject: what it has now of the resources that changed; null: nothing. */
async function tell(
  unit: Unit,
  event: 'resource.authorized' | 'resource.revoked',
  namespace: string,
  subjects: readonly KnownSubject[],
  changed: readonly Changed[],
): Promise<void> {
  for (const { type, id } of subjects) {
    const own = changed.filter(({ subject }) => subject.id === id);
    if (own.length === 0) continue;
    const resources = own.map(({ resource, actions }) => ({ code: resource.code, actions }));
    await unit.emit(event, { target: { type, id }, data: { namespace, resources } });
  }
}

const isSame = (a: readonly string[] | undefined, b: readonly string[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export const authorize: Operation<typeof contract.authorize> = (work, { body }) =>
  work.write((unit) =>
    changeGrants(unit, body, 'resource.authorized', (held, { actions }) => {
      const next = union(held ?? [], actions);
      return isSame(held, next) ? undefined : next;
    }),
  );

export const revoke: Operation<typeof contract.revoke> = (work, { body }) =>
  work.write((unit) =>
    changeGrants(unit, body, 'resource.revoked', (held, { resource, actions, declared }) => {
      if (held === undefined) return undefined;
      const left = without(held, actions, declared);
      if (left === undefined)
        throw fieldProblem(
          'resources',
          'actions',
          `"${resource.code}" names no actions, and all of them are granted: the whole grant is taken, or none of it.`,
          'conflict',
        );
      return left !== null && isSame(held, left) ? undefined : left;
    }),
  );

const SORT = 'resource grants';

export const listGrants: Operation<typeof contract.listGrants> = (work, { query }) =>
  work.read(async (db) => {
    const { id: tenantId } = work.tenant;
    const { limit = DEFAULT_LIMIT, cursor, namespace, resource, subject, type } = query;
    let matching = grantsIn(db, tenantId);
    if (namespace !== undefined)
      matching = matching.where(
        'resources.namespace_id',
        '=',
        (await findNamespace(db, tenantId, namespace))?.id ?? '',
      );
    if (resource !== undefined) matching = matching.where('grants.resource_id', '=', resource);
    if (type !== undefined) matching = matching.where('resources.type', '=', type);
    if (subject !== undefined) {
      const key = await findSubjectKey(db, tenantId, subject);
      if (!key) return { resource_grants: [], next_cursor: null, ...(query.include_total ? { total: 0 } : {}) };
      matching = matching.where(`grants.${key.column}`, '=', key.value as never);
    }
    const total = query.include_total ? { total: await countRows(matching) } : {};
    let page = matching
      .selectAll('grants')
      .select(['resources.code', 'resources.type', 'resources.api_identifier', 'namespaces.code as namespace'])
      .orderBy('grants.resource_id')
      .orderBy('grants.subject_id')
      .limit(limit + 1);
    if (cursor !== undefined) {
      const [after, last] = decodeCursor(cursor, SORT, ['string', 'string']) as readonly [string, string];
      page = page.where((e) =>
        e.or([
          e('grants.resource_id', '>', after),
          e.and([e('grants.resource_id', '=', after), e('grants.subject_id', '>', last)]),
        ]),
      );
    }
    const cursorOf = (row: GrantRow) => encodeCursor(SORT, [row.resource_id, row.subject_id]);
    const { rows, next_cursor } = cut(await page.execute(), limit, cursorOf);
    return { resource_grants: rows.map((row): ResourceGrant => grantView(row)), next_cursor, ...total };
  });
