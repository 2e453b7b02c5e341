/**
 * What only a vendor knows of a resource, kept under `extensions.<vendor>` of its row. The native API never shows it;
 * dialects read and write it, in the unit of the change that it belongs to. Owns the invariant that values under
 * secret-looking names are sealed at rest.
 */
import type { EventType } from '@reeve/contract';
import { type Db, locked, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { difference, isSecret } from '../events/redact.ts';
import { type Bag, checkDepth, isBag, isOver } from '../metadata.ts';
import { fieldProblem, notFound } from '../problem.ts';
import type { Vault } from '../secret.ts';
import type { Unit, Work } from '../work.ts';

/** The vendors whose dialects keep something of their own. */
export type Vendor = 'auth0' | 'authing' | 'rw3iss' | 'intelliauth';

const RESOURCES = {
  tenants: ['tenant', 'tenant.updated'],
  applications: ['application', 'application.updated'],
  connections: ['connection', 'connection.updated'],
  organizations: ['organization', 'organization.updated'],
  resource_servers: ['resource_server', 'resource_server.updated'],
  client_grants: ['client_grant', 'client_grant.updated'],
  users: ['user', 'user.updated'],
} as const satisfies Record<string, readonly [kind: string, event: EventType]>;

/** The tables whose rows can be extended. */
export type ExtensibleTable = keyof typeof RESOURCES;

/** Pages and scripts are among it: half of what one request may carry. */
const MAX_BYTES = 524_288;

const SEALED = '$sealed';

const contextOf = (table: ExtensibleTable, id: string): string => `extension ${table} ${id}`;

/** Values under secret-looking names become `{ $sealed }`. */
function sealed(value: unknown, seal: (plain: string) => string): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => sealed(item, seal));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (name === SEALED) throw fieldProblem(name, 'reserved', `No property may be called ${SEALED}.`);
      const isKept = inner === null || inner === undefined || typeof inner === 'boolean';
      if (isSecret(name) && !isKept) return [name, { [SEALED]: seal(JSON.stringify(inner)) }];
      return [name, sealed(inner, seal)];
    }),
  );
}

function opened(value: unknown, open: (sealed: string) => string): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => opened(item, open));
  const text = (value as { [SEALED]?: unknown })[SEALED];
  if (typeof text === 'string') return JSON.parse(open(text)) as unknown;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, opened(inner, open)]));
}

/** Tenants are their own tenant: their rows are found by their number. */
const rowsOf = (db: Db, tenantId: number, table: ExtensibleTable) =>
  db
    // One shape for all: each has an id, a tenant and its extensions.
    .selectFrom(table as 'applications')
    .select(['id', 'extensions'])
    .where(unindexed(db, table === 'tenants' ? 'num' : 'tenant_id'), '=', tenantId);

/**
 * What `vendor` keeps of the resources with these ids, by id; a resource without an extension, or that does not exist, has no entry.
 * Secrets are opened: what is shown of them is the dialect's to decide.
 */
export async function extensionsOf(
  db: Db,
  { tenant, services }: Pick<Work, 'tenant' | 'services'>,
  table: ExtensibleTable,
  vendor: Vendor,
  ids: readonly string[],
): Promise<Map<string, Bag>> {
  const [first, ...rest] = ids;
  if (first === undefined) return new Map();
  const rows = await rowsOf(db, tenant.id, table)
    .where('id', 'in', padded([first, ...rest]))
    .execute();
  const found = new Map<string, Bag>();
  for (const { id, extensions } of rows) {
    const bag = openedBag(services.vault, table, id, extensions, vendor);
    if (bag) found.set(id, bag);
  }
  return found;
}

function openedBag(vault: Vault, table: ExtensibleTable, id: string, text: string, vendor: Vendor): Bag | undefined {
  if (text === '{}') return undefined;
  const bag = (JSON.parse(text) as Partial<Record<Vendor, Bag>>)[vendor];
  return bag && (opened(bag, (value) => vault.open(value, contextOf(table, id))) as Bag);
}

