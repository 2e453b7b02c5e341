/**
 * A mail as a message (RFC 5322): text first, then HTML, never base64. The Message-ID follows from the mail's id,
 * so that a mail that a crash made go out twice is recognised as one. Addresses and names are given as values, never as
 * header text: what they hold can't become a header.
 */
import { isIP } from 'node:net';
import type { LeasedMail } from '@reeve/core';
import type { SendMailOptions } from 'nodemailer';
import { renderMail } from './templates.ts';

/** Lines that may go out as they are (RFC 5322: at most 998 characters). The link can then be copied from the raw message. */
const ASCII_LINES = /^([ -~]{0,998}\n)*$/;
const PLAIN_PART = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n';

export type Message = Readonly<SendMailOptions>;

/** `sender`: the address that the mail server lets us send from; undefined: `no-reply@` the host of the link. */
export function messageOf(mail: LeasedMail, sender: string | undefined): Message {
  const { subject, text, html } = renderMail(mail);
  const domain = domainOf(mail.payload.link);
  return {
    from: { name: 'Reeve', address: sender ?? `no-reply@${domain}` },
    to: { name: '', address: mail.recipient },
    messageId: `<${mail.id.toLowerCase()}@${domain}>`,
    date: new Date(mail.created_at),
    headers: { 'Auto-Submitted': 'auto-generated' },
    subject,
    text: ASCII_LINES.test(text) ? { raw: PLAIN_PART + text.replaceAll('\n', '\r\n') } : text,
    html,
    encoding: 'quoted-printable',
    textEncoding: 'quoted-printable',
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The link's host as a mail domain; an IP address has none. */
function domainOf(link: string): string {
  const host = new URL(link).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? host : 'localhost';
}
