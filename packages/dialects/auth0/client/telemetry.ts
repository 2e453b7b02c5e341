/** What the client says about itself in `User-Agent` and `Auth0-Client`: what the package that it stands for says. */

/** The release whose surface and wire this client keeps. */
const VERSION = '3.7.2';
const NAME = 'node-auth0';
const node = process.version.slice(1);

/** The telemetry header's payload. */
export interface ClientInfo {
  readonly name: string;
  readonly version?: string;
  readonly [key: string]: unknown;
}

/** `{ name, version, env }`. */
export const generateClientInfo = (): ClientInfo => ({ name: NAME, version: VERSION, env: { node } });

/** The value of the old `getClientInfo()`. */
export interface LegacyClientInfo {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly { readonly name: string; readonly version: string }[];
  readonly environment: readonly { readonly name: string; readonly version: string }[];
}

/** What releases up to 2.17 told about themselves; there are no dependencies to name. */
export const legacyClientInfo = (): LegacyClientInfo => ({
  name: NAME,
  version: VERSION,
  dependencies: [],
  environment: [{ name: 'node.js', version: node }],
});

/** Base64url without padding (RFC 4648 §5) of a value's JSON. */
export const jsonToBase64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Options that decide on the client's headers. */
export interface HeaderOptions {
  /** Merged over `User-Agent` and `Content-Type`; also sent to the token endpoint. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default true. */
  readonly telemetry?: boolean | undefined;
  /** Replaces the telemetry payload; sent only if its name is a non-empty string. */
  readonly clientInfo?: ClientInfo | undefined;
}

/** The headers that every request of a client carries. */
export const headersOf = ({ headers, telemetry = true, clientInfo }: HeaderOptions): Record<string, string> => {
  const own: Record<string, string> = {
    'User-Agent': `node.js/${node}`,
    'Content-Type': 'application/json',
    ...headers,
  };
  const info = clientInfo ?? generateClientInfo();
  if (telemetry && typeof info.name === 'string' && info.name) own['Auth0-Client'] = jsonToBase64(info);
  return own;
};
