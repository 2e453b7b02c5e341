/**
 * Authorization codes. Owns the invariants that a code is exchanged once, by the application that it was made for, and
 * that a second exchange ends what came of the first (RFC 6749 §4.1.2).
 */
import { createHash } from 'node:crypto';
import { judgeSignIn, type RuleClaims, type RuleVerdict } from '../rules/run.ts';
import { sameDigest } from '../secret.ts';
import { consumeArtifact, findArtifact, type StoredArtifact } from '../sessions/artifacts.store.ts';
import { endSession, insertSession } from '../sessions/sessions.store.ts';
import { scopesOfUser } from '../sessions/standing.ts';
import { parse, type User } from '../users/document.ts';
import { findUser, findUserToChange } from '../users/users.store.ts';
import { type Actor, createWork, type Unit, type Work } from '../work.ts';

/** Of the artifact that a code is. */
export const CODE_KIND = 'AuthorizationCode';
/** How long a code may wait for its exchange. */
export const CODE_MILLISECONDS = 60_000;

/** What a code stands for. */
export interface CodeGrant {
  readonly application_id: string;
  readonly redirect_uri: string;
  /** `usr_…` or `app_…`. */
  readonly impersonator_id: string | null;
  readonly scope?: string;
  readonly audience?: string;
  readonly reason?: string;
  /** PKCE, method S256. */
  readonly code_challenge?: string;
}

export interface CodeExchange {
  readonly code: string;
  /** Of the authenticated client. */
  readonly applicationId: string;
  readonly redirectUri: string;
  readonly codeVerifier: string | undefined;
}

/** A session of the user that the code was made for. */
export interface CodeSession {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly permissions: ReadonlySet<string>;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
  readonly impersonatorId: string | null;
  /** What the tenant's rules put into the tokens. */
  readonly claims?: RuleClaims | undefined;
}

export type CodeRefusal = 'invalid' | 'used' | 'redirect_uri' | 'code_verifier';

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

function mismatch(grant: CodeGrant, { redirectUri, codeVerifier }: CodeExchange): CodeRefusal | undefined {
  if (grant.redirect_uri !== redirectUri) return 'redirect_uri';
  if (grant.code_challenge === undefined) return codeVerifier === undefined ? undefined : 'code_verifier';
  const isRight = codeVerifier !== undefined && sameDigest(challengeOf(codeVerifier), grant.code_challenge);
  return isRight ? undefined : 'code_verifier';
}

const grantOf = ({ payload }: StoredArtifact): CodeGrant => JSON.parse(payload) as CodeGrant;

/** What a code stands for, as far as this application may know; undefined of what is none of its codes. Changes nothing. */
export async function readCode(work: Work, code: string, applicationId: string): Promise<CodeGrant | undefined> {
  const stored = await findCode(work, work.services.vault.digest(code));
  const grant = stored && grantOf(stored);
  return grant?.application_id === applicationId ? grant : undefined;
}

const findCode = (work: Work, id: string) => work.read((db) => findArtifact(db, work.tenant.id, CODE_KIND, id));

/** Why a code is not exchanged; `denied`: the words of the rule that refuses. */
export type CodeRefused = { readonly refused: CodeRefusal } | { readonly denied: string };

/**
 * Exchanges a code for a session, or says why not. The tenant's rules are asked before it begins; where one refuses, the
 * code is as it was.
 */
export async function exchangeCode(work: Work, exchange: CodeExchange): Promise<CodeSession | CodeRefused> {
  const { services, tenant, caller } = work;
  const id = services.vault.digest(exchange.code);
  const stored = await findCode(work, id);
  const grant = stored && grantOf(stored);
  if (!grant || grant.application_id !== exchange.applicationId) return { refused: 'invalid' };
  const wrong = mismatch(grant, exchange);
  if (stored.consumed_at === null && wrong) return { refused: wrong };
  if (stored.consumed_at === null && stored.expires_at <= services.clock.now()) return { refused: 'invalid' };
  const actor: Actor = {
    type: 'user',
    id: stored.user_id,
    applicationId: exchange.applicationId,
    impersonatorId: grant.impersonator_id,
  };
  const acting = createWork({ services, tenant, caller, actor });
  const verdict = stored.consumed_at === null ? await askRules(acting) : undefined;
  if (verdict && 'denied' in verdict) return { denied: verdict.denied };
  const begun = await acting.write(async (unit) => {
    // The user's row goes first, as wherever sessions change.
    if (actor.id !== null) await findUserToChange(unit.db, tenant.id, actor.id);
    if (!(await consumeArtifact(unit.db, tenant.id, CODE_KIND, id, unit.now))) return endFirst(unit, id);
    return begin(unit, id, work);
  });
  return 'refused' in begun ? begun : { ...begun, claims: verdict?.claims };
}

/** The rules' word on the user, where nothing else stands against the exchange. */
async function askRules(work: Work): Promise<RuleVerdict | undefined> {
  const { tenant, actor } = work;
  const row = await work.read((db) => findUser(db, tenant.id, actor.id ?? ''));
  if (row?.state !== 'active') return undefined;
  return judgeSignIn(work, { user: parse(row.doc), userNum: row.num, protocol: 'oidc-basic-profile' });
}

/** The code came again: which of the two was the thief's can't be told, so what came of it ends. */
async function endFirst(unit: Unit, id: string): Promise<{ readonly refused: CodeRefusal }> {
  const stored = await findArtifact(unit.db, unit.tenant.id, CODE_KIND, id);
  await unit.emit('token.reuse_detected', {
    target: { type: 'session', id: stored?.session_id ?? null },
    data: { user_id: unit.actor.id },
  });
  if (stored?.session_id != null) await endSession(unit, stored.session_id);
  return { refused: 'used' };
}

async function begin(
  unit: Unit,
  id: string,
  { caller }: Work,
): Promise<CodeSession | { readonly refused: CodeRefusal }> {
  const { db, tenant, actor } = unit;
  const row = actor.id === null ? undefined : await findUserToChange(db, tenant.id, actor.id);
  if (row?.state !== 'active') return { refused: 'invalid' };
  const session = await insertSession(unit, {
    userId: row.id,
    applicationId: actor.applicationId,
    impersonatorId: actor.impersonatorId,
    ip: caller.ip,
    userAgent: caller.userAgent,
  });
  // Kept as long as the session, so that a second use is recognised as long as there is something to end.
  await db
    .updateTable('oidc_artifacts')
    .set({ session_id: session.id, expires_at: session.expiresAt })
    .where('tenant_id', '=', tenant.id)
    .where('kind', '=', CODE_KIND)
    .where('id', '=', id)
    .execute();
  await unit.emit('session.created', { target: { type: 'session', id: session.id }, data: { user_id: row.id } });
  return {
    user: parse(row.doc),
    userNum: row.num,
    tokenVersion: row.token_version,
    permissions: await scopesOfUser(db, tenant.id, row.num),
    sessionId: session.id,
    sessionExpiresAt: session.expiresAt,
    impersonatorId: actor.impersonatorId,
  };
}
