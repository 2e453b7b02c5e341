/**
 * Makes the manager classes from the table. They hold no `#private` state: tools wrap them in a Proxy and call their
 * methods through it, so a method reaches everything by way of `this`, and what must not be seen is not enumerable.
 */
import { argumentsOf } from './callback.ts';
import { check } from './checks.ts';
import { ArgumentError } from './errors.ts';
import {
  Auth0RestClient,
  hide,
  type RestOptions,
  type RetryOptions,
  RetryRestClient,
  type TokenProvider,
} from './rest.ts';
import type { Entry, Form, ManagerTable, Row } from './row.ts';
import { specials } from './special.ts';

/** What a manager is made with when it is used alone. */
export interface ManagerOptions extends RestOptions {
  /** Paths are appended to it as they are, e.g. `https://tenant.example.com/api/v2`. */
  readonly baseUrl: string;
  /** Without one, `headers` are sent as they are. */
  readonly tokenProvider?: TokenProvider | undefined;
  readonly retry?: RetryOptions | undefined;
}

/** What every manager is: a base URL and what is needed to ask there. */
export class BaseManager {
  declare readonly _options: ManagerOptions;

  /** @throws ArgumentError that names the wrong option */
  constructor(options: ManagerOptions) {
    if (!options || typeof options !== 'object') throw new ArgumentError('Must provide manager options');
    const { baseUrl } = options;
    if (baseUrl === undefined || baseUrl === null) throw new ArgumentError('Must provide a base URL for the API');
    if (typeof baseUrl !== 'string' || !baseUrl) throw new ArgumentError('The provided base URL is invalid');
    hide(this, { _options: options });
  }

  /** The resource at a path below the base URL, e.g. `/users/:id`. */
  _getRestClient(path: string): RetryRestClient {
    const { baseUrl, tokenProvider, retry, ...options } = this._options;
    return new RetryRestClient(new Auth0RestClient(baseUrl + path, options, tokenProvider), retry);
  }
}

/** A manager's resources, as its methods reach them: by name, possibly through a Proxy. */
export type Resources = Readonly<Record<string, RetryRestClient>>;
export type Method = (this: BaseManager, ...args: unknown[]) => Promise<unknown> | undefined;

const isPost = ({ verb }: Row): boolean => verb === 'create';

/** How the caller's arguments become those of the verb. */
const spread: Record<Form, (given: readonly unknown[], row: Row) => readonly unknown[]> = {
  pass: (given) => given,
  none: (_given, { fixed }) => [fixed],
  params: ([params], row) => [{ ...(params as object), ...row.fixed }, ...(isPost(row) ? [{}] : [])],
  data: ([data], row) => [row.fixed ?? {}, data],
  'params+data': ([params = {}, data = {}]) => [params, data],
  user_metadata: ([params, metadata]) => [params, { user_metadata: metadata }],
  app_metadata: ([params, metadata]) => [params, { app_metadata: metadata }],
};

const rowMethod = (row: Row): Method =>
  function (...args) {
    const { given, callback } = argumentsOf(args);
    check(row.checks, given[0], row.isStrict);
    const resource = (this as unknown as Resources)[row.resource] as RetryRestClient;
    return resource[row.verb](...spread[row.form](given, row), ...(callback ? [callback] : []));
  };

const methodOf = (entry: Entry): Method => (typeof entry === 'string' ? specials[entry] : rowMethod(entry));

/** The class of a manager. */
export const managerClassOf = (table: ManagerTable): (new (options: ManagerOptions) => BaseManager) => {
  const { [table.name]: Manager } = {
    [table.name]: class extends BaseManager {
      constructor(options: ManagerOptions) {
        super(options);
        for (const [name, path] of Object.entries(table.resources)) {
          Object.defineProperty(this, name, {
            value: this._getRestClient(path),
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
      }
    },
  };
  const Class = Manager as new (options: ManagerOptions) => BaseManager;
  for (const [name, entry] of Object.entries(table.methods)) {
    const value = methodOf(entry);
    const method = {
      [name]: function (this: BaseManager, ...args: unknown[]) {
        return value.apply(this, args);
      },
    }[name];
    Object.defineProperty(Class.prototype, name, { value: method, configurable: true, writable: true });
  }
  return Class;
};
