/**
 * When to try again, and when. A try is repeated only where a second arrival changes nothing more: reads and PUT by
 * their nature; POST, PATCH and DELETE because they carry an Idempotency-Key, made once per call and the same on each
 * try. A PATCH is a merge patch (RFC 7396) and a DELETE names one thing, so repeating them is harmless even where a
 * server does not honour their key; only the answer may then be that of the second arrival (412 to an `If-Match`, 404
 * to a DELETE). What cannot be sent again (a stream) is not.
 */
import type { FetchHeaders } from './wire.ts';

/** `attempts` counts all tries, the first included; `baseMs` is the longest first pause, doubled on each further one. */
export interface RetryOptions {
  readonly attempts: number;
  readonly baseMs: number;
}

/** Pauses do not grow beyond this (ms); a server's hint may ask for more. */
const LONGEST_PAUSE = 20_000;

/** 408, 429 and every 5xx: the request may succeed if sent again. */
export const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** 5xx only, for contracts that say so. */
export const isServerFault = (status: number): boolean => status >= 500;

/** Full jitter: anything from 0 to the doubled base (ms). */
export const pauseBefore = (attempt: number, { baseMs }: RetryOptions): number =>
  Math.random() * Math.min(LONGEST_PAUSE, baseMs * 2 ** (attempt - 1));

/** Above this a rate-limit reset is an epoch (seconds), below it a delay. */
const EPOCH = 1_000_000_000;

/** How long the server asks to wait (ms): `Retry-After` (RFC 9110 §10.2.3), else the reset of an exhausted rate limit. */
export const hintOf = (status: number, headers: FetchHeaders): number | undefined => {
  const after = headers.get('retry-after');
  if (after) {
    const seconds = Number(after);
    const ms = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1000;
    if (!Number.isNaN(ms)) return Math.max(0, ms);
  }
  if (status !== 429) return undefined;
  const reset = Number(headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset') ?? Number.NaN);
  if (Number.isNaN(reset)) return undefined;
  return Math.max(0, reset > EPOCH ? reset * 1000 - Date.now() : reset * 1000);
};
