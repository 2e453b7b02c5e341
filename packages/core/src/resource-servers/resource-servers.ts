/**
 * Resource servers: the APIs that tokens are made for. Owns the rules of the servers and their scopes, and the invariant
 * that with a scope, or a server, everything goes that names it: permissions, client grants and the tenant's default, in the same transaction.
 */
import type { resourceServers as contract, ResourceServer } from '@reeve/contract';
import { deleteGrantsFor, narrowGrantsFor } from '../client-grants/client-grants.store.ts';
import { padded } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import { newSubject } from '../id.ts';
import { type Operation, Rendered } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { countRows, newestFirst, refusing } from '../rows.ts';
import { clearDefault } from '../tenants/defaults.ts';
import { checkVersion } from '../version.ts';
import { checkIdentifier } from './audiences.ts';
import {
  findScopes,
  type ResourceServerRow,
  replaceScopes,
  requireResourceServer,
  resourceServerView,
  type ScopeDraft,
  scopesOf,
} from './resource-servers.store.ts';

const DEFAULTS = { token_lifetime: 86_400, token_lifetime_for_web: 7200 } as const;
const NAME_LENGTH = 200;
/** A scope of these names would not mean what OpenID Connect means by it. */
const RESERVED: ReadonlySet<string> = new Set(['openid', 'offline_access', 'profile', 'email', 'phone', 'address']);

const rendered = (row: ResourceServerRow, scopes: readonly ScopeDraft[]): Rendered<ResourceServer> =>
  new Rendered(JSON.stringify(resourceServerView(row, scopes)), row.version);

/** What a caller sets. */
const fieldsOf = (row: ResourceServerRow, scopes: readonly ScopeDraft[]) => {
  const { id, signing_alg, created_at, updated_at, ...fields } = resourceServerView(row, scopes);
  return fields;
};

type GivenScope = { readonly value: string; readonly description?: string | null };

function draftScopes(given: readonly GivenScope[]): ScopeDraft[] {
  const seen = new Set<string>();
  return given.map(({ value, description = null }, i) => {
    const field = `scopes.${i}.value`;
    if (seen.has(value)) throw fieldProblem(field, 'unique', `The scope "${value}" is there twice.`);
    if (RESERVED.has(value)) throw fieldProblem(field, 'reserved', `"${value}" is a scope of OpenID Connect.`);
    seen.add(value);
    return { value, description };
  });
}

type Lifetimes = Pick<ResourceServerRow, 'token_lifetime' | 'token_lifetime_for_web'>;

/** The lifetimes after a change; one for the web that nobody sets now is lowered with the other. */
function lifetimesOf(before: Lifetimes, given: Partial<Lifetimes>): Lifetimes {
  const token_lifetime = given.token_lifetime ?? before.token_lifetime;
  const web = given.token_lifetime_for_web;
  if (web !== undefined && web > token_lifetime)
    throw fieldProblem(
      'token_lifetime_for_web',
      'maximum',
      `token_lifetime_for_web (${web}) must not be over token_lifetime (${token_lifetime}).`,
    );
  return { token_lifetime, token_lifetime_for_web: Math.min(web ?? before.token_lifetime_for_web, token_lifetime) };
}

