/** The mails that the server wrote: without an SMTP server each one is a file in its data directory. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 10_000;

/** Quoted-printable (RFC 2045 §6.7) to text. */
const decoded = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r?\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** Waits for a mail to `recipient` and returns the first link in it. */
export async function linkMailedTo(dataDir: string, recipient: string): Promise<string> {
  const folder = join(dataDir, 'mail');
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await pause(50)) {
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.filter((file) => file.endsWith('.eml'))) {
      const mail = await readFile(join(folder, name), 'latin1');
      const end = mail.search(/\r?\n\r?\n/);
      const isTheirs = mail
        .slice(0, end)
        .split(/\r?\n/)
        .some((line) => /^to:/i.test(line) && line.includes(recipient));
      const link = isTheirs ? /https?:\/\/[^\s"<>]+/.exec(decoded(mail.slice(end)))?.[0] : undefined;
      if (link) return link;
    }
  }
  throw new Error(`No mail with a link came for ${recipient} within ${PATIENCE_MS / 1000} s.`);
}

/** Fills in the one form of a page as a person does: hidden fields stay, `given` goes into every field of a type. */
export async function submitForm(
  link: string,
  given: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const page = await fetch(link);
  const html = await page.text();
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html);
  if (!page.ok || !form) throw new Error(`The mailed link shows no form (status ${page.status}).`);
  const fields = new URLSearchParams();
  for (const [, attributes = ''] of (form[2] as string).matchAll(/<input\b([^>]*)>/gi)) {
    const name = attribute(attributes, 'name');
    const type = attribute(attributes, 'type') ?? 'text';
    if (name) fields.set(name, given[type] ?? attribute(attributes, 'value') ?? '');
  }
  const action = new URL(attribute(form[1] as string, 'action') ?? '', page.url);
  const answer = await fetch(action, { method: 'POST', body: fields });
  return { status: answer.status, text: await answer.text() };
}

const attribute = (attributes: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`, 'i')
    .exec(attributes)?.[1]
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
