/** `/rules`: small functions that run at sign-in. */
import { boolean, integer, object, optional, type Rule, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, noBody, operations, resultOf, row } from '@reeve/core';
import { ifThere } from '../absence.ts';
import { keyset } from '../keyset.ts';
import {
  each,
  type FieldsQuery,
  fieldsQuery,
  type OffsetQuery,
  offsetQuery,
  pageOf,
  pickEach,
  pickFields,
} from '../paging.ts';

const inexistent = {
  not_found: { status: 404, code: 'inexistent_rule', message: 'The rule does not exist.' },
} as const;
const clash = {
  name_taken: { status: 409, code: 'conflict', message: 'A rule with the same name already exists' },
  conflict: { status: 409, code: 'conflict', message: 'A rule with the same order already exists' },
} as const;

const name = string({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9]([A-Za-z0-9 -]*[A-Za-z0-9])?$' });
const script = string({ minLength: 1, maxLength: 102_400 });
const order = integer({ minimum: 0, maximum: 1_000_000_000 });
const createBody = object({
  name,
  script,
  order: optional(order),
  enabled: optional(boolean({ default: true })),
  stage: optional(string({ enum: ['login_success'] } as object)),
});
const updateBody = object({
  name: optional(name),
  script: optional(script),
  order: optional(order),
  enabled: optional(boolean()),
});

const view = ({ id, name: called, script: text, order: place, enabled, stage }: Rule) => ({
  id,
  name: called,
  script: text,
  order: place,
  enabled,
  stage,
});

async function list({ work, query }: DialectCall<OffsetQuery & FieldsQuery & { enabled?: boolean }>) {
  const filter = query.enabled === undefined ? {} : { enabled: query.enabled };
  const rules = keyset(
    (page) => operations.rules.list(work, { query: { ...filter, ...page }, body: undefined }),
    'rules',
  );
  return pickEach('rules', await pageOf('rules', query, rules, each(view)), query);
}

async function create({ work, body: { stage: _stage, ...body } }: DialectCall<undefined, Static<typeof createBody>>) {
  return view(resultOf(await operations.rules.create(work, { query: undefined, body })));
}

async function update({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  return view(resultOf(await operations.rules.update(work, { rule_id: params.id as string, query: undefined, body })));
}

/** Idempotent. */
async function remove({ work, params }: DialectCall) {
  await ifThere(operations.rules.delete(work, { rule_id: params.id as string, ...noBody }));
}

export const rules: readonly DialectRow[] = [
  row('GET /rules', {
    scopes: ['read:rules'],
    query: object({ ...offsetQuery, ...fieldsQuery, enabled: optional(boolean()) }),
    run: list,
  }),
  row('POST /rules', { scopes: ['create:rules'], body: createBody, status: 201, problems: clash, run: create }),
  row('GET /rules/{id}', {
    scopes: ['read:rules'],
    query: object(fieldsQuery),
    problems: inexistent,
    run: async ({ work, params, query }: DialectCall<FieldsQuery>) =>
      pickFields(view(resultOf(await operations.rules.get(work, { rule_id: params.id as string, ...noBody }))), query),
  }),
  row('PATCH /rules/{id}', {
    scopes: ['update:rules'],
    body: updateBody,
    problems: { ...inexistent, ...clash },
    run: update,
  }),
  row('DELETE /rules/{id}', { scopes: ['delete:rules'], status: 204, run: remove }),
];
