/**
 * IntelliAuth's management client as a spelling of Reeve's own: its class names, its required `audience`, and its
 * narrower retry rule. Nothing else differs, so nothing else is here.
 */
import { type ClientOptions, type Dialect, isServerFault, ReeveError, ReeveManagement } from '@reeve/sdk/runtime';

/** Thrown by every method that fails; a refused token request included. */
export class IntelliAuthApiError extends ReeveError {
  static {
    Object.defineProperty(IntelliAuthApiError.prototype, 'name', { value: 'IntelliAuthApiError', configurable: true });
  }
}

export interface IntelliAuthOptions extends ClientOptions {
  /** Machine-to-machine application. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** The API that the token is for, e.g. `<tenantUrl>/api`. */
  readonly audience: string;
  /** Space-separated, e.g. `users:read users:write audit:read`; empty: everything that the application is granted. */
  readonly scope?: string | undefined;
}

/**
 * Administers a tenant. Constructing it sends nothing; the first call fetches a token.
 *
 * @example
 * const client = new IntelliAuthManagement({ tenantUrl, clientId, clientSecret, audience: `${tenantUrl}/api` });
 * const user = await client.users.create({ email: 'ann@example.com' });
 */
export class IntelliAuthManagement extends ReeveManagement {
  protected static override readonly dialect: Dialect = {
    name: 'IntelliAuthManagement',
    required: () => ['tenantUrl', 'clientId', 'clientSecret', 'audience'],
    ErrorClass: IntelliAuthApiError,
    isPassing: isServerFault,
  };

  /** @throws TypeError that names what is missing */
  constructor(options: IntelliAuthOptions) {
    super(options);
  }
}
