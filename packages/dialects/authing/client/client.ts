/** The management client: what it is made with, and its modules. */
import { type AclManagementClient, aclOf } from './acl.ts';
import type { EmailScene } from './enums.ts';
import { refusal } from './errors.ts';
import { type GroupsManagementClient, groupsOf } from './groups.ts';
import type { CommonMessage, TokenData, User } from './models.ts';
import { operations } from './operations.ts';
import { type Language, type ManagementClientOptions, settingsOf } from './options.ts';
import { Passwords } from './password.ts';
import { type RolesManagementClient, rolesOf } from './roles.ts';
import { claimsOf } from './token.ts';
import { type UdfManagementClient, udfOf } from './udf-fields.ts';
import { type UsersManagementClient, usersOf } from './users.ts';
import { need, type RestOptions, Wire } from './wire.ts';

/** A request of the caller’s own. */
export interface RestRequest {
  /** Default GET. */
  readonly method?: string | undefined;
  /** Below `host`. */
  readonly url: string;
  readonly params?: RestOptions['query'];
  readonly data?: unknown;
  /** `authorization` goes in place of the management token; nothing else is looked at. */
  readonly headers?: { readonly authorization?: string | undefined } | undefined;
}

/**
 * Administers a user pool. Constructing it sends nothing; the first call fetches a token.
 *
 * @example
 * const client = new ManagementClient({ userPoolId, secret, host: 'https://id.example.com/authing' });
 * const user = await client.users.create({ username: 'ann', password: 'a passphrase' });
 */
export class ManagementClient {
  readonly users: UsersManagementClient;
  readonly groups: GroupsManagementClient;
  readonly roles: RolesManagementClient;
  readonly udf: UdfManagementClient;
  readonly acl: AclManagementClient;
  readonly #wire: Wire;
  readonly #host: string;

  /** @throws AuthingError that names what is missing or wrong */
  constructor(options: ManagementClientOptions) {
    const settings = settingsOf(options);
    const wire = new Wire(settings);
    this.#wire = wire;
    this.#host = settings.host;
    this.users = usersOf(wire, new Passwords(wire, settings));
    this.groups = groupsOf(wire);
    this.roles = rolesOf(wire);
    this.udf = udfOf(wire);
    this.acl = aclOf(wire);
  }

  /**
   * What a user’s token says: its claim `data`, undefined if it has none, null if it is no token. Neither signature nor
   * expiry is looked at. With `fetchUserDetail`: the user, asked for at the server.
   */
  checkLoginStatus(token: string, options: { readonly fetchUserDetail: true }): Promise<User | null>;
  checkLoginStatus(
    token: string,
    options?: { readonly fetchUserDetail?: boolean | undefined },
  ): Promise<TokenData | User | null | undefined>;
  async checkLoginStatus(
    token: string,
    options?: { readonly fetchUserDetail?: boolean | undefined },
  ): Promise<TokenData | User | null | undefined> {
    const claims = claimsOf(token);
    if (!claims) return null;
    const data = claims.data as TokenData | undefined;
    return options?.fetchUserDetail ? this.users.detail(data?.id as string) : data;
  }

  async sendEmail(email: string, scene: EmailScene): Promise<CommonMessage> {
    return this.#wire.ask(operations.sendEmail, { email: need(email, 'email'), scene });
  }

  /** Whether a password keeps to the pool’s policy. */
  async isPasswordValid(password: string): Promise<{ readonly valid: boolean; readonly message: string }> {
    const options = { body: { password }, isSafe: true, secrets: [password] };
    return this.#wire.rest('POST', '/api/v2/password/check', options);
  }

  /** The language of messages, from now on. */
  setLang(lang: Language): void {
    this.#wire.lang = lang;
  }

  /** Resolves with the answer’s `data`. */
  async makeGraphqlRequest<T = unknown>(request: {
    readonly query: string;
    readonly variables?: object | undefined;
  }): Promise<T> {
    return (await this.#wire.graphql(request.query, request.variables)) as T;
  }

  /** Resolves with the answer’s `data`. */
  async makeRestRequest<T = unknown>(request: RestRequest): Promise<T> {
    const { method = 'GET', url, params: query, data: body } = request;
    const authorization = request.headers?.authorization;
    return this.#wire.rest(method.toUpperCase(), this.#targetOf(url), { query, body, authorization });
  }

  #targetOf(url: string): string {
    if (url.startsWith(`${this.#host}/`)) return url.slice(this.#host.length);
    // The token is for that server alone.
    if (/^[a-z][a-z+.-]*:|^\/\//i.test(url)) throw refusal(`url: must be below ${this.#host}`);
    return url.startsWith('/') ? url : `/${url}`;
  }
}
