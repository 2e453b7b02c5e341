/** Forms without scripts: labelled fields, and above them a summary of what is wrong with links to each field. */
import type { PasswordPolicy } from '@reeve/contract';
import { type Html, html } from '../html.ts';
import type { Screen } from './screen.ts';

/** What is wrong with a field, as a sentence to its person. */
export interface Wrong {
  readonly field: string;
  readonly message: string;
}

export interface FormScreen {
  readonly title: string;
  readonly path: string;
  readonly ticket: string;
  readonly intro: Html;
  readonly fields?: readonly Html[];
  readonly button: string;
  readonly wrong?: readonly Wrong[];
  /** Where the person is sent after success. */
  readonly resultUrl?: string | undefined;
}

export const formScreen = ({
  title,
  path,
  ticket,
  intro,
  fields,
  button,
  wrong = [],
  resultUrl,
}: FormScreen): Screen => ({
  ...(resultUrl === undefined ? {} : { formTarget: resultUrl }),
  status: wrong.length > 0 ? 422 : 200,
  title: wrong.length > 0 ? `Error: ${title}` : title,
  body: html`${wrong.length > 0 ? summaryOf(wrong) : undefined}<h1>${title}</h1>
${intro}
<form method="post" action="${path}">
<input type="hidden" name="ticket" value="${ticket}">
${fields}
<button type="submit">${button}</button>
</form>`,
});

const summaryOf = (wrong: readonly Wrong[]): Html => html`<div class="summary" role="alert">
<h2>There is a problem</h2>
<ul>${wrong.map(({ field, message }) => html`<li><a href="#${field}">${message}</a></li>`)}</ul>
</div>
`;

interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'password';
  readonly autocomplete: string;
  readonly value?: string;
  readonly hint?: Html;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly wrong: readonly Wrong[] | undefined;
}

export function field({ name, label, type, autocomplete, value, hint, minLength, maxLength, wrong = [] }: Field): Html {
  const messages = wrong.filter((one) => one.field === name);
  const described = [
    ...(hint ? [`${name}-hint`] : []),
    ...messages.map((_, position) => `${name}-wrong-${position}`),
  ].join(' ');
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint ? html`<div id="${name}-hint">${hint}</div>` : undefined}
${messages.map(({ message }, position) => html`<p class="wrong" id="${name}-wrong-${position}">${message}</p>`)}
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" required${attribute('value', value)}${attribute('minlength', minLength)}${attribute('maxlength', maxLength)}${attribute('aria-describedby', described || undefined)}${attribute('aria-invalid', messages.length > 0 ? 'true' : undefined)}>
</div>
`;
}

const attribute = (name: string, value: string | number | undefined): Html | undefined =>
  value === undefined ? undefined : html` ${name}="${value}"`;

/** The account, shown for the person and for their password manager; it is not sent. */
export const accountField = (email: string): Html => html`<div class="field">
<label for="account">Account</label>
<input id="account" type="email" value="${email}" autocomplete="username" readonly>
</div>
`;

/** A new password, twice. No upper bound is set on the inputs: browsers would cut a longer password without a word. */
export const passwordFields = (
  label: 'Password' | 'New password',
  policy: PasswordPolicy,
  wrong: readonly Wrong[] | undefined,
): Html[] => [
  field({
    name: 'password',
    label,
    type: 'password',
    autocomplete: 'new-password',
    hint: html`<ul class="hint">${rulesOf(policy).map((rule) => html`<li>${rule}</li>`)}</ul>`,
    minLength: policy.min_length,
    wrong,
  }),
  field({
    name: 'password_again',
    label: `${label} again`,
    type: 'password',
    autocomplete: 'new-password',
    wrong,
  }),
];

const rulesOf = (policy: PasswordPolicy): string[] => [
  `${policy.min_length} to ${policy.max_length} characters`,
  ...(policy.require_lowercase ? ['a lower-case letter'] : []),
  ...(policy.require_uppercase ? ['an upper-case letter'] : []),
  ...(policy.require_digit ? ['a digit'] : []),
  ...(policy.require_symbol ? ['a symbol'] : []),
];

/** What is wrong with two entries of one password, apart from the policy. */
export function wrongPasswords(password: string, again: string): Wrong[] {
  if (password === '') return [{ field: 'password', message: 'Enter a password.' }];
  if (again !== password)
    return [{ field: 'password_again', message: 'Enter the same password again: the two differ.' }];
  return [];
}
