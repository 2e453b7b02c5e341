/** How a migration that brings new scopes keeps the promise that the bootstrap application holds every one. */
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

/** Who held these held all that mattered. */
const FORMER_SCOPES = ['tenants:write', 'users:write', 'roles:write', 'applications:write', 'sessions:write'];

/** Gives new scopes to the applications that came with their tenant and hold what mattered before. */
export async function grantScopes(db: Schema, scopes: readonly string[]): Promise<void> {
  const { rows } = await sql<{ tenant_id: number; id: string; scopes: string }>`
    select tenant_id, id, scopes from applications where is_first_party = 1`.execute(db);
  for (const { tenant_id, id, scopes: text } of rows) {
    const held = JSON.parse(text) as string[];
    if (!FORMER_SCOPES.every((scope) => held.includes(scope))) continue;
    const next = JSON.stringify([...new Set([...held, ...scopes])]);
    await sql`update applications set scopes = ${next} where tenant_id = ${tenant_id} and id = ${id}`.execute(db);
  }
}
