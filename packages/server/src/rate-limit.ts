/** Requests per minute and client, in fixed windows of one minute, on all servers of the directory together. */
import { type Clock, Problem, REQUESTS, type Tallies } from '@reeve/core';
import type { FastifyReply } from 'fastify';

const WINDOW = 60_000;

export interface RateLimit {
  /** Counts a request; sets the RateLimit headers; throws `rate_limited` over the limit. */
  count(client: string, reply: FastifyReply): void;
}

/** What counts as one stranger: an IPv4 address, or the /64 network that an IPv6 client draws its addresses from. */
export function strangerOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped || !ip.includes(':')) return mapped ?? ip;
  const [head = '', tail] = ip.split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const rest = tail.split(':').filter(Boolean);
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

export function createRateLimit(clock: Clock, tallies: Tallies, limit: number | undefined): RateLimit {
  if (limit === undefined) return { count: () => {} };
  return {
    count(client, reply) {
      const now = clock.now();
      const used = tallies.add(REQUESTS + client, WINDOW, { aligned: true });
      const reset = (Math.floor(now / WINDOW) + 1) * WINDOW;
      const seconds = Math.ceil((reset - now) / 1000);
      // draft-ietf-httpapi-ratelimit-headers-07, and the older spelling that clients of hosted vendors read.
      reply
        .header('ratelimit-limit', limit)
        .header('ratelimit-remaining', Math.max(0, limit - used))
        .header('ratelimit-reset', seconds);
      reply
        .header('x-ratelimit-limit', limit)
        .header('x-ratelimit-remaining', Math.max(0, limit - used))
        .header('x-ratelimit-reset', Math.floor(reset / 1000));
      if (used > limit)
        throw new Problem('rate_limited', `At most ${limit} requests a minute; go on in ${seconds} seconds.`, {
          retryAfter: seconds,
        });
    },
  };
}
