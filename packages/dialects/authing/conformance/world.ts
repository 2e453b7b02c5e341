/** A server on a fresh database, and the two clients, noting what is called. */
import { bootServer, CLIENT_ID, CLIENT_SECRET, type DatabaseKind, signInWith, type TestServer } from '@reeve/testkit';
import { ManagementClient as Genuine } from 'authing-genuine';
import { ManagementClient as DropIn } from '../client/index.ts';
import type { Stage } from './scenario.ts';

export const clientNames = ['authing-js-sdk', '@reeve/authing'] as const;
export type ClientName = (typeof clientNames)[number];

/** Names of the contract's rows that a run called. */
export type Called = Set<string>;

const MODULES = ['users', 'groups', 'roles', 'udf', 'acl'] as const;

const noting = <T extends object>(target: T, prefix: string, called: Called): T =>
  new Proxy(target, {
    get(from, property) {
      const value = Reflect.get(from, property, from) as unknown;
      if (typeof value !== 'function' || typeof property !== 'string') return value;
      return (...args: unknown[]) => {
        called.add(`${prefix}${property}`);
        return Reflect.apply(value, from, args) as unknown;
      };
    },
  });

export type Client = Pick<DropIn, (typeof MODULES)[number] | 'checkLoginStatus'>;

export function clientOf(name: ClientName, server: Pick<TestServer, 'url'>, called: Called): Client {
  const options = { userPoolId: CLIENT_ID, secret: CLIENT_SECRET, host: `${server.url}/authing` };
  const client = (name === '@reeve/authing' ? new DropIn(options) : new Genuine(options)) as unknown as Client;
  const own = noting(client, '', called);
  const modules = MODULES.map((module) => [module, noting(client[module], `${module}.`, called)]);
  return {
    ...(Object.fromEntries(modules) as Client),
    checkLoginStatus: ((...args: Parameters<Client['checkLoginStatus']>) =>
      own.checkLoginStatus(...args)) as Client['checkLoginStatus'],
  };
}

export const startServer = (kind: DatabaseKind): Promise<TestServer> => bootServer(kind);

/** What scenarios need that no client of the vendor has. */
export const besideOf = (server: TestServer): Omit<Stage, 'client' | 'word'> => ({
  async signIn(username, password) {
    const { status, body } = await signInWith(server, { username, password, scope: 'openid' });
    if (status !== 200) throw new Error(`${username} can't sign in: ${status}.`);
    return body.access_token as string;
  },
  stands: async (token) =>
    (await fetch(`${server.url}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status === 200,
  async organization(name, members) {
    const { id } = (await server.api('POST', '/organizations', { name })).body as { id: string };
    for (const member of members) {
      const { users } = (await server.api('GET', `/users?username=${member}`)).body as { users: { id: string }[] };
      await server.api('PUT', `/organizations/${id}/members/${users[0]?.id}`, {});
    }
    return id;
  },
});

/** What differs from run to run, by what it is: ids, instants, tokens, and the word that makes names unique. */
export function settled(result: unknown, word: string): unknown {
  const text = JSON.stringify(result, (_key, value: unknown) => (value === undefined ? null : value))
    .replaceAll(word, '<word>')
    .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
    .replaceAll(/\b(rol|rns|res|grp|fld|org)_[0-9A-Z]{26}\b/g, '<$1>')
    .replaceAll(/avatar\/[0-9a-f]{32}/g, 'avatar/<digest>')
    .replaceAll(/\b[0-9a-f]{24}\b/g, '<id>')
    .replaceAll(/"(iat|exp)":\d+/g, '"$1":0')
    .replaceAll(/"(createdAt|updatedAt|lastLogin)":"[^"]+"/g, '"$1":"<instant>"');
  return JSON.parse(text) as unknown;
}