/** The way to the largest value of a bag. */
function largestPart(path: string, bag: Bag): string {
  const sizeOf = (value: unknown) => JSON.stringify(value)?.length ?? 0;
  const [largest] = Object.entries(bag).toSorted(([, a], [, b]) => sizeOf(b) - sizeOf(a));
  if (!largest) return path;
  const [name, value] = largest;
  return isBag(value) ? largestPart(`${path}.${name}`, value) : `${path}.${name}`;
}

function checkBounds(field: string, bag: Bag): void {
  checkDepth(field, bag);
  if (!isOver(bag, MAX_BYTES)) return;
  const message = `What is kept of one resource for one vendor may be at most ${MAX_BYTES} bytes of JSON; this is its largest part.`;
  throw fieldProblem(largestPart(field, bag), 'maxLength', message);
}

/** What differs, and of bags only what differs inside them: a large page that stays is not told with each change beside it. */
function deepDifference(before: Bag, after: Bag): ReturnType<typeof difference> {
  const told = difference(before, after);
  for (const name of Object.keys(told.after)) {
    const [was, is] = [before[name], after[name]];
    if (!isBag(was) || !isBag(is)) continue;
    const inner = deepDifference(was, is);
    told.before[name] = inner.before;
    told.after[name] = inner.after;
  }
  return told;
}

/** From what is kept to what shall be; `null` keeps nothing. It may run again with the unit. */
export type ExtensionChange = Bag | null | ((before: Bag | undefined) => Bag | null);

export interface SetExtensionOptions {
  /** The unit creates the resource: the event of that tells enough, no event of a change follows. */
  readonly isCreation?: boolean;
}

/**
 * Keeps what `vendor` knows of the resource: at most 512 KiB of JSON, 10 levels deep; a name that looks secret has its value
 * sealed. `id` is the resource's own (`app_…`, `con_…`, `usr_…`, …). A change is told by the resource's
 * `updated` event, as `extensions.<vendor>`; where nothing changes, nothing is told.
 * Of a user `updated_at` moves where it is set beside a patch (`patchUser`).
 *
 * @throws Problem `not_found`; `invalid_request` over a bound: too deep with the field `extensions.<vendor>`, too large with
 * the largest value below it.
 */
export async function setExtension(
  unit: Unit,
  table: ExtensibleTable,
  id: string,
  vendor: Vendor,
  change: ExtensionChange,
  { isCreation = false }: SetExtensionOptions = {},
): Promise<void> {
  const [kind, event] = RESOURCES[table];
  const { vault } = unit.services;
  const row = await locked(unit.db, rowsOf(unit.db, unit.tenant.id, table).where('id', '=', id)).executeTakeFirst();
  if (!row) throw notFound(kind, id);
  const before = openedBag(vault, table, id, row.extensions, vendor);
  const after = typeof change === 'function' ? change(before) : change;
  if (after) checkBounds(`extensions.${vendor}`, after);
  const told = deepDifference(before ?? {}, after ?? {});
  if (Object.keys(told.after).length === 0 && (before === undefined) === (after === null)) return;
  const { [vendor]: _, ...others } = JSON.parse(row.extensions) as Partial<Record<Vendor, unknown>>;
  const kept = after && { [vendor]: sealed(after, (plain) => vault.seal(plain, contextOf(table, id))) };
  await unit.db
    .updateTable(table as 'applications')
    .set({ extensions: JSON.stringify({ ...others, ...kept }) })
    .where(table === 'tenants' ? ('num' as 'tenant_id') : 'tenant_id', '=', unit.tenant.id)
    .where('id', '=', id)
    .execute();
  if (isCreation) return;
  const within = (bag: Bag) => ({ extensions: { [vendor]: bag } });
  await unit.emit(event, {
    target: { type: kind, id },
    data: { before: within(told.before), after: within(told.after) },
  });
}
