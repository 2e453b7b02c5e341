/** Applications, the OAuth clients. Owns their rules; their secrets are `secrets.ts`'s. Every change takes effect at once. */
import type { Application, applications as contract } from '@reeve/contract';
import { deleteGrantsFor } from '../client-grants/client-grants.store.ts';
import { dropCounter, readCounter } from '../counters/counters.ts';
import { difference } from '../events/redact.ts';
import { type Bag, checkBag, checkDepth } from '../metadata.ts';
import { type Operation, Rendered } from '../operation.ts';
import { findApplicationPools, placePools } from '../pools/application-pools.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { containing, countRows, newestFirst, refusing } from '../rows.ts';
import { newSecret } from '../secret.ts';
import { keyOf, mergePatch } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { checkVersion } from '../version.ts';
import type { Unit, Work } from '../work.ts';
import {
  type ApplicationRow,
  applicationView,
  applicationViews,
  fieldsOf,
  type GrantType,
  requireApplication,
  TOTAL,
} from './applications.store.ts';
import { checkMayGrant, checkMayUse, insertSecret, isPublicByDefault, revokeSecrets } from './secrets.ts';

export { listSecrets, revokeSecret, rotateSecret } from './secrets.ts';
export { grantUser, listUsers, revokeUser } from './users.ts';

const DAY = 86_400;
const DEFAULTS = { access_token_lifetime: DAY, refresh_token_lifetime: 30 * DAY, secret_overlap: DAY } as const;

async function rendered(unit: Pick<Unit, 'db' | 'tenant'>, row: ApplicationRow): Promise<Rendered<Application>> {
  const pools = await findApplicationPools(unit, row.id);
  return new Rendered(JSON.stringify(applicationView(row, pools)), row.version);
}

/** Only what keeps a secret can prove that it is itself. */
function checkGrantTypes(isPublic: boolean, grantTypes: readonly GrantType[]): void {
  const i = grantTypes.indexOf('client_credentials');
  if (i >= 0 && isPublic)
    throw fieldProblem(
      `grant_types.${i}`,
      'type',
      "A public application keeps no secret, so it can't have the grant type client_credentials.",
    );
}

type Kind = Pick<ApplicationRow, 'type' | 'is_public'>;

interface KindChange {
  readonly type: Application['type'] | undefined;
  readonly is_public: boolean | undefined;
}

/** The type and publicity after a change: a new type brings its own, unless the change says otherwise. */
function kindOf(before: Kind, { type = before.type, is_public }: KindChange): Kind {
  const isPublic = is_public ?? (type === before.type ? before.is_public === 1 : isPublicByDefault(type));
  return { type, is_public: isPublic ? 1 : 0 };
}

/** What becomes public can't keep its secrets; what ceases to be can be used by who is given one. */
async function followKind(work: Work, unit: Unit, before: ApplicationRow, after: ApplicationRow): Promise<void> {
  if (after.type === before.type && after.is_public === before.is_public) return;
  if (before.is_first_party === 1)
    throw new Problem(
      'protected_resource',
      `The application "${before.name}" came with the tenant and stays as it is.`,
    );
  if (after.is_public > before.is_public) await revokeSecrets(unit, after.id);
  if (after.is_public < before.is_public) await checkMayUse(work, unit, after);
}

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    let matching = db.selectFrom('applications').where('tenant_id', '=', work.tenant.id);
    if (query.enabled !== undefined) matching = matching.where('enabled', '=', query.enabled ? 1 : 0);
    if (query.search !== undefined) matching = matching.where(containing(['name_key', 'client_key'], query.search));
    const { rows, next_cursor } = await newestFirst(matching.selectAll(), 'applications.id', query);
    const isWhole = query.search === undefined && query.enabled === undefined;
    const total = () => (isWhole ? readCounter(db, work.tenant.id, TOTAL) : countRows(matching));
    return {
      applications: await applicationViews(db, work.tenant.id, rows),
      next_cursor,
      ...(query.include_total ? { total: await total() } : {}),
    };
  });

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  const isPublic = body.is_public ?? isPublicByDefault(body.type);
  const isMachine = body.type === 'machine_to_machine' && !isPublic;
  const grantTypes = body.grant_types ?? [isMachine ? 'client_credentials' : 'refresh_token'];
  checkGrantTypes(isPublic, grantTypes);
  checkBag('metadata', body.metadata ?? {});
  checkMayGrant(work, body.scopes ?? []);
  const secret = isPublic ? null : newSecret();
  const clientId = body.client_id ?? newSecret().slice(0, 32);
  return refusing(
    'applications.client_id',
    () => clientIdTaken(clientId),
    () =>
      work.write(async (unit) => {
        const row: ApplicationRow = {
          id: unit.newId('app'),
          tenant_id: unit.tenant.id,
          client_id: clientId,
          client_key: keyOf(clientId),
          name: body.name,
          name_key: keyOf(body.name),
          description: body.description ?? null,
          type: body.type,
          enabled: 1,
          is_first_party: 0,
          is_public: isPublic ? 1 : 0,
          token_version: 0,
          grant_types: JSON.stringify(grantTypes),
          scopes: JSON.stringify(body.scopes ?? []),
          redirect_uris: JSON.stringify(body.redirect_uris ?? []),
          auto_grant_on_signup: body.auto_grant_on_signup ? 1 : 0,
          access_token_lifetime: body.access_token_lifetime ?? DEFAULTS.access_token_lifetime,
          refresh_token_lifetime: body.refresh_token_lifetime ?? DEFAULTS.refresh_token_lifetime,
          secret_overlap: body.secret_overlap ?? DEFAULTS.secret_overlap,
          metadata: JSON.stringify(body.metadata ?? {}),
          extensions: '{}',
          version: 1,
          created_at: unit.now,
          updated_at: unit.now,
        };
        await unit.db.insertInto('applications').values(row).execute();
        if (secret !== null) await insertSecret(unit, row.id, secret);
        const pools = await placePools(work, unit, row.id, body);
        unit.count(TOTAL, 1);
        // Pages at the origins of its redirect URIs may call from now on.
        if (row.redirect_uris !== '[]') unit.afterCommit(unit.services.onAccessChange);
        await unit.emit('application.created', {
          target: { type: 'application', id: row.id },
          data: { after: fieldsOf(row, pools) },
        });
        return new Rendered<Application & { client_secret: string | null }>(
          JSON.stringify({ ...applicationView(row, pools), client_secret: secret }),
          row.version,
        );
      }),
  );
};

