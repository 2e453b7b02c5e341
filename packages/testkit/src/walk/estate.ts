/** Things to call operations on: made through the API itself, fresh for every call that asks. */
import { enqueueMail, newId, totpCodeAt } from '@reeve/core';
import { expect } from 'vitest';
import type { TestServer } from '../server.ts';
import type { Caller } from './caller.ts';

const TOTP_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** A tenant as a walker sees it: how to reach it, and makers of what it holds. */
export interface Estate {
  readonly call: Caller;
  /** Row number of the tenant. */
  readonly tenantNum: number;
  /** Text that no other resource has. */
  unique(): string;
  user(more?: object): Promise<string>;
  group(): Promise<string>;
  role(): Promise<string>;
  organization(): Promise<string>;
  application(): Promise<string>;
  /** A secret of a new application that is not its only one. */
  secret(): Promise<{ application_id: string; secret_id: string }>;
  /** A user and an identity that was linked to it. */
  linkedIdentity(): Promise<{ user_id: string; provider: string; subject: string }>;
  connection(): Promise<string>;
  customField(): Promise<string>;
  resourceNamespace(): Promise<string>;
  /** One with the action `read`. */
  resource(): Promise<string>;
  /** A new resource for a new user. */
  grants(): Promise<{ resources: { code: string; actions: string[] }[]; subjects: { type: string; id: string }[] }>;
  /** One with the scope `read:all`. */
  resourceServer(): Promise<string>;
  /** A scope of a new resource server, by its identifier. */
  permission(): Promise<{ resource_server: string; permission: string }>;
  /** The grant of a new application for a new resource server. */
  clientGrant(): Promise<string>;
  invitation(): Promise<string>;
  /** An entry of the audit log. */
  event(): Promise<string>;
  /** A rule that is not enabled. */
  rule(): Promise<string>;
  /** The tenant has the mail provider, or has none. */
  mailProvider(is: 'there' | 'gone'): Promise<void>;
  session(userId?: string): Promise<string>;
  /** A TOTP of a new user. */
  authenticationMethod(): Promise<{ user_id: string; method_id: string }>;
  /** The code that every TOTP of the estate shows now. */
  totpCode(): string;
  /** The public key of a device. */
  deviceCredential(): Promise<string>;
  /** An import that has ended, with a failed row. */
  job(): Promise<string>;
  /** Locks the user out, as seven failed sign-ins do. */
  lock(userId: string): Promise<void>;
  /** A mail that was given up. */
  failedMail(): Promise<string>;
  /** A signing key that signs no more. */
  retiringKey(): Promise<string>;
}

