/** A booted server, and two tenants on it to walk through. */

import { expect } from 'vitest';
import type { DatabaseKind } from '../databases.ts';
import { bootServer, type TestServer } from '../server.ts';
import { ask } from '../wire.ts';
import { createCaller } from './caller.ts';
import { createEstate, type Estate } from './estate.ts';

export const OTHER_HOST = 'other.example.com';

export interface Walk {
  readonly server: TestServer;
  /** The default tenant. */
  readonly home: Estate;
  /** Another tenant of the same server, reached under another name. */
  readonly other: Estate;
  stop(): Promise<void>;
}

export async function startWalk(kind: DatabaseKind): Promise<Walk> {
  const server = await bootServer(kind);
  const home = createEstate(server, createCaller(server.url, await server.token()), server.tenant.id);
  const made = await home.call('tenants.create', { body: { name: 'other', domains: [OTHER_HOST] } });
  expect(made.status, made.text).toBe(201);
  const { tenant, client_id, client_secret } = made.body as {
    tenant: { id: string };
    client_id: string;
    client_secret: string;
  };
  const { text } = await ask(`${server.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', host: OTHER_HOST },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id,
      client_secret,
      audience: `http://${OTHER_HOST}/api`,
    }),
  });
  const token = JSON.parse(text) as { access_token?: string };
  expect(token.access_token, JSON.stringify(token)).toBeDefined();
  const { num } = await server.services.database.read((db) =>
    db.selectFrom('tenants').select('num').where('id', '=', tenant.id).executeTakeFirstOrThrow(),
  );
  const other = createEstate(server, createCaller(server.url, token.access_token as string, OTHER_HOST), num);
  return { server, home, other, stop: () => server.stop() };
}
