/**
 * Invitations: create, list, read, revoke, resend. Owns the invariant that a person is asked at most once at a time to
 * the same connection and organization, and that only the newest link works.
 */
import type { invitations as contract, Invitation, InvitationCreate } from '@reeve/contract';
import { findConnection } from '../connections/connections.store.ts';
import { isId } from '../id.ts';
import { cancelMails, enqueueMail } from '../mails/out-box.ts';
import type { Operation } from '../operation.ts';
import { DEFAULT_LIMIT } from '../page.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { findRolesByName } from '../roles/roles.store.ts';
import { refusing } from '../rows.ts';
import { closeTickets, issueTicket } from '../tickets/tickets.ts';
import { keyOf } from '../users/document.ts';
import type { Unit, Work } from '../work.ts';
import {
  countInvitations,
  findGroupId,
  findInvitation,
  findInvitations,
  findInvitationToChange,
  findOrganization,
  findUserByEmail,
  type InvitationRow,
  insertInvitation,
  invitationOf,
  openKeyOf,
  releaseExpired,
  stateOf,
  updateInvitation,
} from './invitations.store.ts';

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { limit = DEFAULT_LIMIT, cursor, include_total } = query;
    const { id: tenantId } = work.tenant;
    const page = await findInvitations(db, tenantId, query, { limit, cursor, now: work.now });
    return {
      invitations: page.rows.map((row) => invitationOf(row, work.now)),
      ...(include_total ? { total: await countInvitations(db, tenantId, query, work.now) } : {}),
      next_cursor: page.next_cursor,
    };
  });

export const get: Operation<typeof contract.get> = async (work, { invitation_id }) => {
  const row = isId('inv', invitation_id)
    ? await work.read((db) => findInvitation(db, work.tenant.id, invitation_id))
    : undefined;
  if (!row) throw notFound('invitation', invitation_id);
  return invitationOf(row, work.now);
};

interface Destination {
  readonly connectionId: string;
  readonly organizationId: string | null;
  readonly roles: string[];
  readonly groups: string[];
}

/** Everything that the invitation names, as ids. Throws a problem of the field that names nothing. */
async function resolve({ db, tenant }: Unit, body: InvitationCreate): Promise<Destination> {
  const connection = await findConnection(db, tenant.id, body.connection);
  if (!connection) throw unknown('connection', 'connection', body.connection ?? '');
  const organization =
    body.organization === undefined ? undefined : await findOrganization(db, tenant.id, body.organization);
  if (body.organization !== undefined && !organization)
    throw unknown('organization', 'organization', body.organization);
  const roles = await findRolesByName(db, tenant.id, body.roles ?? [], 'roles');
  const groups = new Set<string>();
  for (const [position, name] of (body.groups ?? []).entries()) {
    const id = await findGroupId(db, tenant.id, name);
    if (id === undefined) throw unknown(`groups.${position}`, 'group', name);
    groups.add(id);
  }
  const leadsSomewhere = roles.length > 0 || groups.size > 0 || organization !== undefined;
  if (!leadsSomewhere && (await findUserByEmail(db, tenant.id, connection.num, body.email)))
    throw fieldProblem(
      'email',
      'unique',
      'A user of this connection has this address; name what the person is invited to.',
      'email_taken',
    );
  return {
    connectionId: connection.id,
    organizationId: organization?.id ?? null,
    roles: roles.map(({ id }) => id),
    groups: [...groups],
  };
}

const unknown = (field: string, kind: string, name: string): Problem =>
  fieldProblem(field, 'exists', `No ${kind} is called "${name}".`);

const DEFAULT_LIFETIME = 604_800;