export function createEstate(server: TestServer, call: Caller, tenantNum: number): Estate {
  let count = 0;
  const unique = () => `w${tenantNum}x${(count++).toString(36)}x${crypto.randomUUID().slice(0, 8)}`;
  const make = async (id: string, body: object): Promise<string> => {
    const answer = await call(id, { body });
    expect(answer.status, answer.text).toBe(201);
    return (answer.body as { id: string }).id;
  };
  const estate: Estate = {
    call,
    tenantNum,
    unique,
    user: (more = {}) => make('users.create', { email: `${unique()}@example.com`, name: unique(), ...more }),
    group: () => make('groups.create', { name: unique(), code: unique() }),
    role: () => make('roles.create', { code: unique() }),
    organization: () => make('organizations.create', { name: unique() }),
    application: () => make('applications.create', { name: unique(), type: 'machine_to_machine' }),
    connection: () => make('connections.create', { name: unique() }),
    resourceNamespace: () => make('resourceNamespaces.create', { code: unique() }),
    resource: () => make('resources.create', { code: unique(), type: 'data', actions: [{ name: 'read' }] }),
    async grants() {
      const { body } = await call('resources.get', { params: { resource_id: await estate.resource() } });
      return {
        resources: [{ code: (body as { code: string }).code, actions: ['read'] }],
        subjects: [{ type: 'user', id: await estate.user() }],
      };
    },
    customField: () => make('customFields.create', { key: unique(), type: 'string' }),
    resourceServer: () =>
      make('resourceServers.create', {
        identifier: `https://${unique()}.example/api`,
        scopes: [{ value: 'read:all', description: 'Reads everything' }],
      }),
    async permission() {
      const params = { resource_server_id: await estate.resourceServer() };
      const { body } = await call('resourceServers.get', { params });
      return { resource_server: (body as { identifier: string }).identifier, permission: 'read:all' };
    },
    async clientGrant() {
      const { resource_server, permission } = await estate.permission();
      return make('clientGrants.create', {
        application: await estate.application(),
        audience: resource_server,
        scopes: [permission],
      });
    },
    invitation: () => make('invitations.create', { email: `${unique()}@example.com` }),
    async event() {
      const { body } = await call('audit.list', { query: { target: await estate.user(), limit: '1' } });
      return ((body as { events: { id: string }[] }).events[0] as { id: string }).id;
    },
    rule: () =>
      make('rules.create', {
        name: unique(),
        script: 'function (u, c, callback) { callback(null, u, c); }',
        enabled: false,
      }),
    async mailProvider(is) {
      if (is === 'gone') await call('mails.deleteProvider', {});
      else await call('mails.createProvider', { body: { name: 'custom', enabled: false, credentials: {} } });
    },
    async secret() {
      const params = { application_id: await estate.application() };
      await call('applications.rotateSecret', { params, body: {} });
      const { body } = await call('applications.listSecrets', { params });
      const { secrets } = body as { secrets: { id: string; expires_at: string | null }[] };
      const old = secrets.find(({ expires_at }) => expires_at !== null);
      return { ...params, secret_id: old?.id as string };
    },
    async linkedIdentity() {
      const user_id = await estate.user();
      const { body } = await call('identities.link', { params: { user_id }, body: { user_id: await estate.user() } });
      const { identities } = body as { identities: { provider: string; subject: string }[] };
      const { provider, subject } = identities[1] as { provider: string; subject: string };
      return { user_id, provider, subject };
    },
    async session(userId) {
      const id = newId('ses', server.clock.now());
      const user = userId ?? (await estate.user());
      const now = server.clock.now();
      await server.services.database.write((db) =>
        db
          .insertInto('sessions')
          .values({
            id,
            tenant_id: tenantNum,
            user_id: user,
            application_id: null,
            ip: '127.0.0.1',
            user_agent: null,
            created_at: now,
            last_used_at: now,
            expires_at: now + 3_600_000,
            revoked_at: null,
          })
          .execute(),
      );
      return id;
    },
    async authenticationMethod() {
      const params = { user_id: await estate.user() };
      const body = { type: 'totp', totp_secret: TOTP_SECRET };
      const added = await call('authenticationMethods.create', { params, body });
      expect(added.status, added.text).toBe(201);
      return { ...params, method_id: (added.body as { id: string }).id };
    },
    totpCode: () => totpCodeAt(TOTP_SECRET, server.clock.now()),
    async deviceCredential() {
      const device = { type: 'public_key', device_name: 'Phone', device_id: unique(), value: 'key' };
      return make('deviceCredentials.create', { ...device, user_id: await estate.user() });
    },
    async job() {
      const raw = `{"email":"${unique()}@example.com","email_verified":true}\n{"email":5}\n`;
      const answer = await call('users.bulkImport', { raw, headers: { 'content-type': 'application/x-ndjson' } });
      expect(answer.body, answer.text).toMatchObject({ inserted: 1, failed: 1 });
      return (answer.body as { job_id: string }).job_id;
    },
    async lock(userId) {
      await server.services.database.write(async (db) => {
        const { num } = await db
          .selectFrom('users')
          .select('num')
          .where('tenant_id', '=', tenantNum)
          .where('id', '=', userId)
          .executeTakeFirstOrThrow();
        const now = server.clock.now();
        await db
          .insertInto('lockouts')
          .values({
            tenant_id: tenantNum,
            user_num: num,
            failures: 7,
            last_failed_at: now,
            locked_until: now + 300_000,
          })
          .execute();
      });
    },
    async failedMail() {
      const userId = await estate.user();
      // Failed in the transaction that puts it up: the courier never has a chance to send it.
      return server.work().write(async (unit) => {
        const { db, now, tenant } = unit;
        const expiresAt = now + 86_400_000;
        const payload = { link: `${tenant.origin}/verify-email?ticket=none`, name: null, expiresAt };
        const draft = { template: 'verify_email', recipient: `${unique()}@example.com`, userId, payload } as const;
        await enqueueMail(unit.within({ ...tenant, id: tenantNum }), draft);
        const { id } = await db
          .updateTable('mails')
          .set({ state: 'failed', next_attempt_at: null })
          .where('tenant_id', '=', tenantNum)
          .where('recipient', '=', draft.recipient)
          .returning('id')
          .executeTakeFirstOrThrow();
        return id;
      });
    },
    async retiringKey() {
      // Twice: the key that is taken has signed nothing, so that the walker's own token stands.
      await call('tenants.rotateKey', {});
      await call('tenants.rotateKey', {});
      const { body } = await call('tenants.listKeys');
      const { keys } = body as { keys: { id: string; state: string }[] };
      return keys.find(({ state }) => state === 'retiring')?.id as string;
    },
  };
  return estate;
}
