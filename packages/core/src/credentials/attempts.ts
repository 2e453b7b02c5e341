/**
 * Failed attempts, kept in memory: how many a network address and an identifier may make (off with the rate limit), and
 * the lockout of identifiers that nobody has. The latter mirrors the lockout of accounts, so that being locked out does
 * not tell that there is an account.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { LOCKOUT_FAILURES, LOCKOUT_MILLISECONDS } from './lockout.ts';

const WINDOW = 5 * 60_000;
const REMEMBERED = 20_000;
/** Many people may share an address, few an account; an account beyond its lockout is under attack. */
const LIMITS = { address: 100, identifier: 30, client: 300 } as const;

export type AttemptKind = keyof typeof LIMITS;

export interface Attempts {
  /** Seconds until `key` may try again; 0: now. */
  secondsUntilFree(kind: AttemptKind, key: string): number;
  /** Counts a failure. */
  countFailure(kind: AttemptKind, key: string): void;
  /** Whether an identifier that nobody has is locked out. */
  isStrangerLocked(key: string): boolean;
  /** Counts a failure of an identifier that nobody has. */
  countStranger(key: string): void;
}

interface Count {
  failures: number;
  /** End of the window, or of the lock. */
  until: number;
}

export function createAttempts(clock: Clock, { isLimited }: { readonly isLimited: boolean }): Attempts {
  const failures = new LRUCache<string, Count>({ max: REMEMBERED });
  const strangers = new LRUCache<string, Count>({ max: REMEMBERED });
  return {
    secondsUntilFree(kind, key) {
      const count = failures.get(`${kind} ${key}`);
      const now = clock.now();
      if (!count || count.until <= now || count.failures < LIMITS[kind]) return 0;
      return Math.ceil((count.until - now) / 1000);
    },
    countFailure(kind, key) {
      if (!isLimited) return;
      const now = clock.now();
      const count = failures.get(`${kind} ${key}`);
      if (count && count.until > now) count.failures++;
      else failures.set(`${kind} ${key}`, { failures: 1, until: now + WINDOW });
    },
    isStrangerLocked(key) {
      const count = strangers.get(key);
      return count !== undefined && count.failures >= LOCKOUT_FAILURES && count.until > clock.now();
    },
    countStranger(key) {
      const now = clock.now();
      const count = strangers.get(key);
      if (count && count.failures >= LOCKOUT_FAILURES && count.until > now) return;
      const failed = count && count.failures < LOCKOUT_FAILURES ? count.failures + 1 : 1;
      strangers.set(key, { failures: failed, until: failed >= LOCKOUT_FAILURES ? now + LOCKOUT_MILLISECONDS : 0 });
    },
  };
}
