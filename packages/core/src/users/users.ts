/** Users: create, read, change, disable, delete. Owns the rules; the rows are `users.store.ts`'s. */
import type { users as contract, UserCreate, UserUpdate } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type ConnectionRow, findConnection, policyOf } from '../connections/connections.store.ts';
import { upsertPassword } from '../credentials/credentials.store.ts';
import { checkPassword } from '../credentials/policy.ts';
import { userFieldsToPointTo } from '../custom-fields/custom-fields.store.ts';
import { judgedValues } from '../custom-fields/values.ts';
import { type Db, isOrphan, uniqueViolation } from '../database/database.ts';
import { difference } from '../events/redact.ts';
import { isId, newSubject, timeOf } from '../id.ts';
import { cancelMails } from '../mails/out-box.ts';
import { type Bag, checkDepth, mergeTop } from '../metadata.ts';
import { type Operation, Rendered } from '../operation.ts';
import { DEFAULT_LIMIT } from '../page.ts';
import { fieldProblem, notFound, Problem } from '../problem.ts';
import { checkRank, mayMakeAdministrators } from '../roles/administrators.ts';
import { endSessions } from '../sessions/sessions.store.ts';
import { scopesOfUser } from '../sessions/standing.ts';
import { closeTickets } from '../tickets/tickets.ts';
import { checkVersion } from '../version.ts';
import type { Unit, Work } from '../work.ts';
import { keyOf, mergePatch, parse, phoneKeyOf, render, type User } from './document.ts';
import { countUsers, findPage, TOTAL, totalOf, totalOfState } from './users.query.ts';
import {
  documentOf,
  findDocument,
  findUser,
  findUserToChange,
  insertUser,
  type UserRow,
  updateUser,
} from './users.store.ts';
import { sendVerificationMail } from './verification.ts';

const TAKEN = {
  email_key: ['email', 'email_taken'],
  username_key: ['username', 'username_taken'],
  phone_key: ['phone_number', 'phone_taken'],
  subject: ['user_id', 'identity_taken'],
  external_id: ['external_id', 'identity_taken'],
} as const;

/** Runs a write; an identifier that another user of the connection has, or a connection that is gone, is refused by name. */
export async function refusingTaken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isOrphan(error)) throw fieldProblem('connection', 'exists', 'The connection has just been deleted.');
    const column = uniqueViolation(error)?.column;
    // The unique index over e-mail addresses ends in the connection on SQLite's report.
    const taken = column === 'connection_num' ? TAKEN.email_key : TAKEN[column as keyof typeof TAKEN];
    if (!taken) throw error;
    const [field, code] = taken;
    throw fieldProblem(field, 'unique', `Another user of this connection has this ${field.replace('_', ' ')}.`, code);
  }
}

/** The present row, to be changed in this unit. */
export async function userToChange(unit: Unit, id: string): Promise<UserRow> {
  const row = isId('usr', id) ? await findUserToChange(unit.db, unit.tenant.id, id) : undefined;
  if (!row) throw notFound('user', id);
  return row;
}

export async function requireUser(work: Work, id: string): Promise<UserRow> {
  const row = isId('usr', id) ? await work.read((db) => findUser(db, work.tenant.id, id)) : undefined;
  if (!row) throw notFound('user', id);
  return row;
}

/** Writes a change of state made by `change`, with its event. */
export async function saveUser(unit: Unit, row: UserRow, user: User, tokenVersion?: number): Promise<Rendered<User>> {
  const version = await updateUser(unit.db, unit.tenant.id, row, user, tokenVersion);
  return new Rendered<User>(render(user), version);
}

