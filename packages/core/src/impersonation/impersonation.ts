/**
 * Acting as another user. Whoever may do it is given a one-time link, which gives its application a one-time code, which
 * gives tokens of the user. Owns the invariant that each step names who acts, in the audit log and in what comes of it.
 */
import type { users as contract } from '@reeve/contract';
import { type ApplicationRow, findApplication } from '../applications/applications.store.ts';
import { toWire } from '../clock.ts';
import type { Db } from '../database/database.ts';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem, Problem } from '../problem.ts';
import { mayMakeAdministrators } from '../roles/administrators.ts';
import { newSecret } from '../secret.ts';
import { upsertArtifact } from '../sessions/artifacts.store.ts';
import { administratorLevel } from '../sessions/standing.ts';
import { optionsOf } from '../tickets/options.ts';
import { DeadTicket, issueTicket, readTicket, redeemTicket, type Ticket } from '../tickets/tickets.ts';
import { findUser, findUserToChange, type UserRow } from '../users/users.store.ts';
import { userToChange } from '../users/users.ts';
import { type Actor, createWork, type Unit, type Work } from '../work.ts';
import { CODE_KIND, CODE_MILLISECONDS, type CodeGrant } from './codes.ts';

/** Seconds for which the link works. */
const LINK_LIFETIME = 300;

/** What the link was made for. */
interface Purpose extends CodeGrant {
  readonly state?: string;
}

type Body = Parameters<Operation<typeof contract.impersonate>>[1]['body'];

/** The application that may exchange the code, with what is wrong with it by field. */
async function requireReceiver(db: Db, tenantId: number, body: Body): Promise<ApplicationRow> {
  const { application, redirect_uri, code_challenge } = body;
  const row = await findApplication(db, tenantId, application);
  if (row?.enabled !== 1)
    throw fieldProblem('application', 'exists', `No enabled application is called "${application}".`);
  if (!(JSON.parse(row.grant_types) as string[]).includes('authorization_code'))
    throw fieldProblem('application', 'grant_type', 'The application may not use the grant type authorization_code.');
  if (!(JSON.parse(row.redirect_uris) as string[]).includes(redirect_uri) || !URL.canParse(redirect_uri))
    throw fieldProblem('redirect_uri', 'registered', "redirect_uri is none of the application's redirect_uris.");
  if (row.is_public === 1 && code_challenge === undefined)
    throw fieldProblem('code_challenge', 'required', 'An application that keeps no secret needs a code_challenge.');
  return row;
}

export const refused = (message: string) => new Problem('impersonation_refused', message);

/** Who will act: the caller itself, or the person whom an application names. */
async function impersonatorOf(work: Work, unit: Unit, named: string | undefined): Promise<string | null> {
  const { actor } = work;
  if (actor.impersonatorId !== null) throw refused('Who acts as a user can not act as another one from there.');
  if (actor.type === 'user') {
    if (named !== undefined && named !== actor.id)
      throw fieldProblem('impersonator_id', 'self', 'A signed-in user acts for nobody else.');
    return actor.id;
  }
  if (named === undefined) return actor.id;
  const person = isId('usr', named) ? await findUser(unit.db, unit.tenant.id, named) : undefined;
  if (person?.state !== 'active')
    throw fieldProblem('impersonator_id', 'exists', `No active user has the id "${named}".`);
  return named;
}

/** Nobody becomes more powerful than they are: neither who asks nor the person who will act. */
export async function checkTarget(
  work: Work,
  unit: Unit,
  impersonatorId: string | null,
  target: UserRow,
): Promise<void> {
  if (target.id === impersonatorId) throw refused('Nobody can act as themselves.');
  if (target.state !== 'active') throw new Problem('conflict', 'The user is disabled.');
  const needed = await administratorLevel(unit.db, unit.tenant.id, target.num);
  if (needed === undefined) return;
  if (work.actor.type !== 'user' && !mayMakeAdministrators(work))
    throw new Problem('insufficient_scope', 'To act as an administrator needs the scope roles:write, too.');
  if (impersonatorId === null || !isId('usr', impersonatorId)) return;
  const row = await findUser(unit.db, unit.tenant.id, impersonatorId);
  const held = row && (await administratorLevel(unit.db, unit.tenant.id, row.num));
  if (held === undefined || held > needed)
    throw refused('The user has a more powerful administrator role than who would act.');
}

