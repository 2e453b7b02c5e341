/** `/admin/users`: the people of the tenant, their roles and sessions, acting as one of them, and their end. */
import { array, boolean, object, optional, type Static, string } from '@reeve/contract';
import {
  beginImpersonation,
  type DialectCall,
  type DialectRow,
  everyItem,
  idOfUuid,
  issueRefreshToken,
  isUuid,
  noBody,
  operations,
  Problem,
  replaceRoles,
  resultOf,
  row,
  setPassword,
  together,
} from '@reeve/core';
import { applicationFor } from '../app.ts';
import { organizationFor, signedInAnswer } from '../door.ts';
import { PLATFORM_ADMIN, SIGNED_IN, SYSTEM_ADMIN } from '../gate.ts';
import { idFrom, userIdOf } from '../ids.ts';
import { Refusal } from '../problems.ts';
import { ORGANIZATION_CODES, roleView } from '../role.ts';
import { sessionViews, terminate } from '../session.ts';
import { REFRESH_SECONDS } from '../tokens.ts';
import { checkPassword, requireUser, unknownUser, userViews } from '../user.ts';
import { userList } from './user-list.ts';

const keys = optional(array(string({ maxLength: 254 })));
const lookupBody = object({ emails: keys, ids: keys });
const MOST_KEYS = 200;

async function lookup({ work, body }: DialectCall<undefined, Static<typeof lookupBody>>) {
  const { emails = [], ids = [] } = body;
  const count = emails.length + ids.length;
  // D7: nothing to look up is an error.
  if (count === 0 || count > MOST_KEYS)
    throw new Refusal(400, 'INVALID_INPUT', `emails and ids must name 1 to ${MOST_KEYS} users together.`, {
      field: 'emails|ids',
    });
  if (!ids.every(isUuid)) throw new Refusal(400, 'INVALID_INPUT', 'ids must be UUIDs.', { field: 'ids' });
  const found = resultOf(
    await operations.users.lookup(work, {
      query: undefined,
      body: { emails: emails.filter((email) => email !== ''), ids: ids.map((id) => idOfUuid('usr', id)) },
    }),
  );
  const users = found.users.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return { users: await userViews(work, users), count: users.length };
}

const get = async ({ work, params }: DialectCall) => {
  const [user] = await userViews(work, [await requireUser(work, userIdOf(params))]);
  return { user };
};

/** Contract `users.listRoles`: of an unknown user, none. */
async function listRoles({ work, params }: DialectCall) {
  const user_id = userIdOf(params);
  const roles = await noneIfUnknown(
    everyItem('roles', (query) => operations.users.listRoles(work, { user_id, query, body: undefined })),
  );
  return { roles: roles.filter(({ namespace }) => namespace === 'default').map(roleView) };
}

async function noneIfUnknown<Item>(items: Promise<Item[]>): Promise<Item[]> {
  try {
    return await items;
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return [];
    throw error;
  }
}

const rolesBody = object({
  role_codes: optional(array(string({ minLength: 1, maxLength: 128 }), { maxItems: 200 })),
  role_ids: optional(array(string({ minLength: 1, maxLength: 128 }), { maxItems: 200 })),
  revoke_sessions: optional(boolean()),
});

/** D4 and D19: all or nothing, in force at once: the tokens that are out end, and a refresh gives the new roles. */
async function setRoles({ work, params, body }: DialectCall<undefined, Static<typeof rolesBody>>) {
  const user_id = userIdOf(params);
  const { role_codes: codes, role_ids: ids, revoke_sessions: endsSessions = false } = body;
  if (!codes && !ids)
    throw new Refusal(400, 'INVALID_INPUT', 'role_codes must list the roles.', { field: 'role_codes' });
  const roles = [...new Set([...(codes ?? []), ...(ids ?? []).map((id) => idFrom('rol', 'role_ids', id))])];
  return together(work, async (inner) => {
    const held = await replaceRoles(inner, { userId: user_id, roles, namespace: 'default', judge: notInside }).catch(
      unknownRole,
    );
    if (endsSessions) await operations.sessions.revokeAllForUser(inner, { user_id, ...noBody });
    return { roles: held.roles.map(roleView), sessions_revoked: endsSessions };
  });
}

function notInside({ namespace, code }: { readonly namespace: string; readonly code: string }): void {
  if (namespace === 'default' && !ORGANIZATION_CODES.has(code)) return;
  throw new Refusal(400, 'VALIDATION_ERROR', `The role ${code} is no role of the platform.`, { field: 'role_codes' });
}

/** Contract `users.setRoles`: an unknown code. */
function unknownRole(error: unknown): never {
  if (!(error instanceof Problem && error.code === 'invalid_request') || error instanceof Refusal) throw error;
  throw new Refusal(400, 'INVALID_INPUT', error.errors?.[0]?.message ?? error.message, { field: 'role_codes' });
}

const listSessions = ({ work, params, claims }: DialectCall) =>
  noneIfUnknown(sessionViews(work, userIdOf(params), claims.sid as string));