/** A new user in memory: defaults filled in, nothing written. */
export function draftUser(unit: Pick<Unit, 'now' | 'newId'>, connectionId: string, body: UserCreate): User {
  const id = unit.newId('usr');
  // The time in the id, so that what filters compare (the id) and what is shown can't differ.
  const at = toWire(timeOf(id));
  return {
    id,
    state: 'active',
    email: body.email ?? null,
    // An import's row may hold nulls.
    email_verified: body.email != null && (body.email_verified ?? false),
    username: body.username ?? null,
    phone_number: body.phone_number ?? null,
    phone_verified: body.phone_number != null && (body.phone_verified ?? false),
    name: body.name ?? null,
    given_name: body.given_name ?? null,
    family_name: body.family_name ?? null,
    nickname: body.nickname ?? null,
    picture: body.picture ?? null,
    profile: mergePatch({}, body.profile ?? {}) as User['profile'],
    user_metadata: body.user_metadata ?? {},
    app_metadata: body.app_metadata ?? {},
    connection_id: connectionId,
    identities: [{ connection_id: connectionId, provider: 'auth0', subject: newSubject(unit.now), is_primary: true }],
    has_password: body.password !== undefined,
    password_must_be_reset: body.password_must_be_reset ?? false,
    sign_in_count: 0,
    last_sign_in_at: null,
    created_at: at,
    updated_at: at,
    last_sign_in_ip: null,
    last_password_change_at: null,
    custom_fields: mergeTop({}, body.custom_fields ?? {}),
  };
}

/** Writes a drafted user with credentials, totals and event. */
export async function addUser(
  unit: Unit,
  connectionNum: number,
  user: User,
  passwordHash: string | null,
): Promise<number> {
  const num = await insertUser(unit.db, unit.tenant.id, connectionNum, user);
  if (passwordHash !== null) await upsertPassword(unit.db, unit.tenant.id, num, passwordHash, unit.now);
  unit.count(TOTAL, 1);
  unit.count(totalOf('connection', connectionNum), 1);
  unit.count(totalOfState(user.state), 1);
  await unit.emit('user.created', { target: { type: 'user', id: user.id }, data: { after: user } });
  return num;
}

export const requireIdentifier = (user: Pick<User, 'email' | 'username' | 'phone_number'>): void => {
  if (user.email === null && user.username === null && user.phone_number === null) {
    throw fieldProblem('email', 'required', 'A user needs an e-mail address, a username or a phone number.');
  }
};

export const create: Operation<typeof contract.create> = (work, { body }) => createUser(work, body);

/** What a vendor's door may say of a new user beside the native fields. */
export interface CreateOptions {
  /** The id inside the connection; default: made here. Taken already: `identity_taken`. */
  readonly subject?: string | undefined;
  /** Whether a verification mail is sent. Default: where nothing is said of `email_verified`. */
  readonly sendsVerification?: boolean | undefined;
  /** Whether the policy of the connection judges the password. Default: yes. */
  readonly judgesPassword?: boolean | undefined;
}

/** Creates a user, its credentials and its verification mail in one unit. */
export async function createUser(
  work: Work,
  body: UserCreate,
  { subject, sendsVerification = body.email_verified === undefined, judgesPassword = true }: CreateOptions = {},
): Promise<Rendered<User>> {
  requireIdentifier({
    email: body.email ?? null,
    username: body.username ?? null,
    phone_number: body.phone_number ?? null,
  });
  const judged = judgesPassword ? () => hashForConnection(work, body.connection, body.password as string) : undefined;
  const hash = body.password === undefined ? null : await (judged?.() ?? work.services.hasher.hash(body.password));
  return refusingTaken(() =>
    work.write(async (unit) => {
      const connection = await requireConnection(unit.db, unit.tenant.id, body.connection);
      const drafted = draftUser(unit, connection.id, await withJudgedFields(unit, body));
      const [identity] = drafted.identities as [User['identities'][number]];
      const user = subject === undefined ? drafted : { ...drafted, identities: [{ ...identity, subject }] };
      await addUser(unit, connection.num, user, hash);
      if (user.email !== null && !user.email_verified && sendsVerification) await sendVerificationMail(unit, user);
      return new Rendered<User>(render(user), 1);
    }),
  );
}

