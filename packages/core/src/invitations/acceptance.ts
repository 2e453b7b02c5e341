/**
 * Accepting an invitation through its link: a stranger becomes a user of the invitation's connection, a user who has the
 * address already is only added to what the invitation names. All of it becomes true together, and once.
 */
import type { PasswordPolicy } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type ConnectionRow, findConnection, policyOf } from '../connections/connections.store.ts';
import { checkPassword } from '../credentials/policy.ts';
import { uniqueViolation } from '../database/database.ts';
import { newId } from '../id.ts';
import { asUser, DeadTicket, readTicket, redeemTicket, type Ticket } from '../tickets/tickets.ts';
import { keyOf, parse, type User } from '../users/document.ts';
import { findUserToChange, type UserRow, updateUser } from '../users/users.store.ts';
import { addUser, draftUser } from '../users/users.ts';
import { recordVerified } from '../users/verification.ts';
import type { Unit, Work } from '../work.ts';
import {
  findInvitation,
  findInvitationToChange,
  findOrganization,
  findUserByEmail,
  type InvitationRow,
  stateOf,
} from './invitations.store.ts';
import { conclude } from './membership.ts';

export interface InvitationView {
  readonly email: string;
  /** The name that the invitation suggests. */
  readonly name: string | null;
  /** Where the invitation leads, as displayed. */
  readonly organization: string | null;
  /** A user has the address: there is nothing to fill in. */
  readonly hasAccount: boolean;
  readonly policy: PasswordPolicy;
}

/** What a stranger fills in; not asked of a user who has the address. */
export interface Newcomer {
  readonly name: string;
  readonly password: string;
}

interface Situation {
  readonly ticket: Ticket;
  readonly invitation: InvitationRow;
  readonly connection: ConnectionRow;
  readonly userId: string | undefined;
  readonly view: InvitationView;
}

async function look(work: Work, token: string): Promise<Situation> {
  const ticket = await readTicket(work, 'invitation', token);
  return work.read(async (db) => {
    const { id: tenantId } = work.tenant;
    const invitation = await findInvitation(db, tenantId, ticket.invitation_id as string);
    const connection = invitation && (await findConnection(db, tenantId, invitation.connection_id));
    if (!invitation || !connection) throw new DeadTicket('used');
    const organization =
      invitation.organization_id === null ? null : await findOrganization(db, tenantId, invitation.organization_id);
    if (organization === undefined) throw new DeadTicket('used');
    const user = await findUserByEmail(db, tenantId, connection.num, invitation.email);
    const view: InvitationView = {
      email: invitation.email,
      name: invitation.name,
      organization: organization && (organization.display_name ?? organization.name),
      hasAccount: user !== undefined,
      policy: policyOf(connection),
    };
    return { ticket, invitation, connection, userId: user?.id, view };
  });
}

/** What an invitation's link leads to. Throws `DeadTicket` where it does not work. */
export const readInvitation = async (work: Work, token: string): Promise<InvitationView> =>
  (await look(work, token)).view;

/** Somebody else made, changed or deleted the user while the invitation was being accepted. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}
const TRIES = 3;

/**
 * Redeems an invitation. Throws `weak_password`, and then the link still works; `Unanswered` where the address belongs to
 * nobody and no newcomer is given.
 */
export async function acceptInvitation(work: Work, token: string, newcomer?: Newcomer): Promise<InvitationView> {
  let hash: string | undefined;
  for (let tries = 1; ; tries++) {
    const situation = await look(work, token);
    try {
      if (situation.userId !== undefined) {
        await acceptAs(work, situation, situation.userId);
      } else {
        if (!newcomer) throw new Unanswered();
        checkPassword(situation.view.policy, newcomer.password);
        hash ??= await work.services.hasher.hash(newcomer.password);
        await acceptAsNew(work, situation, newcomer.name, hash);
      }
      return situation.view;
    } catch (error) {
      const isOvertaken = error instanceof Overtaken || uniqueViolation(error)?.table === 'identities';
      if (!isOvertaken || tries >= TRIES) throw error;
    }
  }
}

/** The form asked for nothing because the address had a user, who is gone by now. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** The invitation, held until the unit ends, its ticket redeemed. */
async function redeem(unit: Unit, ticket: Ticket): Promise<InvitationRow> {
  const invitation = await findInvitationToChange(unit.db, unit.tenant.id, ticket.invitation_id as string);
  if (!invitation || stateOf(invitation, unit.now) !== 'pending') throw new DeadTicket('used');
  await redeemTicket(unit, ticket);
  return invitation;
}

async function acceptAs(work: Work, situation: Situation, userId: string): Promise<void> {
  await asUser(work, userId).write(async (unit) => {
    const invitation = await redeem(unit, situation.ticket);
    const row = await findUserToChange(unit.db, unit.tenant.id, userId);
    const user = row && parse(row.doc);
    if (!row || !user) throw new Overtaken();
    const isOwn = user.email !== null && keyOf(user.email) === invitation.email_key;
    if (!isOwn) {
      // The address may be that of a linked account.
      const holder = await findUserByEmail(unit.db, unit.tenant.id, situation.connection.num, invitation.email);
      if (holder?.id !== userId) throw new Overtaken();
    } else {
      await verify(unit, row, user);
    }
    await conclude(unit, invitation, row);
  });
}

/** The link proves the address. */
async function verify(unit: Unit, row: UserRow, user: User): Promise<void> {
  if (user.email_verified) return;
  await updateUser(unit.db, unit.tenant.id, row, { ...user, email_verified: true, updated_at: toWire(unit.now) });
  await recordVerified(unit, user.id);
}

async function acceptAsNew(work: Work, situation: Situation, name: string, hash: string): Promise<void> {
  const userId = newId('usr', work.services.clock.now());
  await asUser(work, userId).write(async (unit) => {
    const invitation = await redeem(unit, situation.ticket);
    const { connection } = situation;
    const body = { email: invitation.email, email_verified: true, name };
    const drafted = draftUser({ now: unit.now, newId: () => userId }, connection.id, body);
    await addUser(unit, connection.num, { ...drafted, has_password: true }, hash);
    const row = (await findUserToChange(unit.db, unit.tenant.id, userId)) as UserRow;
    await conclude(unit, invitation, row);
  });
}

/**
 * Takes up the invitation of a link for a user whom the same unit has made with its address. `work` is joined to the unit
 * (`together`). Throws `DeadTicket`, also where the address is another one.
 */
export async function acceptForNewcomer(work: Work, unit: Unit, token: string, userId: string): Promise<void> {
  const invitation = await redeem(unit, await readTicket(work, 'invitation', token));
  const row = (await findUserToChange(unit.db, unit.tenant.id, userId)) as UserRow;
  const user = parse(row.doc);
  if (user.email === null || keyOf(user.email) !== invitation.email_key) throw new DeadTicket('unknown');
  await verify(unit, row, user);
  await conclude(unit, invitation, row);
}
