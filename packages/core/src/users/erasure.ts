/**
 * Deleting people. The record goes at once. What else tells of the person goes with it, or, where the tenant keeps
 * deleted users for some days, when those have passed; until then a sealed copy is kept. Owns the invariant that after
 * erasure nothing but the id is left, in the events too.
 */
import type { users as contract } from '@reeve/contract';
import type { Instant } from '../clock.ts';
import { toWire } from '../clock.ts';
import { type Db, padded } from '../database/database.ts';
import { scrubEvents } from '../events/events.store.ts';
import { findLinkedUsers } from '../identities/accounts.store.ts';
import { cancelMails, deleteMails } from '../mails/out-box.ts';
import { deleteMemberships } from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { findDirectPermissions } from '../permissions/permissions.store.ts';
import { fieldProblem } from '../problem.ts';
import { checkRank, keepAnAdministrator } from '../roles/administrators.ts';
import { deleteImpersonations, endImpersonations, endSessions } from '../sessions/sessions.store.ts';
import { findTenantByNumber } from '../tenants/tenants.store.ts';
import { checkVersion } from '../version.ts';
import { createWork, type Services, type Unit, type Work } from '../work.ts';
import { keyOf, parse, type User } from './document.ts';
import { keepSpellings } from './identity.store.ts';
import { TOTAL, totalOf, totalOfState } from './users.query.ts';
import { deleteUser, type UserRow } from './users.store.ts';
import { userToChange } from './users.ts';

const DAY = 86_400_000;

/** What a deleted user leaves behind for the tenant's retention time. */
interface Snapshot {
  readonly user: User;
  /** What the user's linked identities were. */
  readonly linked?: readonly User[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly organizations: readonly string[];
  readonly applications: readonly string[];
  /** Those that the user held directly. */
  readonly permissions: readonly { readonly resource_server: string; readonly permission: string }[];
}

const sealContext = (userId: string): string => `deleted user ${userId}`;

const remove: Operation<typeof contract.delete> = (work, { user_id, ifMatch }) =>
  work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    checkVersion(ifMatch, row.version);
    await checkRank(unit, row);
    await keepAnAdministrator(unit, row);
    await deletePerson(unit, row);
  });

export { remove as delete };

const MAX_REASON = 500;

function reasonOf({ reason }: { readonly reason: string }): string {
  const trimmed = reason.trim();
  const length = [...trimmed].length;
  if (length === 0) throw fieldProblem('reason', 'minLength', 'reason must say why the user is erased.');
  if (length > MAX_REASON)
    throw fieldProblem('reason', 'maxLength', `reason must have at most ${MAX_REASON} characters.`);
  return trimmed;
}

export const erase: Operation<typeof contract.erase> = async (work, { user_id, body }) => {
  const reason = reasonOf(body);
  return work.write(async (unit) => {
    const row = await userToChange(unit, user_id);
    if (row.id === unit.actor.id || row.id === unit.actor.impersonatorId)
      throw fieldProblem('user_id', 'self', 'Nobody can erase themselves; another administrator can.', 'conflict');
    await checkRank(unit, row);
    await checkOwnsNothing(unit, row);
    await keepAnAdministrator(unit, row);
    await erasePerson(unit, row, { reason });
  });
};

/**
 * Erases the account of the person who asks for it. Throws `not_found`, `conflict` (owns an organization), `last_admin`.
 */
export const eraseOwnAccount = (work: Work, userId: string): Promise<void> =>
  work.write(async (unit) => {
    const row = await userToChange(unit, userId);
    await checkOwnsNothing(unit, row);
    await keepAnAdministrator(unit, row);
    await erasePerson(unit, row, { reason: 'self', is_own: true });
  });

async function checkOwnsNothing({ db, tenant }: Unit, { id }: UserRow): Promise<void> {
  const owned = await db
    .selectFrom('organizations')
    .select('name')
    .where('tenant_id', '=', tenant.id)
    .where('owner_id', '=', id)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (owned)
    throw fieldProblem(
      'user_id',
      'owner',
      `The user owns the organization "${owned.name}"; make another user its owner first.`,
      'conflict',
    );
}

