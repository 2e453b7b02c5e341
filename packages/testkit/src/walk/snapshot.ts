/** What the database holds of one tenant, to compare before and after. */
import type { TestServer } from '../server.ts';

/** They change by themselves: mails are sent in the background. */
const RESTLESS: ReadonlySet<string> = new Set(['mails']);

/** Every row of a tenant, as text, by table. */
export async function snapshotOf({ services }: TestServer, tenantNum: number): Promise<Record<string, string[]>> {
  return services.database.read(async (db) => {
    const tables = await db.introspection.getTables();
    const held: Record<string, string[]> = {};
    for (const { name, columns } of tables) {
      if (RESTLESS.has(name) || !columns.some((column) => column.name === 'tenant_id')) continue;
      const rows = await db
        .selectFrom(name as 'users')
        .selectAll()
        .where('tenant_id', '=', tenantNum)
        .execute();
      held[name] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return held;
  });
}
