/**
 * Linked identities. Linking makes another user's account an identity of this one; what the other was is kept beside it.
 * Owns two invariants: an account is in the directory once, as a user or as a linked identity, and unlinking gives back the
 * user that was linked, under its own id.
 */
import type { identities as contract, Identity } from '@reeve/contract';
import { deleteMethods } from '../authentication-methods/authentication-methods.store.ts';
import { toWire } from '../clock.ts';
import { upsertPassword } from '../credentials/credentials.store.ts';
import { userFieldsToPointTo } from '../custom-fields/custom-fields.store.ts';
import { fittingValues } from '../custom-fields/values.ts';
import type { Db } from '../database/database.ts';
import { isId } from '../id.ts';
import { cancelMails } from '../mails/out-box.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { keepAnAdministrator } from '../roles/administrators.ts';
import { endSessions } from '../sessions/sessions.store.ts';
import { parse, render, type User } from '../users/document.ts';
import { takeOut } from '../users/erasure.ts';
import { writeExternalId } from '../users/external-id.ts';
import { findByIdentity } from '../users/identity.store.ts';
import { TOTAL, totalOf, totalOfState } from '../users/users.query.ts';
import { findUserToChange, insertUser, type UserRow } from '../users/users.store.ts';
import { checkMayTakeOver, requireUser, saveUser, userToChange } from '../users/users.ts';
import type { Unit, Work } from '../work.ts';
import {
  deleteAccount,
  findAccountToChange,
  insertAccount,
  type LinkedAccount,
  moveIdentities,
} from './accounts.store.ts';

/** Identities of one user: they are all in its document. */
const MAX_IDENTITIES = 50;

export const list: Operation<typeof contract.list> = async (work, { user_id }) => ({
  identities: parse((await requireUser(work, user_id)).doc).identities,
});

const FIELDS = [
  'email',
  'email_verified',
  'username',
  'phone_number',
  'phone_verified',
  'name',
  'given_name',
  'family_name',
  'nickname',
  'picture',
] as const;

/** What is shown of an account beside the identity that it is now. */
function profileOf(user: User): Record<string, unknown> {
  const known = FIELDS.flatMap((name) => (user[name] === null ? [] : [[name, user[name]] as const]));
  return { ...user.profile, ...Object.fromEntries(known) };
}

const primaryOf = ({ identities }: User): Identity => identities.find(({ is_primary }) => is_primary) as Identity;

/** The id of the user that `usr_…` or `provider|subject` names. */
async function idNamed(db: Db, tenantId: number, named: string): Promise<string> {
  if (isId('usr', named)) return named;
  const bar = named.indexOf('|');
  const found = bar < 1 ? undefined : await findByIdentity(db, tenantId, named.slice(0, bar), named.slice(bar + 1));
  if (!found) throw notFound('user', named);
  if (!found.isPrimary)
    throw fieldProblem('user_id', 'linked', 'This account is linked to a user already; unlink it first.', 'conflict');
  return found.id;
}

/** Both users, locked in one order, so that two units that link them the other way round wait for each other. */
async function lockBoth(unit: Unit, primaryId: string, secondaryId: string): Promise<[UserRow, UserRow]> {
  const rows = new Map<string, UserRow | undefined>();
  for (const id of [primaryId, secondaryId].toSorted())
    rows.set(id, await findUserToChange(unit.db, unit.tenant.id, id));
  const found = [primaryId, secondaryId].map((id) => {
    const row = rows.get(id);
    if (!row) throw notFound('user', id);
    return row;
  });
  return found as [UserRow, UserRow];
}

async function accountOf({ db, tenant, now }: Unit, to: UserRow, row: UserRow): Promise<LinkedAccount> {
  const user = parse(row.doc);
  const own = primaryOf(user);
  const kept = await db
    .selectFrom('users')
    .select('extensions')
    .where('tenant_id', '=', tenant.id)
    .where('num', '=', row.num)
    .executeTakeFirstOrThrow();
  const password = await db
    .selectFrom('credentials')
    .select(['password_hash', 'changed_at'])
    .where('tenant_id', '=', tenant.id)
    .where('user_num', '=', row.num)
    .executeTakeFirst();
  return {
    tenant_id: tenant.id,
    user_num: to.num,
    connection_num: row.connection_num,
    subject: own.subject,
    account_num: row.num,
    user_id: row.id,
    doc: render({ ...user, identities: [own] }),
    extensions: kept.extensions,
    token_version: row.token_version,
    version: row.version,
    password_hash: password?.password_hash ?? null,
    password_changed_at: password?.changed_at ?? null,
    linked_at: now,
  };
}

async function checkLinkable(work: Work, unit: Unit, primary: UserRow, secondary: UserRow): Promise<void> {
  if (primary.id === secondary.id)
    throw fieldProblem('user_id', 'self', 'A user can not be linked to itself.', 'conflict');
  for (const row of [primary, secondary]) await checkMayTakeOver(work, unit, row);
  await keepAnAdministrator(unit, secondary);
  const count = parse(primary.doc).identities.length + parse(secondary.doc).identities.length;
  if (count > MAX_IDENTITIES)
    throw new Problem('limit_reached', `A user may have at most ${MAX_IDENTITIES} identities.`);
}

