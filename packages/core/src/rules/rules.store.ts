import type { Rule } from '@reeve/contract';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { Row } from '../rows.ts';
import type { RuleScript } from './engine.ts';

export type RuleRow = Row<'rules'>;

export const ruleView = (row: RuleRow): Rule => ({
  id: row.id,
  name: row.name,
  script: row.script,
  order: row.position,
  enabled: row.enabled === 1,
  stage: row.stage,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

const enabled = statement<{ tenant_id: number }, RuleScript>((db, slot) =>
  db
    .selectFrom('rules')
    .select(['name', 'script'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('enabled', '=', 1)
    .orderBy('position'),
);

/** The enabled rules, the first one to run first. */
export const findEnabledRules = (db: Db, tenantId: number): Promise<RuleScript[]> =>
  enabled(db, { tenant_id: tenantId });

/** The greatest order of the tenant's rules; undefined where there is none. */
export async function findLastPosition(db: Db, tenantId: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('rules')
    .select('position')
    .where('tenant_id', '=', tenantId)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.position;
}