async function terminateSession({ work, params }: DialectCall) {
  await terminate(work, userIdOf(params), 'sessionId', params.session_id);
  return { success: true };
}

/** Contract `users.revokeSessions`: an unknown user has none. */
async function revokeSessions({ work, params }: DialectCall) {
  const user_id = userIdOf(params);
  await noneIfUnknown(operations.sessions.revokeAllForUser(work, { user_id, ...noBody }).then(() => []));
  return { success: true };
}

const passwordBody = object({ user_id: string({ maxLength: 128 }), new_password: string({ maxLength: 1024 }) });

/** D18: audited; the sessions stay. */
async function setPasswordOf({ work, body }: DialectCall<undefined, Static<typeof passwordBody>>) {
  if (body.user_id === '' || body.new_password === '')
    throw new Refusal(400, 'INVALID_INPUT', 'user_id and new_password must not be empty.', { field: 'body' });
  const userId = idFrom('usr', 'user_id', body.user_id);
  checkPassword(body.new_password);
  await requireUser(work, userId);
  await setPassword(work, userId, body.new_password);
  return { success: true };
}

const reasonBody = object({ reason: string({ maxLength: 500 }) });

const reasonOf = ({ reason }: Static<typeof reasonBody>): string => {
  if (reason.trim() === '') throw new Refusal(400, 'INVALID_INPUT', 'reason must not be empty.', { field: 'reason' });
  return reason;
};

/** D10 and D22: the stamp stays through refreshes, and nobody acts as who is above them. */
async function impersonate(call: DialectCall<undefined, Static<typeof reasonBody>>) {
  const { work, params, body, claims } = call;
  const userId = userIdOf(params);
  const reason = reasonOf(body);
  const application = await applicationFor(work, claims.azp as string);
  const organization = await organizationFor(work, claims.org_id as string | undefined);
  const subject = await beginImpersonation(
    work,
    { userId, reason, applicationId: application.id, organizationId: organization?.id },
    async (unit, session) => {
      const holder = { userId, sessionId: session.sessionId, sessionExpiresAt: session.sessionExpiresAt };
      const purpose = {
        application_id: application.id,
        lifetime: REFRESH_SECONDS.short,
        ...(session.withinId === undefined ? {} : { within_id: session.withinId }),
      };
      const refresh = await issueRefreshToken(unit, holder, purpose, 'impersonation');
      return { ...session, refresh };
    },
  );
  return signedInAnswer(call, {
    ...subject,
    application: { id: application.id, clientId: application.client_id, code: application.client_id },
    isRemembered: false,
  });
}

async function hardDelete({ work, params, body }: DialectCall<undefined, Static<typeof reasonBody>>) {
  const user_id = userIdOf(params);
  const reason = reasonOf(body);
  if (user_id === work.actor.id)
    throw new Refusal(400, 'INVALID_INPUT', 'Nobody erases themselves.', { field: 'user_id' });
  await operations.users.erase(work, { user_id, query: undefined, body: { reason } });
}

async function resetLockout({ work, params }: DialectCall) {
  await operations.users.unlock(work, { user_id: userIdOf(params), ...noBody });
  return { success: true };
}

const suspended = { status: 403, code: 'USER_SUSPENDED', message: 'The user is suspended.' } as const;

export const users: readonly DialectRow[] = [
  userList,
  row('POST /admin/users/lookup', { scopes: PLATFORM_ADMIN, body: lookupBody, run: lookup }),
  row('GET /admin/users/{user_id}', { scopes: PLATFORM_ADMIN, problems: unknownUser, run: get }),
  row('GET /admin/users/{user_id}/roles', { scopes: PLATFORM_ADMIN, run: listRoles }),
  row('PUT /admin/users/{user_id}/roles', {
    scopes: PLATFORM_ADMIN,
    body: rolesBody,
    problems: unknownUser,
    run: setRoles,
  }),
  row('GET /admin/users/{user_id}/sessions', { scopes: PLATFORM_ADMIN, run: listSessions }),
  row('DELETE /admin/users/{user_id}/sessions/{session_id}', { scopes: PLATFORM_ADMIN, run: terminateSession }),
  row('POST /admin/users/{user_id}/revoke-sessions', { scopes: PLATFORM_ADMIN, run: revokeSessions }),
  row('POST /auth/admin/set-password', {
    scopes: PLATFORM_ADMIN,
    body: passwordBody,
    problems: unknownUser,
    run: setPasswordOf,
  }),
  // The decision is the operation's: who administers an organization may act as its members.
  row('POST /admin/users/{user_id}/impersonate', {
    scopes: SIGNED_IN,
    body: reasonBody,
    problems: { ...unknownUser, conflict: suspended },
    run: impersonate,
  }),
  row('DELETE /admin/users/{user_id}/hard', {
    scopes: SYSTEM_ADMIN,
    status: 204,
    body: reasonBody,
    problems: unknownUser,
    run: hardDelete,
  }),
  row('POST /admin/users/{user_id}/reset-lockout', {
    scopes: PLATFORM_ADMIN,
    problems: unknownUser,
    run: resetLockout,
  }),
];
