/** Compares the bootstrap values that an operator gives with the directory that stands already. Changes nothing. */
import { findPassword } from '../credentials/credentials.store.ts';
import { matchesPassword } from '../credentials/password.ts';
import type { Db } from '../database/database.ts';
import { keyOf } from '../users/document.ts';
import type { Services } from '../work.ts';
import { findDefaultTenant } from './tenants.store.ts';

export interface BootstrapValues {
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly adminEmail?: string | undefined;
  readonly adminPassword?: string | undefined;
}

/** The bootstrap application is the one that is named, else any that came with the tenant. */
async function knowsSecret(
  db: Db,
  { vault, clock }: Services,
  tenantId: number,
  { clientId, clientSecret = '' }: BootstrapValues,
): Promise<boolean> {
  const found = await db
    .selectFrom('application_secrets')
    .innerJoin('applications', (join) =>
      join
        .onRef('applications.tenant_id', '=', 'application_secrets.tenant_id')
        .onRef('applications.id', '=', 'application_secrets.application_id'),
    )
    .select('application_secrets.id')
    .where('application_secrets.tenant_id', '=', tenantId)
    .where('application_secrets.digest', '=', vault.digest(clientSecret))
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', clock.now())]))
    .where((e) => (clientId === undefined ? e('is_first_party', '=', 1) : e('client_id', '=', clientId)))
    .executeTakeFirst();
  return found !== undefined;
}

/** The given values that the default tenant does not have (any more). */
export async function differingValues(services: Services, values: BootstrapValues): Promise<(keyof BootstrapValues)[]> {
  const { clientId, clientSecret, adminEmail, adminPassword } = values;
  const [stored, differing] = await services.database.read(async (db) => {
    const tenant = await findDefaultTenant(db);
    const differing: (keyof BootstrapValues)[] = [];
    if (!tenant) return [undefined, differing];
    if (clientId !== undefined) {
      const known = await db
        .selectFrom('applications')
        .select('id')
        .where('tenant_id', '=', tenant.id)
        .where('client_id', '=', clientId)
        .executeTakeFirst();
      if (!known) differing.push('clientId');
    }
    if (clientSecret !== undefined && !(await knowsSecret(db, services, tenant.id, values)))
      differing.push('clientSecret');
    if (adminEmail === undefined) return [undefined, differing];
    const person = await db
      .selectFrom('identities')
      .select('user_num')
      .where('tenant_id', '=', tenant.id)
      .where('email_key', '=', keyOf(adminEmail))
      .executeTakeFirst();
    if (!person) differing.push('adminEmail');
    return [person && (await findPassword(db, person.user_num)), differing];
  });
  if (adminPassword !== undefined && stored !== undefined) {
    if (!(await matchesPassword(services, stored, adminPassword))) differing.push('adminPassword');
  }
  return differing;
}
