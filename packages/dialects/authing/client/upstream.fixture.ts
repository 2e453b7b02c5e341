/** A server that gives tokens and a public key by itself, answers everything else as a test says, and writes it down. */
import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Captured, startCapture } from '@reeve/testkit';
import { ManagementClient, type ManagementClientOptions } from './index.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
export const PUBLIC_KEY = publicKey.export({ type: 'spki', format: 'pem' }) as string;

/** Undone by hand: RFC 8017 §7.2.2. Of a ciphertext the zeros in front may be missing. */
export const decrypt = (ciphertext: string, key = privateKey, size = 128): string => {
  const padded = Buffer.from(
    Buffer.from(ciphertext, 'base64')
      .toString('hex')
      .padStart(size * 2, '0'),
    'hex',
  );
  const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, padded);
  const end = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || end < 10) throw new Error('not PKCS#1 v1.5');
  return block.subarray(end + 1).toString();
};

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** 2099-01-01. */
const LATE = 4_070_908_800;
/** Another token for each `jti`. */
export const jwt = (claims: object = {}): string =>
  `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment({ exp: LATE, ...claims })}.c2lnbmVk`;

/** `cut`: the connection ends without an answer. */
export type Answer =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'cut';

export interface Upstream extends Disposable {
  readonly host: string;
  /** Everything but requests for tokens and for the key. */
  readonly asked: Captured[];
  /** Requests for tokens, and for the key. */
  readonly tokenRequests: Captured[];
  readonly keyRequests: Captured[];
  /** The body of the answer to a request for a token. */
  token: () => Answer | Promise<Answer>;
  key: () => Answer;
  answering: (asked: Captured) => Answer | Promise<Answer>;
  /** As it was when it began. */
  reset(): void;
}

export const graphql = (data: unknown): Answer => ({ body: { data } });
export const rest = (data: unknown): Answer => ({ body: { code: 200, message: 'ok', data } });
export const refused = (code: number | undefined, message: string, data?: unknown): Answer => ({
  body: { errors: [{ message: { code, message, data }, locations: [], path: [] }], data: null },
});
export const tokenAnswer = (accessToken: unknown = jwt()): Answer => graphql({ accessToken: { accessToken } });

export const startUpstream = async (): Promise<Upstream> => {
  const capture = await startCapture();
  const usual: Pick<Upstream, 'token' | 'key' | 'answering'> = {
    token: () => tokenAnswer(),
    key: () => rest({ publicKey: PUBLIC_KEY }),
    answering: () => graphql({ isUserExists: true, createUser: { id: 'u' }, deleteUser: { code: 200 } }),
  };
  const upstream: Upstream = {
    host: `https://${capture.domain}`,
    asked: [],
    tokenRequests: [],
    keyRequests: [],
    ...usual,
    reset() {
      for (const list of [upstream.asked, upstream.tokenRequests, upstream.keyRequests]) list.length = 0;
      Object.assign(upstream, usual);
    },
    [Symbol.dispose]: () => capture[Symbol.dispose](),
  };
  const answerOf = (request: Captured): Answer | Promise<Answer> => {
    if (/query accessToken\b/.test(request.body)) {
      upstream.tokenRequests.push(request);
      return upstream.token();
    }
    if (request.url === '/api/v2/.well-known') {
      upstream.keyRequests.push(request);
      return upstream.key();
    }
    upstream.asked.push(request);
    return upstream.answering(request);
  };
  capture.answering = async (request, response) => {
    const answer = await answerOf(request);
    if (answer === 'cut') return void response.destroy();
    const { status = 200, body, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  return upstream;
};

export const clientOf = (upstream: Upstream, options: ManagementClientOptions = {}): ManagementClient =>
  new ManagementClient({ userPoolId: 'POOL', secret: 'SECRET-OF-TEST', host: upstream.host, ...options });

type Loose = Readonly<Record<string, unknown>>;
type Method = (...args: readonly unknown[]) => unknown;
export type Caller = Record<string, Method & Record<string, Method>>;
const require = createRequire(import.meta.url);
/** `authing-js-sdk@4.23.55`, loaded as its users load it, and typed no closer than a test needs. */
export const genuine = require('authing-genuine') as Loose & {
  readonly ManagementClient: new (options: Loose) => Caller;
};

export const genuineOf = (upstream: Upstream, options: Loose = {}): Caller =>
  new genuine.ManagementClient({ userPoolId: 'POOL', secret: 'SECRET-OF-TEST', host: upstream.host, ...options });

/** Calls `users.list`, or `checkLoginStatus` of the client itself. */
export const call = async (client: unknown, surface: string, args: readonly unknown[]): Promise<unknown> => {
  const path = surface.split('.');
  const method = path.pop() as string;
  const holder = path.reduce((object, name) => object[name] as unknown as Caller, client as Caller);
  return holder[method]?.(...args);
};
