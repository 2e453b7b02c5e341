/** The environment, read once at start. A wrong value stops the start with one line that names the variable. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readTrustedProxies, type TrustedProxies } from './proxies.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly httpsPort: number | undefined;
  /** Scheme and host without a trailing slash; undefined: taken from each request. */
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly adminEmail: string | undefined;
  readonly adminPassword: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** 64 hex digits. */
  readonly secretKey: string;
  /** Requests per minute and client; undefined: no limit. */
  readonly rateLimit: number | undefined;
  readonly smtpUrl: string | undefined;
  /** Bytes that the file of an import in the background may have. */
  readonly importLimit: number;
  /** Who may say, by `X-Forwarded-*`, where a request came from; undefined: nobody. */
  readonly trustedProxies: TrustedProxies | undefined;
}

/** A wrong value: its message is the one line that the operator sees. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const DEFAULT_RATE_LIMIT = 1000;
const DEFAULT_IMPORT_LIMIT = 512 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and judges every variable; makes the data directory and the secret key where they are not there yet. */
export function readConfig(environment: Environment): Config {
  const given = (name: string): string | undefined => environment[name] || undefined;
  const dataDir = resolve(given('REEVE_DATA_DIR') ?? './data');
  const judged = {
    host: given('REEVE_HOST') ?? '127.0.0.1',
    port: port('REEVE_PORT', given('REEVE_PORT')) ?? 8787,
    httpsPort: port('REEVE_HTTPS_PORT', given('REEVE_HTTPS_PORT')),
    publicUrl: publicUrl(given('REEVE_PUBLIC_URL')),
    databaseUrl: databaseUrl(given('REEVE_DATABASE_URL'), dataDir),
    adminEmail: matching('REEVE_ADMIN_EMAIL', given('REEVE_ADMIN_EMAIL'), /^[^\s@]+@[^\s@]+$/, 'an e-mail address'),
    adminPassword: matching(
      'REEVE_ADMIN_PASSWORD',
      given('REEVE_ADMIN_PASSWORD'),
      /^[\s\S]{8,128}$/,
      '8 to 128 characters long',
    ),
    clientId: matching(
      'REEVE_CLIENT_ID',
      given('REEVE_CLIENT_ID'),
      /^[A-Za-z0-9._~-]{3,128}$/,
      '3 to 128 URL-safe characters',
    ),
    clientSecret: matching(
      'REEVE_CLIENT_SECRET',
      given('REEVE_CLIENT_SECRET'),
      /^[\s\S]{16,512}$/,
      '16 to 512 characters long',
    ),
    rateLimit: rateLimit(given('REEVE_RATE_LIMIT')),
    smtpUrl: smtpUrl(given('REEVE_SMTP_URL')),
    importLimit: importLimit(given('REEVE_IMPORT_LIMIT')),
    trustedProxies: trustedProxies(given('REEVE_TRUSTED_PROXIES')),
  };
  const wantedKey = matching('REEVE_SECRET_KEY', given('REEVE_SECRET_KEY'), /^[0-9a-fA-F]{64}$/, '64 hex digits');
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw new ConfigError(`REEVE_DATA_DIR: ${dataDir} can't be made (${(error as NodeJS.ErrnoException).code}).`);
  }
  return { ...judged, dataDir, secretKey: wantedKey ?? keptKey(dataDir) };
}

function port(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new ConfigError(`${name} must be a port, 0 to 65535; it is "${text}".`);
  return Number(text);
}

function matching(name: string, text: string | undefined, shape: RegExp, rule: string): string | undefined {
  // Secrets are judged here too, so the value itself is never repeated.
  if (text !== undefined && !shape.test(text)) throw new ConfigError(`${name} must be ${rule}.`);
  return text;
}

function publicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new ConfigError(
      'REEVE_PUBLIC_URL must be an http(s) URL without a path, for example https://id.example.com.',
    );
  }
  return url.origin;
}

function databaseUrl(text: string | undefined, dataDir: string): string {
  if (text === undefined) return `sqlite:${join(dataDir, 'reeve.db')}`;
  if (!/^sqlite:.+/.test(text) && !(/^postgres(ql)?:\/\/.+/.test(text) && URL.canParse(text)))
    throw new ConfigError('REEVE_DATABASE_URL must be sqlite:<path> or postgres://….');
  return text;
}

function rateLimit(text: string | undefined): number | undefined {
  if (text === 'off') return undefined;
  if (text !== undefined && !/^[1-9]\d{0,8}$/.test(text))
    throw new ConfigError('REEVE_RATE_LIMIT must be a number of requests per minute, or off.');
  return text === undefined ? DEFAULT_RATE_LIMIT : Number(text);
}

function importLimit(text: string | undefined): number {
  if (text !== undefined && !/^[1-9]\d{0,11}$/.test(text))
    throw new ConfigError('REEVE_IMPORT_LIMIT must be a number of bytes, at least 1.');
  return text === undefined ? DEFAULT_IMPORT_LIMIT : Number(text);
}

function smtpUrl(text: string | undefined): string | undefined {
  if (text !== undefined && !(URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol))) {
    throw new ConfigError('REEVE_SMTP_URL must be an smtp:// or smtps:// URL.');
  }
  return text;
}

function trustedProxies(text: string | undefined): TrustedProxies | undefined {
  if (text === undefined) return undefined;
  const proxies = readTrustedProxies(text);
  if (proxies === undefined)
    throw new ConfigError(
      'REEVE_TRUSTED_PROXIES must be IP addresses or networks (10.0.0.0/8), comma-separated, or a number of hops, 1 to 32.',
    );
  return proxies;
}

function keptKey(dataDir: string): string {
  const path = join(dataDir, 'secret.key');
  try {
    // Fails where the file exists: the first of several processes makes the key, the others read it.
    writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ConfigError(`REEVE_DATA_DIR: ${path} can't be written (${(error as NodeJS.ErrnoException).code}).`);
  }
  return readKey(path);
}

const KEY_TRIES = 20;
const KEY_PAUSE_MILLISECONDS = 25;

/** Another process may have made the file a moment ago and not have written it yet. */
function readKey(path: string): string {
  for (let tries = 1; ; tries++) {
    let key: string;
    try {
      key = readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new ConfigError(`REEVE_DATA_DIR: ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
    }
    if (/^[0-9a-fA-F]{64}$/.test(key)) return key;
    if (key !== '' || tries >= KEY_TRIES) throw new ConfigError(`REEVE_DATA_DIR: ${path} must hold 64 hex digits.`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KEY_PAUSE_MILLISECONDS);
  }
}