export function checkAllowed({ tenant }: Pick<Unit, 'tenant'>): void {
  if (!tenant.settings.allow_impersonation)
    throw new Problem(
      'impersonation_disabled',
      "Impersonation is off; it takes allow_impersonation in the tenant's settings.",
    );
}

export const impersonate: Operation<typeof contract.impersonate> = (work, { user_id, body }) =>
  work.write(async (unit) => {
    checkAllowed(unit);
    const target = await userToChange(unit, user_id);
    const application = await requireReceiver(unit.db, unit.tenant.id, body);
    const impersonator_id = await impersonatorOf(work, unit, body.impersonator_id);
    await checkTarget(work, unit, impersonator_id, target);
    const { application: _application, impersonator_id: _named, ...asked } = body;
    const purpose: Purpose = { ...asked, application_id: application.id, impersonator_id };
    const { token, expiresAt } = await issueTicket(unit, {
      kind: 'impersonation',
      userId: target.id,
      email: '',
      lifetime: LINK_LIFETIME,
      options: purpose,
    });
    const { reason = null, scope = null, audience = null } = body;
    await unit.emit('user.impersonation_requested', {
      target: { type: 'user', id: target.id },
      data: { impersonator_id, application_id: application.id, reason, scope, audience },
    });
    return { url: `${unit.tenant.origin}/impersonate?ticket=${token}`, expires_at: toWire(expiresAt) };
  });

/** Whether all that the link rests on still stands. */
async function stands({ db, tenant }: Unit, ticket: Ticket, purpose: Purpose): Promise<boolean> {
  const { application_id, redirect_uri, impersonator_id } = purpose;
  const target = await findUserToChange(db, tenant.id, ticket.user_id as string);
  const application = await findApplication(db, tenant.id, application_id);
  const isRegistered = application && (JSON.parse(application.redirect_uris) as string[]).includes(redirect_uri);
  if (target?.state !== 'active' || application?.enabled !== 1 || !isRegistered) return false;
  if (impersonator_id === null || !isId('usr', impersonator_id)) return true;
  return (await findUser(db, tenant.id, impersonator_id))?.state === 'active';
}

/** Redeems an impersonation link. Returns where its browser goes, with a code. Throws `DeadTicket` where it does not work. */
export async function redeemImpersonation(work: Work, token: string): Promise<string> {
  checkAllowed(work);
  const ticket = await readTicket(work, 'impersonation', token);
  const { state, ...grant } = optionsOf<Purpose>(ticket);
  const actor: Actor = {
    type: 'user',
    id: ticket.user_id,
    applicationId: grant.application_id,
    impersonatorId: grant.impersonator_id,
  };
  const { services, tenant, caller } = work;
  const code = newSecret();
  await createWork({ services, tenant, caller, actor }).write(async (unit) => {
    if (!(await stands(unit, ticket, grant))) throw new DeadTicket('used');
    await redeemTicket(unit, ticket);
    await upsertArtifact(unit.db, tenant.id, {
      kind: CODE_KIND,
      id: services.vault.digest(code),
      grantId: null,
      userId: ticket.user_id,
      sessionId: null,
      payload: JSON.stringify(grant),
      expiresAt: unit.now + CODE_MILLISECONDS,
    });
    await unit.emit('user.impersonation_started', {
      target: { type: 'user', id: ticket.user_id },
      data: { reason: grant.reason ?? null, application_id: grant.application_id },
    });
  });
  const url = new URL(grant.redirect_uri);
  url.searchParams.set('code', code);
  if (state !== undefined) url.searchParams.set('state', state);
  return url.href;
}
