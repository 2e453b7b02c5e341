/** Mails as a test reads them: the newest one to an address, parsed strictly, with its action link. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestServer } from './server.ts';

export interface TestMail {
  readonly id: string;
  /** The `.eml` file. */
  readonly path: string;
  readonly raw: string;
  /** Names in lower case, folded lines joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The first URL of the text part. */
  readonly link: string;
  /** The link's one-time token. */
  readonly ticket: string;
}

const WAIT_MILLISECONDS = 10_000;

/**
 * Waits until the newest mail to this address is sent, and reads it. The row is there as soon as its cause was answered,
 * so that what is read is the mail of the last request.
 */
export async function readMail(server: Pick<TestServer, 'services' | 'dir'>, to: string): Promise<TestMail> {
  const deadline = Date.now() + WAIT_MILLISECONDS;
  for (;;) {
    const newest = await newestMail(server, to);
    if (newest?.state === 'sent') {
      const path = join(server.dir, 'mail', `${newest.id}.eml`);
      return { id: newest.id, path, ...parseMail(await readFile(path, 'utf8')) };
    }
    if (Date.now() > deadline)
      throw new Error(newest ? `The mail to ${to} is ${newest.state}: ${newest.last_error}` : `No mail to ${to}.`);
    await pause(5);
  }
}

const newestMail = ({ services }: Pick<TestServer, 'services'>, to: string) =>
  services.database.read((db) =>
    db
      .selectFrom('mails')
      .select(['id', 'state', 'last_error'])
      .where('recipient', '=', to)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst(),
  );

/** Parses a message as Reeve sends it: two alternatives, text first, each 7bit or quoted-printable. Throws for any other. */
export function parseMail(raw: string): Omit<TestMail, 'id' | 'path'> {
  const { headers, body } = splitMessage(raw);
  const boundary = /^multipart\/alternative;.*boundary="([^"]+)"/.exec(headers.get('content-type') ?? '')?.[1];
  if (boundary === undefined) throw new Error(`Not multipart/alternative: ${headers.get('content-type')}`);
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => splitMessage(part.replace(/^\r\n/, '')));
  const [text, html] = parts.map(decodePart);
  if (parts.length !== 2 || text?.type !== 'text/plain' || html?.type !== 'text/html')
    throw new Error('The parts are not text, then HTML.');
  const link = /https?:\/\/[^\s<>"]+/.exec(text.content)?.[0];
  if (link === undefined) throw new Error('The text part has no link.');
  return {
    raw,
    headers,
    subject: decodeWords(headers.get('subject') ?? ''),
    text: text.content,
    html: html.content,
    link,
    ticket: new URL(link).searchParams.get('ticket') ?? '',
  };
}

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function splitMessage(raw: string): Entity {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!-9;-~]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`Not a header: ${line}`);
    if (headers.has(name.toLowerCase())) throw new Error(`The header ${name} stands twice.`);
    headers.set(name.toLowerCase(), value);
  }
  return { headers, body: raw.slice(end + 4) };
}

function decodePart({ headers, body }: Entity): { type: string; content: string } {
  const encoding = headers.get('content-transfer-encoding');
  if (encoding !== 'quoted-printable' && encoding !== '7bit') throw new Error(`Encoded as ${encoding}.`);
  const type = (headers.get('content-type') ?? '').split(';')[0] as string;
  return { type, content: encoding === '7bit' ? body : decodeQuotedPrintable(body) };
}

const decodeQuotedPrintable = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** RFC 2047 words in Q encoding. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?q\?([^?]*)\?=/gi, (_, words: string) => decodeQuotedPrintable(words.replaceAll('_', ' ')));
