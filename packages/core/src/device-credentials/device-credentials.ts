/**
 * Device credentials. Owns the rules: a user has one public key for each application and device; the refresh tokens of
 * a session are one credential, and deleting that ends the session, whichever token of it is out by then.
 */
import type { deviceCredentials as contract, DeviceCredential } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { isOrphan } from '../database/database.ts';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem, notFound, type Problem } from '../problem.ts';
import { findRow, refusing } from '../rows.ts';
import { endSession } from '../sessions/sessions.store.ts';
import { findUser } from '../users/users.store.ts';
import type { Unit, Work } from '../work.ts';
import {
  countPublicKeys,
  countRefreshing,
  type Filter,
  findPublicKeys,
  findRefreshing,
  findRefreshingUser,
  sessionIdOf,
} from './device-credentials.store.ts';

const SORT = 'device-credentials';
const none = async () => [];

export const list: Operation<typeof contract.list> = (work, { query }) => {
  const { limit = DEFAULT_LIMIT, cursor, type, include_total } = query;
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, SORT, ['string']);
  const filter: Filter = {
    tenantId: work.tenant.id,
    now: work.now,
    userId: query.user_id,
    applicationId: query.application_id,
  };
  const portion = { limit: limit + 1, before: before as string | undefined };
  const [hasKeys, hasTokens] = [
    type === undefined || type === 'public_key',
    // Every refresh token is replaced at its use.
    type === undefined || type === 'rotating_refresh_token',
  ];
  return work.read(async (db) => {
    const found = [
      ...(await (hasKeys ? findPublicKeys(db, filter, portion) : none())),
      ...(await (hasTokens ? findRefreshing(db, filter, portion) : none())),
    ].sort((a, b) => (a.id < b.id ? 1 : -1));
    const total = async () =>
      (hasKeys ? await countPublicKeys(db, filter) : 0) + (hasTokens ? await countRefreshing(db, filter) : 0);
    const { rows, next_cursor } = cut(found, limit, ({ id }) => encodeCursor(SORT, [id.slice(4)]));
    return { device_credentials: rows, next_cursor, ...(include_total ? { total: await total() } : {}) };
  });
};

/** Who is named, or else who asks; both must be there. */
async function holderOf(
  work: Work,
  unit: Unit,
  body: { readonly user_id?: string; readonly application_id?: string },
): Promise<{ userId: string; applicationId: string }> {
  const { actor } = work;
  const userId = body.user_id ?? (actor.type === 'user' ? actor.id : null);
  if (userId === null) throw fieldProblem('user_id', 'required', 'An application must name the user.');
  const applicationId = body.application_id ?? actor.applicationId;
  if (applicationId === null) throw fieldProblem('application_id', 'required', 'Name the application.');
  if (!isId('usr', userId) || !(await findUser(unit.db, unit.tenant.id, userId))) throw missing('user', userId);
  if (!(await findRow(unit.db, 'applications', unit.tenant.id, applicationId)))
    throw missing('application', applicationId);
  return { userId, applicationId };
}

const missing = (kind: 'user' | 'application', id: string): Problem =>
  fieldProblem(`${kind}_id`, 'exists', `No ${kind} has the id "${id}".`);

const refusingTaken = <T>(write: () => Promise<T>): Promise<T> =>
  refusing(
    'device_credentials.type',
    () => fieldProblem('device_id', 'unique', 'The user has a key of this device for this application.', 'conflict'),
    write,
  );

export const create: Operation<typeof contract.create> = async (work, { body }) => {
  try {
    return await refusingTaken(() => work.write((unit) => insert(work, unit, body)));
  } catch (error) {
    if (isOrphan(error)) throw fieldProblem('user_id', 'exists', 'The user or the application has just been deleted.');
    throw error;
  }
};

async function insert(work: Work, unit: Unit, body: Parameters<typeof create>[1]['body']): Promise<DeviceCredential> {
  const { userId, applicationId } = await holderOf(work, unit, body);
  unit.concerns(userId);
  const shown = {
    id: unit.newId('dcr'),
    type: body.type,
    user_id: userId,
    application_id: applicationId,
    device_id: body.device_id,
    device_name: body.device_name,
  };
  const row = { ...shown, tenant_id: unit.tenant.id, value: body.value, created_at: unit.now };
  await unit.db.insertInto('device_credentials').values(row).execute();
  await unit.emit('device_credential.created', {
    target: { type: 'device_credential', id: row.id },
    data: { type: row.type, user_id: userId, application_id: applicationId },
  });
  return { ...shown, created_at: toWire(unit.now), expires_at: null };
}

const remove: Operation<typeof contract.delete> = (work, { credential_id }) =>
  work.write(async (unit) => {
    if (!isId('dcr', credential_id)) throw notFound('device credential', credential_id);
    const target = { type: 'device_credential', id: credential_id };
    const key = await unit.db
      .deleteFrom('device_credentials')
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', credential_id)
      .returning(['type', 'user_id'])
      .executeTakeFirst();
    if (key) return unit.emit('device_credential.deleted', { target, data: { type: key.type, user_id: key.user_id } });
    const sessionId = sessionIdOf(credential_id);
    const userId = await findRefreshingUser(unit.db, { tenantId: unit.tenant.id, now: unit.now }, sessionId);
    if (userId === undefined || !(await endSession(unit, sessionId)))
      throw notFound('device credential', credential_id);
    await unit.emit('device_credential.deleted', {
      target,
      data: { type: 'rotating_refresh_token', user_id: userId },
    });
  });

export { remove as delete };
