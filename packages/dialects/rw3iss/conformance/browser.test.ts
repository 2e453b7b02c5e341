/**
 * The clients as they are built, in pages of a real browser at another origin than the server's: storage, tabs, timers and
 * the network are the browser's own.
 */
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  startProxy,
  type TestServer,
} from '@reeve/testkit';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoredTokens } from '../client/index.ts';
import { findBrowser, type Site, startSite, Tab } from './browser.ts';

const PASSWORD = 'Correct-horse-1';
/** Past the end of an access token, whose life is 15 minutes. */
const EXPIRY = 16 * 60_000;

const executablePath = findBrowser();
if (!executablePath) {
  const reason = 'The tests in a browser need chromium on the PATH.';
  if (process.env.CI || process.env.REEVE_BROWSER === 'required') throw new Error(reason);
  console.warn(`Skipped. ${reason}`);
}

let site: Site;
let browser: Browser;
beforeAll(async () => {
  if (!executablePath) return;
  site = await startSite();
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

describe.skipIf(!executablePath).each(databaseKinds)('in a browser, on %s', (kind) => {
  let server: TestServer;
  let apiBaseUrl: string;
  let context: BrowserContext;
  let requests: string[];
  /** What the pages complained of. That a request failed the browser notes by itself. */
  let complaints: string[];
  let count = 0;

  beforeAll(async () => {
    server = await bootServer(kind);
    apiBaseUrl = `${server.url}/rw3iss/api/v1`;
    const listed = await server.api('PATCH', '/applications/console', { redirect_uris: [`${site.origin}/callback`] });
    expect(listed.status, JSON.stringify(listed.body)).toBe(200);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    requests = [];
    complaints = [];
    context = await browser.newContext();
    context.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('console', (message) => {
      const isOfBrowser = message.text().startsWith('Failed to load resource');
      if (['error', 'warning'].includes(message.type()) && !isOfBrowser) complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  const refreshes = () => requests.filter((request) => request === 'POST /rw3iss/api/v1/auth/refresh').length;
  const opened = async (options = {}): Promise<Tab> => {
    const tab = await Tab.open(context, site.origin);
    await tab.start({ apiBaseUrl, ...options });
    return tab;
  };
  const signedIn = async (options = {}): Promise<Tab> => {
    const tab = await opened(options);
    expect(await tab.login(ADMIN_EMAIL, ADMIN_PASSWORD)).toBe(ADMIN_EMAIL);
    return tab;
  };

  it('administers', async () => {
    const email = `page${++count}@example.com`;
    const made = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD });
    expect(made.status).toBe(201);
    const tab = await signedIn();
    const seen = await tab.run(
      async ({ client: { users, apps, pools } }, { address, code }) => {
        const [user] = await users.lookup({ emails: [address] });
        const id = user?.id as string;
        await users.setRoles(id, ['seller']);
        const app = await apps.create({ code, name: 'Made in a page' });
        await apps.grantUser(id, app.id);
        const granted = await apps.listForUser(id);
        await apps.revokeUser(id, app.id);
        await pools.setUserHome(id, code);
        await pools.addUser(id, 'second');
        const belongs = await pools.getForUser(id);
        await pools.removeUser(id, 'second');
        await users.setPassword(id, 'Another-horse-2');
        await users.revokeSessions(id);
        const found = {
          total: (await users.list({ search: address })).total,
          roles: (await users.listRoles(id)).map((role) => role.code),
          granted: granted.map((each) => each.code),
          belongs,
          pools: (await pools.list()).map(({ namespace }) => namespace),
          sessions: await users.listSessions(id),
        };
        await users.hardDelete({ userId: id, reason: 'asked for' });
        return { ...found, left: await users.lookup({ ids: [id] }) };
      },
      { address: email, code: `page-${kind}` },
    );
    expect(seen).toMatchObject({
      total: 1,
      roles: ['seller'],
      granted: [`page-${kind}`],
      belongs: { namespace: `page-${kind}`, namespaces: ['second'] },
      pools: expect.arrayContaining(['default', `page-${kind}`]),
      sessions: [],
      left: [],
    });
  });

  it('tabs that renew at once stay signed in, though a tab may read old tokens for a while', async () => {
    const [one, two] = [await signedIn(), await opened()];
    for (let i = 0; i < 6; i++)
      await Promise.all([one, two].map((tab) => tab.run(({ client }) => client.auth.refresh())));
    for (const tab of [one, two]) await tab.run(({ client }) => client.users.list());
  });

  it('does once what the browser sends twice, as the answer was lost', async () => {
    const proxy = await startProxy(server.url);
    try {
      const tab = await signedIn({ apiBaseUrl: `${proxy.url}/rw3iss/api/v1` });
      const create = (code: string) =>
        tab.run(async ({ client }, app) => (await client.apps.create(app)).code, { code, name: 'Made in a page' });
      const refresh = () => tab.run(({ client }) => client.auth.refresh());
      // A browser sends again on a connection that it kept.
      await create(`kept-${kind}`);
      proxy.cutAfter('answer', 0);
      expect(await create(`lost-${kind}`)).toBe(`lost-${kind}`);
      await refresh();
      proxy.cutAfter('answer', 0);
      await refresh();
      expect(proxy.cuts).toBe(2);
      await tab.run(({ client }) => client.users.list());
    } finally {
      await proxy.close();
    }
  });

  // No database has a part in these.
  if (kind !== 'sqlite') return;

  it('keeps who is signed in through a reload', async () => {
    const tab = await Tab.open(context, site.origin);
    expect(await tab.start({ apiBaseUrl })).toBe('anonymous');
    await tab.login(ADMIN_EMAIL, ADMIN_PASSWORD);
    await tab.page.reload();
    const settling = await tab.run((held, url) => {
      held.client = held.library.createAuthClient({ apiBaseUrl: url });
      return [held.client.getStatus(), held.client.isReady()];
    }, apiBaseUrl);
    expect(settling).toEqual(['bootstrapping', false]);
    const { status, user } = await tab.run(({ client }) => client.ready());
    expect([status, user?.email]).toEqual(['authenticated', ADMIN_EMAIL]);
    expect(await tab.run(({ localStorage }) => Object.keys(localStorage))).toEqual(['rw3iss_auth:tokens']);
    await tab.run(({ client }) => client.auth.logout());
    await tab.page.reload();
    expect(await tab.start({ apiBaseUrl })).toBe('anonymous');
  });

  it('tells refusals as errors, with what finds them in the audit log', async () => {
    const tab = await signedIn();
    const error = await tab.run(({ client, library: { NotFoundError } }) =>
      client.apps.get('00000000-0000-4000-8000-000000000000').catch((refusal: InstanceType<typeof NotFoundError>) => ({
        isNotFound: refusal instanceof NotFoundError,
        requestId: refusal.requestId,
      })),
    );
    expect(error).toEqual({ isNotFound: true, requestId: expect.stringMatching(/^req_/) });
  });

  it('renews an expired token once, however many calls wait for it', async () => {
    const tab = await signedIn();
    server.clock.advance(EXPIRY);
    const ids = await tab.run(({ client }) =>
      Promise.all(Array.from({ length: 5 }, async () => (await client.auth.whoami()).id)),
    );
    expect([new Set(ids).size, refreshes()]).toEqual([1, 1]);
  });

  it('tabs sign in, renew and sign out together', async () => {
    const [one, two] = [await opened(), await opened()];
    await one.login(ADMIN_EMAIL, ADMIN_PASSWORD);
    expect(await two.heard('status_changed')).toMatchObject({ status: 'authenticated' });
    server.clock.advance(EXPIRY);
    await Promise.all([one, two].map((tab) => tab.run(({ client }) => client.auth.whoami())));
    await one.run(({ client }) => client.auth.logout());
    expect(await two.heard('logged_out')).toEqual({ type: 'logged_out', reason: 'cross_tab_sync' });
    expect(await two.run(({ client }) => client.getStatus())).toBe('anonymous');
  });

  it('tabs whose timers end at once renew the token once, in the background', async () => {
    await context.clock.install();
    const [one, two] = [await signedIn(), await opened()];
    const { access_token, expires_at_seconds } = await two.run(
      ({ localStorage }) => JSON.parse(localStorage['rw3iss_auth:tokens'] as string) as StoredTokens,
    );
    const now = await two.run(() => Date.now());
    await context.clock.runFor(expires_at_seconds * 1000 - now - 30_000);
    const renewed = await Promise.all([one, two].map((tab) => tab.run(({ client }) => client.auth.getAccessToken())));
    expect(renewed).toEqual([expect.any(String), renewed[0]]);
    expect(renewed[0]).not.toBe(access_token);
  });

  it('signs out who is not there any more', async () => {
    await context.clock.install();
    const tab = await signedIn({ idleTimeoutMs: 60_000 });
    await context.clock.runFor(50_000);
    await tab.page.keyboard.press('a');
    await context.clock.runFor(50_000);
    expect(await tab.run(({ client }) => client.getStatus())).toBe('authenticated');
    await context.clock.runFor(11_000);
    expect(await tab.heard('logged_out')).toEqual({ type: 'logged_out', reason: 'idle_timeout' });
  });

  it('a page at an origin that no application lists reads nothing', async () => {
    const tab = await Tab.open(context, site.otherOrigin);
    await tab.start({ apiBaseUrl });
    const login = { email: ADMIN_EMAIL, password: ADMIN_PASSWORD };
    const refusal = await tab.run(
      ({ client }, input) => client.auth.login(input).then(JSON.stringify, (error: Error) => error.name),
      login,
    );
    expect(refusal).toBe('TypeError');
    expect(complaints.splice(0)).toEqual([expect.stringContaining('has been blocked by CORS policy')]);
  });

  it('the other clients that are said to run in browsers do', async () => {
    const tab = await Tab.open(context, site.origin);
    const given = { url: server.url, token: await server.token(), id: CLIENT_ID, secret: CLIENT_SECRET };
    const emails = await tab.run(async ({ ReeveManagement, ManagementClient }, { url, token, id, secret }) => {
      const { users } = await new ReeveManagement({ tenantUrl: url, token }).users.list({ limit: 1 });
      const pool = new ManagementClient({ userPoolId: id, secret, host: `${url}/authing` });
      return [users[0]?.email, (await pool.users.list(1, 1)).list[0]?.email];
    }, given);
    expect(emails).toEqual([ADMIN_EMAIL, ADMIN_EMAIL]);
  });
});
