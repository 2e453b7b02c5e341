/** The 2.x and 3.x lines, and the drop-in for them: managers and flat names, by promise and by callback. */
import { createRequire } from 'node:module';
import * as dropInPackage from '@reeve/auth0';
import { CLIENT_ID, CLIENT_SECRET } from '@reeve/testkit';
import {
  type Callable,
  type Client,
  isRecord,
  numberOrNothing,
  type Refusal,
  reach,
  type Style,
  textOrNothing,
} from './clients.ts';
import { flatNamesOf } from './contract.ts';

type Options = Record<string, unknown>;
interface Package {
  readonly ManagementClient: new (options: Options) => object;
  readonly AuthenticationClient: new (options: Options) => object;
}

const require = createRequire(import.meta.url);

/** What an error of this line shows (contract §8): the answer's own fields, and its body behind them. */
function refusalOf(error: unknown): Refusal {
  if (!isRecord(error)) throw error;
  const { name, message, statusCode, requestInfo, originalError, status, method, text, response } = error;
  const answer = (originalError as { response?: { body?: unknown } } | undefined)?.response;
  const raw = response as { status?: unknown; data?: unknown } | undefined;
  const body = answer?.body ?? raw?.data;
  return {
    status: numberOrNothing(statusCode) ?? numberOrNothing(status) ?? numberOrNothing(raw?.status),
    message: String(message),
    errorCode: isRecord(body) ? textOrNothing(body.errorCode) : undefined,
    seen: answer
      ? { keys: Object.keys(error), name, message, statusCode, requestInfo, body: answer.body }
      : raw
        ? { status: raw.status, data: raw.data }
        : { name, message, status, method, text },
  };
}

/** Calls with a callback, and holds the client to how one is called: with `null` and the result, or with the error alone. */
const withCallback = (method: Callable, args: readonly unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const returned = method(...args, (...given: unknown[]) => {
      if (given.length === 1 && given[0]) return reject(given[0]);
      if (given.length > 0 && given[0] === null) return resolve(given[1]);
      reject(new Error(`A callback was called with ${JSON.stringify(given)}.`));
    });
    if (returned !== undefined) reject(new Error('With a callback the method returned something.'));
  });

/** They answer at once, or take nothing but a callback. */
const STYLES: Readonly<Record<string, Style>> = {
  getClientInfo: 'promise',
  getAccessToken: 'promise',
  'users.deleteAll': 'callback',
};

const createClient = (name: string, { ManagementClient, AuthenticationClient }: Package): Client => {
  // Several flat names stand for one method; they take turns.
  const turns = new Map<string, number>();
  const connectOptions = (domain: string, token?: string) => ({
    domain,
    ...(token === undefined ? { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } : { token }),
  });
  const inert = new ManagementClient({ domain: 'localhost', token: 'none' });
  const inertAuth = new AuthenticationClient({ domain: 'localhost', clientId: 'none' });
  const methodOf = (management: unknown, authentication: unknown, row: string) =>
    row.startsWith('auth.') ? reach(authentication, row.slice('auth.'.length)) : reach(management, row);
  const offers = (row: string) => methodOf(inert, inertAuth, row) !== undefined;
  const flatNameOf = (method: string): string | undefined => {
    const names = flatNamesOf(method).filter(offers);
    const turn = turns.get(method) ?? 0;
    turns.set(method, turn + 1);
    return names[turn % names.length];
  };
  return {
    name,
    offers,
    refusalOf,
    connect({ domain }, token) {
      const management = new ManagementClient(connectOptions(domain, token));
      const authentication = new AuthenticationClient({ domain, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
      return {
        call(method, args, surface) {
          const row = (surface.names === 'flat' ? flatNameOf(method) : undefined) ?? method;
          const style = STYLES[method] ?? surface.style;
          const called = methodOf(management, authentication, row);
          if (!called) throw new Error(`${name} has no ${row}.`);
          const outcome = (async () => (style === 'callback' ? withCallback(called, args) : called(...args)))();
          return { row, style, outcome };
        },
      };
    },
  };
};

/** `auth0@3.7.2`, the release that the drop-in stands for. */
export const genuine = createClient('auth0@3.7.2', require('auth0-genuine') as Package);
export const dropIn = createClient('@reeve/auth0', dropInPackage as unknown as Package);
export const earlier = createClient('auth0@2.44.1', require('auth0-2') as Package);
