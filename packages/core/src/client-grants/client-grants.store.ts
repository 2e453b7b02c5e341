import type { ClientGrant, Scope } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import type { ApplicationRow } from '../applications/applications.store.ts';
import { toWire } from '../clock.ts';
import { type Db, locked } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { MANAGEMENT_AUDIENCE } from '../resource-servers/audiences.ts';
import type { Row } from '../rows.ts';
import type { Unit } from '../work.ts';

export type ClientGrantRow = Row<'client_grants'>;

export const scopesIn = (row: Pick<ClientGrantRow, 'scopes'>): string[] => JSON.parse(row.scopes) as string[];

export const grantView = (row: ClientGrantRow, clientId: string): ClientGrant => ({
  id: row.id,
  application_id: row.application_id,
  client_id: clientId,
  audience: row.audience,
  scopes: scopesIn(row),
  is_implicit: false,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** The fields that events tell. */
export const fieldsOf = ({ id, application_id, audience, scopes }: ClientGrantRow) => ({
  id,
  application_id,
  audience,
  scopes: JSON.parse(scopes) as string[],
});

/** The scopes of the Auth0 Management API that spell these permissions. */
export const spellManagement = (permissions: Iterable<string>): string[] => {
  const held = new Set(permissions);
  return [...auth0Scopes].flatMap(([scope, permission]) => (held.has(permission) ? [scope] : []));
};

type Implying = Pick<ApplicationRow, 'id' | 'client_id' | 'scopes' | 'created_at' | 'updated_at'>;

/** The grant that follows from an application's own scopes is named after the application, and keeps its name when it is made explicit. */
export const implicitIdOf = (applicationId: string): string => `cgr_${applicationId.slice(4)}`;
export const applicationIdOf = (implicitId: string): string => `app_${implicitId.slice(4)}`;

export const implicitGrantOf = (application: Implying): ClientGrant => ({
  id: implicitIdOf(application.id),
  application_id: application.id,
  client_id: application.client_id,
  audience: MANAGEMENT_AUDIENCE,
  scopes: spellManagement(JSON.parse(application.scopes) as Scope[]),
  is_implicit: true,
  created_at: toWire(application.created_at),
  updated_at: toWire(application.updated_at),
});

/** Applications whose own scopes grant the Auth0 Management API, because no grant of its own says otherwise. */
export const implyingApplications = (db: Db, tenantId: number) =>
  db
    .selectFrom('applications')
    .where('applications.tenant_id', '=', tenantId)
    .where('applications.scopes', '!=', '[]')
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('client_grants')
            .select('client_grants.id')
            .where('client_grants.tenant_id', '=', tenantId)
            .whereRef('client_grants.application_id', '=', 'applications.id')
            .where('client_grants.audience', '=', MANAGEMENT_AUDIENCE),
        ),
      ),
    );

const grantedScopes = statement<{ tenant_id: number; application_id: string; audience: string }, { scopes: string }>(
  (db, slot) =>
    db
      .selectFrom('client_grants')
      .select('scopes')
      .where('tenant_id', '=', slot('tenant_id'))
      .where('application_id', '=', slot('application_id'))
      .where('audience', '=', slot('audience')),
);

/**
 * The scopes that a grant gives an application for an audience: `MANAGEMENT_AUDIENCE`, or the identifier of a resource server.
 * Undefined where there is no grant; the implicit one for the Auth0 Management API is none.
 */
export async function findGrantedScopes(
  db: Db,
  tenantId: number,
  applicationId: string,
  audience: string,
): Promise<string[] | undefined> {
  const [row] = await grantedScopes(db, { tenant_id: tenantId, application_id: applicationId, audience });
  return row && scopesIn(row);
}

/** Writes other scopes into a grant, with the event. */
export async function changeScopes(
  unit: Unit,
  row: ClientGrantRow,
  scopes: readonly string[],
): Promise<ClientGrantRow> {
  const changed: ClientGrantRow = { ...row, scopes: JSON.stringify(scopes), updated_at: unit.now };
  await unit.db
    .updateTable('client_grants')
    .set({ scopes: changed.scopes, updated_at: changed.updated_at })
    .where('tenant_id', '=', unit.tenant.id)
    .where('id', '=', row.id)
    .execute();
  unit.afterCommit(unit.services.onAccessChange);
  await unit.emit('client_grant.updated', {
    target: { type: 'client_grant', id: row.id },
    data: { before: { scopes: scopesIn(row) }, after: { scopes } },
  });
  return changed;
}

/** Takes what is not `left` of a resource server's scopes out of the grants for it. */
export async function narrowGrantsFor(unit: Unit, resourceServerId: string, left: ReadonlySet<string>): Promise<void> {
  const rows = await locked(
    unit.db,
    unit.db
      .selectFrom('client_grants')
      .selectAll()
      .where('tenant_id', '=', unit.tenant.id)
      .where('resource_server_id', '=', resourceServerId)
      .orderBy('id'),
  ).execute();
  for (const row of rows) {
    const scopes = scopesIn(row).filter((scope) => left.has(scope));
    if (scopes.length < scopesIn(row).length) await changeScopes(unit, row, scopes);
  }
}

/** Deletes one grant, or all of an application or a resource server, each with its event. */
export async function deleteGrantsFor(
  unit: Unit,
  column: 'id' | 'application_id' | 'resource_server_id',
  value: string,
): Promise<void> {
  const rows = await unit.db
    .deleteFrom('client_grants')
    .where('tenant_id', '=', unit.tenant.id)
    .where(column, '=', value)
    .returningAll()
    .execute();
  for (const row of rows)
    await unit.emit('client_grant.deleted', {
      target: { type: 'client_grant', id: row.id },
      data: { before: fieldsOf(row) },
    });
}
