/**
 * The sign-in rule, the same behind every door: who may begin a session with a password, and what the others are told.
 *
 * Before the right password is given nothing tells whether an account exists: strangers cost the same work, fail alike
 * and are locked out alike. So `invalid_credentials`, `user_locked` and `too_many_attempts` say nothing about the
 * account, and a locked account gives that answer to the right password too, or guessing would go on through the lock.
 * What else stands against a sign-in is told only to who knows the password.
 */
import { proveFactor } from '../authentication-methods/second-factor.ts';
import { toWire } from '../clock.ts';
import { barOf, type ConnectionRow, findConnection } from '../connections/connections.store.ts';
import type { AttemptKind } from '../credentials/attempts.ts';
import { findPassword, renewHash } from '../credentials/credentials.store.ts';
import { clearLockout, countFailure, findLock } from '../credentials/lockout.ts';
import { isNative, matchesPassword } from '../credentials/password.ts';
import type { Db } from '../database/database.ts';
import { findAccount, type LinkedAccount, renewAccountHash } from '../identities/accounts.store.ts';
import { findEnabledRules } from '../rules/rules.store.ts';
import { type RuleClaims, runRules } from '../rules/run.ts';
import { keyOf, parse, type User } from '../users/document.ts';
import { findByIdentifier } from '../users/identifier.store.ts';
import { findUser, findUserToChange, recordSignIn, type UserRow } from '../users/users.store.ts';
import { createWork, type Unit, type Work } from '../work.ts';
import { insertSession } from './sessions.store.ts';

export type SignInRefusal =
  | 'invalid_credentials'
  | 'user_locked'
  | 'too_many_attempts'
  | 'user_disabled'
  | 'password_must_be_reset'
  | 'email_not_verified'
  | 'unknown_connection'
  | 'connection_not_enabled'
  | 'connection_without_passwords'
  | 'rule_denied'
  | 'factor_required'
  | 'wrong_factor';

export interface SignedIn<More = undefined> {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
  /** What the tenant's rules put into the tokens. */
  readonly claims?: RuleClaims | undefined;
  /** What the door's `admit` returned. */
  readonly more: More;
}

export interface Refused {
  readonly refused: SignInRefusal;
  /** Seconds. */
  readonly retryAfter?: number;
  /** The words of the rule that refused. */
  readonly message?: string;
}

export interface Credentials {
  /** E-mail address, username or phone number. */
  readonly identifier: string;
  readonly password: string;
  /** Id or name of the connection; default: `default_connection` of the tenant's settings, else its default one. */
  readonly connection?: string | undefined;
}

/** What a door asks beside the password. */
export interface Door<More> {
  /**
   * The door judges itself who may sign in through which application, and looked for the connection by the identifier. So
   * what bars the connection would tell of an account: whoever is there is as unknown as a stranger.
   */
  readonly opensAnyConnection?: boolean;
  /** How often an identifier may fail in all connections together; absent: as often as in each at any door. */
  readonly bound?: 'hourly_identifier';
  /** The code of a second factor; present: where the user has an authenticator app or a recovery code it has to be right. */
  readonly factor?: { readonly code: string | undefined };
  /** Joins the change that begins the session; where it throws, none begins. */
  readonly admit: (unit: Unit, session: Omit<SignedIn, 'more'>) => Promise<More>;
}

const OPEN_DOOR: Door<undefined> = { admit: async () => undefined };

/** Longer ones can't have been set; hashing them would only cost. */
const MAX_PASSWORD = 1024;

interface Attempt extends Credentials {
  /** The identifier as it counts: tenant, connection, and how it is compared. */
  readonly key: string;
  /** What failures of the identifier are counted as. */
  readonly bound: readonly [kind: AttemptKind, key: string];
  readonly address: string;
  readonly connectionName: string;
  readonly connectionId: string;
}

