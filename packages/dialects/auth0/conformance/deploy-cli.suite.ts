/** What `auth0-deploy-cli` is shown to do, whichever its version: a suite that each version's test runs. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Auth0Call, askForToken, auth0Caller, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeployCli, type DeployVersion, deployCli } from './deploy-cli.ts';
import { startWorld } from './world.ts';

const DEFAULT_CONNECTION = 'Username-Password-Authentication';
const AUDIENCE = 'https://orders.example.com/';
const SECRET = 'a mail password that nobody may see';
// The tool compiles its schemas at every import, and does eight calls in a second.
const TIMEOUT = 300_000;

const script = (text: string) =>
  `function (user, context, callback) {\n  // ${text}\n  callback(null, user, context);\n}\n`;
const mail = { name: 'smtp', enabled: true, default_from_address: 'no-reply@example.com', settings: {} };
const credentials = { smtp_host: 'mail.example.com', smtp_port: 2525, smtp_user: 'reeve', smtp_pass: SECRET };

/** The tool exports placeholders of what it holds for secret. */
const mailMappings = { AUTH0_KEYWORD_REPLACE_MAPPINGS: { SMTP_USER: 'reeve', SMTP_PASS: SECRET } };

const grants = [{ client_id: 'Order Service', audience: AUDIENCE, scope: ['read:orders'] }];
const tenantFile = {
  tenant: {
    friendly_name: 'Imported',
    support_email: 'help@example.com',
    session_lifetime: 100,
    idle_session_lifetime: 1.5,
    flags: { enable_client_connections: false },
  },
  clients: [
    {
      name: 'Order Service',
      app_type: 'non_interactive',
      grant_types: ['client_credentials'],
      client_metadata: { team: 'orders' },
    },
    {
      name: 'Shop',
      app_type: 'regular_web',
      callbacks: ['https://shop.example.com/callback'],
      logo_uri: 'https://shop.example.com/logo.png',
    },
  ],
  databases: [
    { name: DEFAULT_CONNECTION, strategy: 'auth0', options: {} },
    { name: 'Customers', strategy: 'auth0', enabled_clients: ['Shop'], options: { passwordPolicy: 'good' } },
  ],
  connections: [
    {
      name: 'partner',
      strategy: 'google-oauth2',
      enabled_clients: ['Shop'],
      options: { client_id: 'abc', scope: ['email'] },
    },
  ],
  resourceServers: [
    {
      name: 'Orders',
      identifier: AUDIENCE,
      token_lifetime: 3600,
      scopes: [{ value: 'read:orders', description: 'See orders' }, { value: 'write:orders' }],
    },
    { name: 'Old', identifier: 'https://old.example.com/', scopes: [] },
  ],
  clientGrants: grants,
  roles: [
    {
      name: 'Order clerk',
      description: 'Sees orders',
      permissions: [{ permission_name: 'read:orders', resource_server_identifier: AUDIENCE }],
    },
  ],
  rules: [
    { name: 'First', script: './first.js', stage: 'login_success', enabled: true, order: 1 },
    { name: 'Second', script: './second.js', stage: 'login_success', enabled: false, order: 2 },
  ],
  emailProvider: { ...mail, credentials },
};

/** Path below `folder` → text, of all its files. */
async function treeOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const texts = files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** What the directory has a place for; the rest is read once, with all of a tenant. */
const only = {
  AUTH0_INCLUDED_ONLY: [
    'tenant',
    'clients',
    'databases',
    'connections',
    'resourceServers',
    'clientGrants',
    'roles',
    'rules',
    'emailProvider',
  ],
};
const deleting = { ...only, AUTH0_ALLOW_DELETE: true };

