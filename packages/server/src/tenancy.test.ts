/** Whose a host is, and whether somebody set it up or a caller made its port up. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenancy, reservedHosts } from './tenancy.ts';

describe.each(databaseKinds)('tenancy on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    const body = { name: 'acme', domains: ['acme.test', 'id.acme.test:8443'] };
    expect((await server.api('POST', '/tenants', body)).status).toBe(201);
  });
  afterAll(() => server.stop());

  const place = async (host: string, publicUrl?: string) => {
    const config = { host: '192.0.2.1', publicUrl };
    const { name, origin, isSettled } = await createTenancy(server.services.database, config).tenantOf('http', host);
    return [name, origin, isSettled];
  };

  it('takes a port for set up only where it was', async () => {
    expect(await place('acme.test')).toEqual(['acme', 'http://acme.test', true]);
    expect(await place('ACME.test:9')).toEqual(['acme', 'http://acme.test:9', false]);
    expect(await place('id.acme.test:8443')).toEqual(['acme', 'http://id.acme.test:8443', true]);
    await expect(place('id.acme.test:8444')).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await place('localhost')).toEqual(['default', 'http://localhost', true]);
    expect(await place('localhost:1')).toEqual(['default', 'http://localhost:1', false]);
    expect(await place('192.0.2.1:1')).toEqual(['default', 'http://192.0.2.1:1', false]);
  });

  it('knows one origin of the default tenant where a public URL is given', async () => {
    const url = 'https://id.example.com:8443';
    for (const host of ['localhost:1', 'id.example.com:8443', 'id.example.com'])
      expect(await place(host, url)).toEqual(['default', url, true]);
    expect(await place('acme.test:9', url)).toEqual(['acme', 'https://acme.test:9', false]);
  });

  it('keeps the hosts of the server itself for the default tenant', () => {
    expect([...reservedHosts({ host: '::1', publicUrl: 'https://ID.example.com:8443' })]).toEqual([
      'localhost',
      '127.0.0.1',
      '[::1]',
      'id.example.com',
    ]);
    expect(reservedHosts({ host: 'Box.Example', publicUrl: undefined })).toContain('box.example');
  });
});
