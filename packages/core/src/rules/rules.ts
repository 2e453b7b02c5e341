/** Rules as they are kept. Owns the invariants that a stored script is a function, and that no two rules run at one place. */
import { createHash } from 'node:crypto';
import type { rules as contract, Rule } from '@reeve/contract';
import { type Db, locked } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import { type Operation, Rendered } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { countRows, refusing, requireRow } from '../rows.ts';
import { keyOf } from '../users/document.ts';
import { checkVersion } from '../version.ts';
import type { Work } from '../work.ts';
import { findLastPosition, type RuleRow, ruleView } from './rules.store.ts';

const MAX_RULES = 100;
const SORT = 'rules';

const rendered = (row: RuleRow): Rendered<Rule> => new Rendered(JSON.stringify(ruleView(row)), row.version);

/** For events: a script may be long, and is told apart by its digest. */
const fieldsOf = ({ name, script, position, enabled, stage }: RuleRow) => ({
  name,
  script_sha256: createHash('sha256').update(script).digest('hex'),
  script_length: script.length,
  order: position,
  enabled: enabled === 1,
  stage,
});

async function checkScript({ services }: Work, script: string): Promise<void> {
  const fault = await services.rules.check(script);
  if (!fault) return;
  const place = fault.line === undefined ? '' : ` (line ${fault.line})`;
  throw fieldProblem('script', 'script', `script${place}: ${fault.message}`);
}

const refusingTaken = <T>({ name, order }: { name?: string; order?: number }, write: () => Promise<T>): Promise<T> =>
  refusing(
    'rules.name_key',
    () => fieldProblem('name', 'unique', `Another rule is called "${name}".`, 'name_taken'),
    () =>
      refusing(
        'rules.position',
        () => fieldProblem('order', 'unique', `Another rule has the order ${order}.`, 'conflict'),
        write,
      ),
  );

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const limit = query.limit ?? DEFAULT_LIMIT;
    let rows = db
      .selectFrom('rules')
      .selectAll()
      .where('tenant_id', '=', work.tenant.id)
      .orderBy('position')
      .limit(limit + 1);
    if (query.enabled !== undefined) rows = rows.where('enabled', '=', query.enabled ? 1 : 0);
    if (query.cursor !== undefined)
      rows = rows.where('position', '>', decodeCursor(query.cursor, SORT, ['number'])[0] as number);
    const page = cut(await rows.execute(), limit, ({ position }) => encodeCursor(SORT, [position]));
    return { rules: page.rows.map(ruleView), next_cursor: page.next_cursor };
  });

/** Creations follow one another, so that two without an order don't meet at the same place. */
async function nextPosition(db: Db, tenantId: number): Promise<number> {
  await locked(db, db.selectFrom('tenants').select('num').where('num', '=', tenantId)).execute();
  const all = db.selectFrom('rules').where('tenant_id', '=', tenantId);
  if ((await countRows(all)) >= MAX_RULES)
    throw new Problem('limit_reached', `A tenant has at most ${MAX_RULES} rules.`);
  return ((await findLastPosition(db, tenantId)) ?? 0) + 1;
}

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  await checkScript(work, body.script);
  return refusingTaken(body, () =>
    work.write(async (unit) => {
      const next = await nextPosition(unit.db, unit.tenant.id);
      const row: RuleRow = {
        id: unit.newId('rul'),
        tenant_id: unit.tenant.id,
        name: body.name,
        name_key: keyOf(body.name),
        script: body.script,
        position: body.order ?? next,
        enabled: body.enabled === false ? 0 : 1,
        stage: body.stage ?? 'login_success',
        version: 1,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('rules').values(row).execute();
      await unit.emit('rule.created', { target: { type: 'rule', id: row.id }, data: { after: fieldsOf(row) } });
      return rendered(row);
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { rule_id }) =>
  work.read(async (db) => rendered(await requireRow(db, 'rules', work.tenant.id, rule_id)));

export const update: Operation<typeof contract.update> = async (work, { rule_id, body, ifMatch }) => {
  if (body.script !== undefined) await checkScript(work, body.script);
  return refusingTaken(body, () =>
    work.write(async (unit) => {
      const before = await requireRow(unit.db, 'rules', unit.tenant.id, rule_id, 'change');
      checkVersion(ifMatch, before.version);
      const { order, enabled, ...fields } = body;
      const merged: RuleRow = {
        ...before,
        ...fields,
        ...(order === undefined ? {} : { position: order }),
        ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
      };
      const change = difference(fieldsOf(before), fieldsOf(merged));
      if (Object.keys(change.after).length === 0) return rendered(before);
      const row: RuleRow = {
        ...merged,
        name_key: keyOf(merged.name),
        version: before.version + 1,
        updated_at: unit.now,
      };
      await unit.db
        .updateTable('rules')
        .set(row)
        .where('tenant_id', '=', unit.tenant.id)
        .where('id', '=', row.id)
        .execute();
      await unit.emit('rule.updated', { target: { type: 'rule', id: row.id }, data: change });
      return rendered(row);
    }),
  );
};

const remove: Operation<typeof contract.delete> = (work, { rule_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireRow(unit.db, 'rules', unit.tenant.id, rule_id, 'change');
    checkVersion(ifMatch, row.version);
    await unit.db.deleteFrom('rules').where('tenant_id', '=', unit.tenant.id).where('id', '=', row.id).execute();
    await unit.emit('rule.deleted', { target: { type: 'rule', id: row.id }, data: { before: fieldsOf(row) } });
  });

export { remove as delete };