/** Deletes a user in this unit, erased at once or kept for the tenant's retention time. */
export async function deletePerson(unit: Unit, row: UserRow): Promise<void> {
  const days = unit.tenant.settings.deleted_user_retention_days;
  if (days === 0) return erasePerson(unit, row);
  const snapshot = await takePersonOut(unit, row);
  const eraseAt = unit.now + days * DAY;
  await cancelMails(unit, 'verify_email', { userId: row.id });
  await cancelMails(unit, 'reset_password', { userId: row.id });
  await unit.db
    .insertInto('deleted_users')
    .values({
      tenant_id: unit.tenant.id,
      user_id: row.id,
      doc: unit.services.vault.seal(JSON.stringify(snapshot), sealContext(row.id)),
      deleted_at: unit.now,
      erase_at: eraseAt,
    })
    .execute();
  await unit.emit('user.deleted', {
    target: { type: 'user', id: row.id },
    data: { erase_at: toWire(eraseAt) },
  });
}

/** Deletes a user and erases the person in this unit. */
async function erasePerson(
  unit: Unit,
  row: UserRow,
  data: { readonly reason?: string; readonly is_own?: true } = {},
): Promise<void> {
  const { user, linked } = await takePersonOut(unit, row);
  await erasePeople(unit, user, linked, unit.now);
  const target = { type: 'user', id: row.id };
  await unit.emit('user.deleted', { target });
  // Its own reason is what an erasure leaves to be told.
  await unit.emit('user.erased', { target, ...(data.reason === undefined ? {} : { data }) });
}

/** Takes the user out of the directory with the users that its linked accounts were. */
async function takePersonOut(unit: Unit, row: UserRow) {
  const linked = await findLinkedUsers(unit.db, row.num);
  const snapshot = { ...(await takeOut(unit, row)), linked };
  await keepSpellings(unit.db, unit.tenant.id, [snapshot.user, ...linked]);
  return snapshot;
}

/** Takes the user out of the directory, and out of every total. Returns what was taken out. */
export async function takeOut(unit: Unit, row: UserRow): Promise<Snapshot> {
  const user = parse(row.doc);
  await endSessions(unit, row.id);
  await endImpersonations(unit, row.id);
  await giveUpOrganizations(unit, row.id);
  const snapshot: Snapshot = {
    user,
    groups: await deleteMemberships(unit, 'group', row.num),
    roles: await deleteMemberships(unit, 'role', row.num),
    organizations: await deleteMemberships(unit, 'organization', row.num),
    applications: await deleteMemberships(unit, 'application', row.num),
    permissions: await findDirectPermissions(unit.db, unit.tenant.id, row.num),
  };
  await deleteUser(unit.db, row);
  unit.count(TOTAL, -1);
  unit.count(totalOf('connection', row.connection_num), -1);
  unit.count(totalOfState(row.state), -1);
  return snapshot;
}

async function giveUpOrganizations(unit: Unit, userId: string): Promise<void> {
  const owned = await unit.db
    .updateTable('organizations')
    .set({ owner_id: null, updated_at: unit.now })
    .where('tenant_id', '=', unit.tenant.id)
    .where('owner_id', '=', userId)
    .returning('id')
    .execute();
  for (const { id } of owned)
    await unit.emit('organization.updated', {
      target: { type: 'organization', id },
      data: { before: { owner_id: userId }, after: { owner_id: null } },
    });
}

/** Erases what is kept beside the record of a user, and beside those whose accounts were linked to it. */
async function erasePeople(unit: Unit, user: Person, linked: readonly Person[], upTo: Instant): Promise<void> {
  for (const person of [user, ...linked]) await eraseTraces(unit, person.id, person, upTo);
}

/**
 * Erases what is kept beside the record: invitations of the address, mails, stored answers, the data of events. What
 * was made for the address after `upTo` belongs to whoever has it now.
 */
