/**
 * The secrets of an application. At rest there are only digests; a secret is shown once, when it is made. Owns the
 * invariant that a rotation never leaves a moment without a working secret: the old one works on until the overlap ends.
 */
import type { Application, applications as contract, Scope } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import { findGrantedScopes, spellManagement } from '../client-grants/client-grants.store.ts';
import { toWire } from '../clock.ts';
import type { Operation } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { MANAGEMENT_AUDIENCE } from '../resource-servers/audiences.ts';
import { newSecret } from '../secret.ts';
import type { Unit, Work } from '../work.ts';
import { type ApplicationRow, requireApplication } from './applications.store.ts';

/** Secrets that work at once. */
const MAX_LIVE = 10;
const HINT_LENGTH = 4;

/** Whether applications of a type keep no secret (RFC 6749 §2.1: the public ones), unless they say otherwise. */
export const isPublicByDefault = (type: Application['type']): boolean => type === 'spa' || type === 'native';

/**
 * Throws unless the caller holds every scope that it is about to hand out: nobody makes a key stronger than their own.
 * `spelled`: scopes of the Auth0 Management API, of which a token that spells them so holds the very same ones.
 */
export function checkMayGrant(work: Work, scopes: readonly Scope[], spelled: readonly string[] = []): void {
  // One native scope is all of Auth0's that spell it.
  const whole = scopes.filter(
    (scope) => !work.allows(scope) || !spellManagement([scope]).every((name) => holds(work, name)),
  );
  const finer = spelled.filter((name) => !holds(work, name));
  const beyond = [...whole, ...finer];
  if (beyond.length > 0)
    throw new Problem(
      'insufficient_scope',
      `A token can hand out only scopes that it holds; it lacks ${beyond.join(', ')}.`,
    );
}

function holds(work: Work, name: string): boolean {
  const scope = auth0Scopes.get(name);
  return scope === undefined || work.allows(scope, [name]);
}

/** Throws unless the caller holds everything that who has the application's secret gets. */
export async function checkMayUse(work: Work, { db, tenant }: Unit, { id, scopes }: ApplicationRow): Promise<void> {
  const granted = await findGrantedScopes(db, tenant.id, id, MANAGEMENT_AUDIENCE);
  checkMayGrant(work, JSON.parse(scopes) as Scope[], granted);
}

/** Returns the id of the secret. */
export async function insertSecret(unit: Unit, applicationId: string, secret: string): Promise<string> {
  const id = unit.newId('sec');
  await unit.db
    .insertInto('application_secrets')
    .values({
      id,
      tenant_id: unit.tenant.id,
      application_id: applicationId,
      digest: unit.services.vault.digest(secret),
      hint: secret.slice(-HINT_LENGTH),
      created_at: unit.now,
      expires_at: null,
      last_used_at: null,
    })
    .execute();
  return id;
}

/** Lets every live secret end at `expiresAt` at the latest. Returns their ids; those that are dead already are removed. */
async function retireSecrets(unit: Unit, applicationId: string, expiresAt: number): Promise<string[]> {
  const { db, tenant, now } = unit;
  await db
    .deleteFrom('application_secrets')
    .where('tenant_id', '=', tenant.id)
    .where('application_id', '=', applicationId)
    .where('expires_at', '<=', now)
    .execute();
  const live = await db
    .selectFrom('application_secrets')
    .select(['id', 'expires_at'])
    .where('tenant_id', '=', tenant.id)
    .where('application_id', '=', applicationId)
    .execute();
  for (const { id, expires_at } of live) {
    if (expires_at !== null && expires_at <= expiresAt) continue;
    await db
      .updateTable('application_secrets')
      .set({ expires_at: expiresAt })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', id)
      .execute();
  }
  return live.map(({ id }) => id);
}

/** Ends every secret of an application at once, each with its event. */
export async function revokeSecrets({ db, tenant, emit }: Unit, applicationId: string): Promise<void> {
  const gone = await db
    .deleteFrom('application_secrets')
    .where('tenant_id', '=', tenant.id)
    .where('application_id', '=', applicationId)
    .returning('id')
    .execute();
  for (const { id } of gone)
    await emit('application.secret_revoked', {
      target: { type: 'application', id: applicationId },
      data: { revoked: id },
    });
}

export const rotateSecret: Operation<typeof contract.rotateSecret> = async (work, { application_id, body }) => {
  const secret = newSecret();
  return work.write(async (unit) => {
    const row = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    // Its own secret an application may always renew; who signed in through it is somebody else.
    const isOwn = work.actor.type === 'application' && row.id === work.actor.applicationId;
    if (!isOwn) await checkMayUse(work, unit, row);
    if (row.is_public === 1)
      throw new Problem('conflict', 'The application is public: it keeps no secret; there is none to rotate.');
    const overlap = body.overlap ?? row.secret_overlap;
    const expiresAt = unit.now + overlap * 1000;
    const retired = await retireSecrets(unit, row.id, expiresAt);
    if (overlap > 0 && retired.length >= MAX_LIVE)
      throw new Problem(
        'limit_reached',
        `The application has ${retired.length} secrets that work; revoke one, or rotate with an overlap of 0.`,
      );
    const secretId = await insertSecret(unit, row.id, secret);
    const expires = retired.length === 0 ? null : toWire(expiresAt);
    unit.afterCommit(unit.services.onAccessChange);
    await unit.emit('application.secret_rotated', {
      target: { type: 'application', id: row.id },
      data: { added: secretId, retired, expires_at: expires },
    });
    return { client_secret: secret, expires_at: expires };
  });
};

/** The secrets that work now, the newest first. */
export const listSecrets: Operation<typeof contract.listSecrets> = (work, { application_id }) =>
  work.read(async (db) => {
    const application = await requireApplication(db, work.tenant.id, application_id);
    const rows = await db
      .selectFrom('application_secrets')
      .select(['id', 'hint', 'created_at', 'expires_at', 'last_used_at'])
      .where('tenant_id', '=', work.tenant.id)
      .where('application_id', '=', application.id)
      .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', work.now)]))
      .orderBy('id', 'desc')
      .execute();
    return {
      secrets: rows.map((row) => ({
        id: row.id,
        hint: row.hint,
        created_at: toWire(row.created_at),
        expires_at: row.expires_at === null ? null : toWire(row.expires_at),
        last_used_at: row.last_used_at === null ? null : toWire(row.last_used_at),
      })),
    };
  });

export const revokeSecret: Operation<typeof contract.revokeSecret> = (work, { application_id, secret_id }) =>
  work.write(async (unit) => {
    const application = await requireApplication(unit.db, unit.tenant.id, application_id, 'change');
    const gone = await unit.db
      .deleteFrom('application_secrets')
      .where('tenant_id', '=', unit.tenant.id)
      .where('application_id', '=', application.id)
      .where('id', '=', secret_id)
      .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', unit.now)]))
      .returning('id')
      .executeTakeFirst();
    if (!gone) throw notFound('secret', secret_id);
    unit.afterCommit(unit.services.onAccessChange);
    await unit.emit('application.secret_revoked', {
      target: { type: 'application', id: application.id },
      data: { revoked: gone.id },
    });
  });
