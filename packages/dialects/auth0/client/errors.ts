/**
 * The error classes, with the properties that calling code reads. Owns two invariants: an error's own enumerable keys are
 * the recorded ones (contract §2, §8), and no password, secret or bearer is in anything that hangs on it.
 */

/** Bad arguments; thrown at once, before anything is sent. Own enumerable keys: `name`, `message`. */
export class ArgumentError extends Error {
  constructor(message: string) {
    super(message);
    tell(this, { name: 'ArgumentError', message });
  }
}

/** The request that failed: its verb in lower case, and its URL without the query. */
export interface RequestInfo {
  readonly method: string;
  readonly url: string;
}

/** What the server answered, as `originalError.response`. */
export interface FailedResponse {
  readonly status: number;
  readonly statusCode: number;
  /** The parsed body; `errorCode` is found here. */
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The same as `headers`. */
  readonly header: Readonly<Record<string, string>>;
  readonly type: string;
  /** The request, with passwords, secrets and the bearer replaced by `[REDACTED]`. */
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly _data: unknown;
    readonly _header: Readonly<Record<string, string>>;
  };
}

/** The transport's own error: an answer that refuses, or what broke the connection. */
export interface OriginalError extends Error {
  readonly status?: number;
  readonly response?: FailedResponse;
  /** System code, e.g. `ECONNREFUSED`. */
  readonly code?: string;
}

/** A call that the server refused or that never reached it. `name` is the answer's `error`, else `APIError`. */
export class SanitizedError extends Error {
  /** HTTP status; the system code (`ECONNREFUSED`) where no answer arrived. */
  declare readonly statusCode: number | string | undefined;
  declare readonly requestInfo: RequestInfo;
  declare readonly originalError: OriginalError;

  constructor(
    name: string,
    message: string,
    statusCode: number | string | undefined,
    requestInfo: RequestInfo,
    originalError: Error,
  ) {
    super(message);
    tell(this, { name, message, statusCode, requestInfo, originalError });
  }
}

/** A refusal of `/userinfo`, `/oauth/revoke` and the like: look at `response.status` and `response.data`. */
export class HttpError extends Error {
  declare readonly code: string | undefined;
  declare readonly response: HttpResponse | undefined;

  constructor(message: string, response: HttpResponse | undefined, code?: string) {
    super(message);
    tell(this, { name: 'HttpError', message, code, response });
  }
}

/** A whole answer, as `importUsers` resolves it. */
export interface HttpResponse<Data = unknown> {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly config: { readonly method: string; readonly url: string };
  readonly data: Data;
}

/** Makes own enumerable properties, and the first line of the stack that goes with them. */
function tell(error: Error, fields: Record<string, unknown>): void {
  // It is there already, and would come before the name.
  Reflect.deleteProperty(error, 'message');
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
  }
  const frames = error.stack?.indexOf('\n    at ') ?? -1;
  const stack = `${error.name}: ${error.message}${frames < 0 ? '' : error.stack?.slice(frames)}`;
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
}

const secretName = /password|secret|authorization|token|assertion|api_?key|private_?key|(^|_)otp$/i;

/** A copy without secrets, at any depth; what is no plain data is left out. */
export const redacted = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 8) return '[REDACTED]';
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretName.test(key) && typeof inner !== 'boolean' && !isNames(key) ? '[REDACTED]' : redacted(inner, depth + 1),
    ]),
  );
};

// Settings about secrets, which are none themselves.
const isNames = (key: string): boolean => /^(token_(lifetime|dialect|endpoint)\w*|refresh_token_\w+)$/.test(key);

/** Replaces the secrets in the request that hangs on an error; returns that error. */
export const sanitizeErrorRequestData = <E>(error: E): E => {
  const request = (error as { response?: { request?: Record<string, unknown> } } | undefined)?.response?.request;
  for (const key of ['_data', '_header']) if (request?.[key]) request[key] = redacted(request[key]);
  return error;
};