async function eraseTraces(unit: Unit, userId: string, user: Identifiers, upTo: Instant): Promise<void> {
  const { db, tenant } = unit;
  const { email } = user;
  await deleteMails(unit, userId);
  const invitations = await invitationsOf(db, tenant.id, userId, email, upTo);
  const [first, ...rest] = invitations;
  if (first !== undefined) {
    const ids = padded([first, ...rest]);
    for (const table of ['mails', 'tickets'] as const)
      await db.deleteFrom(table).where('tenant_id', '=', tenant.id).where('invitation_id', 'in', ids).execute();
    await db.deleteFrom('invitations').where('tenant_id', '=', tenant.id).where('id', 'in', ids).execute();
  }
  await db
    .deleteFrom('idempotency_keys')
    .where('tenant_id', '=', tenant.id)
    .where('target_id', 'in', padded([userId, ...invitations]))
    .execute();
  await deleteImpersonations(db, tenant.id, userId);
  for (const id of [userId, ...invitations]) await scrubEvents(db, tenant.id, id);
  await forgetFailedRows(unit, user);
}

type Identifiers = Pick<User, 'email' | 'username' | 'phone_number'>;
type Person = Pick<User, 'id'> & Identifiers;

/** Rows of imports that failed are told under the person's identifier, as the file had it. */
async function forgetFailedRows({ db, tenant }: Unit, { email, username, phone_number }: Identifiers): Promise<void> {
  const [first, ...rest] = [email, username, phone_number].flatMap((text) => (text === null ? [] : [keyOf(text)]));
  if (first === undefined) return;
  await db
    .updateTable('job_errors')
    .set({ key: null, folded_key: null, details: null })
    .where('tenant_id', '=', tenant.id)
    .where('folded_key', 'in', padded([first, ...rest]))
    .execute();
}

/** The invitations to the person's address that nobody else has accepted, and those that the person has. */
async function invitationsOf(
  db: Db,
  tenantId: number,
  userId: string,
  email: string | null,
  upTo: Instant,
): Promise<string[]> {
  const accepted = await db
    .selectFrom('invitations')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .execute();
  const open =
    email === null
      ? []
      : await db
          .selectFrom('invitations')
          .select('id')
          .where('tenant_id', '=', tenantId)
          .where('email_key', '=', keyOf(email))
          .where('user_id', 'is', null)
          .where('created_at', '<=', upTo)
          .execute();
  return [...accepted, ...open].map(({ id }) => id);
}

const BATCH = 100;

/** Erases every deleted person whose retention time has passed. Returns how many. */
export async function eraseDue(
  services: Services,
  now: Instant = services.clock.now(),
  isStopped: () => boolean = () => false,
): Promise<number> {
  let erased = 0;
  const faults: unknown[] = [];
  for (;;) {
    const due = await services.database.read((db) =>
      db
        .selectFrom('deleted_users')
        .select(['tenant_id', 'user_id'])
        .where('erase_at', '<=', now)
        .orderBy('erase_at')
        .limit(BATCH)
        .execute(),
    );
    const before = erased;
    for (const { tenant_id, user_id } of due) {
      if (isStopped()) return erased;
      // One person who can't be erased must not keep the others.
      try {
        if (await eraseDeleted(services, tenant_id, user_id)) erased++;
      } catch (error) {
        faults.push(error);
      }
    }
    if (due.length < BATCH || erased === before) break;
  }
  if (faults.length > 0) throw faults[0];
  return erased;
}

/** Erases one deleted person. Returns whether this call did: another node may have been first. */
async function eraseDeleted(services: Services, tenantId: number, userId: string): Promise<boolean> {
  const tenant = await services.database.read((db) => findTenantByNumber(db, tenantId));
  if (!tenant) return false;
  return createWork({ services, tenant: { ...tenant, origin: '' } }).write(async (unit) => {
    const gone = await unit.db
      .deleteFrom('deleted_users')
      .where('tenant_id', '=', tenantId)
      .where('user_id', '=', userId)
      .returning(['doc', 'deleted_at'])
      .executeTakeFirst();
    if (!gone) return false;
    const { user, linked } = peopleOf(services, userId, gone.doc);
    await erasePeople(unit, user, linked, gone.deleted_at);
    await unit.emit('user.erased', { target: { type: 'user', id: userId } });
    return true;
  });
}

/** Who a sealed copy shows; nobody where it can't be opened (another secret key): the rest is erased all the same. */
function peopleOf(services: Services, userId: string, sealed: string): { user: Person; linked: readonly Person[] } {
  try {
    const { user, linked = [] } = JSON.parse(services.vault.open(sealed, sealContext(userId))) as Snapshot;
    return { user, linked };
  } catch {
    return { user: { id: userId, email: null, username: null, phone_number: null }, linked: [] };
  }
}
