/** What a mail looks like on the wire, whatever its person is called. */
import type { LeasedMail } from '@reeve/core';
import { parseMail } from '@reeve/testkit';
import { createTransport } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { messageOf } from './message.ts';
import { plainName } from './templates.ts';

const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
const LINK = `https://id.example.com/invitation?ticket=${'Ab-_'.repeat(10)}xyz`;

const leased = (changes: Omit<Partial<LeasedMail>, 'payload'> & { payload?: Partial<LeasedMail['payload']> } = {}) => ({
  id: 'mai_01M7YVYQ5DG76312BVX025S16H',
  tenant_id: 1,
  template: 'invitation' as const,
  recipient: 'ada@example.com',
  user_id: null,
  created_at: Date.UTC(2026, 0, 2),
  attempts: 1,
  lease_until: 0,
  ...changes,
  payload: { link: LINK, name: 'Ada', expiresAt: Date.UTC(2026, 0, 9, 12), organization: null, ...changes.payload },
});

async function written(mail: LeasedMail, sender?: string) {
  const { message } = await composer.sendMail(messageOf(mail, sender));
  return parseMail((message as Buffer).toString('utf8'));
}

describe('a mail', () => {
  it.each(['verify_email', 'reset_password', 'invitation'] as const)('%s leads to its link', async (template) => {
    const mail = await written(leased({ template }));
    expect(mail.link).toBe(LINK);
    expect(mail.raw.slice(0, mail.raw.indexOf('<html'))).toContain(`\r\n${LINK}\r\n`);
    expect(mail.html).toContain(`href="${LINK}"`);
    expect(mail.text).toContain('9 January 2026 at 12:00 UTC');
    expect(mail.raw).not.toMatch(/base64/i);
    expect(mail.headers.get('from')).toBe('Reeve <no-reply@id.example.com>');
    expect(mail.headers.get('to')).toBe('ada@example.com');
    expect(mail.headers.get('message-id')).toBe('<mai_01m7yvyq5dg76312bvx025s16h@id.example.com>');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect((await written(leased({ template }))).headers.get('message-id')).toBe(mail.headers.get('message-id'));
  });

  it('keeps every script of a name, and the link whole', async () => {
    const mail = await written(leased({ payload: { name: 'Ζωή Müller 李', organization: 'Bücher & Söhne' } }));
    expect(mail.text).toContain('Hello Ζωή Müller 李,');
    expect(mail.subject).toBe('You are invited to Bücher & Söhne');
    expect(mail.html).toContain('Bücher &amp; Söhne');
    expect(mail.link).toBe(LINK);
    expect(mail.raw).not.toMatch(/base64|=\?utf-8\?b\?/i);
    // Nothing but ASCII goes over the wire, in lines that every server takes.
    expect(mail.raw).toMatch(/^[\r\n\t -~]*$/);
    expect(Math.max(...mail.raw.split('\r\n').map((line) => line.length))).toBeLessThan(200);
  });

  it('is sent from where the mail server lets it', async () => {
    expect((await written(leased(), 'post@relay.example')).headers.get('from')).toBe('Reeve <post@relay.example>');
    const local = await written(leased({ payload: { link: 'http://[::1]:8787/verify-email?ticket=x' } }));
    expect(local.headers.get('from')).toBe('Reeve <no-reply@localhost>');
  });

  it.each([
    ['name', { payload: { name: 'Eve\r\nBcc: victim@example.com\r\n\r\nHello' } }],
    ['organization', { payload: { organization: 'Eve\r\nBcc: victim@example.com\r\n\r\n<p>Hello' } }],
    ['organization', { payload: { organization: 'Eve\u2028Bcc: victim\u0000' } }],
    ['recipient', { recipient: 'eve\r\nBcc:victim@example.com' }],
    ['recipient', { recipient: 'eve,victim@example.com' }],
    ['recipient', { recipient: 'eve<victim@example.com>' }],
  ])('takes no header and no recipient out of its %s', async (_, changes) => {
    const message = messageOf(leased(changes), undefined);
    const { message: raw, envelope } = await composer.sendMail(message);
    const mail = parseMail((raw as Buffer).toString('utf8'));
    expect([...mail.headers.keys()].sort()).toEqual(
      ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'].sort(),
    );
    expect(envelope.to).toHaveLength(1);
    expect(envelope.to[0]).not.toBe('victim@example.com');
    expect(mail.link).toBe(LINK);
  });

  it('names the organization that a verification is for', async () => {
    const mail = await written(leased({ template: 'verify_email', payload: { organization: 'Bücher & Söhne' } }));
    expect(mail.text).toContain('your account at Bücher & Söhne, ');
  });

  it('leaves out names that a mail program would turn into links', async () => {
    for (const name of ['see http://evil.example now', 'www.evil', 'evil.example', 'a@evil', '<b>x</b>', ' \n ']) {
      expect(plainName(name)).toBeUndefined();
      const mail = await written(leased({ payload: { name, organization: name } }));
      expect(mail.text).toMatch(/^Hello,/);
      expect(mail.link).toBe(LINK);
      expect(mail.text).not.toContain('evil');
    }
    expect(plainName('Dr. J.R. Smith-Ōe')).toBe('Dr. J.R. Smith-Ōe');
    expect(plainName('x'.repeat(500))).toHaveLength(100);
  });

  it('escapes what it shows in HTML', async () => {
    const mail = await written(leased({ payload: { name: `"Ada" & 'Bea'` } }));
    expect(mail.html).toContain('Hello &quot;Ada&quot; &amp; &#39;Bea&#39;,');
  });
});
