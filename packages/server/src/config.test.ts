import { freshDatabase, type TestDatabase } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('a wrong value', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase('sqlite');
  });
  afterAll(() => database.drop());
  const read = (environment: Record<string, string>) => readConfig({ REEVE_DATA_DIR: database.dir, ...environment });

  it.each([
    ['REEVE_PORT', 'http'],
    ['REEVE_PORT', '65536'],
    ['REEVE_HTTPS_PORT', '-1'],
    ['REEVE_PUBLIC_URL', 'id.example.com'],
    ['REEVE_PUBLIC_URL', 'https://id.example.com/path'],
    ['REEVE_DATABASE_URL', 'mysql://localhost/x'],
    ['REEVE_DATABASE_URL', 'postgres://'],
    ['REEVE_ADMIN_EMAIL', 'nobody'],
    ['REEVE_ADMIN_PASSWORD', 'short-1'],
    ['REEVE_CLIENT_ID', 'a b'],
    ['REEVE_CLIENT_ID', 'ab'],
    ['REEVE_CLIENT_SECRET', 'fifteen-letters'],
    ['REEVE_SECRET_KEY', 'abc'],
    ['REEVE_RATE_LIMIT', '0'],
    ['REEVE_RATE_LIMIT', 'none'],
    ['REEVE_SMTP_URL', 'http://mail.example.com'],
    ['REEVE_TRUSTED_PROXIES', 'loopback'],
    ['REEVE_TRUSTED_PROXIES', '0'],
    ['REEVE_TRUSTED_PROXIES', '10.0.0.0/64'],
  ])('%s=%s is told in one line that names it, and keeps secrets', (name, value) => {
    const refusal = (() => {
      try {
        return read({ [name]: value });
      } catch (error) {
        return error as Error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigError);
    const { message } = refusal as ConfigError;
    expect(message).toContain(name);
    expect(message).not.toContain('\n');
    if (/PASSWORD|SECRET/.test(name)) expect(message).not.toContain(value);
  });

  it('is none where everything is left out', () => {
    expect(read({})).toMatchObject({ host: '127.0.0.1', port: 8787, rateLimit: 1000 });
  });
});