export const link: Operation<typeof contract.link> = (work, { user_id, body }) =>
  work.write(async (unit) => {
    if (!isId('usr', user_id)) throw notFound('user', user_id);
    const { db, tenant } = unit;
    const [primary, secondary] = await lockBoth(unit, user_id, await idNamed(db, tenant.id, body.user_id));
    await checkLinkable(work, unit, primary, secondary);
    unit.concerns(primary.id);
    const before = parse(primary.doc);
    const linked = parse(secondary.doc);
    const own: Identity = { ...primaryOf(linked), is_primary: false, profile: profileOf(linked) };
    const others = linked.identities.filter(({ is_primary }) => !is_primary);
    await insertAccount(db, await accountOf(unit, primary, secondary));
    await moveIdentities(db, tenant.id, {
      from: secondary.num,
      to: primary.num,
      profile: JSON.stringify(own.profile),
    });
    for (const template of ['verify_email', 'reset_password'] as const)
      await cancelMails(unit, template, { userId: secondary.id });
    // They end with the user; a primary that shall have a second factor adds its own.
    await deleteMethods(unit, secondary);
    await takeOut(unit, secondary);
    const identities = [...before.identities, own, ...others];
    await saveUser(unit, primary, { ...before, identities, updated_at: toWire(unit.now) });
    await unit.emit('user.linked', {
      target: { type: 'user', id: primary.id },
      data: { linked_user_id: secondary.id, ...namesOf(own) },
    });
    return { identities };
  });

const namesOf = ({ provider, subject, connection_id }: Identity) => ({ provider, subject, connection_id });

export const unlink: Operation<typeof contract.unlink> = (work, { user_id, provider, subject }) =>
  work.write(async (unit) => {
    const { db, tenant } = unit;
    const row = await userToChange(unit, user_id);
    unit.concerns(row.id);
    const found = await db
      .selectFrom('identities')
      .select(['position', 'connection_num', 'external_id'])
      .where('tenant_id', '=', tenant.id)
      .where('user_num', '=', row.num)
      .where('provider', '=', provider)
      .where('subject', '=', subject)
      .orderBy('position', 'desc')
      .executeTakeFirst();
    if (!found) throw notFound('identity', `${provider}|${subject}`);
    if (found.position === 0)
      throw new Problem('conflict', "This is the user's own identity; only linked ones can be unlinked.");
    await checkMayTakeOver(work, unit, row);
    const account = await findAccountToChange(db, tenant.id, found.connection_num, subject);
    if (!account) throw notFound('identity', `${provider}|${subject}`);
    await db
      .deleteFrom('identities')
      .where('tenant_id', '=', tenant.id)
      .where('user_num', '=', row.num)
      .where('position', '=', found.position)
      .execute();
    await deleteAccount(db, account);
    const restored = await restore(unit, account, found.external_id);
    const before = parse(row.doc);
    const gone = primaryOf(restored);
    const isGone = (one: Identity) => one.connection_id === gone.connection_id && one.subject === gone.subject;
    const identities = before.identities.filter((one) => !isGone(one));
    await saveUser(unit, row, { ...before, identities, updated_at: toWire(unit.now) }, row.token_version + 1);
    // Who signed in with the account that goes must not stay signed in as this user.
    await endSessions(unit, row.id);
    await unit.emit('user.unlinked', {
      target: { type: 'user', id: row.id },
      data: { unlinked_user_id: restored.id, ...namesOf(gone) },
    });
    return { identities, user_id: restored.id };
  });

/** Makes the account the user that it was. Roles, memberships and second factors that it had ended with the linking. */
async function restore(unit: Unit, account: LinkedAccount, externalId: string | null): Promise<User> {
  const { db, tenant, now } = unit;
  const kept = parse(account.doc);
  const fields = await userFieldsToPointTo(unit, Object.keys(kept.custom_fields));
  // Of a field that is another one by now, or none, there is no value to come back.
  const custom_fields = fittingValues(fields, kept.custom_fields);
  const user: User = { ...kept, custom_fields, updated_at: toWire(now) };
  const num = await insertUser(db, tenant.id, account.connection_num, user, {
    num: account.account_num,
    // Tokens that the user had before must not come back with it.
    tokenVersion: account.token_version + 1,
    version: account.version + 1,
    extensions: account.extensions,
  });
  if (externalId !== null) await writeExternalId(db, tenant.id, num, externalId);
  if (account.password_hash !== null)
    await upsertPassword(db, tenant.id, num, account.password_hash, account.password_changed_at ?? now);
  unit.count(TOTAL, 1);
  unit.count(totalOf('connection', account.connection_num), 1);
  unit.count(totalOfState(user.state), 1);
  return user;
}
