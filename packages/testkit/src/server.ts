/** A booted server on a fresh database, with what a test needs to look behind it. */
import { existsSync } from 'node:fs';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scopes as allScopes } from '@reeve/contract';
import {
  createPasswordHasher,
  createWork,
  findSigningKeys,
  forgetLastId,
  type HashCost,
  type Services,
  systemActor,
  type TenantContext,
  type Work,
} from '@reeve/core';
import { type Limits, type Reeve, startReeve } from '@reeve/server';
import { importJWK, SignJWT } from 'jose';
import { inject } from 'vitest';
import { TestClock } from './clock.ts';
import { type DatabaseKind, freshDatabase, makeOnce, makeTemplate, type TestDatabase } from './databases.ts';

export const ADMIN_EMAIL = 'admin@reeve.test';
export const ADMIN_PASSWORD = 'correct horse battery';
export const CLIENT_ID = 'test-management';
export const CLIENT_SECRET = 'test-management-secret-0123456789';

export interface TestServer extends Reeve {
  readonly clock: TestClock;
  readonly dir: string;
  readonly databaseUrl: string;
  readonly services: Services;
  /** The default tenant. */
  readonly tenant: TenantContext;
  /** Work in the default tenant as the system. */
  work(): Work;
  /** An access token of the management application, without the token endpoint. Default: every scope. */
  token(scopes?: readonly string[], claims?: Record<string, unknown>): Promise<string>;
  /** `fetch` on the native API with a full token; a body is sent as JSON. */
  api(
    verb: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: never; headers: Headers }>;
  stop(): Promise<void>;
}

export interface BootOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Shorter bounds in time than the server's own. */
  readonly limits?: Limits;
  /**
   * Passwords are hashed as operators' servers do it: where hashes, their time or races over them are the point. Otherwise a
   * hash costs next to nothing.
   */
  readonly realHashes?: boolean;
  /** What the operator would read. */
  readonly log?: (line: string) => void;
  /** Use this database and folder instead of fresh ones; they are left in place. */
  readonly on?: { readonly url: string; readonly dir: string };
}

/** What every server of the run is founded with. */
const FOUNDING = {
  REEVE_ADMIN_EMAIL: ADMIN_EMAIL,
  REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
  REEVE_CLIENT_ID: CLIENT_ID,
  REEVE_CLIENT_SECRET: CLIENT_SECRET,
};
const CHEAP: HashCost = { memory: 8, passes: 1 };
const SECRET_KEY = '5ec2'.repeat(16);
const COMMON = { REEVE_PORT: '0', REEVE_RATE_LIMIT: 'off' };

/**
 * A directory as a first start leaves it, without the first start: that makes keys and hashes, which cost more than most
 * tests do. All servers of a run have the same keys, so they differ only by what was done to them.
 */
async function foundedDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const found = async (url: string, dir: string) => {
    const environment = {
      ...COMMON,
      ...FOUNDING,
      REEVE_SECRET_KEY: SECRET_KEY,
      REEVE_DATA_DIR: dir,
      REEVE_DATABASE_URL: url,
    };
    await (await startReeve({ environment, log: () => {} })).close();
  };
  const shared = inject('runDir');
  if (kind === 'postgres') {
    await makeTemplate('founded', 'migrated', (url) => found(url, join(shared, 'postgres')));
    return withKey(await freshDatabase('postgres', { from: 'founded' }));
  }
  const file = join(shared, 'founded.db');
  if (!existsSync(file))
    await makeOnce(
      3,
      async () => existsSync(file),
      async () => {
        const unfinished = join(shared, 'sqlite', 'reeve.db');
        await found(`sqlite:${unfinished}`, join(shared, 'sqlite'));
        await rename(unfinished, file);
      },
    );
  const database = await freshDatabase('sqlite');
  await copyFile(file, database.url.slice('sqlite:'.length));
  return withKey(database);
}

async function withKey(database: TestDatabase): Promise<TestDatabase> {
  await writeFile(join(database.dir, 'secret.key'), SECRET_KEY, { mode: 0o600 });
  return database;
}

/** Whether a server with these variables would be founded otherwise than all others. */
const isFoundedOtherwise = (environment: Readonly<Record<string, string>>): boolean =>
  Object.keys(environment).some((name) => name in FOUNDING || name === 'REEVE_SECRET_KEY');

export async function bootServer(
  kind: DatabaseKind,
  { environment = {}, limits = {}, realHashes = false, on, log = () => {} }: BootOptions = {},
): Promise<TestServer> {
  // The process may have served another test, whose clock went on; what is founded now is founded now, too.
  forgetLastId();
  const database = on
    ? { ...on, drop: async () => {} }
    : isFoundedOtherwise(environment)
      ? await freshDatabase(kind, { from: 'migrated' })
      : await foundedDatabase(kind);
  const clock = new TestClock();
  const reeve = await startReeve({
    clock,
    limits,
    log,
    ...(realHashes ? {} : { hasher: createPasswordHasher({ cost: CHEAP }) }),
    environment: {
      ...COMMON,
      ...FOUNDING,
      REEVE_DATA_DIR: database.dir,
      REEVE_DATABASE_URL: database.url,
      ...environment,
    },
  });
  // Loading it from source takes a test longer than some bounds in time.
  await reeve.warmed;
  const { services, url } = reeve;
  const tenant = await reeve.tenancy.tenantOf('http', new URL(url).host);
  const token: TestServer['token'] = async (scopes = allScopes, claims = {}) => {
    const [key] = await services.database.read((db) => findSigningKeys(db, services.vault, tenant.id, clock.now()));
    if (!key) throw new Error('The tenant has no signing key.');
    const now = Math.floor(clock.now() / 1000);
    return new SignJWT({ azp: CLIENT_ID, scope: scopes.join(' '), jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'at+jwt' })
      .setIssuer(`${url}/`)
      .setAudience((claims.aud as string | undefined) ?? `${url}/api`)
      .setSubject(`${CLIENT_ID}@clients`)
      .setIssuedAt(now)
      .setExpirationTime((claims.exp as number | undefined) ?? now + 86_400)
      .sign(await importJWK(key.privateJwk, 'RS256'));
  };
  let bearer: string | undefined;
  let bearerUntil = 0;
  return {
    ...reeve,
    clock,
    dir: database.dir,
    databaseUrl: database.url,
    tenant,
    work: () => createWork({ services, tenant, actor: systemActor }),
    token,
    async api(verb, path, body, headers = {}) {
      // A test may have moved the clock past the token's end.
      if (bearer === undefined || clock.now() > bearerUntil) {
        bearerUntil = clock.now() + 3_600_000;
        bearer = await token();
      }
      const response = await fetch(`${url}/api/v1${path}`, {
        method: verb,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: (text === '' ? undefined : JSON.parse(text)) as never,
        headers: response.headers,
      };
    },
    async stop() {
      await reeve.close();
      await database.drop();
    },
  };
}