/** The form with the values of custom fields as they are kept; their definitions stay until the unit ends. */
async function withJudgedFields<Form extends Pick<UserUpdate, 'custom_fields'>>(unit: Unit, form: Form): Promise<Form> {
  const { custom_fields: values } = form;
  if (!values) return form;
  const definitions = await userFieldsToPointTo(unit, Object.keys(values));
  return { ...form, custom_fields: judgedValues(definitions, values) };
}

async function requireConnection(db: Db, tenantId: number, named: string | undefined): Promise<ConnectionRow> {
  const connection = await findConnection(db, tenantId, named);
  if (!connection) throw fieldProblem('connection', 'exists', `No connection is called "${named}".`);
  return connection;
}

/** Hashes a first password outside any unit of work, under the policy of the connection. */
async function hashForConnection(work: Work, named: string | undefined, password: string): Promise<string> {
  const connection = await work.read((db) => requireConnection(db, work.tenant.id, named));
  checkPassword(policyOf(connection), password);
  return work.services.hasher.hash(password);
}

export const get: Operation<typeof contract.get> = async (work, { user_id }) => {
  const row = isId('usr', user_id) ? await work.read((db) => findDocument(db, work.tenant.id, user_id)) : undefined;
  if (!row) throw notFound('user', user_id);
  return new Rendered<User>(row.doc, row.version);
};

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const { docs, nextCursor } = await findPage(db, work.tenant.id, query, query.limit ?? DEFAULT_LIMIT, query.cursor);
    const total = query.include_total ? `"total":${await countUsers(db, work.tenant.id, query)},` : '';
    return new Rendered(`{"users":[${docs.join(',')}],${total}"next_cursor":${JSON.stringify(nextCursor)}}`);
  });

/** Whether an identifier names something else now; another spelling of the same does not. */
const isOther = (next: string, before: string | null, key: (text: string) => string): boolean =>
  before === null || key(next) !== key(before);

/** How a change of a metadata bag is merged into the bag. */
export type BagMerge = (bag: Bag, change: Bag) => Bag;

const BAGS = ['user_metadata', 'app_metadata', 'custom_fields'] as const;

/**
 * The user after a merge patch; `mergeBag`: another way for the metadata bags. A new e-mail address is unverified unless the
 * patch says otherwise.
 */
export function patched(user: User, patch: UserUpdate, now: number, mergeBag?: BagMerge): User {
  const { password, ...fields } = patch;
  const blank = {
    email: null,
    username: null,
    phone_number: null,
    name: null,
    given_name: null,
    family_name: null,
    nickname: null,
    picture: null,
    profile: {},
    user_metadata: {},
    app_metadata: {},
    custom_fields: {},
  };
  const next: User = { ...blank, ...user, updated_at: toWire(now) };
  for (const name of Object.keys(fields) as (keyof typeof fields)[]) {
    const value = fields[name];
    // RFC 7396: null removes. What isn't named stays the very object that it was, and so is not compared again.
    const merged = value === null ? blank[name as keyof typeof blank] : mergePatch(user[name], value);
    Object.assign(next, { [name]: merged });
  }
  if (mergeBag) for (const bag of BAGS) if (patch[bag]) Object.assign(next, { [bag]: mergeBag(user[bag], patch[bag]) });
  if (next.email === null || (isOther(next.email, user.email, keyOf) && patch.email_verified === undefined))
    next.email_verified = false;
  if (
    next.phone_number === null ||
    (isOther(next.phone_number, user.phone_number, phoneKeyOf) && patch.phone_verified === undefined)
  )
    next.phone_verified = false;
  if (password !== undefined) next.has_password = true;
  requireIdentifier(next);
  return next;
}

/** Who sets an administrator's password or address can sign in as one, so it needs the scope that makes administrators. */
export async function checkMayTakeOver(work: Work, unit: Unit, user: UserRow): Promise<void> {
  await checkRank(unit, user);
  const { num } = user;
  if (mayMakeAdministrators(work) || (await scopesOfUser(unit.db, unit.tenant.id, num)).size === 0) return;
  throw new Problem(
    'insufficient_scope',
    'What an administrator signs in with (password, e-mail address, linked accounts) needs the scope roles:write, too.',
  );
}

