/**
 * Failed attempts: how many a network address and an identifier may make (off with the rate limit), and
 * the lockout of identifiers that nobody has. The latter mirrors the lockout of accounts, so that being locked out does
 * not tell that there is an account.
 */
import type { Clock } from '../clock.ts';
import type { Vault } from '../secret.ts';
import type { Tallies } from '../tallies/tallies.ts';
import { LOCKOUT_FAILURES, LOCKOUT_MILLISECONDS } from './lockout.ts';

const MINUTE = 60_000;
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

/** How long the failures of a stranger's identifier are remembered. */
const STRANGER_MILLISECONDS = 24 * 60 * MINUTE;

/** What is counted goes by digests: identifiers are what people typed, a password now and then, and as long as they like. */
export function createAttempts(
  {
    clock,
    tallies,
    vault,
  }: { readonly clock: Clock; readonly tallies: Tallies; readonly vault: Pick<Vault, 'digest'> },
  { isLimited }: { readonly isLimited: boolean },
): Attempts {
  const nameOf = (kind: AttemptKind | 'stranger', key: string): string => `${kind} ${vault.digest(key)}`;
  /** Until when an identifier that nobody has is locked: as an account, from its last failure on. */
  const lockedUntil = (name: string): number | undefined => {
    const tally = tallies.find(name);
    if (!tally || tally.used < LOCKOUT_FAILURES) return undefined;
    return tally.endsAt - STRANGER_MILLISECONDS + LOCKOUT_MILLISECONDS;
  };
  return {
    secondsUntilFree(kind, key) {
      const tally = tallies.find(nameOf(kind, key));
      return !tally || tally.used < LIMITS[kind].most ? 0 : Math.ceil((tally.endsAt - clock.now()) / 1000);
    },
    countFailure(kind, key) {
      if (isLimited) tallies.add(nameOf(kind, key), LIMITS[kind].window);
    },
    forget(kind, key) {
      tallies.forget(nameOf(kind, key));
    },
    isStrangerLocked: (key) => (lockedUntil(nameOf('stranger', key)) ?? 0) > clock.now(),
    countStranger(key) {
      const name = nameOf('stranger', key);
      const until = lockedUntil(name);
      if (until !== undefined && until > clock.now()) return;
      // A lock that has run out was a full count: the next one begins anew.
      if (until !== undefined) tallies.forget(name);
      tallies.add(name, STRANGER_MILLISECONDS, { slides: true });
    },
  };
}
