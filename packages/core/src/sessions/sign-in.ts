/**
 * The sign-in rule, the same behind every door: who may begin a session with a password, and what the others are told.
 *
 * Before the right password is given nothing tells whether an account exists: strangers cost the same work, fail alike
 * and are locked out alike. So `invalid_credentials`, `user_locked` and `too_many_attempts` say nothing about the
 * account, and a locked account gives that answer to the right password too, or guessing would go on through the lock.
 * What else stands against a sign-in is told only to who knows the password.
 */
import { toWire } from '../clock.ts';
import { findConnection } from '../connections/connections.store.ts';
import { findPassword, renewHash } from '../credentials/credentials.store.ts';
import { clearLockout, countFailure, findLock } from '../credentials/lockout.ts';
import { isNative, matchesPassword } from '../credentials/password.ts';
import { keyOf, parse, type User } from '../users/document.ts';
import { findByIdentifier } from '../users/identifier.store.ts';
import { findUserToChange, type UserRow } from '../users/users.store.ts';
import { saveUser } from '../users/users.ts';
import { createWork, type Unit, type Work } from '../work.ts';
import { insertSession } from './sessions.store.ts';

export type SignInRefusal =
  | 'invalid_credentials'
  | 'user_locked'
  | 'too_many_attempts'
  | 'user_disabled'
  | 'password_must_be_reset'
  | 'email_not_verified'
  | 'unknown_connection';

export interface SignedIn {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
}

export interface Refused {
  readonly refused: SignInRefusal;
  /** Seconds. */
  readonly retryAfter?: number;
}

export interface Credentials {
  /** E-mail address, username or phone number. */
  readonly identifier: string;
  readonly password: string;
  /** Id or name of the connection; default: the tenant's. */
  readonly connection?: string | undefined;
}

/** Longer ones can't have been set; hashing them would only cost. */
const MAX_PASSWORD = 1024;

interface Attempt extends Credentials {
  /** The identifier as it counts: tenant, connection, and how it is compared. */
  readonly key: string;
  readonly address: string;
  readonly connectionName: string;
}

/** Begins a session, or says why not. `work` acts for nobody yet; its actor may name the application. */
export async function signIn(work: Work, credentials: Credentials): Promise<SignedIn | Refused> {
  const { attempts, hasher } = work.services;
  const connection = await work.read((db) => findConnection(db, work.tenant.id, credentials.connection));
  if (!connection) return { refused: 'unknown_connection' };
  const attempt: Attempt = {
    ...credentials,
    key: `${work.tenant.id} ${connection.num} ${keyOf(credentials.identifier)}`,
    address: `${work.tenant.id} ${work.caller.ip}`,
    connectionName: connection.name,
  };
  const retryAfter = Math.max(
    attempts.secondsUntilFree('address', attempt.address),
    attempts.secondsUntilFree('identifier', attempt.key),
  );
  if (retryAfter > 0) return { refused: 'too_many_attempts', retryAfter };
  const known = await work.read(async (db) => {
    const user = await findByIdentifier(db, work.tenant.id, connection.num, credentials.identifier);
    if (!user) return undefined;
    const stored = await findPassword(db, user.num);
    return { ...user, stored, isLocked: (await findLock(db, user.num, work.now)) !== undefined };
  });
  if (known ? known.isLocked : attempts.isStrangerLocked(attempt.key)) return fail(work, attempt, known, 'user_locked');
  const isRight =
    credentials.password.length <= MAX_PASSWORD && (await matchesPassword(hasher, known?.stored, credentials.password));
  if (!known || !isRight) return fail(work, attempt, known, 'invalid_credentials');
  const stored = known.stored as string;
  const renewed = isNative(stored) ? null : await hasher.hash(credentials.password);
  return succeed(work, attempt, { id: known.id, stored, renewed });
}

/** Records a failure: in the audit log, and in the count that locks. */
async function fail(
  work: Work,
  attempt: Attempt,
  known: { readonly id: string } | undefined,
  refused: 'invalid_credentials' | 'user_locked',
): Promise<Refused> {
  const { attempts } = work.services;
  attempts.countFailure('address', attempt.address);
  attempts.countFailure('identifier', attempt.key);
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

const witnessFailure = (unit: Unit, { connectionName }: Attempt, userId: string | null, reason: string) =>
  unit.emit('user.sign_in_failed', {
    target: { type: 'user', id: userId },
    data: { reason, connection: connectionName },
  });

interface Proven {
  readonly id: string;
  /** The hash that the password matched. */
  readonly stored: string;
  /** A new hash of the same password, where the stored one is imported or weak. */
  readonly renewed: string | null;
}

/** The password was right: judges what else stands against it, as it is now, and begins the session. */
function succeed(work: Work, attempt: Attempt, proven: Proven): Promise<SignedIn | Refused> {
  const { services, tenant, caller } = work;
  const actor = { ...work.actor, type: 'user', id: proven.id } as const;
  return createWork({ services, tenant, caller, actor }).write(async (unit) => {
    const row = await findUserToChange(unit.db, unit.tenant.id, proven.id);
    const refused = row ? await objection(unit, row, proven) : 'invalid_credentials';
    if (!row || refused) {
      const code = refused ?? 'invalid_credentials';
      await witnessFailure(unit, attempt, row?.id ?? null, code);
      return { refused: code };
    }
    return begin(unit, row, attempt, proven, caller);
  });
}

async function objection(unit: Unit, row: UserRow, { stored }: Proven): Promise<SignInRefusal | undefined> {
  // While the password was being checked, others may have failed, or changed it.
  if ((await findLock(unit.db, row.num, unit.now)) !== undefined) return 'user_locked';
  if ((await findPassword(unit.db, row.num)) !== stored) return 'invalid_credentials';
  const user = parse(row.doc);
  if (user.state !== 'active') return 'user_disabled';
  if (user.password_must_be_reset) return 'password_must_be_reset';
  if (unit.tenant.settings.require_verified_email && !user.email_verified) return 'email_not_verified';
  return undefined;
}

async function begin(
  unit: Unit,
  row: UserRow,
  { connectionName }: Attempt,
  { renewed }: Proven,
  caller: Work['caller'],
): Promise<SignedIn> {
  const before = parse(row.doc);
  const user: User = { ...before, sign_in_count: before.sign_in_count + 1, last_sign_in_at: toWire(unit.now) };
  await clearLockout(unit.db, row.num);
  if (renewed !== null) await renewHash(unit.db, row.num, renewed);
  await saveUser(unit, row, user);
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