export const update: Operation<typeof contract.update> = (work, input) => patchUser(work, input);

export interface PatchOptions extends Pick<CreateOptions, 'judgesPassword'> {
  /** What else of the user changes in the unit (`setExtension`, `setExternalId`): what it tells is told by the patch's own event. */
  readonly beside?: ((unit: Unit) => Promise<void>) | undefined;
}

/** Runs it, and gives what it would tell of the user by an event of its own. */
async function changedBeside(unit: Unit, userId: string, beside: PatchOptions['beside']) {
  const told = { before: {}, after: {} };
  const emit: Unit['emit'] = async (type, event) => {
    if (type !== 'user.updated' || event.target?.id !== userId) return unit.emit(type, event);
    Object.assign(told.before, event.data?.before);
    Object.assign(told.after, event.data?.after);
  };
  await beside?.({ ...unit, emit });
  return told;
}

/** `update` as a vendor's door may want it: `mergeBag` merges metadata instead of RFC 7396. It may run again with the unit. */
export async function patchUser(
  work: Work,
  { user_id, body, ifMatch }: Parameters<typeof update>[1],
  mergeBag?: BagMerge,
  { judgesPassword = true, beside }: PatchOptions = {},
): Promise<Rendered<User>> {
  for (const bag of BAGS) checkDepth(bag, body[bag]);
  const judged = judgesPassword ? () => hashForUser(work, user_id, body.password as string) : undefined;
  const hash = body.password === undefined ? null : await (judged?.() ?? work.services.hasher.hash(body.password));
  return refusingTaken(() =>
    work.write(async (unit) => {
      // The definitions before the user: whoever deletes one locks them in this order, too.
      const patch = await withJudgedFields(unit, body);
      const row = await userToChange(unit, user_id);
      checkVersion(ifMatch, row.version);
      const before = documentOf(row);
      const user = patched(before, patch, unit.now, mergeBag);
      const own = difference({ ...before }, { ...user });
      const other = await changedBeside(unit, row.id, beside);
      const change = { before: { ...own.before, ...other.before }, after: { ...own.after, ...other.after } };
      const hasChange = Object.keys(change.after).length > 0;
      if (hash !== null || user.email !== before.email) await checkMayTakeOver(work, unit, row);
      if (hash === null && !hasChange) return new Rendered<User>(row.doc, row.version);
      const target = { type: 'user', id: user.id };
      const endsSessions = hash !== null || (user.password_must_be_reset && !before.password_must_be_reset);
      const saved = hash === null ? user : { ...user, last_password_change_at: toWire(unit.now) };
      const answer = await saveUser(unit, row, saved, endsSessions ? row.token_version + 1 : row.token_version);
      if (hash !== null) {
        await upsertPassword(unit.db, unit.tenant.id, row.num, hash, unit.now);
        await closeTickets(unit, 'reset_password', { userId: user.id });
        await cancelMails(unit, 'reset_password', { userId: user.id });
        await unit.emit('user.password_changed', { target });
      }
      if (hasChange) await unit.emit('user.updated', { target, data: change });
      if (endsSessions) await endSessions(unit, user.id);
      const isNewAddress = user.email !== null && isOther(user.email, before.email, keyOf);
      if (isNewAddress && body.email_verified === undefined) await sendVerificationMail(unit, user);
      return answer;
    }),
  );
}

/** Hashes a new password outside any unit of work, under the policy of the user's connection. */
export async function hashForUser(work: Work, userId: string, password: string, field = 'password'): Promise<string> {
  const row = await requireUser(work, userId);
  const connection = await work.read((db) => findConnection(db, work.tenant.id, parse(row.doc).connection_id));
  if (connection) checkPassword(policyOf(connection), password, field);
  return work.services.hasher.hash(password);
}
