/** Calls the rows of a vendor's dialect as they are declared, and keeps of each answer what walkers ask of it. */
import type { DialectRow } from '@reeve/core';
import { ask } from '../wire.ts';

/** What one call of a row is made of. */
export interface VendorCall {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string;
  /** Access token; null: none. Not given: whoever calls by default. */
  readonly bearer?: string | null;
}

export interface VendorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; undefined where there is none, or none that is JSON. */
  readonly body: unknown;
  readonly requestId: string;
}

export const targetOf = ({ verb, path }: Pick<DialectRow, 'verb' | 'path'>): string => `${verb} ${path}`;

/** Path parameters of a row. */
export const parametersIn = ({ path }: Pick<DialectRow, 'path'>): string[] =>
  [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name as string);

/** Where a call goes, below the server's origin. `raw`: parameters that are sent as they are. */
export function vendorPath(
  prefix: string,
  { path }: Pick<DialectRow, 'path'>,
  { params = {}, query = {} }: Pick<VendorCall, 'params' | 'query'>,
  raw: Readonly<Record<string, string>> = {},
): string {
  const filled = path.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = raw[name] ?? (params[name] === undefined ? undefined : encodeURIComponent(params[name]));
    if (value === undefined) throw new Error(`${path} needs ${name}.`);
    return value;
  });
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as [string, string]),
  );
  return prefix + filled + (pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`);
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** One exchange; `path` is sent unchanged, `host` is the tenant's name. */
export async function vendorAsk(
  base: string,
  { verb }: Pick<DialectRow, 'verb'>,
  path: string,
  { host, bearer, body, raw }: Pick<VendorCall, 'bearer' | 'body' | 'raw'> & { readonly host?: string },
): Promise<VendorAnswer> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const { status, headers, text } = await ask(base, {
    path,
    method: verb,
    headers: {
      ...(host === undefined ? {} : { host }),
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: sent,
  });
  return { status, headers, text, body: parsed(text), requestId: headers.get('x-request-id') ?? '' };
}
