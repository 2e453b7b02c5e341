/**
 * Failed attempts, kept in memory: how many a network address and an identifier may make (off with the rate limit), and
 * the lockout of identifiers that nobody has. The latter mirrors the lockout of accounts, so that being locked out does
 * not tell that there is an account.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { LOCKOUT_FAILURES, LOCKOUT_MILLISECONDS } from './lockout.ts';

const MINUTE = 60_000;
const REMEMBERED = 20_000;
/**
 * How many attempts count before one is refused, and for how long. Many people may share an address, few an account; an
 * account beyond its lockout is under attack. A stranger has somebody mailed a few times only.
 */
const LIMITS = {
  address: { most: 100, window: 5 * MINUTE },
  identifier: { most: 30, window: 5 * MINUTE },
  hourly_identifier: { most: 20, window: 60 * MINUTE },
  client: { most: 300, window: 5 * MINUTE },
  mail: { most: 5, window: 60 * MINUTE },
} as const;

export type AttemptKind = keyof typeof LIMITS;

export interface Attempts {
  /** Seconds until `key` may try again; 0: now. */
  secondsUntilFree(kind: AttemptKind, key: string): number;
  /** Counts a failure. */
  countFailure(kind: AttemptKind, key: string): void;
  /** Forgets the failures of `key`: it has succeeded. */
  forget(kind: AttemptKind, key: string): void;
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
      if (!count || count.until <= now || count.failures < LIMITS[kind].most) return 0;
      return Math.ceil((count.until - now) / 1000);
    },
    countFailure(kind, key) {
      if (!isLimited) return;
      const now = clock.now();
      const count = failures.get(`${kind} ${key}`);
      if (count && count.until > now) count.failures++;
      else failures.set(`${kind} ${key}`, { failures: 1, until: now + LIMITS[kind].window });
    },
    forget(kind, key) {
      failures.delete(`${kind} ${key}`);
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
