/** What people do with their own account: password, address, second factor, and its end. Public rows tell nobody who exists. */
import { object, optional, type Static, string } from '@reeve/contract';
import {
  completePasswordReset,
  DeadTicket,
  type DialectCall,
  type DialectRow,
  eraseOwnAccount,
  listEnrollments,
  noBody,
  operations,
  type PasswordRefusal,
  proveFactor,
  provePassword,
  readPasswordReset,
  removeFactors,
  requestPasswordReset,
  requestVerification,
  resultOf,
  row,
  setPassword,
  together,
  verifyEmail,
  type Work,
} from '@reeve/core';
import { at, entranceOf } from '../door.ts';
import { SIGNED_IN } from '../gate.ts';
import { Refusal } from '../problems.ts';
import { checkPassword, ownIdOf } from '../user.ts';

const text = string({ minLength: 1, maxLength: 1024 });
const success = { success: true } as const;

const mailBody = object({ email: text, app_code: optional(string({ maxLength: 128 })) });
type MailCall = DialectCall<undefined, Static<typeof mailBody>>;

/** Where the address is looked for is the application's to say. */
const mailing = (send: typeof requestPasswordReset) => async (call: MailCall) => {
  const { application, pools } = await entranceOf(call.work, call.body.app_code);
  await send(at(call, application), { email: call.body.email.trim(), pools: pools.map(({ num }) => num) });
  return success;
};

/** Runs what a mailed link's token is needed for. */
async function withToken<T>(redeem: () => Promise<T>): Promise<T> {
  try {
    return await redeem();
  } catch (error) {
    if (!(error instanceof DeadTicket)) throw error;
    throw new Refusal(401, error.reason === 'expired' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID', error.message);
  }
}

const resetBody = object({ token: text, new_password: text });

const reset = ({ work, body }: DialectCall<undefined, Static<typeof resetBody>>) =>
  withToken(async () => {
    checkPassword(body.new_password);
    if ((await readPasswordReset(work, body.token)).hasPassword)
      throw new Refusal(400, 'VALIDATION_ERROR', 'This link brings its own password, which its page confirms.', {
        field: 'token',
      });
    await completePasswordReset(work, body.token, body.new_password);
    return success;
  });

const verifyBody = object({ token: text });

const verify = ({ work, body }: DialectCall<undefined, Static<typeof verifyBody>>) =>
  withToken(async () => {
    await verifyEmail(work, body.token);
    return success;
  });

/** The caller's own id. Throws where somebody else acts as them: what follows is only theirs to do. */
function ownself(work: Work): string {
  if (work.actor.impersonatorId !== null)
    throw new Refusal(403, 'FORBIDDEN', 'You are signed in as the user that you act as; only they can do this.');
  return ownIdOf(work);
}

const PASSWORD_REFUSALS: Readonly<Record<PasswordRefusal, readonly [status: number, code: string, message: string]>> = {
  invalid_credentials: [401, 'INVALID_CREDENTIALS', 'The current password is wrong.'],
  user_locked: [403, 'USER_SUSPENDED', 'Locked after repeated failures; try again in a few minutes.'],
};

async function prove(work: Work, userId: string, password: string): Promise<void> {
  const refused = await provePassword(work, userId, password);
  if (refused) throw new Refusal(...PASSWORD_REFUSALS[refused]);
}

const changeBody = object({ current_password: text, new_password: text });

async function changePassword({ work, body }: DialectCall<undefined, Static<typeof changeBody>>) {
  const userId = ownself(work);
  await prove(work, userId, body.current_password);
  checkPassword(body.new_password);
  await setPassword(work, userId, body.new_password);
  return success;
}

const apps = async (work: Work, user_id: string) =>
  (await listEnrollments(work, { user_id })).filter(({ type }) => type === 'totp');

/** Begins anew: an app that was never confirmed is forgotten. */
async function setupTwoFactor({ work }: DialectCall) {
  const user_id = ownself(work);
  return together(work, async (inner) => {
    for (const { id, status } of await apps(inner, user_id)) {
      if (status === 'confirmed')
        throw new Refusal(409, 'CONFLICT', 'The second factor is enabled already; disable it first.');
      await operations.authenticationMethods.delete(inner, { user_id, method_id: id, ...noBody });
    }
    const made = resultOf(
      await operations.authenticationMethods.create(inner, { user_id, query: undefined, body: { type: 'totp' } }),
    );
    return { secret: made.totp_secret, provisioning_uri: made.totp_uri };
  });
}

const codeBody = object({ code: string({ minLength: 1, maxLength: 64 }) });

async function enableTwoFactor({ work, body }: DialectCall<undefined, Static<typeof codeBody>>) {
  const user_id = ownself(work);
  const begun = (await apps(work, user_id)).find(({ status }) => status === 'pending');
  if (!begun) throw new Refusal(400, 'VALIDATION_ERROR', 'No second factor is being set up; begin with that.');
  const { code } = body;
  await operations.authenticationMethods.verify(work, {
    user_id,
    method_id: begun.id,
    query: undefined,
    body: { code },
  });
}

const disableBody = object({ password: text, code: string({ maxLength: 64 }) });

/** The tokens that are out end: the vendor's client refreshes after it. */
async function disableTwoFactor({ work, body }: DialectCall<undefined, Static<typeof disableBody>>) {
  const user_id = ownself(work);
  await prove(work, user_id, body.password);
  if (!(await apps(work, user_id)).some(({ status }) => status === 'confirmed'))
    throw new Refusal(400, 'VALIDATION_ERROR', 'The second factor is not enabled.');
  const refused = await proveFactor(work, user_id, body.code);
  if (refused === 'user_locked') throw new Refusal(429, 'RATE_LIMITED', 'Too many wrong codes were tried; wait.');
  if (refused)
    throw new Refusal(401, 'INVALID_CREDENTIALS', 'The code of the second factor is wrong.', { field: 'code' });
  await removeFactors(work, { user_id, provider: 'google-authenticator', endsTokens: true });
}

const deleteBody = object({ password: text, confirmation: string({ maxLength: 64 }) });

async function deleteAccount({ work, body }: DialectCall<undefined, Static<typeof deleteBody>>) {
  const userId = ownself(work);
  if (body.confirmation !== 'DELETE')
    throw new Refusal(400, 'VALIDATION_ERROR', 'confirmation must be DELETE.', { field: 'confirmation' });
  await prove(work, userId, body.password);
  await eraseOwnAccount(work, userId);
}

export const account: readonly DialectRow[] = [
  row('POST /auth/password/reset-request', { scopes: [], body: mailBody, run: mailing(requestPasswordReset) }),
  row('POST /auth/password/reset', { scopes: [], body: resetBody, run: reset }),
  row('POST /auth/password/change', { scopes: SIGNED_IN, body: changeBody, run: changePassword }),
  row('POST /auth/verify-email', { scopes: [], body: verifyBody, run: verify }),
  row('POST /auth/verify-email/resend', { scopes: [], body: mailBody, run: mailing(requestVerification) }),
  row('POST /auth/2fa/setup', { scopes: SIGNED_IN, body: object({}), run: setupTwoFactor }),
  row('POST /auth/2fa/enable', { scopes: SIGNED_IN, status: 204, body: codeBody, run: enableTwoFactor }),
  row('POST /auth/2fa/disable', { scopes: SIGNED_IN, status: 204, body: disableBody, run: disableTwoFactor }),
  row('DELETE /me/account', { scopes: SIGNED_IN, status: 204, body: deleteBody, run: deleteAccount }),
];
