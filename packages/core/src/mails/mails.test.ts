/** The list of mails, as an administrator pages through it. */
import { bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface MailList {
  readonly mails: { readonly id: string; readonly to: string; readonly state: string }[];
  readonly next_cursor: string | null;
}

describe.each(databaseKinds)('mails on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const listAll = async (query: string): Promise<MailList['mails']> => {
    const found: MailList['mails'] = [];
    let cursor: string | null = '';
    do {
      const { status, body } = await server.api('GET', `/mails?limit=2${query}${cursor ? `&cursor=${cursor}` : ''}`);
      expect(status).toBe(200);
      const page = body as MailList;
      expect(page.mails.length).toBeLessThanOrEqual(2);
      found.push(...page.mails);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return found;
  };

  it('are listed newest first, page by page, by state, without their texts', async () => {
    const emails = Array.from({ length: 5 }, (_, i) => `reader${i}@example.com`);
    for (const email of emails) await server.api('POST', '/users', { email });
    for (const email of emails) await readMail(server, email);
    expect((await listAll('')).map(({ to }) => to)).toEqual(emails.toReversed());
    expect((await listAll('&state=sent')).map(({ to }) => to)).toEqual(emails.toReversed());
    expect(await listAll('&state=failed')).toEqual([]);
    expect(Object.keys((await listAll(''))[0] as object).sort()).toEqual([
      'attempts',
      'created_at',
      'id',
      'last_error',
      'next_attempt_at',
      'sent_at',
      'state',
      'template',
      'to',
    ]);
    expect(await server.api('GET', '/mails?cursor=bad')).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });

  it('can be sent again only where they failed', async () => {
    const [mail] = await listAll('');
    expect(await server.api('POST', `/mails/${mail?.id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: 'Only a failed mail can be sent again; this one is sent.' },
    });
  });

  it('go with the person', async () => {
    const { body } = await server.api('POST', '/users', { email: 'leaver@example.com' });
    await readMail(server, 'leaver@example.com');
    expect(await server.api('DELETE', `/users/${(body as { id: string }).id}`)).toMatchObject({ status: 204 });
    expect((await listAll('')).map(({ to }) => to)).not.toContain('leaver@example.com');
  });
});