/** Begins a session, or says why not. `work` acts for nobody yet; its actor may name the application. */
export const signIn = (work: Work, credentials: Credentials): Promise<SignedIn | Refused> =>
  signInAt(OPEN_DOOR, work, credentials);

/** Begins a session through a door that asks more than the password. */
export async function signInAt<More>(
  door: Door<More>,
  work: Work,
  credentials: Credentials,
): Promise<SignedIn<More> | Refused> {
  const { attempts, hasher } = work.services;
  const { connection, barred } = await work.read(async (db) => {
    const connection = await findHome(db, work.tenant, credentials.connection);
    return {
      connection,
      barred: connection && (await barOf(db, work.tenant.id, connection, work.actor.applicationId)),
    };
  });
  if (!connection) return { refused: 'unknown_connection' };
  if (barred && !door.opensAnyConnection) return { refused: barred };
  const attempt = attemptOf(door, work, connection, credentials);
  const retryAfter = Math.max(
    attempts.secondsUntilFree('address', attempt.address),
    attempts.secondsUntilFree(...attempt.bound),
  );
  if (retryAfter > 0) return { refused: 'too_many_attempts', retryAfter };
  const known = barred === 'connection_without_passwords' ? undefined : await lookUp(work, connection, credentials);
  if (known ? known.isLocked : attempts.isStrangerLocked(attempt.key)) return fail(work, attempt, known, 'user_locked');
  const isRight =
    credentials.password.length <= MAX_PASSWORD &&
    (await matchesPassword(work.services, known?.stored, credentials.password));
  if (!known || !isRight) return fail(work, attempt, known, 'invalid_credentials');
  const stored = known.stored as string;
  const renewed = isNative(stored, hasher.cost) ? null : await hasher.hash(credentials.password);
  const linked = known.position === 0 ? undefined : { connectionNum: connection.num, subject: known.subject };
  const proven: Proven = { id: known.id, linked, stored, renewed };
  const factor = door.factor && (await askFactor(work, attempt, proven, door.factor.code));
  if (factor) return factor;
  const judged = await askRules(work, attempt, proven);
  if ('refused' in judged) return judged;
  const begun = await succeed(door, work, attempt, proven);
  if ('refused' in begun) return begun;
  if (door.bound) attempts.forget(...attempt.bound);
  return { ...begun, claims: judged.claims };
}

/** Where an identifier is looked for. One that the settings name still, on a node that has not heard of its end, is passed over. */
async function findHome(
  db: Db,
  { id, settings }: Work['tenant'],
  named: string | undefined,
): Promise<ConnectionRow | undefined> {
  const { default_connection: fallback } = settings;
  const found = named === undefined && fallback !== null ? await findConnection(db, id, fallback) : undefined;
  return found ?? findConnection(db, id, named);
}

function attemptOf(
  { bound }: Door<unknown>,
  { tenant, caller }: Work,
  connection: ConnectionRow,
  credentials: Credentials,
): Attempt {
  const identifier = keyOf(credentials.identifier);
  const key = `${tenant.id} ${connection.num} ${identifier}`;
  return {
    ...credentials,
    key,
    bound: bound ? [bound, `${tenant.id} ${identifier}`] : ['identifier', key],
    address: `${tenant.id} ${caller.network ?? caller.ip}`,
    connectionName: connection.name,
    connectionId: connection.id,
  };
}

/** Whose identifier it is, and what the password is compared with. */
const lookUp = ({ read, tenant, now }: Work, { num }: ConnectionRow, { identifier }: Credentials) =>
  read(async (db) => {
    const user = await findByIdentifier(db, tenant.id, num, identifier);
    if (!user) return undefined;
    const account = await linkedAccountOf(db, tenant.id, num, user);
    const stored = account ? (account.password_hash ?? undefined) : await findPassword(db, user.num);
    return { ...user, stored, isLocked: (await findLock(db, user.num, now)) !== undefined };
  });

