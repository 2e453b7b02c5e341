/** An access token of the management application, signed with the directory's own key: most measurements are not about getting one. */
import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scopes } from '@reeve/contract';
import { auth0Scopes } from '@reeve/contract/auth0-scopes';
import { createVault, findDefaultTenant, findSigningKeys, openDatabase } from '@reeve/core';
import { CLIENT_ID } from './processes.ts';

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const APIS = {
  native: (port: number) => ({ aud: `http://127.0.0.1:${port}/api`, scope: scopes.join(' ') }),
  auth0: (port: number) => ({ aud: `https://127.0.0.1:${port}/api/v2/`, scope: [...auth0Scopes.keys()].join(' ') }),
} as const;

export interface Bearing {
  readonly api?: keyof typeof APIS;
  /** Default: the SQLite file in the data directory. */
  readonly databaseUrl?: string | undefined;
}

export async function bearerOf(
  dataDir: string,
  port: number,
  { api = 'native', databaseUrl = `sqlite:${join(dataDir, 'reeve.db')}` }: Bearing = {},
): Promise<string> {
  const database = openDatabase(databaseUrl);
  try {
    const vault = createVault((await readFile(join(dataDir, 'secret.key'), 'utf8')).trim());
    const tenant = await database.read(findDefaultTenant);
    const [key] = await database.read((db) => findSigningKeys(db, vault, tenant?.id ?? 0, Date.now()));
    if (!key) throw new Error('The directory has no signing key.');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: `http://127.0.0.1:${port}/`,
      sub: `${CLIENT_ID}@clients`,
      azp: CLIENT_ID,
      ...APIS[api](port),
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 86_400,
    };
    const text = `${base64({ alg: 'RS256', kid: key.kid, typ: 'at+jwt' })}.${base64(claims)}`;
    const signature = sign('sha256', Buffer.from(text), createPrivateKey({ key: key.privateJwk, format: 'jwk' }));
    return `${text}.${signature.toString('base64url')}`;
  } finally {
    await database.close();
  }
}
