/**
 * Refresh tokens of doors that are not OAuth's. Owns the invariants that a token is exchanged once, and that a second
 * exchange ends its session with all that hangs on it: which of the two was the thief's can't be told.
 */
import { toWire } from '../clock.ts';
import type { RuleClaims, RuleSignIn, RuleVerdict } from '../rules/run.ts';
import { newSecret } from '../secret.ts';
import { parse, type User } from '../users/document.ts';
import { findUser, findUserToChange } from '../users/users.store.ts';
import { type Actor, createWork, type Unit, type Work } from '../work.ts';
import { consumeArtifact, findArtifact, type StoredArtifact, upsertArtifact } from './artifacts.store.ts';
import { endSession, findSession, touchSession } from './sessions.store.ts';

/** Of the artifact that a token is. */
export const DOOR_REFRESH_KIND = 'DoorRefreshToken';

/** What the door wants to know again at the exchange. */
export interface RefreshPurpose {
  readonly application_id: string;
  /** Seconds for which each token of the session may wait for its exchange. */
  readonly lifetime: number;
  /** `org_…` that the session acts in. */
  readonly organization_id?: string;
  /** `org_…` that it may act in alone: of an impersonation by who administers no more than that. */
  readonly within_id?: string;
}

export interface RefreshToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

interface Holder {
  readonly userId: string;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
}

/** Makes a token for a session; it never outlives it. `grant`: what it is made for, as the audit log tells it. */
export async function issueRefreshToken(
  unit: Unit,
  { userId, sessionId, sessionExpiresAt }: Holder,
  purpose: RefreshPurpose,
  grant: 'password' | 'impersonation' | 'refresh_token',
): Promise<RefreshToken> {
  const { db, tenant, services, now } = unit;
  const token = newSecret();
  const expiresAt = Math.min(sessionExpiresAt, now + purpose.lifetime * 1000);
  await upsertArtifact(db, tenant.id, {
    kind: DOOR_REFRESH_KIND,
    id: services.vault.digest(token),
    grantId: null,
    userId,
    sessionId,
    payload: JSON.stringify(purpose),
    expiresAt,
  });
  await unit.emit('token.issued', {
    target: { type: 'user', id: userId },
    data: { grant_type: grant, session_id: sessionId, expires_at: toWire(expiresAt) },
  });
  return { token, expiresAt };
}

/** A session that goes on. */
export interface Refreshed {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly sessionId: string;
  readonly impersonatorId: string | null;
  readonly purpose: RefreshPurpose;
  readonly refresh: RefreshToken;
  /** What the tenant's rules put into the tokens. */
  readonly claims?: RuleClaims | undefined;
}

export type RefreshRefusal = 'invalid' | 'expired' | 'used' | 'user_disabled' | 'rule_denied';

/** What stands behind a token, before it is exchanged. */
export interface RefreshGround {
  readonly user: User;
  readonly userNum: number;
  readonly actor: Actor;
  readonly purpose: RefreshPurpose;
}

interface Stored extends StoredArtifact {
  readonly id: string;
  readonly purpose: RefreshPurpose;
  readonly impersonatorId: string | null;
  readonly sessionExpiresAt: number;
}

async function find({ services, tenant, now, read }: Work, token: string): Promise<Stored | RefreshRefusal> {
  const id = services.vault.digest(token);
  return read(async (db) => {
    const stored = await findArtifact(db, tenant.id, DOOR_REFRESH_KIND, id);
    if (stored?.session_id == null || stored.user_id === null) return 'invalid';
    const purpose = JSON.parse(stored.payload) as RefreshPurpose;
    const which = { id: stored.session_id, applicationId: purpose.application_id };
    const session = await findSession(db, tenant.id, which, now);
    if (!session) return 'invalid';
    if (stored.expires_at <= now) return 'expired';
    return {
      ...stored,
      id,
      purpose,
      impersonatorId: session.impersonatorId,
      sessionExpiresAt: session.expiresAt,
    };
  });
}

const actingFor = ({ user_id, purpose, impersonatorId }: Stored): Actor => ({
  type: 'user',
  id: user_id,
  applicationId: purpose.application_id,
  impersonatorId,
});

/** What a door says to an exchange. Where it throws, the token stays as good as it was. */
export interface RefreshDoor {
  /** Asks the tenant's rules, before the change: they are no part of a unit. */
  readonly judge: (work: Work, signIn: Pick<RuleSignIn, 'user' | 'userNum' | 'sessionId'>) => Promise<RuleVerdict>;
  /** Asked inside the change: what the session shall be from now on. */
  readonly admit: (unit: Unit, ground: RefreshGround) => Promise<RefreshPurpose>;
}

/** Exchanges a token for a new one, or says why not. */
export async function exchangeRefreshToken(
  work: Work,
  token: string,
  { judge, admit }: RefreshDoor,
): Promise<Refreshed | { readonly refused: RefreshRefusal; readonly message?: string }> {
  const stored = await find(work, token);
  if (typeof stored === 'string') return { refused: stored };
  const { services, tenant, caller } = work;
  const actor = actingFor(stored);
  const sessionId = stored.session_id as string;
  const acting = createWork({ services, tenant, caller, actor });
  // A token that was used before is no sign-in: its session is about to be ended.
  const known =
    stored.consumed_at === null
      ? await work.read((db) => findUser(db, tenant.id, stored.user_id as string))
      : undefined;
  const verdict = known && (await judge(acting, { user: parse(known.doc), userNum: known.num, sessionId }));
  if (verdict && 'denied' in verdict) return { refused: 'rule_denied', message: verdict.denied };
  return acting.write(async (unit) => {
    // User, session, token: whatever changes several of them does it in this order, so that none waits for another in a ring.
    const row = await findUserToChange(unit.db, tenant.id, stored.user_id as string);
    if (row?.state !== 'active') return { refused: 'user_disabled' as const };
    if (!(await touchSession(unit, sessionId))) return { refused: 'invalid' as const };
    if (!(await consumeArtifact(unit.db, tenant.id, DOOR_REFRESH_KIND, stored.id, unit.now)))
      return endAll(unit, sessionId);
    const user = parse(row.doc);
    const purpose = await admit(unit, { user, userNum: row.num, actor, purpose: stored.purpose });
    const holder = { userId: row.id, sessionId, sessionExpiresAt: stored.sessionExpiresAt };
    const refresh = await issueRefreshToken(unit, holder, purpose, 'refresh_token');
    return {
      user,
      userNum: row.num,
      tokenVersion: row.token_version,
      sessionId,
      impersonatorId: stored.impersonatorId,
      purpose,
      refresh,
      claims: verdict?.claims,
    };
  });
}

async function endAll(unit: Unit, sessionId: string): Promise<{ readonly refused: 'used' }> {
  await unit.emit('token.reuse_detected', {
    target: { type: 'session', id: sessionId },
    data: { user_id: unit.actor.id },
  });
  await endSession(unit, sessionId);
  return { refused: 'used' };
}

/** Ends the session of a token, whoever brings it. False where the token names none that is live. */
export async function endSessionOfToken(work: Work, token: string): Promise<boolean> {
  const stored = await find(work, token);
  if (typeof stored === 'string') return false;
  const { services, tenant, caller } = work;
  return createWork({ services, tenant, caller, actor: actingFor(stored) }).write((unit) =>
    endSession(unit, stored.session_id as string),
  );
}