/** The account behind an identifier, where it is a linked one: that has a password of its own. */
const linkedAccountOf = async (
  db: Db,
  tenantId: number,
  connectionNum: number,
  { position, subject }: { readonly position: number; readonly subject: string },
): Promise<LinkedAccount | undefined> =>
  position === 0 ? undefined : findAccount(db, tenantId, connectionNum, subject);

/** Records a failure: in the audit log, and in the count that locks. */
async function fail(
  work: Work,
  attempt: Attempt,
  known: { readonly id: string } | undefined,
  refused: 'invalid_credentials' | 'user_locked',
): Promise<Refused> {
  const { attempts } = work.services;
  attempts.countFailure('address', attempt.address);
  attempts.countFailure(...attempt.bound);
  if (!known) attempts.countStranger(attempt.key);
  return work.write(async (unit) => {
    const row = known ? await findUserToChange(unit.db, unit.tenant.id, known.id) : undefined;
    const lock = row ? await countFailure(unit, row.num) : undefined;
    const wasLocked = lock !== undefined && lock.lockedUntil !== null && !lock.isNew;
    const code = wasLocked ? 'user_locked' : refused;
    await witnessFailure(unit, attempt, row?.id ?? null, row ? code : 'unknown_user');
    if (row && lock?.isNew) {
      await unit.emit('user.locked', {
        target: { type: 'user', id: row.id },
        data: { until: toWire(lock.lockedUntil as number) },
      });
    }
    return { refused: code };
  });
}

const witnessFailure = (
  unit: Unit,
  { connectionName }: Attempt,
  userId: string | null,
  reason: string,
  more: object = {},
) =>
  unit.emit('user.sign_in_failed', {
    target: { type: 'user', id: userId },
    data: { reason, connection: connectionName, ...more },
  });

interface Proven {
  readonly id: string;
  /** The linked identity that was signed in with; absent: the user's own. */
  readonly linked: { readonly connectionNum: number; readonly subject: string } | undefined;
  /** The hash that the password matched. */
  readonly stored: string;
  /** A new hash of the same password, where the stored one is imported or weak. */
  readonly renewed: string | null;
}

const actingAs = ({ services, tenant, caller, actor }: Work, userId: string): Work =>
  createWork({ services, tenant, caller, actor: { ...actor, type: 'user', id: userId } });

/**
 * What the tenant's rules say of a sign-in against which nothing else stands. They are asked before the session begins,
 * outside any unit of work; what changes meanwhile is found by the unit that begins it.
 */
async function askRules(
  work: Work,
  attempt: Attempt,
  proven: Proven,
): Promise<Refused | { readonly claims: RuleClaims | undefined }> {
  const rules = await work.read((db) => findEnabledRules(db, work.tenant.id));
  if (rules.length === 0) return { claims: undefined };
  const { row, refused } = await work.read(async (db) => {
    const { linked } = proven;
    const row = await findUser(db, work.tenant.id, proven.id);
    const account = linked && (await findAccount(db, work.tenant.id, linked.connectionNum, linked.subject));
    const read = { db, tenant: work.tenant, now: work.now };
    return { row, refused: row ? await objection(read, row, account, proven) : ('invalid_credentials' as const) };
  });
  const actor = actingAs(work, proven.id);
  const user = row && countedUser(row, work.now, work.caller);
  const verdict =
    user && !refused
      ? await runRules(actor, rules, {
          user,
          userNum: row.num,
          protocol: 'oauth2-password',
          connectionId: attempt.connectionId,
        })
      : undefined;
  if (verdict && 'claims' in verdict) return verdict;
  return actor.write(async (unit) => {
    if (verdict) {
      await witnessFailure(unit, attempt, proven.id, 'rule_denied', { rule: verdict.rule, message: verdict.denied });
      return { refused: 'rule_denied', message: verdict.denied };
    }
    await witnessFailure(unit, attempt, row?.id ?? null, refused ?? 'invalid_credentials');
    return { refused: refused ?? 'invalid_credentials' };
  });
}

