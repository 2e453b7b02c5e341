/** `/auth`: sign-in, refresh, sign-out. Public rows carry no token: what they may do they prove themselves. */
import { boolean, object, optional, type Static, string } from '@reeve/contract';
import {
  DialectAnswer,
  type DialectCall,
  type DialectRow,
  endSessionOfToken,
  exchangeRefreshToken,
  findInPools,
  issueRefreshToken,
  judgeRefresh,
  noBody,
  operations,
  type RefreshRefusal,
  type Refused,
  resultOf,
  row,
  signInAt,
  uuidOf,
} from '@reeve/core';
import { extensionOf, takesPasswords } from '../app.ts';
import {
  applicationToEnter,
  at,
  checkGrant,
  checkIsMember,
  entranceOf,
  grantAtSignIn,
  joinPools,
  organizationFor,
  signedInAnswer,
} from '../door.ts';
import { SIGNED_IN } from '../gate.ts';
import { organizationContext } from '../organization.ts';
import { Refusal } from '../problems.ts';
import { pairOf, REFRESH_SECONDS } from '../tokens.ts';
import { ownIdOf, requireUser } from '../user.ts';
import { present } from '../value.ts';

const text = string({ minLength: 1, maxLength: 1024 });
const code = optional(string({ maxLength: 128 }));

const loginBody = object({
  email: text,
  password: text,
  organization_id: optional(text),
  remember_me: optional(boolean()),
  two_factor_code: optional(string({ maxLength: 64 })),
  app_code: code,
});

/** Contract `auth.login`. */
const SIGN_IN_REFUSALS: Readonly<Record<Refused['refused'], readonly [status: number, code: string, message: string]>> =
  {
    invalid_credentials: [401, 'INVALID_CREDENTIALS', 'Wrong e-mail address or password.'],
    unknown_connection: [401, 'INVALID_CREDENTIALS', 'Wrong e-mail address or password.'],
    user_locked: [403, 'USER_SUSPENDED', 'Locked after repeated failures; try again in a few minutes.'],
    user_disabled: [403, 'USER_SUSPENDED', 'The account is suspended.'],
    too_many_attempts: [429, 'RATE_LIMITED', 'Too many failed attempts; try again later.'],
    password_must_be_reset: [403, 'FORBIDDEN', 'The password must be reset before the next sign-in.'],
    email_not_verified: [403, 'EMAIL_NOT_VERIFIED', 'The e-mail address must be verified before the first sign-in.'],
    connection_not_enabled: [403, 'FORBIDDEN', 'The pool is not enabled for the application.'],
    connection_without_passwords: [403, 'FORBIDDEN', 'Nobody signs in with a password at this pool.'],
    rule_denied: [403, 'FORBIDDEN', 'A rule refused the sign-in.'],
    wrong_factor: [401, 'INVALID_CREDENTIALS', 'The code of the second factor is wrong.'],
    factor_required: [401, 'INVALID_CREDENTIALS', 'The second factor is needed.'],
  };

function signInRefusal({ refused, message, retryAfter }: Refused): Refusal {
  const [status, vendorCode, words] = SIGN_IN_REFUSALS[refused];
  return new Refusal(status, vendorCode, message ?? words, { retryAfter });
}

async function login(call: DialectCall<undefined, Static<typeof loginBody>>) {
  const { work, body } = call;
  const { application, pools } = await entranceOf(work, body.app_code);
  if (!takesPasswords(await extensionOf(work, application)))
    throw new Refusal(403, 'FORBIDDEN', 'Nobody signs in with a password at this application.');
  const organization = await organizationFor(work, body.organization_id);
  const identifier = body.email.trim();
  const found = await work.read((db) =>
    findInPools(
      db,
      work.tenant.id,
      pools.map(({ num }) => num),
      identifier,
      { byPassword: true },
    ),
  );
  const isRemembered = body.remember_me ?? false;
  const purpose = {
    application_id: application.id,
    lifetime: REFRESH_SECONDS[isRemembered ? 'long' : 'short'],
    ...(organization ? { organization_id: organization.id } : {}),
  };
  const outcome = await signInAt(
    {
      opensAnyConnection: true,
      bound: 'hourly_identifier',
      factor: { code: body.two_factor_code },
      async admit(unit, { user, userNum, sessionId, sessionExpiresAt }) {
        await checkIsMember(unit, organization, userNum);
        await grantAtSignIn(unit, application, { id: user.id, num: userNum });
        await joinPools(unit, pools, user.id);
        return issueRefreshToken(unit, { userId: user.id, sessionId, sessionExpiresAt }, purpose, 'password');
      },
    },
    at(call, application),
    { identifier, password: body.password, connection: found?.connectionId ?? pools[0]?.id },
  );
  if (!('refused' in outcome)) {
    const subject = { ...outcome, application: codeOf(application), organization, isRemembered, refresh: outcome.more };
    return signedInAnswer(call, subject);
  }
  if (outcome.refused === 'factor_required') return new DialectAnswer({ requires_2fa: true }, { status: 401 });
  throw signInRefusal(outcome);
}

