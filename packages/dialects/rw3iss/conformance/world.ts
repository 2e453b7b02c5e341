/** A server on a fresh database, and clients of it that note what is called. */
import { ADMIN_EMAIL, ADMIN_PASSWORD, bootServer, type DatabaseKind, type TestServer } from '@reeve/testkit';
import { type AuthClient, type AuthResponse, createAuthClient, type LoginInput, NoOpLogger } from '../client/index.ts';

/** Names of the contract's rows that a run called. */
export type Called = Set<string>;

const MODULES = [
  'auth',
  'account',
  'sessions',
  'users',
  'organizations',
  'apps',
  'services',
  'pools',
  'audit',
] as const;

const noting = <T extends object>(target: T, name: (method: string) => string, called: Called): T =>
  new Proxy(target, {
    get(from, property, receiver) {
      const value = Reflect.get(from, property, receiver) as unknown;
      if (typeof value !== 'function' || typeof property !== 'string') return value;
      return (...args: unknown[]) => {
        called.add(name(property));
        return Reflect.apply(value, from, args) as unknown;
      };
    },
  });

/** Signs in where no second factor is asked for. */
export const login = async (client: AuthClient, input: LoginInput): Promise<AuthResponse> => {
  const answer = await client.auth.login(input);
  if ('user' in answer) return answer as AuthResponse;
  throw new Error('A second factor is asked for.');
};

export const PASSWORD = 'Correct-horse-1';

export interface Person {
  readonly id: string;
  readonly email: string;
}

export class World {
  readonly #clients: AuthClient[] = [];
  #count = 0;

  readonly server: TestServer;
  readonly kind: DatabaseKind;
  constructor(server: TestServer, kind: DatabaseKind) {
    this.server = server;
    this.kind = kind;
  }

  /** A word that nothing else has. */
  unique(prefix: string): string {
    this.#count += 1;
    return `${prefix}${this.#count}`;
  }

  /** A client of its own memory. */
  client(called: Called, options: { appCode?: string } = {}): AuthClient {
    called.add('createAuthClient');
    const client = createAuthClient({
      apiBaseUrl: `${this.server.url}/rw3iss/api/v1/`,
      autoRefresh: false,
      ports: { logger: new NoOpLogger() },
      ...options,
    });
    this.#clients.push(client);
    const modules = MODULES.map((name) => [name, noting(client[name], (method) => `${name}.${method}`, called)]);
    const { ready } = noting({ ready: client.ready }, (method) => method, called);
    return { ...client, ...Object.fromEntries(modules), ready } as AuthClient;
  }

  /** A client in which somebody is signed in; default: the administrator. */
  async signedIn(
    called: Called,
    { email = ADMIN_EMAIL, password = email === ADMIN_EMAIL ? ADMIN_PASSWORD : PASSWORD, ...more }: SignIn = {},
  ): Promise<AuthClient> {
    const { appCode, ...login } = more;
    const client = this.client(called, appCode === undefined ? {} : { appCode });
    await client.auth.login({ email, password, ...login });
    return client;
  }

  /** Somebody whom the directory knows by a native call. */
  async person(called: Called, admin: AuthClient, more: object = {}): Promise<Person> {
    const email = `${this.unique('p')}@example.com`;
    const made = await this.server.api('POST', '/users', { email, email_verified: true, password: PASSWORD, ...more });
    if (made.status !== 201) throw new Error(`No person was made: ${JSON.stringify(made.body)}`);
    called.add('users.lookup');
    const [user] = await admin.users.lookup({ emails: [email] });
    return { id: user?.id as string, email };
  }

  destroy(): void {
    for (const client of this.#clients.splice(0)) client.destroy();
  }
}

interface SignIn {
  readonly email?: string;
  readonly password?: string;
  readonly appCode?: string;
  readonly organizationId?: string;
  readonly rememberMe?: boolean;
}

export const startWorld = async (kind: DatabaseKind): Promise<World> => new World(await bootServer(kind), kind);
