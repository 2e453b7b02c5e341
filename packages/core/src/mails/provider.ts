/**
 * The tenant's mail provider: whose service takes its mails, and with what. Owns the invariant that credentials are sealed at
 * rest and leave only for the courier. Storing them contacts nobody.
 */
import type { mails as contract, MailProvider } from '@reeve/contract';
import type { Selectable } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, locked, uniqueViolation } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import { type Bag, checkBag } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, Problem } from '../problem.ts';
import type { Vault } from '../secret.ts';
import type { MailProviderTable } from '../tables.ts';
import { mergePatch } from '../users/document.ts';
import type { Services, Unit } from '../work.ts';

type Row = Selectable<MailProviderTable>;
type Name = Row['name'];

/** Everything that a provider may ask for; which of it depends on the provider. */
export interface MailCredentials {
  readonly api_user?: string;
  readonly region?: string;
  readonly smtp_host?: string;
  readonly smtp_port?: number;
  readonly smtp_user?: string;
  readonly smtp_pass?: string;
  readonly api_key?: string;
  readonly domain?: string;
  readonly access_key_id?: string;
  readonly secret_access_key?: string;
  readonly connection_string?: string;
  readonly tenant_id?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
}
type Field = keyof MailCredentials;

/** What each provider needs, and what it may be given beside. */
const FIELDS: Readonly<Record<Name, readonly [needed: readonly Field[], more: readonly Field[]]>> = {
  mandrill: [['api_key'], ['api_user']],
  ses: [['access_key_id', 'secret_access_key', 'region'], []],
  sendgrid: [['api_key'], ['api_user']],
  sparkpost: [['api_key'], ['region']],
  smtp: [
    ['smtp_host', 'smtp_port'],
    ['smtp_user', 'smtp_pass'],
  ],
  mailgun: [['api_key', 'domain'], ['region']],
  azure_cs: [['connection_string'], []],
  ms365: [['tenant_id', 'client_id', 'client_secret'], []],
  resend: [['api_key'], []],
  custom: [[], []],
};

const SHOWN = ['api_user', 'region', 'smtp_host', 'smtp_port', 'smtp_user'] as const;

const contextOf = (tenantId: number): string => `mail provider ${tenantId}`;
const sealOf = (vault: Vault, tenantId: number, credentials: MailCredentials): string =>
  vault.seal(JSON.stringify(credentials), contextOf(tenantId));
const openOf = (vault: Vault, { tenant_id, credentials }: Row): MailCredentials =>
  JSON.parse(vault.open(credentials, contextOf(tenant_id))) as MailCredentials;

function checkCredentials(name: Name, credentials: MailCredentials): void {
  const [needed, more] = FIELDS[name];
  for (const field of needed)
    if (credentials[field] === undefined)
      throw fieldProblem(`credentials.${field}`, 'required', `The provider ${name} needs credentials.${field}.`);
  for (const field of Object.keys(credentials) as Field[])
    if (!needed.includes(field) && !more.includes(field))
      throw fieldProblem(`credentials.${field}`, 'unknown', `The provider ${name} has no credentials.${field}.`);
  if ((credentials.smtp_user === undefined) !== (credentials.smtp_pass === undefined))
    throw fieldProblem('credentials.smtp_pass', 'pair', 'credentials.smtp_user and smtp_pass go together.');
}

const publicPart = (credentials: MailCredentials): MailProvider['credentials'] =>
  Object.fromEntries(SHOWN.flatMap((field) => (credentials[field] === undefined ? [] : [[field, credentials[field]]])));

