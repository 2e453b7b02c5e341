import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { clientSecret, startTenant } from '../testing/fake-tenant.ts';
import * as sdk from './index.ts';
import { version } from './version.ts';

const { ReeveManagement } = sdk;
const options = { tenantUrl: 'http://127.0.0.1:9', clientId: 'app', clientSecret };

test('missing options are named, all at once', () => {
  expect(() => new ReeveManagement({} as never)).toThrow(
    new TypeError('ReeveManagement: missing tenantUrl, clientId, clientSecret'),
  );
  expect(() => new ReeveManagement(undefined as never)).toThrow(/missing tenantUrl/);
  expect(() => new ReeveManagement({ ...options, clientId: '' })).toThrow(/missing clientId$/);
  expect(() => new ReeveManagement({ token: 't' } as never)).toThrow(/missing tenantUrl$/);
});

test.each([
  'id.example.com',
  'ftp://id.example.com',
  'https://user:pass@id.example.com',
  'https://x/?a=b',
  'https://x/#a',
])('%j cannot be a tenant URL, and is not repeated in the message', (tenantUrl) => {
  expect(() => new ReeveManagement({ ...options, tenantUrl })).toThrow(/tenantUrl must be/);
  expect(() => new ReeveManagement({ ...options, tenantUrl })).not.toThrow(/pass@/);
});

test('the constructor sends nothing', async () => {
  const fetch = vi.fn();
  new ReeveManagement({ ...options, fetch });
  new ReeveManagement({ tenantUrl: options.tenantUrl, token: fetch, fetch });
  await new Promise((resolve) => setImmediate(resolve));
  expect(fetch).not.toHaveBeenCalled();
});

test('a client shows no secret when printed', async () => {
  const tenant = await startTenant();
  const reeve = new ReeveManagement(tenant.options);
  await reeve.refreshToken();
  const shown = inspect(reeve, { depth: 20, showHidden: true }) + JSON.stringify(reeve);
  expect(shown).not.toContain(clientSecret);
  expect(shown).not.toContain('token-number');
});

test('a tenant below a path keeps its path', async () => {
  const tenant = await startTenant();
  const urls: string[] = [];
  const fetch: sdk.Fetch = async (url) => {
    urls.push(url);
    return new Response(url.endsWith('token') ? '{"access_token":"t","expires_in":3600}' : '{}');
  };
  await new ReeveManagement({ ...tenant.options, tenantUrl: 'https://x.example/id//', fetch }).users.get('u');
  expect(urls).toEqual(['https://x.example/id/oauth/token', 'https://x.example/id/api/v1/users/u']);
});

test('without a fetch option the global one of the moment is used', async () => {
  const spy = vi.spyOn(globalThis, 'fetch');
  const reeve = new ReeveManagement(options);
  spy.mockImplementation(async () => Response.json({ access_token: 't', expires_in: 3600 }));
  await reeve.refreshToken();
  expect(spy).toHaveBeenCalledTimes(1);
  spy.mockRestore();
});

test('methods work apart from their client', async () => {
  const tenant = await startTenant();
  tenant.on('GET /groups/g', ({ json }) => json(200, { id: 'g' }));
  const { get } = new ReeveManagement(tenant.options).groups;
  expect(await get('g')).toEqual({ id: 'g' });
});

test('the package exports what it says, and the version is that of the package', () => {
  expect(Object.keys(sdk).sort()).toEqual(['ReeveError', 'ReeveManagement']);
  expect(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version).toBe(version);
});
