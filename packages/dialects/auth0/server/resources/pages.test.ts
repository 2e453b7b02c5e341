/** Pages of the tenant's own, which are large: kept as they came, refused by name where they are too much. */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('pages of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const page = (letter: string, bytes: number) => ({ enabled: true, html: `<p>${letter.repeat(bytes)}</p>` });

  it('may have 150,000 characters each', async () => {
    const pages = {
      change_password: page('a', 150_000),
      guardian_mfa_page: page('b', 150_000),
      error_page: { html: page('c', 150_000).html, show_log_link: false, url: 'https://a.example' },
    };
    for (const body of [pages, { support_email: 'help@a.example' }])
      expect((await call('PATCH', '/tenants/settings', body)).status).toBe(200);
    expect((await call('GET', '/tenants/settings')).body).toMatchObject({ ...pages, support_email: 'help@a.example' });
    const client = { name: 'paged', custom_login_page: page('d', 250_000).html };
    const made = await call('POST', '/clients', client);
    expect(made.status).toBe(201);
    expect((made.body as typeof client).custom_login_page === client.custom_login_page).toBe(true);
  });

  it('are refused by the name of the largest where they are over the bound, and nothing changes', async () => {
    const { body: before } = await call('GET', '/tenants/settings');
    const refused = await call('PATCH', '/tenants/settings', {
      friendly_name: 'Changed',
      change_password: page('a', 100_000),
      error_page: { html: 'x'.repeat(500_000) },
    });
    expect(refused).toMatchObject({ status: 400, body: { error: 'Bad Request', errorCode: 'invalid_body' } });
    const { message } = refused.body as { message: string };
    expect(message).toContain('on property error_page.html.');
    expect(message).toContain('at most 524288 bytes');
    expect((await call('GET', '/tenants/settings')).body).toEqual(before);
    const most = 'x'.repeat(262_144);
    for (const [pages, property] of [
      [{ custom_login_page: `${most}x` }, 'custom_login_page'],
      [{ custom_login_page: most, custom_login_page_preview: most }, 'custom_login_page'],
    ] as const) {
      const client = await call('POST', '/clients', { name: 'too much', ...pages });
      expect(client.status).toBe(400);
      expect((client.body as { message: string }).message).toContain(`on property ${property}.`);
    }
  });
});