/** An invitation hands its roles to whoever takes it up, so it needs the scope that giving a role needs. */
function checkMayGiveRoles(work: Work, roles: readonly string[] | undefined): void {
  if (roles?.length && !work.allows('roles:write'))
    throw new Problem('insufficient_scope', 'Inviting with roles needs the scope roles:write, too.');
}

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  checkMayGiveRoles(work, body.roles);
  return refusingSecond(() =>
    work.write(async (unit) => {
      const { connectionId, organizationId, roles, groups } = await resolve(unit, body);
      const lifetime = body.expires_in ?? DEFAULT_LIFETIME;
      const row: InvitationRow = {
        id: unit.newId('inv'),
        tenant_id: unit.tenant.id,
        email: body.email,
        email_key: keyOf(body.email),
        name: body.name ?? null,
        state: 'pending',
        connection_id: connectionId,
        organization_id: organizationId,
        roles: JSON.stringify(roles),
        groups: JSON.stringify(groups),
        invited_by: unit.actor.id ?? unit.actor.applicationId,
        user_id: null,
        sent_count: 1,
        lifetime,
        open_key: openKeyOf(connectionId, organizationId, body.email),
        created_at: unit.now,
        expires_at: unit.now + lifetime * 1000,
        accepted_at: null,
      };
      await releaseExpired(unit.db, unit.tenant.id, row.open_key as string, unit.now);
      await insertInvitation(unit.db, row);
      await sendInvitation(unit, row);
      // The address stays out of the audit log, which outlives the person.
      await unit.emit('invitation.created', {
        target: { type: 'invitation', id: row.id },
        data: { after: { connection_id: connectionId, organization_id: organizationId, roles, groups } },
      });
      return invitationOf(row, unit.now);
    }),
  );
};

/** Runs a write; a second open invitation of the same person to the same place is refused. */
const refusingSecond = <T>(write: () => Promise<T>): Promise<T> =>
  refusing('invitations.open_key', alreadyInvited, write);

const alreadyInvited = (): Problem =>
  fieldProblem(
    'email',
    'unique',
    'This address is invited there already; resend or revoke that invitation.',
    'conflict',
  );

/** Mails the invitation's link; an earlier one is dead. */
async function sendInvitation(unit: Unit, row: InvitationRow): Promise<void> {
  const { token, expiresAt } = await issueTicket(unit, {
    kind: 'invitation',
    invitationId: row.id,
    email: row.email,
    lifetime: row.lifetime,
  });
  const organization =
    row.organization_id === null ? undefined : await findOrganization(unit.db, unit.tenant.id, row.organization_id);
  await enqueueMail(unit, {
    template: 'invitation',
    recipient: row.email,
    userId: null,
    invitationId: row.id,
    payload: {
      link: `${unit.tenant.origin}/invitation?ticket=${token}`,
      name: row.name,
      expiresAt,
      organization: organization?.display_name ?? organization?.name ?? null,
    },
  });
}

async function invitationToChange(unit: Unit, id: string): Promise<InvitationRow> {
  const row = isId('inv', id) ? await findInvitationToChange(unit.db, unit.tenant.id, id) : undefined;
  if (!row) throw notFound('invitation', id);
  if (row.state !== 'pending') throw new Problem('invitation_closed', `The invitation was ${row.state} already.`);
  return row;
}

export const revoke: Operation<typeof contract.revoke> = (work, { invitation_id }) =>
  work.write(async (unit): Promise<Invitation> => {
    const row = await invitationToChange(unit, invitation_id);
    const revoked = await updateInvitation(unit.db, row, { state: 'revoked', open_key: null });
    await closeTickets(unit, 'invitation', { invitationId: row.id });
    await cancelMails(unit, 'invitation', { invitationId: row.id });
    await unit.emit('invitation.revoked', {
      target: { type: 'invitation', id: row.id },
      data: { before: { state: stateOf(row, unit.now) }, after: { state: 'revoked' } },
    });
    return invitationOf(revoked, unit.now);
  });

export const resend: Operation<typeof contract.resend> = (work, { invitation_id }) =>
  refusingSecond(() =>
    work.write(async (unit): Promise<Invitation> => {
      const row = await invitationToChange(unit, invitation_id);
      const openKey = openKeyOf(row.connection_id, row.organization_id, row.email);
      await releaseExpired(unit.db, unit.tenant.id, openKey, unit.now);
      const resent = await updateInvitation(unit.db, row, {
        expires_at: unit.now + row.lifetime * 1000,
        sent_count: row.sent_count + 1,
        open_key: openKey,
      });
      await sendInvitation(unit, resent);
      await unit.emit('invitation.resent', {
        target: { type: 'invitation', id: row.id },
        data: { after: { sent_count: resent.sent_count } },
      });
      return invitationOf(resent, unit.now);
    }),
  );
