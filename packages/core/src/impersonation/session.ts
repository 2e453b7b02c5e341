/**
 * Acting as another user at once, in a session of that user, where a signed-in administrator asks for it. Links and codes
 * are for applications that take over (`impersonation.ts`); what both refuse is decided there.
 */

import { isMember, memberRoles } from '../organizations/organizations.store.ts';
import { fieldProblem } from '../problem.ts';
import { insertSession } from '../sessions/sessions.store.ts';
import { administratorLevel } from '../sessions/standing.ts';
import { parse, type User } from '../users/document.ts';
import { findUser } from '../users/users.store.ts';
import { userToChange } from '../users/users.ts';
import { type Actor, createWork, type Unit, type Work } from '../work.ts';
import { checkAllowed, checkTarget, refused } from './impersonation.ts';

export interface ImpersonationRequest {
  /** `usr_…` of who is to be acted as. */
  readonly userId: string;
  /** Kept in the audit log; not empty. */
  readonly reason: string;
  /** `app_…` that the session belongs to. */
  readonly applicationId: string;
  /** `org_…` that the caller administers: its members may be acted as by who administers nothing else. */
  readonly organizationId?: string | undefined;
}

/** A session of the target in which the caller acts. */
export interface ImpersonationSession {
  readonly user: User;
  readonly userNum: number;
  readonly tokenVersion: number;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
  /** Who acts. */
  readonly impersonator: User;
  /** `org_…` that the caller may act in alone, where the right to act comes from administering it. */
  readonly withinId?: string;
}

/**
 * Begins a session of another user for the signed-in caller. `more` joins the change. Throws `invalid_request` (self),
 * `impersonation_refused` (chaining, rank, no authority), `not_found`, `conflict` (disabled), `impersonation_disabled`.
 */
export function beginImpersonation<T>(
  work: Work,
  request: ImpersonationRequest,
  more: (unit: Unit, session: ImpersonationSession) => Promise<T>,
): Promise<T> {
  const { services, tenant, caller, actor } = work;
  const { userId, reason, applicationId } = request;
  if (userId === actor.id) throw fieldProblem('user_id', 'self', 'Nobody can act as themselves.');
  if (actor.impersonatorId !== null) throw refused('Who acts as a user can not act as another one from there.');
  const acting: Actor = { type: 'user', id: userId, applicationId, impersonatorId: actor.id };
  return createWork({ services, tenant, caller, actor: acting }).write(async (unit) => {
    checkAllowed(unit);
    const target = await userToChange(unit, userId);
    const impersonator = await findUser(unit.db, tenant.id, actor.id as string);
    if (impersonator?.state !== 'active') throw refused('Who would act is disabled or gone.');
    await checkTarget(work, unit, impersonator.id, target);
    const withinId = await checkAuthority(unit, impersonator.num, target.num, request.organizationId);
    const { ip, userAgent } = caller;
    const session = await insertSession(unit, {
      userId,
      applicationId,
      impersonatorId: impersonator.id,
      ip,
      userAgent,
    });
    const onTarget = { type: 'user', id: userId };
    await unit.emit('user.impersonation_started', {
      target: onTarget,
      data: { reason, application_id: applicationId, session_id: session.id },
    });
    await unit.emit('session.created', { target: { type: 'session', id: session.id }, data: { user_id: userId } });
    return more(unit, {
      user: parse(target.doc),
      userNum: target.num,
      tokenVersion: target.token_version,
      sessionId: session.id,
      sessionExpiresAt: session.expiresAt,
      impersonator: parse(impersonator.doc),
      ...(withinId === undefined ? {} : { withinId }),
    });
  });
}

/**
 * The tenant's administrators may act as anybody below them; who administers an organization, as its members. Returns the
 * organization that the right comes from.
 */
async function checkAuthority(
  { db, tenant }: Unit,
  impersonatorNum: number,
  targetNum: number,
  organizationId: string | undefined,
): Promise<string | undefined> {
  if ((await administratorLevel(db, tenant.id, impersonatorNum)) !== undefined) return undefined;
  if (organizationId === undefined)
    throw refused('To act as a user takes an administrator, or who administers an organization that the user is in.');
  const administers = await memberRoles(db, tenant.id, organizationId, [impersonatorNum]);
  const isInside = await isMember(db, tenant.id, organizationId, targetNum);
  if (!isInside || !(administers.get(impersonatorNum) ?? []).some(({ code }) => code === ORGANIZATION_ADMIN))
    throw refused('The user is no member of an organization that you administer and act in.');
  return organizationId;
}

/** Code of the built-in role whose holders administer the organization that they hold it in. */
const ORGANIZATION_ADMIN = 'org_admin';
