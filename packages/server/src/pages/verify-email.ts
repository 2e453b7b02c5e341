/** `/verify-email`: a person confirms their address. */
import { readVerification, verifyEmail } from '@reeve/core';
import { html } from '../html.ts';
import { formScreen } from './form.ts';
import type { Page } from './pages.ts';
import { awayScreen, doneScreen } from './screen.ts';

const path = '/verify-email';

export const verifyEmailPage: Page = {
  path,
  async show(work, ticket) {
    const { email, resultUrl } = await readVerification(work, ticket);
    return formScreen({
      title: 'Verify your e-mail address',
      path,
      ticket,
      intro: html`<p>Is <strong>${email}</strong> your address? Press the button to confirm it.</p>`,
      button: 'Verify e-mail address',
      resultUrl,
    });
  },
  async submit(work, ticket) {
    const { email, resultUrl } = await verifyEmail(work, ticket);
    if (resultUrl !== undefined) return awayScreen(resultUrl);
    return doneScreen('Your e-mail address is verified', `Thank you. ${email} is confirmed.`);
  },
};