type Item = Record<string, unknown>;
export function describeDeployCli(version: DeployVersion): void {
  describe.each(databaseKinds)(`auth0-deploy-cli ${version} on %s`, (kind) => {
    let server: TestServer;
    let call: Auth0Call;
    let cli: DeployCli;
    let folder: string;
    const exported = () => join(folder, 'exported');

    beforeAll(async () => {
      const world = await startWorld(kind);
      server = world.server;
      call = await auth0Caller(server);
      cli = deployCli(version, world.domain);
      folder = await mkdtemp(join(tmpdir(), 'reeve-deploy-'));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
      await server.stop();
    });

    const read = async <T>(path: string): Promise<T> => {
      const { status, body } = await call('GET', path);
      expect(status).toBe(200);
      return body as T;
    };
    const named = async (path: string, name: string) => (await read<Item[]>(path)).find((item) => item.name === name);
    const idOf = async (path: string, name: string) => (await named(path, name))?.id as string;
    /** JSON is YAML. */
    const write = async (tenant: object, first = 'one') => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'first.js'), script(first));
      await writeFile(join(folder, 'second.js'), script('two'));
      await writeFile(join(folder, 'tenant.yaml'), JSON.stringify(tenant));
      return join(folder, 'tenant.yaml');
    };
    const everything = async () => ({
      clients: await read('/clients'),
      connections: await read('/connections'),
      servers: await read('/resource-servers'),
      grants: await read('/client-grants'),
      roles: await read('/roles'),
      rules: await read('/rules'),
      organizations: await read('/organizations'),
      tenant: await read('/tenants/settings'),
      mail: await read('/emails/provider'),
    });

    it('imports what a file says', { timeout: TIMEOUT }, async () => {
      await cli.deploy(await write(tenantFile), only);
      const service = await named('/clients', 'Order Service');
      expect(service).toMatchObject(tenantFile.clients[0] as object);
      const shop = await named('/clients', 'Shop');
      expect(shop).toMatchObject(tenantFile.clients[1] as object);
      const { enabled_clients: _shop, ...customers } = tenantFile.databases[1] as Item;
      expect(await named('/connections', 'Customers')).toMatchObject({
        ...customers,
        enabled_clients: [shop?.client_id],
      });
      const { enabled_clients: _partner, ...partner } = tenantFile.connections[0] as Item;
      expect(await named('/connections', 'partner')).toMatchObject({ ...partner, enabled_clients: [shop?.client_id] });
      expect(await named('/resource-servers', 'Orders')).toMatchObject(tenantFile.resourceServers[0] as object);
      const granted = { ...grants[0], client_id: service?.client_id };
      expect(await read(`/client-grants?client_id=${service?.client_id}`)).toMatchObject([granted]);
      const role = await named('/roles', 'Order clerk');
      expect(role).toMatchObject({ description: 'Sees orders' });
      expect(await read(`/roles/${role?.id}/permissions`)).toMatchObject(tenantFile.roles[0]?.permissions as object);
      const rules = [
        { name: 'First', script: script('one'), enabled: true },
        { name: 'Second', enabled: false },
      ];
      expect(await read('/rules')).toMatchObject(rules);
      expect(await read('/tenants/settings')).toMatchObject(tenantFile.tenant);
      const stored = await read('/emails/provider');
      expect(stored).toMatchObject({ name: 'smtp', enabled: true, credentials: { smtp_host: 'mail.example.com' } });
      expect(JSON.stringify(stored)).not.toContain(SECRET);
    });

    it('lets an imported client have tokens for an imported API', async () => {
      const service = await named('/clients', 'Order Service');
      const { body } = await call('POST', `/clients/${service?.client_id}/rotate-secret`);
      const { client_secret } = body as { client_secret: string };
      const asked = { client_id: service?.client_id as string, client_secret, audience: AUDIENCE };
      expect(await askForToken(server, asked)).toMatchObject({ status: 200, body: { scope: 'read:orders' } });
    });

    it('exports all of a tenant, imports it, and exports the same', { timeout: TIMEOUT }, async () => {
      await call('POST', '/organizations', { name: 'acme', display_name: 'Acme', metadata: { tier: 'gold' } });
      await cli.dump(exported(), 'directory');
      const files = await treeOf(exported());
      expect(Object.keys(files)).toEqual(
        expect.arrayContaining([
          'tenant.json',
          'clients/Order Service.json',
          'clients/Shop.json',
          'connections/partner.json',
          'database-connections/Customers/database.json',
          'resource-servers/Orders.json',
          'roles/Order clerk.json',
          'rules/First.js',
          'rules/First.json',
          'emails/provider.json',
          'organizations/acme.json',
        ]),
      );
      expect(JSON.parse(files['clients/Shop.json'] as string)).toMatchObject(tenantFile.clients[1] as object);
      expect(files['rules/First.js']).toBe(script('one'));
      expect(Object.values(files).join()).not.toContain(SECRET);

      const before = await everything();
      const again = join(folder, 'again');
      await cli.deploy(exported(), mailMappings);
      await cli.dump(again, 'directory');
      expect(await treeOf(again)).toEqual(files);
      expect(await everything()).toEqual(before);
    });

    it('changes the server as a changed file says', { timeout: TIMEOUT }, async () => {
      const [service, shop] = tenantFile.clients;
      const path = await write(
        {
          tenant: { friendly_name: 'Renamed' },
          clients: [
            { ...service, client_metadata: { team: 'shipping' } },
            { ...shop, callbacks: [] },
          ],
          databases: [{ ...tenantFile.databases[1], enabled_clients: ['Shop', 'Order Service'] }],
          resourceServers: [{ ...tenantFile.resourceServers[0], token_lifetime: 60 }],
          clientGrants: [{ ...grants[0], scope: ['read:orders', 'write:orders'] }],
          roles: [{ name: 'Order clerk', description: 'Sees all orders', permissions: [] }],
          rules: tenantFile.rules,
          emailProvider: { ...mail, credentials: { ...credentials, smtp_port: 2526 } },
        },
        'changed',
      );
      await cli.deploy(path, only);
      const client = await named('/clients', 'Order Service');
      expect(client).toMatchObject({ client_metadata: { team: 'shipping' } });
      expect(await named('/clients', 'Shop')).toMatchObject({ callbacks: [], logo_uri: shop?.logo_uri });
      const enabled = (await named('/connections', 'Customers'))?.enabled_clients;
      expect(enabled).toHaveLength(2);
      expect(enabled).toContain(client?.client_id);
      expect(await named('/resource-servers', 'Orders')).toMatchObject({ token_lifetime: 60 });
      const changedGrant = { scope: ['read:orders', 'write:orders'] };
      expect(await read(`/client-grants?client_id=${client?.client_id}`)).toMatchObject([changedGrant]);
      const role = await named('/roles', 'Order clerk');
      expect(role).toMatchObject({ description: 'Sees all orders' });
      expect(await read(`/roles/${role?.id}/permissions`)).toEqual([]);
      expect(await named('/rules', 'First')).toMatchObject({ script: script('changed') });
      expect(await read('/tenants/settings')).toMatchObject({
        friendly_name: 'Renamed',
        support_email: 'help@example.com',
      });
      expect(await read('/emails/provider')).toMatchObject({ credentials: { smtp_port: 2526 } });
    });

    it('deletes what a file lacks, where that is asked for', { timeout: TIMEOUT }, async () => {
      const path = await write({
        // It came with the tenant, and stays with it.
        clients: [tenantFile.clients[0], { name: 'console' }],
        databases: [tenantFile.databases[0]],
        connections: [],
        resourceServers: [tenantFile.resourceServers[0]],
        clientGrants: [],
        rules: [tenantFile.rules[0]],
      });
      const kept = (await read<Item[]>('/clients')).map(({ name }) => name);
      await cli.deploy(path, deleting);
      // The tool spares the client that it works as, and "All Applications".
      const names = (await read<Item[]>('/clients')).map(({ name }) => name);
      expect(names).toEqual(kept.filter((name) => name !== 'Shop'));
      expect((await read<Item[]>('/connections')).map(({ name }) => name)).toEqual([DEFAULT_CONNECTION]);
      expect(await idOf('/resource-servers', 'Old')).toBeUndefined();
      expect(await named('/resource-servers', 'Orders')).toMatchObject({ identifier: AUDIENCE });
      const service = await named('/clients', 'Order Service');
      expect(await read(`/client-grants?client_id=${service?.client_id}`)).toEqual([]);
      expect(await read('/rules')).toMatchObject([{ name: 'First' }]);
      expect(await read<Item[]>('/rules')).toHaveLength(1);
    });
  });
}
