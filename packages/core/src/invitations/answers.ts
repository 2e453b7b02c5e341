/**
 * What signed-in people do with the invitations to their address, without the mailed link. Owns the invariant that nobody
 * sees or takes up an invitation to an address which they have not proved to have.
 */
import type { Invitation } from '@reeve/contract';
import { isId } from '../id.ts';
import { cancelMails } from '../mails/out-box.ts';
import { notFound, Problem } from '../problem.ts';
import { closeTickets, DeadTicket } from '../tickets/tickets.ts';
import { keyOf, parse, type User } from '../users/document.ts';
import type { UserRow } from '../users/users.store.ts';
import { requireUser, userToChange } from '../users/users.ts';
import type { Unit, Work } from '../work.ts';
import {
  findInvitations,
  findInvitationToChange,
  type InvitationRow,
  invitationOf,
  stateOf,
  updateInvitation,
} from './invitations.store.ts';
import { conclude } from './membership.ts';

/** The person's address is not proved, so that no invitation to it is theirs yet. */
export class UnprovedAddress extends Problem {
  constructor() {
    super('conflict', 'The e-mail address must be verified before invitations to it can be answered.');
  }
}

/** An invitation that can't be answered any more, and what it has become. */
export class ClosedInvitation extends Problem {
  readonly state: Exclude<Invitation['state'], 'pending'>;
  constructor(state: ClosedInvitation['state']) {
    super(
      'invitation_closed',
      state === 'expired' ? 'The invitation has expired.' : `The invitation was ${state} already.`,
    );
    this.state = state;
  }
}

function provedAddress({ email, email_verified }: User): string {
  if (email === null || !email_verified) throw new UnprovedAddress();
  return email;
}

/** Most invitations that one look tells; the newest. */
const MOST = 100;

/** The open invitations to a user's address, newest first. Throws `not_found`, `UnprovedAddress`. */
export async function invitationsToUser(work: Work, userId: string): Promise<Invitation[]> {
  const email = provedAddress(parse((await requireUser(work, userId)).doc));
  const { now, tenant } = work;
  const { rows } = await work.read((db) =>
    findInvitations(db, tenant.id, { email, state: 'pending' }, { limit: MOST, cursor: undefined, now }),
  );
  return rows.map((row) => invitationOf(row, now));
}

interface Answered {
  readonly user_id: string;
  readonly invitation_id: string;
}

/** The invitation and the user whom it is for, both to be changed in this unit. */
async function find(unit: Unit, { user_id, invitation_id }: Answered): Promise<{ row: InvitationRow; user: UserRow }> {
  // In this order whoever redeems the link locks them, too.
  const row = isId('inv', invitation_id)
    ? await findInvitationToChange(unit.db, unit.tenant.id, invitation_id)
    : undefined;
  const user = await userToChange(unit, user_id);
  const email = provedAddress(parse(user.doc));
  if (!row || row.email_key !== keyOf(email)) throw notFound('invitation', invitation_id);
  const state = stateOf(row, unit.now);
  if (state !== 'pending') throw new ClosedInvitation(state);
  return { row, user };
}

async function endLink(unit: Unit, { id }: InvitationRow): Promise<void> {
  await closeTickets(unit, 'invitation', { invitationId: id });
  await cancelMails(unit, 'invitation', { invitationId: id });
}

/** Takes up an invitation to the user's own address. Throws `not_found`, `UnprovedAddress`, `ClosedInvitation`. */
export const acceptOwnInvitation = (work: Work, which: Answered): Promise<Invitation> =>
  work.write(async (unit) => {
    const { row, user } = await find(unit, which);
    await endLink(unit, row);
    try {
      await conclude(unit, row, user);
    } catch (error) {
      // Where it leads to is gone.
      if (error instanceof DeadTicket) throw notFound('invitation', row.id);
      throw error;
    }
    return invitationOf({ ...row, state: 'accepted', user_id: user.id, accepted_at: unit.now }, unit.now);
  });

/** Turns an invitation to the user's own address down: it is revoked, by its addressee. Throws as accepting it does. */
export const declineOwnInvitation = (work: Work, which: Answered): Promise<void> =>
  work.write(async (unit) => {
    const { row, user } = await find(unit, which);
    await updateInvitation(unit.db, row, { state: 'revoked', open_key: null, user_id: user.id });
    await endLink(unit, row);
    await unit.emit('invitation.revoked', {
      target: { type: 'invitation', id: row.id },
      data: { before: { state: 'pending' }, after: { state: 'revoked', user_id: user.id } },
    });
  });
