/**
 * Client grants: what an application's own tokens may carry for an API. Owns the invariants that an application has one
 * grant for an audience, that nobody grants management permissions which they lack, and that an application without a grant
 * of its own for the Auth0 Management API has the one that its own scopes spell: the implicit grant.
 */

import type { ClientGrant, clientGrants as contract } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import { type ApplicationRow, emptyScopes, requireApplication } from '../applications/applications.store.ts';
import { checkMayGrant } from '../applications/secrets.ts';
import { type Db, locked } from '../database/database.ts';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { keptAudience, MANAGEMENT_AUDIENCE } from '../resource-servers/audiences.ts';
import { findByIdentifierToPointTo, scopesOf } from '../resource-servers/resource-servers.store.ts';
import { countRows, findRow, refusing } from '../rows.ts';
import type { Unit, Work } from '../work.ts';
import {
  applicationIdOf,
  type ClientGrantRow,
  changeScopes,
  deleteGrantsFor,
  fieldsOf,
  grantView,
  implicitGrantOf,
  implicitIdOf,
  implyingApplications,
  scopesIn,
} from './client-grants.store.ts';

const SORT = 'client_grants';

type Filter = NonNullable<Parameters<typeof list>[1]['query']>;

/** The application that a filter or a body names. */
const namedApplication = async (db: Db, tenantId: number, name: string): Promise<ApplicationRow | undefined> => {
  try {
    return await requireApplication(db, tenantId, name);
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return undefined;
    throw error;
  }
};

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const application =
      query.application === undefined ? undefined : await namedApplication(db, work.tenant.id, query.application);
    if (query.application !== undefined && !application)
      return { client_grants: [], next_cursor: null, ...(query.include_total ? { total: 0 } : {}) };
    const { stored, implied } = matchingOf(db, work, query, application?.id);
    const limit = query.limit ?? DEFAULT_LIMIT;
    const [after] = query.cursor === undefined ? [] : (decodeCursor(query.cursor, SORT, ['string']) as [string]);
    const rows = await (after === undefined ? stored : stored.where('client_grants.id', '<', after))
      .innerJoin('applications', (join) =>
        join
          .onRef('applications.tenant_id', '=', 'client_grants.tenant_id')
          .onRef('applications.id', '=', 'client_grants.application_id'),
      )
      .selectAll('client_grants')
      .select('applications.client_id')
      .orderBy('client_grants.id', 'desc')
      .limit(limit + 1)
      .execute();
    const implying = await (after === undefined
      ? implied
      : implied?.where('applications.id', '<', applicationIdOf(after))
    )
      ?.selectAll('applications')
      .orderBy('applications.id', 'desc')
      .limit(limit + 1)
      .execute();
    // Two lists of one order become one.
    const grants = [
      ...rows.map(({ client_id, ...row }) => grantView(row, client_id)),
      ...(implying ?? []).map(implicitGrantOf),
    ].sort((a, b) => (a.id < b.id ? 1 : -1));
    const page = cut(grants, limit, ({ id }) => encodeCursor(SORT, [id]));
    const total = async () => (await countRows(stored)) + (implied ? await countRows(implied) : 0);
    return {
      client_grants: page.rows,
      next_cursor: page.next_cursor,
      ...(query.include_total ? { total: await total() } : {}),
    };
  });

/** The grants that a filter matches: those that are stored, and the applications that imply one. */
function matchingOf(db: Db, { tenant }: Work, { audience }: Filter, applicationId: string | undefined) {
  const wanted = audience === undefined ? undefined : keptAudience(audience);
  let stored = db.selectFrom('client_grants').where('client_grants.tenant_id', '=', tenant.id);
  if (wanted !== undefined) stored = stored.where('client_grants.audience', '=', wanted);
  if (applicationId !== undefined) stored = stored.where('client_grants.application_id', '=', applicationId);
  let implied = implyingApplications(db, tenant.id);
  if (applicationId !== undefined) implied = implied.where('applications.id', '=', applicationId);
  return { stored, implied: wanted === undefined || wanted === MANAGEMENT_AUDIENCE ? implied : undefined };
}

/** Throws unless every scope is one of the API's; and of the Auth0 Management API's one that the caller may hand out. */
async function checkScopes(
  work: Work,
  unit: Unit,
  grant: { readonly audience: string; readonly resourceServerId: string | null },
  scopes: readonly string[],
  held: readonly string[],
): Promise<void> {
  const { resourceServerId: id } = grant;
  const known: Pick<ReadonlySet<string>, 'has'> = id === null
    ? auth0Scopes
    : new Set((await scopesOf(unit.db, unit.tenant.id, id)).map(({ value }) => value));
  const i = scopes.findIndex((scope) => !known.has(scope));
  if (i >= 0) throw fieldProblem(`scopes.${i}`, 'exists', `The API knows no scope "${scopes[i]}".`);
  if (id !== null) return;
  const before = new Set(held);
  checkMayGrant(
    work,
    [],
    scopes.filter((scope) => !before.has(scope)),
  );
}

const grantExists = (): Problem =>
  fieldProblem('audience', 'unique', 'The application has a grant for this audience; change that one.', 'grant_exists');

async function insertGrant(unit: Unit, row: ClientGrantRow): Promise<void> {
  await unit.db.insertInto('client_grants').values(row).execute();
  unit.afterCommit(unit.services.onAccessChange);
}

