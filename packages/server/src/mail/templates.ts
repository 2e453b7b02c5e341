/**
 * What each mail says, as text and as HTML. Nothing that a person was named by may stand before the action link as a link
 * of its own: a name that looks like an address is left out, so that the first URL of a mail is the one that it is about.
 */
import type { ImportReport, LeasedMail } from '@reeve/core';
import { type Html, html } from '../html.ts';

export interface MailContent {
  readonly subject: string;
  /** The action link is its first URL and has a line of its own. */
  readonly text: string;
  readonly html: string;
}

interface Wording {
  readonly subject: string;
  readonly reason: string;
  readonly action: string;
  readonly unexpected: string;
}

type Template = Exclude<LeasedMail['template'], 'import_completed'>;

const WORDINGS: Readonly<Record<Template, (place: string, organization: string | undefined) => Wording>> = {
  verify_email: (place, organization) => ({
    subject: 'Verify your e-mail address',
    reason: `Please confirm that this is the e-mail address of your account at ${
      organization === undefined ? place : `${organization}, ${place}`
    }.`,
    action: 'Verify e-mail address',
    unexpected: 'If you have no account there, ignore this mail: without the link nothing is confirmed.',
  }),
  reset_password: (place) => ({
    subject: 'Set a new password',
    reason: `A new password was asked for, for your account at ${place}.`,
    action: 'Set a new password',
    unexpected: 'If you did not expect this, ignore this mail: your password stays as it is.',
  }),
  invitation: (place, organization) => ({
    subject: organization === undefined ? 'You are invited' : `You are invited to ${organization}`,
    reason:
      organization === undefined
        ? `You are invited to join ${place}.`
        : `You are invited to ${organization} at ${place}.`,
    action: 'Accept the invitation',
    unexpected: 'If you did not expect this, ignore this mail: nothing happens until the link is used.',
  }),
};

const MAX_NAME = 100;
const LOOKS_LIKE_LINK = /[/:@<>\\]|www\.|\.\p{L}{2,}/iu;

/** A name as it may stand in a mail: one line, and nothing that a mail program would turn into a link. */
export function plainName(name: string | null | undefined): string | undefined {
  const plain = name
    ?.replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME);
  return plain === undefined || plain === '' || LOOKS_LIKE_LINK.test(plain) ? undefined : plain;
}

const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

export function renderMail({ template, payload }: Pick<LeasedMail, 'template' | 'payload'>): MailContent {
  if (template === 'import_completed') return reportOf(payload.report as ImportReport, new URL(payload.link).hostname);
  const { link, expiresAt } = payload;
  // Without a port: it tells nobody anything, and "host:port" is turned into a link by some programs.
  const { subject, reason, action, unexpected } = WORDINGS[template](
    new URL(link).hostname,
    plainName(payload.organization),
  );
  const name = plainName(payload.name);
  const greeting = name === undefined ? 'Hello,' : `Hello ${name},`;
  const validity = `The link works once, until ${moment.format(expiresAt)} UTC.`;
  return {
    subject,
    text: `${greeting}\n\n${reason}\n\n${action}:\n${link}\n\n${validity}\n\n${unexpected}\n`,
    html: documentOf({ subject, greeting, reason, action, link, validity, unexpected }).text,
  };
}

/** A mail without a link: there is nothing to be done but to read it. */
function reportOf({ jobId, isCompleted, inserted, updated, failed, total }: ImportReport, place: string): MailContent {
  const subject = isCompleted ? 'Your import of users has ended' : 'Your import of users has failed';
  const lines = [
    `The import ${jobId} at ${place} ${isCompleted ? 'has ended' : 'has failed: its file could not be read to the end'}.`,
    `Rows read: ${total}. Added: ${inserted}. Updated: ${updated}. Refused: ${failed}.`,
    ...(failed > 0 ? ['The refused rows are told with the job, each with its reason.'] : []),
  ];
  return {
    subject,
    text: `Hello,\n\n${lines.join('\n\n')}\n`,
    html: html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${subject}</title></head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5">
<p>Hello,</p>
${lines.map((line) => html`<p>${line}</p>`)}
</body>
</html>
`.text,
  };
}

const BUTTON =
  'display:inline-block;padding:12px 20px;border-radius:6px;background:#1f5fbf;color:#ffffff;font-weight:600;text-decoration:none';

const documentOf = (
  said: Wording & { readonly greeting: string; readonly link: string; readonly validity: string },
): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${said.subject}</title>
</head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto">
<h1 style="font-size:20px;line-height:1.3">${said.subject}</h1>
<p>${said.greeting}</p>
<p>${said.reason}</p>
<p style="margin:24px 0"><a href="${said.link}" style="${BUTTON}">${said.action}</a></p>
<p>${said.validity}</p>
<p>If the button does not work, open this address:<br><a href="${said.link}" style="word-break:break-all">${said.link}</a></p>
<p>${said.unexpected}</p>
</div>
</body>
</html>
`;