const codeOf = ({ id, client_id }: { readonly id: string; readonly client_id: string }) => ({
  id,
  clientId: client_id,
  code: client_id,
});

const refreshBody = object({ refresh_token: text, organization_id: optional(text), app_code: code });

/** Contract `auth.refresh`. */
const REFRESH_REFUSALS: Readonly<Record<RefreshRefusal, readonly [status: number, code: string, message: string]>> = {
  invalid: [401, 'TOKEN_INVALID', 'The refresh token is not valid; sign in again.'],
  expired: [401, 'TOKEN_EXPIRED', 'The refresh token has expired; sign in again.'],
  used: [401, 'TOKEN_REVOKED', 'The refresh token was used before; the session has been ended.'],
  user_disabled: [403, 'USER_SUSPENDED', 'The account is suspended.'],
  rule_denied: [403, 'FORBIDDEN', 'A rule refused the sign-in.'],
};

async function refresh(call: DialectCall<undefined, Static<typeof refreshBody>>) {
  const { work, body } = call;
  const asked = await organizationFor(work, body.organization_id);
  const outcome = await exchangeRefreshToken(work, body.refresh_token, {
    judge: judgeRefresh,
    async admit(unit, { userNum, purpose, actor }) {
      const organization = asked ?? (await organizationContext(unit.db, unit.tenant.id, purpose.organization_id));
      if (purpose.within_id !== undefined && organization && organization.id !== purpose.within_id)
        throw new Refusal(403, 'FORBIDDEN', 'You act as the user in the organization that you administer only.');
      await checkIsMember(unit, organization, userNum);
      const application = await applicationToEnter(unit, purpose.application_id);
      // Who acts as a user came in through the application; the user need not be let into it.
      if (actor.impersonatorId === null) await checkGrant(unit, application, { num: userNum });
      return { ...purpose, ...(organization ? { organization_id: organization.id } : {}) };
    },
  });
  if ('refused' in outcome) {
    const [status, vendorCode, words] = REFRESH_REFUSALS[outcome.refused];
    throw new Refusal(status, vendorCode, outcome.message ?? words);
  }
  const { purpose, impersonatorId } = outcome;
  const subject = {
    ...outcome,
    application: codeOf(
      resultOf(await operations.applications.get(work, { application_id: purpose.application_id, ...noBody })),
    ),
    organization: await work.read((db) => organizationContext(db, work.tenant.id, purpose.organization_id)),
    impersonator: impersonatorId === null ? undefined : await requireUser(work, impersonatorId),
    isRemembered: purpose.lifetime === REFRESH_SECONDS.long,
  };
  const { pair } = await pairOf(call, subject);
  // D1: the vendor's server answers the bare pair, its client reads the member.
  return { ...pair, tokens: pair };
}

const logoutBody = object({ refresh_token: text });

/** D2: the token proves enough. Whatever is brought, the caller is signed out of it afterwards. */
async function logout({ work, body }: DialectCall<undefined, Static<typeof logoutBody>>) {
  await endSessionOfToken(work, body.refresh_token);
  return { success: true };
}

async function logoutAll({ work }: DialectCall) {
  await operations.sessions.revokeAllForUser(work, { user_id: ownIdOf(work), ...noBody });
  return { success: true };
}

/** Who the caller is, as the token says it. */
async function whoami(call: DialectCall) {
  const { work, claims } = call;
  const user = await requireUser(work, ownIdOf(work));
  return {
    user_id: uuidOf(user.id),
    email: user.email ?? '',
    first_name: user.given_name ?? '',
    last_name: user.family_name ?? '',
    roles: claims.roles,
    permissions: claims.permissions,
    default_color_mode: 'dark',
    ...present({
      organization_id: claims.org_id,
      organization_name: claims.org_name,
      organization_slug: claims.org_slug,
    }),
  };
}

export const auth: readonly DialectRow[] = [
  row('POST /auth/login', { scopes: [], body: loginBody, run: login }),
  row('POST /auth/refresh', { scopes: [], body: refreshBody, run: refresh }),
  row('POST /auth/logout', { scopes: [], body: logoutBody, run: logout }),
  row('POST /auth/logout/all', { scopes: SIGNED_IN, run: logoutAll }),
  row('GET /auth/me', { scopes: SIGNED_IN, run: whoami }),
];
