/**
 * Password hashing off the event loop, with a bound: argon2id takes 19 MiB for each hash, so only so many run at once
 * and only so many wait; beyond that the caller is told to come back.
 */
import { Problem } from '../problem.ts';

/** Native code, loaded with the first password: a start does not wait for it. */
const argon2 = () => import('@node-rs/argon2');

/** What one argon2id hash costs whoever makes it, and whoever guesses. */
export interface HashCost {
  /** In KiB; at least 8. */
  readonly memory: number;
  /** Over that memory; at least 1. */
  readonly passes: number;
}

/** OWASP’s second choice for argon2id: 19 MiB, two passes, one lane. DESIGN §2. */
const HASH_COST: HashCost = { memory: 19_456, passes: 2 };

export interface PasswordHasher {
  /** Of new hashes; a stored one that cost less is made anew at the next sign-in. */
  readonly cost: HashCost;
  /** PHC string of a new argon2id hash. */
  hash(password: string): Promise<string>;
  /** Whether `password` matches an argon2 PHC string. */
  verify(phc: string, password: string): Promise<boolean>;
  /** Runs other costly work under the same bound. */
  bounded<T>(work: () => Promise<T>): Promise<T>;
}

export interface HasherOptions {
  /** Default 19,456 KiB and 2 passes. Tests that are not about hashes take less; no operator can. */
  readonly cost?: HashCost;
  /**
   * Hashes that are handed to libuv's pool at once. Default 6: its four threads run as many, and two stand ready, so that
   * no thread waits while the event loop is in a commit. Only those that run take memory.
   */
  readonly concurrency?: number;
  /** Hashes that may wait. Default 1,000. */
  readonly queue?: number;
}

export function createPasswordHasher({
  cost = HASH_COST,
  concurrency = 6,
  queue = 1000,
}: HasherOptions = {}): PasswordHasher {
  const parameters = { memoryCost: cost.memory, timeCost: cost.passes, parallelism: 1 };
  let running = 0;
  const waiting: (() => void)[] = [];
  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (waiting.length >= queue)
        throw new Problem('overloaded', 'Too many passwords are being hashed; try again.', { retryAfter: 1 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }
  return {
    cost,
    bounded,
    hash: (password) => bounded(async () => (await argon2()).hash(password, parameters)),
    verify: (phc, password) => bounded(async () => (await argon2()).verify(phc, password)),
  };
}
