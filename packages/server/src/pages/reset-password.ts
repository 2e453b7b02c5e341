/** `/reset-password`: a person sets a new password. */
import { completePasswordReset, type PasswordReset, Problem, readPasswordReset } from '@reeve/core';
import { html } from '../html.ts';
import { accountField, formScreen, passwordFields, type Wrong, wrongPasswords } from './form.ts';
import type { Page } from './pages.ts';
import { awayScreen, doneScreen, type Screen } from './screen.ts';

const path = '/reset-password';

function screenOf(reset: PasswordReset, ticket: string, wrong?: readonly Wrong[]): Screen {
  const { email, policy, hasPassword, resultUrl } = reset;
  // A link that was not mailed may be for somebody without an address.
  const account = email === '' ? [] : [accountField(email)];
  return formScreen({
    title: 'Set a new password',
    path,
    ticket,
    intro: hasPassword
      ? html`<p>A new password was chosen for you. Press the button to make it yours; you are signed out everywhere.</p>`
      : html`<p>Once it is set, you are signed out everywhere else.</p>`,
    fields: hasPassword ? account : [...account, ...passwordFields('New password', policy, wrong)],
    button: 'Set password',
    resultUrl,
    ...(wrong ? { wrong } : {}),
  });
}

export const resetPasswordPage: Page = {
  path,
  show: async (work, ticket) => screenOf(await readPasswordReset(work, ticket), ticket),
  async submit(work, ticket, form) {
    const reset = await readPasswordReset(work, ticket);
    const password = form('password');
    const wrong = reset.hasPassword ? [] : wrongPasswords(password, form('password_again'));
    if (wrong.length > 0) return screenOf(reset, ticket, wrong);
    try {
      await completePasswordReset(work, ticket, password);
    } catch (error) {
      return screenOf(reset, ticket, brokenPolicy(error));
    }
    if (reset.resultUrl !== undefined) return awayScreen(reset.resultUrl);
    return doneScreen('Your password is set', 'From now on, sign in with your new password.');
  },
};

/** What a password breaks of the policy, in sentences. Any other error goes on. */
export function brokenPolicy(error: unknown): Wrong[] {
  if (!(error instanceof Problem) || error.code !== 'weak_password') throw error;
  return (error.errors ?? []).map(({ message }) => ({ field: 'password', message: `The password ${message}.` }));
}
