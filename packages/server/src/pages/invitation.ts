/** `/invitation`: a person accepts; a stranger gives a name and a password, a user only presses the button. */
import { acceptInvitation, type InvitationView, readInvitation, Unanswered } from '@reeve/core';
import { type Html, html } from '../html.ts';
import { accountField, field, formScreen, passwordFields, type Wrong, wrongPasswords } from './form.ts';
import type { Form, Page } from './pages.ts';
import { brokenPolicy } from './reset-password.ts';
import { doneScreen, type Screen } from './screen.ts';

const path = '/invitation';
const MAX_NAME = 300;

function screenOf(view: InvitationView, ticket: string, name: string, wrong?: readonly Wrong[]): Screen {
  const { email, organization, hasAccount, policy } = view;
  const place = organization === null ? undefined : html` to <strong>${organization}</strong>`;
  return formScreen({
    title: 'You are invited',
    path,
    ticket,
    intro: hasAccount
      ? html`<p>You are invited${place}, with your account <strong>${email}</strong>. Press the button to accept.</p>`
      : html`<p>You are invited${place}. Enter your name and choose a password.</p>`,
    fields: hasAccount ? [] : newcomerFields(view, name, policy, wrong),
    button: 'Accept the invitation',
    ...(wrong ? { wrong } : {}),
  });
}

const newcomerFields = (
  { email }: InvitationView,
  name: string,
  policy: InvitationView['policy'],
  wrong: readonly Wrong[] | undefined,
): Html[] => [
  field({
    name: 'name',
    label: 'Your name',
    type: 'text',
    autocomplete: 'name',
    value: name,
    maxLength: MAX_NAME,
    wrong,
  }),
  accountField(email),
  ...passwordFields('Password', policy, wrong),
];

function wrongName(name: string): Wrong[] {
  if (name === '') return [{ field: 'name', message: 'Enter your name.' }];
  if ([...name].length > MAX_NAME)
    return [{ field: 'name', message: `Enter a name of at most ${MAX_NAME} characters.` }];
  return [];
}

const newcomerOf = (form: Form) => ({
  name: form('name')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim(),
  password: form('password'),
});

export const invitationPage: Page = {
  path,
  async show(work, ticket) {
    const view = await readInvitation(work, ticket);
    return screenOf(view, ticket, view.name ?? '');
  },
  async submit(work, ticket, form) {
    const view = await readInvitation(work, ticket);
    const newcomer = newcomerOf(form);
    if (!view.hasAccount) {
      const wrong = [...wrongName(newcomer.name), ...wrongPasswords(newcomer.password, form('password_again'))];
      if (wrong.length > 0) return screenOf(view, ticket, newcomer.name, wrong);
    }
    try {
      await acceptInvitation(work, ticket, view.hasAccount ? undefined : newcomer);
    } catch (error) {
      // The user is gone since the form was shown: now there is something to fill in.
      if (error instanceof Unanswered) return invitationPage.show(work, ticket);
      return screenOf(view, ticket, newcomer.name, brokenPolicy(error));
    }
    return view.organization === null
      ? doneScreen('Welcome', `Your account ${view.email} is ready.`)
      : doneScreen(`Welcome to ${view.organization}`, `You are a member now, as ${view.email}.`);
  },
};