const clientIdTaken = (clientId: string): Problem =>
  fieldProblem('client_id', 'unique', `Another application has the client id "${clientId}".`, 'client_id_taken');

export const get: Operation<typeof contract.get> = (work, { application_id }) =>
  work.read(async (db) => {
    const { tenant } = work;
    return rendered({ db, tenant }, await requireApplication(db, tenant.id, application_id));
  });

/** Writes a changed application as its next version. */
async function save(unit: Unit, changed: ApplicationRow): Promise<ApplicationRow> {
  const row: ApplicationRow = { ...changed, version: changed.version + 1, updated_at: unit.now };
  await unit.db
    .updateTable('applications')
    .set(row)
    .where('tenant_id', '=', unit.tenant.id)
    .where('id', '=', row.id)
    .execute();
  unit.afterCommit(unit.services.onAccessChange);
  return row;
}

export const update: Operation<typeof contract.update> = async (work, { application_id, body, ifMatch }) => {
  checkDepth('metadata', body.metadata);
  return work.write(async (unit) => {
    const before = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    checkVersion(ifMatch, before.version);
    const { type, is_public, grant_types, scopes, redirect_uris, auto_grant_on_signup, metadata, ...rest } = body;
    const { registration_pool, read_pools, ...fields } = rest;
    const kind = kindOf(before, { type, is_public });
    checkGrantTypes(kind.is_public === 1, grant_types ?? (JSON.parse(before.grant_types) as GrantType[]));
    const granted = new Set<string>(JSON.parse(before.scopes) as string[]);
    checkMayGrant(
      work,
      (scopes ?? []).filter((scope) => !granted.has(scope)),
    );
    const bag = metadata === undefined ? undefined : ((mergePatch(JSON.parse(before.metadata), metadata) ?? {}) as Bag);
    if (bag !== undefined) checkBag('metadata', bag);
    const merged: ApplicationRow = {
      ...before,
      ...fields,
      ...kind,
      token_version: before.token_version + (kind.is_public > before.is_public ? 1 : 0),
      name_key: keyOf(fields.name ?? before.name),
      ...(grant_types ? { grant_types: JSON.stringify(grant_types) } : {}),
      ...(scopes ? { scopes: JSON.stringify(scopes) } : {}),
      ...(redirect_uris ? { redirect_uris: JSON.stringify(redirect_uris) } : {}),
      ...(auto_grant_on_signup === undefined ? {} : { auto_grant_on_signup: auto_grant_on_signup ? 1 : 0 }),
      ...(bag === undefined ? {} : { metadata: JSON.stringify(bag) }),
    };
    const poolsBefore = await findApplicationPools(unit, before.id);
    const pools = await placePools(work, unit, before.id, { registration_pool, read_pools });
    const change = difference(fieldsOf(before, poolsBefore), fieldsOf(merged, pools));
    if (Object.keys(change.after).length === 0) return rendered(unit, before);
    await followKind(work, unit, before, merged);
    const row = await save(unit, merged);
    await unit.emit('application.updated', { target: { type: 'application', id: row.id }, data: change });
    return rendered(unit, row);
  });
};

const remove: Operation<typeof contract.delete> = (work, { application_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    checkVersion(ifMatch, row.version);
    if (row.is_first_party === 1)
      throw new Problem('protected_resource', `The application "${row.name}" came with the tenant and stays.`);
    const pools = await findApplicationPools(unit, row.id);
    await deleteGrantsFor(unit, 'application_id', row.id);
    await unit.db.deleteFrom('applications').where('tenant_id', '=', unit.tenant.id).where('id', '=', row.id).execute();
    // After the rows, so that no user who leaves at the same moment counts down from nothing.
    await dropCounter(unit.db, unit.tenant.id, totalOf('application', row.id));
    unit.count(TOTAL, -1);
    unit.afterCommit(unit.services.onAccessChange);
    await unit.emit('application.deleted', {
      target: { type: 'application', id: row.id },
      data: { before: fieldsOf(row, pools) },
    });
  });

export { remove as delete };

/** Disables or enables; in the state already, nothing happens. */
async function turn(unit: Unit, row: ApplicationRow, enabled: 0 | 1): Promise<Rendered<Application>> {
  if (row.enabled === enabled) return rendered(unit, row);
  const turned = await save(unit, { ...row, enabled });
  await unit.emit(enabled ? 'application.enabled' : 'application.disabled', {
    target: { type: 'application', id: row.id },
    data: { before: { enabled: !enabled }, after: { enabled: Boolean(enabled) } },
  });
  return rendered(unit, turned);
}

export const disable: Operation<typeof contract.disable> = (work, { application_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    checkVersion(ifMatch, row.version);
    if (row.id === unit.actor.applicationId)
      throw new Problem('conflict', "An application can't disable itself; let another one or an administrator do it.");
    return turn(unit, row, 0);
  });

export const enable: Operation<typeof contract.enable> = (work, { application_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    checkVersion(ifMatch, row.version);
    return turn(unit, row, 1);
  });
