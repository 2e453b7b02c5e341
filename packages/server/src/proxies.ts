/**
 * Proxies in front of the server. What a request says of its way here (`X-Forwarded-*`) is believed of the trusted ones
 * only. Owns the invariant that a caller's address is an address, and the scheme `http` or `https`, whatever was sent.
 */
import { isIP } from 'node:net';
import { Problem } from '@reeve/core';
import type { FastifyRequest, FastifyServerOptions } from 'fastify';

/** Addresses and networks of the trusted proxies, or how many proxies stand in a row before the server. */
export type TrustedProxies = readonly string[] | number;

const MAX_HOPS = 32;
const BITS = { 4: 32, 6: 128 } as const;

/** A list of addresses and networks (CIDR), or a number of hops. Undefined where the text is neither. */
export function readTrustedProxies(text: string): TrustedProxies | undefined {
  if (/^\d+$/.test(text)) {
    const hops = Number(text);
    return hops >= 1 && hops <= MAX_HOPS ? hops : undefined;
  }
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.every(isNetwork) ? entries : undefined;
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= BITS[family as 4 | 6]);
}

/** Fastify's `trustProxy`. It trusts nobody for a bare number, as that says nothing of who connects; here it was asked for. */
export const trustOf = (proxies: TrustedProxies | undefined): NonNullable<FastifyServerOptions['trustProxy']> =>
  typeof proxies === 'number' ? (_address, hop) => hop < proxies : proxies === undefined ? false : [...proxies];

type Arrived = Pick<FastifyRequest, 'ip' | 'socket' | 'protocol'>;

/** The caller's address. Some proxies append the port; what is no address leaves the address of who connected. */
export function addressOf({ ip, socket }: Arrived): string {
  if (isIP(ip)) return ip;
  const [, bare = ''] = /^\[?([^[\]]*?)\]?(?::\d+)?$/.exec(ip) ?? [];
  return isIP(bare) ? bare : (socket.remoteAddress ?? '');
}

/** The scheme under which the caller reached the outermost trusted proxy, or the server. */
export function schemeOf({ protocol }: Pick<Arrived, 'protocol'>): 'http' | 'https' {
  const scheme: string = protocol.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https')
    throw new Problem('invalid_request', 'X-Forwarded-Proto must be http or https.');
  return scheme;
}
