/** What can be wrong with the surroundings when the server starts, told in one line that names the variable to change. */
import { type Database, Problem, type Services } from '@reeve/core';
import { type Config, ConfigError } from './config.ts';

interface SystemError {
  readonly code?: string;
  readonly message?: string;
}

const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** SQLSTATE: invalid authorization (28), invalid catalogue (3D), insufficient privilege, a setting in the URL that is none. */
const REFUSED = /^(28...|3D...|42501|22023)$/;

/** The database by name, without its password. */
function nameOf({ databaseUrl }: Pick<Config, 'databaseUrl'>): string {
  if (databaseUrl.startsWith('sqlite:')) return databaseUrl.slice('sqlite:'.length);
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}

/** The one line for an error of opening or migrating the database. */
export function databaseError(error: unknown, config: Config): unknown {
  const { code, message = '' } = ((error instanceof Problem && error.cause) || error) as SystemError;
  const name = nameOf(config);
  if (config.databaseUrl.startsWith('sqlite:')) {
    if (code !== 'ERR_SQLITE_ERROR') return error;
    return new ConfigError(`REEVE_DATABASE_URL: ${name} can't be opened (${message}).`);
  }
  if (code !== undefined && AWAY.has(code))
    return new ConfigError(`REEVE_DATABASE_URL: PostgreSQL does not answer at ${name} (${code}).`);
  if (code !== undefined && REFUSED.test(code))
    return new ConfigError(`REEVE_DATABASE_URL: PostgreSQL refuses ${name} (${message}).`);
  if (/timeout|SASL|SSL/i.test(message)) return new ConfigError(`REEVE_DATABASE_URL: ${name} (${message}).`);
  return error;
}

/** The one line for an error of listening; `variable` holds the port. */
export function listenError(error: unknown, { host }: Config, variable: string, port: number): unknown {
  const { code } = error as SystemError;
  if (code === 'EADDRINUSE') return new ConfigError(`${variable}: port ${port} of ${host} is in use.`);
  if (code === 'EACCES') return new ConfigError(`${variable}: port ${port} may not be listened on by this user.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL')
    return new ConfigError(`REEVE_HOST: this machine has no address ${host}.`);
  return error;
}

/** Throws unless the secret key is the one that this directory was made with: its signing keys say. */
export async function checkSecretKey(database: Database, vault: Services['vault']): Promise<void> {
  const key = await database.read((db) =>
    db.selectFrom('signing_keys').select(['id', 'private_jwk']).limit(1).executeTakeFirst(),
  );
  if (!key) return;
  try {
    vault.open(key.private_jwk, `key ${key.id}`);
  } catch {
    throw new ConfigError(
      'REEVE_SECRET_KEY is not the key that this database was made with; set it, or bring back the secret.key of its data directory.',
    );
  }
}
