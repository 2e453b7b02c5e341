/**
 * Who comes in through this vendor's door, into which application and organization. App grants and `auto_grant_on_signup`
 * gate this door only.
 */
import type { Application } from '@reeve/contract';
import {
  addToPool,
  anonymousActor,
  createWork,
  type DialectCall,
  findApplication,
  findUser,
  grantApplication,
  hasApplicationGrant,
  isMember,
  noBody,
  operations,
  poolsOfApplication,
  resultOf,
  type Unit,
  type Work,
} from '@reeve/core';
import { applicationFor } from './app.ts';
import { idFrom } from './ids.ts';
import { type OrganizationView, organizationContext, organizationView } from './organization.ts';
import { Refusal } from './problems.ts';
import { type OrganizationContext, pairOf, type TokenPair, type TokenSubject } from './tokens.ts';
import { type UserView, userView } from './user.ts';

/** The work of a stranger at the door of an application. */
export const at = ({ work: { services, tenant, caller } }: Pick<DialectCall, 'work'>, { id }: Application): Work =>
  createWork({ services, tenant, caller, actor: { ...anonymousActor, applicationId: id }, scopes: new Set() });

export interface Entrance {
  readonly application: Application;
  readonly pools: readonly { readonly num: number; readonly id: string; readonly name: string }[];
}

/** The application that a request is for, and the pools in which it looks for people, the one it registers in first. */
export async function entranceOf(work: Work, code: string | undefined): Promise<Entrance> {
  const application = await applicationFor(work, code);
  const pools = await work.read((db) => poolsOfApplication(db, work.tenant.id, application.id));
  return { application, pools };
}

/** The organization that a session is to act in. Throws `ORGANIZATION_NOT_FOUND`, `INVALID_INPUT`. */
export async function organizationFor(
  work: Work,
  organizationId: string | undefined,
): Promise<OrganizationContext | undefined> {
  if (organizationId === undefined) return undefined;
  const id = idFrom('org', 'organization_id', organizationId);
  const found = await work.read((db) => organizationContext(db, work.tenant.id, id));
  if (!found) throw new Refusal(404, 'ORGANIZATION_NOT_FOUND', 'No organization has this id.');
  return found;
}

/** The application of a session that goes on. */
export async function applicationToEnter({ db, tenant }: Unit, applicationId: string) {
  const found = await findApplication(db, tenant.id, applicationId);
  if (found?.enabled !== 1) throw new Refusal(403, 'VALIDATION_ERROR', 'The application is not active.');
  return { id: found.id };
}

/** Throws unless the user is a member of the organization. */
export async function checkIsMember(
  { db, tenant }: Unit,
  organization: Pick<OrganizationContext, 'id'> | undefined,
  userNum: number,
): Promise<void> {
  if (organization && !(await isMember(db, tenant.id, organization.id, userNum)))
    throw new Refusal(403, 'NOT_ORGANIZATION_MEMBER', 'The user is no member of this organization.');
}

/** Throws unless the user may use the application. */
export async function checkGrant(
  { db, tenant }: Unit,
  { id }: Pick<Application, 'id'>,
  { num }: { readonly num: number },
): Promise<void> {
  if (!(await hasApplicationGrant(db, tenant.id, id, num)))
    throw new Refusal(403, 'FORBIDDEN', 'The user has no access to this application; an administrator grants it.');
}

/** The same at a sign-in: an application that grants itself does so now. */
export async function grantAtSignIn(
  unit: Unit,
  application: Pick<Application, 'id' | 'auto_grant_on_signup'>,
  user: { readonly id: string; readonly num: number },
): Promise<void> {
  if (application.auto_grant_on_signup) await grantApplication(unit, application.id, user);
  else await checkGrant(unit, application, user);
}

/** Whoever comes in belongs to every pool of the application from then on. */
export async function joinPools(unit: Unit, pools: Entrance['pools'], userId: string): Promise<void> {
  const user = pools.length > 1 ? await findUser(unit.db, unit.tenant.id, userId) : undefined;
  if (user) for (const pool of pools) await addToPool(unit, user, pool);
}

export interface AuthResponse {
  readonly user: UserView;
  readonly organization?: OrganizationView;
  readonly tokens: TokenPair;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** What a sign-in answers (contract `shapes.AuthResponse`). */
export async function signedInAnswer(call: DialectCall, subject: TokenSubject): Promise<AuthResponse> {
  const { pair, roles } = await pairOf(call, subject);
  const { organization } = subject;
  return {
    user: await userView(call.work, subject.user),
    ...(organization ? { organization: await organizationOf(call.work, organization.id) } : {}),
    tokens: pair,
    roles,
    permissions: [],
  };
}

const organizationOf = async (work: Work, organization_id: string): Promise<OrganizationView> =>
  organizationView(work, resultOf(await operations.organizations.get(work, { organization_id, ...noBody })));
