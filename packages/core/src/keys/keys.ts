/** Signing keys: RS256, one current for each tenant; a retiring one verifies until the tokens that it signed are gone. */
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Db } from '../database/database.ts';
import type { Vault } from '../secret.ts';
import type { Unit } from '../work.ts';

export type Jwk = Readonly<Record<string, string>>;

export interface NewSigningKey {
  readonly kid: string;
  readonly publicJwk: Jwk;
  readonly privateJwk: Jwk;
}

export interface SigningKey {
  readonly kid: string;
  readonly state: 'current' | 'retiring';
  readonly publicJwk: Jwk;
  readonly privateJwk: Jwk;
}

const generate = promisify(generateKeyPair);

/** Makes an RSA key pair of 2048 bits off the event loop (about 100 ms). */
export async function generateSigningKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: 2048 });
  const kid = randomUUID();
  const described = { kid, alg: 'RS256', use: 'sig' };
  return {
    kid,
    publicJwk: { ...(publicKey.export({ format: 'jwk' }) as Jwk), ...described },
    privateJwk: { ...(privateKey.export({ format: 'jwk' }) as Jwk), ...described },
  };
}

export async function insertSigningKey(unit: Unit, { kid, publicJwk, privateJwk }: NewSigningKey): Promise<void> {
  await unit.db
    .insertInto('signing_keys')
    .values({
      id: kid,
      tenant_id: unit.tenant.id,
      state: 'current',
      public_jwk: JSON.stringify(publicJwk),
      private_jwk: unit.services.vault.seal(JSON.stringify(privateJwk), `key ${kid}`),
      created_at: unit.now,
      retires_at: null,
    })
    .execute();
}

/** The rows of the keys that verify now, the current one first. */
export const findKeyRows = (db: Db, tenantId: number, now: number) =>
  db
    .selectFrom('signing_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where((e) => e.or([e('retires_at', 'is', null), e('retires_at', '>', now)]))
    .orderBy('state')
    .orderBy('created_at', 'desc')
    .execute();

/** The keys that verify now, the current one first. */
export async function findSigningKeys(db: Db, vault: Vault, tenantId: number, now: number): Promise<SigningKey[]> {
  const rows = await findKeyRows(db, tenantId, now);
  return rows.map((row) => ({
    kid: row.id,
    state: row.state,
    publicJwk: JSON.parse(row.public_jwk) as Jwk,
    privateJwk: JSON.parse(vault.open(row.private_jwk, `key ${row.id}`)) as Jwk,
  }));
}

/** What changes whenever a tenant's keys do. */
export async function findKeyStamp(db: Db, tenantId: number, now: number): Promise<string> {
  return (await findKeyRows(db, tenantId, now)).map(({ id, state }) => `${id} ${state}`).join('\n');
}
