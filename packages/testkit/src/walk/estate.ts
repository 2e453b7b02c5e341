/** Things to call operations on: made through the API itself, fresh for every call that asks. */
import { newId } from '@reeve/core';
import { expect } from 'vitest';
import type { TestServer } from '../server.ts';
import type { Caller } from './caller.ts';

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
  connection(): Promise<string>;
  invitation(): Promise<string>;
  session(userId?: string): Promise<string>;
  /** An import that has ended, with a failed row. */
  job(): Promise<string>;
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
    invitation: () => make('invitations.create', { email: `${unique()}@example.com` }),
    async secret() {
      const params = { application_id: await estate.application() };
      await call('applications.rotateSecret', { params, body: {} });
      const { body } = await call('applications.listSecrets', { params });
      const { secrets } = body as { secrets: { id: string; expires_at: string | null }[] };
      const old = secrets.find(({ expires_at }) => expires_at !== null);
      return { ...params, secret_id: old?.id as string };
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
    async job() {
      const raw = `{"email":"${unique()}@example.com","email_verified":true}\n{"email":5}\n`;
      const answer = await call('users.bulkImport', { raw, headers: { 'content-type': 'application/x-ndjson' } });
      expect(answer.body, answer.text).toMatchObject({ inserted: 1, failed: 1 });
      return (answer.body as { job_id: string }).job_id;
    },
    async failedMail() {
      await estate.user();
      return server.services.database.write(async (db) => {
        const { id } = await db
          .selectFrom('mails')
          .select('id')
          .where('tenant_id', '=', tenantNum)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirstOrThrow();
        await db
          .updateTable('mails')
          .set({ state: 'failed', next_attempt_at: null, lease_until: null })
          .where('tenant_id', '=', tenantNum)
          .where('id', '=', id)
          .execute();
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