/** Asks for the second factor of who knew the password, where there is one. */
async function askFactor(
  work: Work,
  attempt: Attempt,
  { id }: Proven,
  code: string | undefined,
): Promise<Refused | undefined> {
  const actor = actingAs(work, id);
  const outcome = await proveFactor(actor, id, code);
  if (outcome === undefined) return undefined;
  return actor.write(async (unit) => {
    if (outcome !== 'factor_required') await witnessFailure(unit, attempt, id, outcome);
    return { refused: outcome };
  });
}

/** The password was right: judges what else stands against it, as it is now, and begins the session. */
function succeed<More>(
  door: Door<More>,
  work: Work,
  attempt: Attempt,
  proven: Proven,
): Promise<SignedIn<More> | Refused> {
  return actingAs(work, proven.id).write(async (unit) => {
    const row = await findUserToChange(unit.db, unit.tenant.id, proven.id);
    const { linked } = proven;
    const account = linked && (await findAccount(unit.db, unit.tenant.id, linked.connectionNum, linked.subject));
    const refused = row ? await objection(unit, row, account, proven) : 'invalid_credentials';
    if (!row || refused) {
      const code = refused ?? 'invalid_credentials';
      await witnessFailure(unit, attempt, row?.id ?? null, code);
      return { refused: code };
    }
    if (proven.renewed !== null) {
      if (account) await renewAccountHash(unit.db, account, proven.renewed);
      else await renewHash(unit.db, row.num, proven.renewed);
    }
    const session = await begin(unit, row, attempt, work.caller);
    return { ...session, more: await door.admit(unit, session) };
  });
}

async function objection(
  unit: Pick<Unit, 'db' | 'tenant' | 'now'>,
  row: UserRow,
  account: LinkedAccount | undefined,
  { stored, linked }: Proven,
): Promise<SignInRefusal | undefined> {
  // While the password was being checked, others may have failed, or changed it.
  if ((await findLock(unit.db, row.num, unit.now)) !== undefined) return 'user_locked';
  if (linked && account?.user_num !== row.num) return 'invalid_credentials';
  const current = account ? account.password_hash : await findPassword(unit.db, row.num);
  if (current !== stored) return 'invalid_credentials';
  // What the account that signs in was, where it is linked; the user must stand in any case.
  const person = parse(account?.doc ?? row.doc);
  if (row.state !== 'active' || person.state !== 'active') return 'user_disabled';
  if (person.password_must_be_reset) return 'password_must_be_reset';
  if (unit.tenant.settings.require_verified_email && !person.email_verified) return 'email_not_verified';
  return undefined;
}

/** The user as this sign-in leaves it. */
function countedUser(row: UserRow, now: number, { ip }: Work['caller']) {
  const before = parse(row.doc);
  return {
    ...before,
    sign_in_count: before.sign_in_count + 1,
    last_sign_in_at: toWire(now),
    last_sign_in_ip: ip,
  };
}

async function begin(
  unit: Unit,
  row: UserRow,
  { connectionName }: Attempt,
  caller: Work['caller'],
): Promise<Omit<SignedIn, 'more'>> {
  const user = countedUser(row, unit.now, caller);
  await clearLockout(unit.db, row.num);
  await recordSignIn(unit.db, row.num, user);
  const session = await insertSession(unit, {
    userId: user.id,
    applicationId: unit.actor.applicationId,
    ip: caller.ip,
    userAgent: caller.userAgent,
  });
  const target = { type: 'user', id: user.id };
  await unit.emit('user.signed_in', { target, data: { connection: connectionName, session_id: session.id } });
  await unit.emit('session.created', { target: { type: 'session', id: session.id }, data: { user_id: user.id } });
  return {
    user,
    userNum: row.num,
    tokenVersion: row.token_version,
    sessionId: session.id,
    sessionExpiresAt: session.expiresAt,
  };
}
