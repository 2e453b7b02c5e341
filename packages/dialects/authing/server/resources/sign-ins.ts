/** Who is signed in, and an end of it. */
import { array, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  endAccess,
  everyItem,
  findClients,
  operations as native,
  noBody,
  row,
  together,
  type Unit,
  type Work,
} from '@reeve/core';
import { applicationFor } from '../application.ts';
import { answered, type Call, poolOf } from '../operation.ts';
import { requireId, requireIds, userBy } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import { plainView, userView } from '../user.ts';

/** Ends sessions and tokens of a user, whatever door they came from. */
async function kick(unit: Unit, user_id: string): Promise<void> {
  await endAccess(unit, user_id);
  await unit.emit('token.revoked', { target: { type: 'user', id: user_id } });
}

/** Users that one call may name. */
const MOST = 1000;
const kickBody = object({ userIds: array(string({ maxLength: 256 }), { maxItems: MOST }) });

/** All of them or none. */
async function kickAll({ work, body }: DialectCall<undefined, Static<typeof kickBody>>) {
  const ids = await requireIds(work, [...new Set(body.userIds)]);
  await together(work, async (_inner, unit) => {
    // In one order: two who end the same users' access at once wait for each other in none.
    for (const id of [...ids.values()].toSorted()) await kick(unit, id);
  });
  return answered(null);
}

const sessionsOf = (work: Work, user_id: string) =>
  everyItem('sessions', (query) => native.sessions.listForUser(work, { user_id, query, body: undefined }));

const userId = string({ maxLength: 256 });
const appId = optional(string({ maxLength: 256 }));
const logoutQuery = object({ userId, appId });

/** Tokens of this door name no session: with those of its own application everything ends. */
async function logout(call: DialectCall<Static<typeof logoutQuery>>) {
  const { work, query } = call;
  const user_id = await requireId(work, query.userId);
  const application = await applicationFor(work, query.appId);
  const own = await applicationFor(work, poolOf(call));
  await together(work, async (inner, unit) => {
    if (application === undefined || application === own) return kick(unit, user_id);
    for (const { id, application_id } of await sessionsOf(inner, user_id))
      if (application_id === application) await native.sessions.revoke(inner, { session_id: id, ...noBody });
  });
  return answered(null);
}

const statusQuery = object({ userId, appId, deviceId: optional(string({ maxLength: 256 })) });

/** Whether the user has a live session, of one application or of any, and of which. */
async function loginStatus(call: DialectCall<Static<typeof statusQuery>>) {
  const { work, query } = call;
  if (query.deviceId) throw new Refusal(CODES.failed, 'deviceId: sessions name no devices here.', 'deviceId');
  const user_id = await requireId(work, query.userId);
  const application = await applicationFor(work, query.appId);
  const sessions = await sessionsOf(work, user_id);
  const live = sessions.filter(({ application_id: id }) => application === undefined || id === application);
  if (live.length === 0) return answered({ isLogin: false, user: null, application: [] });
  const view = await userView(call, await userBy(work, user_id));
  return answered({
    isLogin: true,
    user: await plainView(view, false),
    application: await applicationViews(call, live),
  });
}

async function applicationViews({ work }: Call, sessions: readonly { readonly application_id: string | null }[]) {
  const ids = [...new Set(sessions.flatMap(({ application_id: id }) => id ?? []))];
  const clients = await work.read((db) => findClients(db, work.tenant.id, ids));
  return ids.flatMap((id) => {
    const client = clients.get(id);
    return client ? [{ id: client.client_id, name: client.name }] : [];
  });
}

const WRITE = ['sessions:write'];

export const signInRows: readonly DialectRow[] = [
  row('POST /api/v2/users/kick', { scopes: WRITE, body: kickBody, run: kickAll }),
  row('GET /logout', { scopes: WRITE, query: logoutQuery, run: logout }),
  row('GET /api/v2/users/login-status', { scopes: ['sessions:read'], query: statusQuery, run: loginStatus }),
];