const viewOf = (row: Row, credentials: MailCredentials): MailProvider => ({
  name: row.name,
  enabled: row.enabled === 1,
  default_from_address: row.default_from_address,
  credentials: publicPart(credentials),
  settings: JSON.parse(row.settings) as Record<string, unknown>,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

const fieldsOf = (row: Row, credentials: MailCredentials) => ({
  name: row.name,
  enabled: row.enabled === 1,
  default_from_address: row.default_from_address,
  public_settings: publicPart(credentials),
  settings: JSON.parse(row.settings) as Record<string, unknown>,
});

const rowsOf = (db: Db, tenantId: number) =>
  db.selectFrom('mail_providers').selectAll().where('tenant_id', '=', tenantId);

const none = (): Problem => new Problem('not_found', 'The tenant has no mail provider.');
const target = { type: 'mail_provider', id: null } as const;

export const getProvider: Operation<typeof contract.getProvider> = (work) =>
  work.read(async (db) => {
    const row = await rowsOf(db, work.tenant.id).executeTakeFirst();
    if (!row) throw none();
    return viewOf(row, openOf(work.services.vault, row));
  });

export const createProvider: Operation<typeof contract.createProvider> = async (work, { body }) => {
  const { name, credentials, settings = {} } = body;
  checkCredentials(name, credentials);
  checkBag('settings', settings);
  try {
    return await work.write(async (unit) => {
      const row: Row = {
        tenant_id: unit.tenant.id,
        name,
        enabled: body.enabled === false ? 0 : 1,
        default_from_address: body.default_from_address ?? null,
        credentials: sealOf(unit.services.vault, unit.tenant.id, credentials),
        settings: JSON.stringify(settings),
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('mail_providers').values(row).execute();
      await unit.emit('mail_provider.created', { target, data: { after: fieldsOf(row, credentials) } });
      return viewOf(row, credentials);
    });
  } catch (error) {
    if (uniqueViolation(error)?.table === 'mail_providers')
      throw new Problem('conflict', 'The tenant has a mail provider; change it, or delete it first.');
    throw error;
  }
};

async function requireToChange({ db, tenant }: Unit): Promise<Row> {
  const row = await locked(db, rowsOf(db, tenant.id)).executeTakeFirst();
  if (!row) throw none();
  return row;
}

export const updateProvider: Operation<typeof contract.updateProvider> = (work, { body }) =>
  work.write(async (unit) => {
    const before = await requireToChange(unit);
    const { vault } = unit.services;
    const known = openOf(vault, before);
    const name = body.name ?? before.name;
    // The keys of one service are none of another's.
    const kept = name === before.name ? known : {};
    const credentials = (mergePatch(kept, body.credentials ?? {}) ?? {}) as MailCredentials;
    checkCredentials(name, credentials);
    const settings = (mergePatch(JSON.parse(before.settings), body.settings ?? {}) ?? {}) as Bag;
    checkBag('settings', settings);
    const isOther = JSON.stringify(credentials) !== JSON.stringify(known);
    const row: Row = {
      ...before,
      name,
      enabled: (body.enabled ?? before.enabled === 1) ? 1 : 0,
      default_from_address:
        body.default_from_address === undefined ? before.default_from_address : body.default_from_address,
      credentials: isOther ? sealOf(vault, unit.tenant.id, credentials) : before.credentials,
      settings: JSON.stringify(settings),
    };
    const change = difference(fieldsOf(before, known), fieldsOf(row, credentials));
    if (!isOther && Object.keys(change.after).length === 0) return viewOf(before, known);
    const changed: Row = { ...row, updated_at: unit.now };
    await unit.db.updateTable('mail_providers').set(changed).where('tenant_id', '=', unit.tenant.id).execute();
    await unit.emit('mail_provider.updated', { target, data: { ...change, has_new_keys: isOther } });
    return viewOf(changed, credentials);
  });

export const deleteProvider: Operation<typeof contract.deleteProvider> = (work) =>
  work.write(async (unit) => {
    const row = await requireToChange(unit);
    await unit.db.deleteFrom('mail_providers').where('tenant_id', '=', unit.tenant.id).execute();
    await unit.emit('mail_provider.deleted', {
      target,
      data: { before: fieldsOf(row, openOf(unit.services.vault, row)) },
    });
  });

/** A tenant's provider as the courier needs it. */
export interface ActiveMailProvider {
  readonly name: Name;
  readonly sender: string | undefined;
  readonly credentials: MailCredentials;
  /** The tenant is the one of who runs the server. */
  readonly isOfDefaultTenant: boolean;
  /** Another one after every change. */
  readonly stamp: string;
}

/** The enabled provider of the tenant of a mail. */
export async function findMailProvider(
  { database, vault }: Pick<Services, 'database' | 'vault'>,
  tenantId: number,
): Promise<ActiveMailProvider | undefined> {
  const found = await database.read(async (db) => {
    const row = await rowsOf(db, tenantId).where('enabled', '=', 1).executeTakeFirst();
    if (!row) return undefined;
    const tenant = await db.selectFrom('tenants').select('is_default').where('num', '=', tenantId).executeTakeFirst();
    return { row, isOfDefaultTenant: tenant?.is_default === 1 };
  });
  if (!found) return undefined;
  const { row, isOfDefaultTenant } = found;
  return {
    name: row.name,
    sender: row.default_from_address ?? undefined,
    credentials: openOf(vault, row),
    isOfDefaultTenant,
    stamp: `${row.name} ${row.default_from_address} ${row.credentials}`,
  };
}
