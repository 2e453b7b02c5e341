/**
 * Tenants. Owns the rules of the estates themselves: a domain belongs to one tenant, a tenant other than the default can
 * always be reached by one, and only the default tenant sees and makes others.
 */
import type { tenants as contract, Tenant } from '@reeve/contract';
import type { Selectable } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, locked, padded } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { newestFirst, refusing } from '../rows.ts';
import type { TenantTable } from '../tables.ts';
import type { TenantContext, Unit, Work } from '../work.ts';
import { pointToDefaults } from './defaults.ts';
import { found, newFounding } from './estate.ts';
import { settingsOf } from './tenants.store.ts';

type Row = Selectable<TenantTable>;

const viewOf = (row: Row, domains: readonly string[]): Tenant => ({
  id: row.id,
  name: row.name,
  display_name: row.display_name,
  is_default: row.is_default === 1,
  domains: [...domains],
  settings: settingsOf(row.settings),
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** The domains of several tenants, in alphabetical order, by row number. */
async function findDomains(db: Db, nums: readonly number[]): Promise<Map<number, string[]>> {
  const [first, ...rest] = nums;
  const domains = new Map<number, string[]>(nums.map((num) => [num, []]));
  if (first === undefined) return domains;
  const rows = await db
    .selectFrom('tenant_domains')
    .selectAll()
    .where('tenant_id', 'in', padded([first, ...rest]))
    .orderBy('domain')
    .execute();
  for (const { tenant_id, domain } of rows) domains.get(tenant_id)?.push(domain);
  return domains;
}

const domainsOf = async (db: Db, num: number): Promise<string[]> => (await findDomains(db, [num])).get(num) ?? [];

const tenantByNum = (db: Db, num: number) => db.selectFrom('tenants').selectAll().where('num', '=', num);

export const current: Operation<typeof contract.current> = (work) =>
  work.read(async (db) =>
    viewOf(await tenantByNum(db, work.tenant.id).executeTakeFirstOrThrow(), await domainsOf(db, work.tenant.id)),
  );

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/;

const nameOf = (domain: string): string => domain.replace(/:\d+$/, '');

/** Loopback hosts, and those that the server itself is set up at, are the default tenant's: another one could take its callers from it. */
function checkDomains({ services: { reservedHosts } }: Work, domains: readonly string[], isDefault: boolean): void {
  if (isDefault) return;
  if (domains.length === 0)
    throw fieldProblem('domains', 'minItems', 'The tenant needs a domain; without one no request reaches it.');
  const i = domains.findIndex((domain) => LOOPBACK.test(domain) || reservedHosts?.has(nameOf(domain)));
  if (i >= 0)
    throw fieldProblem(
      `domains.${i}`,
      'reserved',
      `${domains[i]} is a loopback host or the server's own, and belongs to the default tenant.`,
    );
}

/**
 * Throws where another tenant has one of the domains. A name without a port stands for every port, so it and the same
 * name with one can't belong to two: who came second would take callers from the first. Claims wait for each other at
 * the default tenant's row, as no index sees that two of them meet.
 */
async function checkFree(db: Db, num: number, domains: readonly string[]): Promise<void> {
  const [first, ...rest] = domains;
  if (first === undefined) return;
  await locked(db, db.selectFrom('tenants').select('num').where('is_default', '=', 1)).execute();
  const bare = [...new Set([first, ...rest].map(nameOf))] as [string, ...string[]];
  const claims = await db
    .selectFrom('tenant_domains')
    .select('domain')
    .where('tenant_id', '!=', num)
    .where((e) =>
      e.or([
        e('domain', 'in', padded([first, ...rest])),
        e('domain', 'in', padded(bare)),
        ...bare.map((name) => e.and([e('domain', '>=', `${name}:`), e('domain', '<', `${name};`)])),
      ]),
    )
    .execute();
  const taken = new Set(claims.map(({ domain }) => domain));
  const names = new Set(claims.map(({ domain }) => nameOf(domain)));
  const i = domains.findIndex((domain) =>
    nameOf(domain) === domain ? names.has(domain) : taken.has(domain) || taken.has(nameOf(domain)),
  );
  if (i >= 0) throw domainTaken(i, domains[i] as string);
}

/** Gives the tenant these domains and no others. One of another tenant's is refused by name. */
async function replaceDomains({ db }: Unit, num: number, domains: readonly string[]): Promise<void> {
  await checkFree(db, num, domains);
  await db.deleteFrom('tenant_domains').where('tenant_id', '=', num).execute();
  // In one order everywhere, so that two tenants that claim the same domains can't lock each other out.
  for (const domain of domains.toSorted())
    await db.insertInto('tenant_domains').values({ domain, tenant_id: num }).execute();
}

const domainTaken = (i: number, domain: string): Problem =>
  fieldProblem(`domains.${i}`, 'unique', `The domain ${domain} belongs to another tenant.`, 'domain_taken');

/** Two tenants that claim a domain at the same moment meet only in the index. */
const refusingTakenDomain = <T>(write: () => Promise<T>): Promise<T> =>
  refusing(
    'tenant_domains.domain',
    () =>
      fieldProblem('domains', 'unique', 'One of the domains has just been given to another tenant.', 'domain_taken'),
    write,
  );

export const updateCurrent: Operation<typeof contract.updateCurrent> = async (work, { body }) => {
  if (body.domains) checkDomains(work, body.domains, work.tenant.isDefault);
  return refusingTakenDomain(() =>
    work.write(async (unit) => {
      const defaults = await pointToDefaults(unit, body.settings);
      const before = await locked(unit.db, tenantByNum(unit.db, unit.tenant.id)).executeTakeFirstOrThrow();
      const known = await domainsOf(unit.db, before.num);
      const domains = body.domains ? body.domains.toSorted() : known;
      const merged: Row = {
        ...before,
        ...(body.display_name === undefined ? {} : { display_name: body.display_name }),
        settings: JSON.stringify({ ...(JSON.parse(before.settings) as object), ...body.settings, ...defaults }),
      };
      const change = difference(fieldsOf(before, known), fieldsOf(merged, domains));
      if (Object.keys(change.after).length === 0) return viewOf(before, known);
      const row: Row = { ...merged, updated_at: unit.now };
      await unit.db
        .updateTable('tenants')
        .set({ display_name: row.display_name, settings: row.settings, updated_at: row.updated_at })
        .where('num', '=', row.num)
        .execute();
      if (body.domains && 'domains' in change.after) await replaceDomains(unit, row.num, body.domains);
      await unit.emit('tenant.updated', { target: { type: 'tenant', id: row.id }, data: change });
      unit.afterCommit(unit.services.onTenantChange);
      return viewOf(row, domains);
    }),
  );
};

const fieldsOf = (row: Row, domains: readonly string[]) => ({
  display_name: row.display_name,
  domains,
  settings: settingsOf(row.settings),
});

function requireDefault({ tenant }: Work): void {
  if (!tenant.isDefault)
    throw new Problem('not_found', 'Tenants are listed and created in the default tenant; this is another one.');
}

export const list: Operation<typeof contract.list> = async (work, { query }) => {
  requireDefault(work);
  return work.read(async (db) => {
    const { rows, next_cursor } = await newestFirst(db.selectFrom('tenants').selectAll(), 'tenants.id', query);
    const domains = await findDomains(
      db,
      rows.map(({ num }) => num),
    );
    return { tenants: rows.map((row) => viewOf(row, domains.get(row.num) ?? [])), next_cursor };
  });
};

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  requireDefault(work);
  checkDomains(work, body.domains, false);
  const founding = await newFounding();
  const nameTaken = () => fieldProblem('name', 'unique', `Another tenant is called "${body.name}".`, 'name_taken');
  const write = () =>
    work.write(async (unit) => {
      const row = await unit.db
        .insertInto('tenants')
        .values({
          id: unit.newId('ten'),
          name: body.name,
          display_name: body.display_name ?? null,
          is_default: 0,
          settings: '{}',
          created_at: unit.now,
          updated_at: unit.now,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await replaceDomains(unit, row.num, body.domains);
      const domains = body.domains.toSorted();
      const event = { target: { type: 'tenant', id: row.id }, data: { after: { name: row.name, domains } } };
      await unit.emit('tenant.created', event);
      const within = unit.within(contextOf(row, unit.tenant));
      await within.emit('tenant.created', event);
      await found(within, founding);
      unit.afterCommit(unit.services.onTenantChange);
      return {
        tenant: viewOf(row, domains),
        client_id: founding.clientId,
        client_secret: founding.clientSecret,
      };
    });
  return refusingTakenDomain(() => refusing('tenants.name', nameTaken, write));
};

const contextOf = (row: Row, { origin }: TenantContext): TenantContext => ({
  id: row.num,
  publicId: row.id,
  name: row.name,
  isDefault: false,
  settings: settingsOf(row.settings),
  origin,
});
