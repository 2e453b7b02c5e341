/** What costs cryptography: create with a password against bare argon2id, token issue against oidc-provider alone. */
import { bearerOf } from './bearer.ts';
import { type Comparison, compare, type Rounds } from './compare.ts';
import type { Ask } from './load.ts';
import { CLIENT_ID, CLIENT_SECRET, startFloor, startReeve } from './processes.ts';
import { seededCopy } from './seed.ts';

const USERS = 10_000;

export async function password(rounds: Rounds = {}): Promise<Comparison> {
  const copy = await seededCopy(USERS);
  const servers = [await startFloor(copy.dir, 'floor-hash.ts'), await startReeve(copy.dir)] as const;
  try {
    const ask: Ask = {
      method: 'POST',
      paths: ['/api/v1/users'],
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await bearerOf(copy.dir, servers[1].port)}`,
      },
      body: JSON.stringify({
        email: 'secret.{n}@example.com',
        email_verified: true,
        password: 'correct horse battery',
      }),
    };
    const [floor, ours] = servers;
    return await compare(
      'create with password',
      { server: floor, ask },
      { server: ours, ask },
      {
        milliseconds: 1500,
        ...rounds,
      },
    );
  } finally {
    for (const server of servers) await server.stop();
    await copy.drop();
  }
}

export async function token(rounds: Rounds = {}): Promise<Comparison> {
  const copy = await seededCopy(USERS);
  const servers = [await startFloor(copy.dir, 'floor-token.ts'), await startReeve(copy.dir)] as const;
  try {
    const ask = (more: string): Ask => ({
      method: 'POST',
      paths: ['/oauth/token'],
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=client_credentials&client_id=${CLIENT_ID}&client_secret=${CLIENT_SECRET}${more}`,
    });
    const [floor, ours] = servers;
    const audience = encodeURIComponent(`http://127.0.0.1:${ours.port}/api`);
    return await compare(
      'token issue',
      { server: floor, ask: ask('&scope=users:read%20users:write') },
      { server: ours, ask: ask(`&scope=users:read%20users:write&audience=${audience}`) },
      rounds,
    );
  } finally {
    for (const server of servers) await server.stop();
    await copy.drop();
  }
}