const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    let matching = db.selectFrom('resource_servers').where('tenant_id', '=', work.tenant.id);
    const [first, ...rest] = query.identifiers ?? [];
    if (first !== undefined) matching = matching.where('identifier', 'in', padded([first, ...rest]));
    const { rows, next_cursor } = await newestFirst(matching.selectAll(), 'resource_servers.id', query);
    const scopes = await findScopes(
      db,
      work.tenant.id,
      rows.map(({ id }) => id),
    );
    return {
      resource_servers: rows.map((row) => resourceServerView(row, scopes.get(row.id) ?? [])),
      next_cursor,
      ...(query.include_total ? { total: await countRows(matching) } : {}),
    };
  });

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  const scopes = draftScopes(body.scopes ?? []);
  const lifetimes = lifetimesOf(DEFAULTS, body);
  const taken = () =>
    fieldProblem('identifier', 'unique', 'Another resource server has this identifier.', 'identifier_taken');
  return refusing('resource_servers.identifier', taken, () =>
    work.write(async (unit) => {
      await checkIdentifier(unit, body.identifier);
      const row: ResourceServerRow = {
        id: unit.newId('api'),
        tenant_id: unit.tenant.id,
        subject: newSubject(unit.now),
        identifier: body.identifier,
        name: body.name ?? [...body.identifier].slice(0, NAME_LENGTH).join(''),
        ...lifetimes,
        allow_offline_access: flag(body.allow_offline_access ?? false),
        enforce_policies: flag(body.enforce_policies ?? false),
        token_dialect: body.token_dialect ?? 'access_token',
        skip_consent: flag(body.skip_consent ?? true),
        extensions: '{}',
        version: 1,
        created_at: unit.now,
        updated_at: unit.now,
      };
      await unit.db.insertInto('resource_servers').values(row).execute();
      await replaceScopes(unit, row.id, [], scopes);
      await unit.emit('resource_server.created', {
        target: { type: 'resource_server', id: row.id },
        data: { after: fieldsOf(row, scopes) },
      });
      return rendered(row, scopes);
    }),
  );
};

export const get: Operation<typeof contract.get> = (work, { resource_server_id }) =>
  work.read(async (db) => {
    const row = await requireResourceServer(db, work.tenant.id, resource_server_id);
    return rendered(row, await scopesOf(db, work.tenant.id, row.id));
  });

export const update: Operation<typeof contract.update> = async (work, { resource_server_id, body, ifMatch }) => {
  const wanted = body.scopes && draftScopes(body.scopes);
  return work.write(async (unit) => {
    const before = await requireResourceServer(unit.db, unit.tenant.id, resource_server_id, 'change');
    checkVersion(ifMatch, before.version);
    const held = await scopesOf(unit.db, unit.tenant.id, before.id);
    const scopes = wanted ?? held;
    const { name, token_dialect, allow_offline_access, enforce_policies, skip_consent } = body;
    const merged: ResourceServerRow = {
      ...before,
      ...lifetimesOf(before, body),
      ...(name === undefined ? {} : { name }),
      ...(token_dialect === undefined ? {} : { token_dialect }),
      ...(allow_offline_access === undefined ? {} : { allow_offline_access: flag(allow_offline_access) }),
      ...(enforce_policies === undefined ? {} : { enforce_policies: flag(enforce_policies) }),
      ...(skip_consent === undefined ? {} : { skip_consent: flag(skip_consent) }),
    };
    const change = difference(fieldsOf(before, held), fieldsOf(merged, scopes));
    if (Object.keys(change.after).length === 0) return rendered(before, held);
    const row: ResourceServerRow = { ...merged, version: before.version + 1, updated_at: unit.now };
    await unit.db
      .updateTable('resource_servers')
      .set(row)
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    if (wanted) {
      await replaceScopes(unit, row.id, held, wanted);
      const left = new Set(wanted.map(({ value }) => value));
      if (held.some(({ value }) => !left.has(value))) await narrowGrantsFor(unit, row.id, left);
    }
    unit.afterCommit(unit.services.onAccessChange);
    await unit.emit('resource_server.updated', { target: { type: 'resource_server', id: row.id }, data: change });
    return rendered(row, scopes);
  });
};

const remove: Operation<typeof contract.delete> = (work, { resource_server_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireResourceServer(unit.db, unit.tenant.id, resource_server_id, 'change');
    checkVersion(ifMatch, row.version);
    const scopes = await scopesOf(unit.db, unit.tenant.id, row.id);
    await deleteGrantsFor(unit, 'resource_server_id', row.id);
    await unit.db
      .deleteFrom('resource_servers')
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', row.id)
      .execute();
    await clearDefault(unit, 'default_audience', row.identifier);
    unit.afterCommit(unit.services.onAccessChange);
    await unit.emit('resource_server.deleted', {
      target: { type: 'resource_server', id: row.id },
      data: { before: fieldsOf(row, scopes) },
    });
  });

export { remove as delete };
