import type { Settings } from '@reeve/contract';
import type { Db } from '../database/database.ts';
import type { TenantContext } from '../work.ts';

export const defaultSettings: Settings = {
  deleted_user_retention_days: 0,
  require_verified_email: false,
  verification_link_lifetime: 5 * 86_400,
  password_reset_link_lifetime: 3_600,
  session_lifetime: 30 * 86_400,
  allow_delete_all_users: false,
  allow_impersonation: true,
  strict_vendor_limits: false,
  default_audience: null,
  default_connection: null,
};

/** A tenant stores what was set; the rest is as by default. */
export const settingsOf = (stored: string): Settings => ({
  ...defaultSettings,
  ...(JSON.parse(stored) as Partial<Settings>),
});

/** A tenant as a request's host names it; the caller adds the origin. */
export type TenantOfHost = Omit<TenantContext, 'origin'>;

/** The tenant that claims `host` (with port, lower case), else the one that claims its name alone; and as what it does. */
export async function findTenantByHost(
  db: Db,
  host: string,
): Promise<{ readonly tenant: TenantOfHost; readonly domain: string } | undefined> {
  const name = host.replace(/:\d+$/, '');
  const rows = await db
    .selectFrom('tenant_domains')
    .innerJoin('tenants', 'tenants.num', 'tenant_domains.tenant_id')
    .select([
      'tenant_domains.domain',
      'tenants.num',
      'tenants.id',
      'tenants.name',
      'tenants.is_default',
      'tenants.settings',
    ])
    .where('tenant_domains.domain', 'in', [host, name])
    .execute();
  const row = rows.find(({ domain }) => domain === host) ?? rows[0];
  return row && { tenant: tenantOf(row), domain: row.domain };
}

export async function findTenantByNumber(db: Db, num: number): Promise<TenantOfHost | undefined> {
  const row = await db
    .selectFrom('tenants')
    .select(['num', 'id', 'name', 'is_default', 'settings'])
    .where('num', '=', num)
    .executeTakeFirst();
  return row && tenantOf(row);
}

export async function findDefaultTenant(db: Db): Promise<TenantOfHost | undefined> {
  const row = await db
    .selectFrom('tenants')
    .select(['num', 'id', 'name', 'is_default', 'settings'])
    .where('is_default', '=', 1)
    .executeTakeFirst();
  return row && tenantOf(row);
}

const tenantOf = (row: {
  num: number;
  id: string;
  name: string;
  is_default: 0 | 1;
  settings: string;
}): TenantOfHost => ({
  id: row.num,
  publicId: row.id,
  name: row.name,
  isDefault: row.is_default === 1,
  settings: settingsOf(row.settings),
});
