/** OAuth clients as the token endpoint needs them: the application and the digests of its secrets. */
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { ApplicationTable } from '../tables.ts';

export interface ClientSecret {
  readonly id: string;
  readonly digest: string;
  readonly expires_at: number | null;
}

export interface ClientRecord {
  readonly id: string;
  readonly clientId: string;
  readonly isEnabled: boolean;
  /** Keeps no secret. */
  readonly isPublic: boolean;
  /** What its own tokens carry: a lower number is refused. */
  readonly tokenVersion: number;
  readonly grantTypes: readonly string[];
  readonly scopes: readonly string[];
  readonly redirectUris: readonly string[];
  /** Seconds. */
  readonly accessTokenLifetime: number;
  /** Seconds. */
  readonly refreshTokenLifetime: number;
  readonly secrets: readonly ClientSecret[];
}

type Row = Pick<
  ApplicationTable,
  | 'id'
  | 'client_id'
  | 'enabled'
  | 'is_public'
  | 'token_version'
  | 'grant_types'
  | 'scopes'
  | 'redirect_uris'
  | 'access_token_lifetime'
  | 'refresh_token_lifetime'
>;
const byClientId = statement<{ tenant_id: number; client_id: string }, Row>((db, slot) =>
  db
    .selectFrom('applications')
    .select([
      'id',
      'client_id',
      'enabled',
      'is_public',
      'token_version',
      'grant_types',
      'scopes',
      'redirect_uris',
      'access_token_lifetime',
      'refresh_token_lifetime',
    ])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('client_id', '=', slot('client_id')),
);
const secretsOf = statement<{ tenant_id: number; application_id: string }, ClientSecret>((db, slot) =>
  db
    .selectFrom('application_secrets')
    .select(['id', 'digest', 'expires_at'])
    .where('tenant_id', '=', slot('tenant_id'))
    .where('application_id', '=', slot('application_id'))
    .orderBy('id'),
);

export async function findClient(db: Db, tenantId: number, clientId: string): Promise<ClientRecord | undefined> {
  const [row] = await byClientId(db, { tenant_id: tenantId, client_id: clientId });
  if (!row) return undefined;
  return {
    id: row.id,
    clientId: row.client_id,
    isEnabled: row.enabled === 1,
    isPublic: row.is_public === 1,
    tokenVersion: row.token_version,
    grantTypes: JSON.parse(row.grant_types) as string[],
    scopes: JSON.parse(row.scopes) as string[],
    redirectUris: JSON.parse(row.redirect_uris) as string[],
    accessTokenLifetime: row.access_token_lifetime,
    refreshTokenLifetime: row.refresh_token_lifetime,
    secrets: await secretsOf(db, { tenant_id: tenantId, application_id: row.id }),
  };
}

const redirectUris = statement<{ tenant_id: number }, Pick<Row, 'redirect_uris'>>((db, slot) =>
  db
    .selectFrom('applications')
    .select('redirect_uris')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('enabled', '=', 1)
    .where('redirect_uris', '<>', '[]'),
);

/** Redirect URIs of every enabled application of a tenant. */
export const findRedirectUris = async (db: Db, tenantId: number): Promise<string[]> =>
  (await redirectUris(db, { tenant_id: tenantId })).flatMap((row) => JSON.parse(row.redirect_uris) as string[]);

const touch = statement<{ tenant_id: number; id: string; last_used_at: number }, unknown>((db, slot) =>
  db
    .updateTable('application_secrets')
    .set({ last_used_at: slot('last_used_at') })
    .where('tenant_id', '=', slot('tenant_id'))
    .where('id', '=', slot('id')),
);

/** Notes when a secret was used last. */
export const touchSecret = async (db: Db, tenantId: number, id: string, now: number): Promise<void> => {
  await touch(db, { tenant_id: tenantId, id, last_used_at: now });
};
