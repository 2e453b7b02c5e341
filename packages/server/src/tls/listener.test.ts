import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { bootServer } from '@reeve/testkit';
import { expect, it } from 'vitest';

it('keeps an idle connection as long as the plain listener does', async () => {
  const server = await bootServer('sqlite', { environment: { REEVE_HTTPS_PORT: '0' } });
  try {
    const path = '/health/live';
    const ca = readFileSync(join(server.dir, 'tls/ca.pem'), 'utf8');
    const promises = [
      once(getPlain(`${server.url}${path}`), 'response'),
      once(get(`${server.httpsUrl}${path}`, { ca }), 'response'),
    ];
    const [plain, encrypted] = (await Promise.all(promises)).map(([answer]) => {
      const { headers } = (answer as IncomingMessage).resume();
      return headers['keep-alive'];
    });
    expect(encrypted).toMatch(/^timeout=\d+$/);
    expect(encrypted).toBe(plain);
  } finally {
    await server.stop();
  }
});