export const create: Operation<typeof contract.create> = (work, { body }) =>
  refusing('client_grants.audience', grantExists, () =>
    work.write(async (unit) => {
      const { db, tenant } = unit;
      const named = await namedApplication(db, tenant.id, body.application);
      if (!named)
        throw fieldProblem('application', 'exists', `No application has the id or client id "${body.application}".`);
      const audience = keptAudience(body.audience);
      const isManagement = audience === MANAGEMENT_AUDIENCE;
      const server = isManagement ? undefined : await findByIdentifierToPointTo(db, tenant.id, audience);
      if (!isManagement && !server)
        throw fieldProblem('audience', 'exists', `No resource server has the identifier "${body.audience}".`);
      // Its own scopes may become, or have been, an implicit grant.
      const application = await requireApplication(db, tenant.id, named.id, 'change');
      if (isManagement && application.scopes !== '[]') throw grantExists();
      const resourceServerId = server?.id ?? null;
      await checkScopes(work, unit, { audience, resourceServerId }, body.scopes, []);
      const row: ClientGrantRow = {
        id: unit.newId('cgr'),
        tenant_id: tenant.id,
        application_id: application.id,
        resource_server_id: resourceServerId,
        audience,
        scopes: JSON.stringify(body.scopes),
        extensions: '{}',
        created_at: unit.now,
        updated_at: unit.now,
      };
      await insertGrant(unit, row);
      await unit.emit('client_grant.created', {
        target: { type: 'client_grant', id: row.id },
        data: { after: fieldsOf(row) },
      });
      return grantView(row, application.client_id);
    }),
  );

/** The stored grant of this id, or the application that implies it; in both cases with the application, locked. */
async function grantToChange(
  unit: Unit,
  id: string,
): Promise<{ readonly row: ClientGrantRow | undefined; readonly application: ApplicationRow }> {
  const { db, tenant } = unit;
  if (!isId('cgr', id)) throw notFound('client grant', id);
  const found = await findRow(db, 'client_grants', tenant.id, id);
  // In the order in which a resource server that changes takes them, or the one would wait for the other for ever.
  if (found?.resource_server_id) await findByIdentifierToPointTo(db, tenant.id, found.audience);
  const applicationId = found?.application_id ?? applicationIdOf(id);
  const application = await locked(
    db,
    db.selectFrom('applications').selectAll().where('tenant_id', '=', tenant.id).where('id', '=', applicationId),
  ).executeTakeFirst();
  const row = await findRow(db, 'client_grants', tenant.id, id, 'change');
  if (!application || (!row && !(await implies(unit, application)))) throw notFound('client grant', id);
  return { row, application };
}

/** Whether the application's own scopes are its grant for the Auth0 Management API. */
const implies = async ({ db, tenant }: Unit, { id }: ApplicationRow): Promise<boolean> =>
  (await implyingApplications(db, tenant.id)
    .where('applications.id', '=', id)
    .select('applications.id')
    .executeTakeFirst()) !== undefined;

export const update: Operation<typeof contract.update> = (work, { client_grant_id, body }) =>
  work.write(async (unit) => {
    const { row, application } = await grantToChange(unit, client_grant_id);
    if (!row) return makeExplicit(work, unit, application, body.scopes);
    const held = scopesIn(row);
    const grant = { audience: row.audience, resourceServerId: row.resource_server_id };
    await checkScopes(work, unit, grant, body.scopes, held);
    const isSame = JSON.stringify(held) === JSON.stringify(body.scopes);
    return grantView(isSame ? row : await changeScopes(unit, row, body.scopes), application.client_id);
  });

/** From now on the grant says what the application's tokens carry, and no longer the application's own scopes. */
async function makeExplicit(
  work: Work,
  unit: Unit,
  application: ApplicationRow,
  scopes: readonly string[],
): Promise<ClientGrant> {
  const before = implicitGrantOf(application);
  await checkScopes(work, unit, { audience: MANAGEMENT_AUDIENCE, resourceServerId: null }, scopes, before.scopes);
  const row: ClientGrantRow = {
    id: implicitIdOf(application.id),
    tenant_id: unit.tenant.id,
    application_id: application.id,
    resource_server_id: null,
    audience: MANAGEMENT_AUDIENCE,
    scopes: JSON.stringify(scopes),
    extensions: '{}',
    created_at: application.created_at,
    updated_at: unit.now,
  };
  await insertGrant(unit, row);
  await unit.emit('client_grant.updated', {
    target: { type: 'client_grant', id: row.id },
    data: { before: { is_implicit: true, scopes: before.scopes }, after: { is_implicit: false, scopes } },
  });
  return grantView(row, application.client_id);
}

const remove: Operation<typeof contract.delete> = (work, { client_grant_id }) =>
  work.write(async (unit) => {
    const { row, application } = await grantToChange(unit, client_grant_id);
    const isManagement = !row || row.audience === MANAGEMENT_AUDIENCE;
    if (isManagement && application.id === work.actor.applicationId && work.actor.type === 'application')
      throw new Problem(
        'conflict',
        "An application can't take its own management access away; let another one or an administrator do it.",
      );
    if (row) await deleteGrantsFor(unit, 'id', row.id);
    if (isManagement) await emptyScopes(unit, application);
    unit.afterCommit(unit.services.onAccessChange);
  });

export { remove as delete };
