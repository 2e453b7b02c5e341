/**
 * Password hashing off the event loop, with a bound: argon2id takes 19 MiB for each hash, so only so many run at once
 * and only so many wait; beyond that the caller is told to come back.
 */
import { Problem } from '../problem.ts';

// OWASP's second choice for argon2id: 19 MiB, two passes, one lane. DESIGN §2.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Native code, loaded with the first password: a start does not wait for it. */
const argon2 = () => import('@node-rs/argon2');

export interface PasswordHasher {
  /** PHC string of a new argon2id hash. */
  hash(password: string): Promise<string>;
  /** Whether `password` matches an argon2 PHC string. */
  verify(phc: string, password: string): Promise<boolean>;
  /** Runs other costly work under the same bound. */
  bounded<T>(work: () => Promise<T>): Promise<T>;
}

export interface HasherOptions {
  /**
   * Hashes that are handed to libuv's pool at once. Default 6: its four threads run as many, and two stand ready, so that
   * no thread waits while the event loop is in a commit. Only those that run take memory.
   */
  readonly concurrency?: number;
  /** Hashes that may wait. Default 1,000. */
  readonly queue?: number;
}

export function createPasswordHasher({ concurrency = 6, queue = 1000 }: HasherOptions = {}): PasswordHasher {
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
    bounded,
    hash: (password) => bounded(async () => (await argon2()).hash(password, PARAMETERS)),
    verify: (phc, password) => bounded(async () => (await argon2()).verify(phc, password)),
  };
}
