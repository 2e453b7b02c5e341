/**
 * What is counted for a while: requests of a client, failures of an address. It is counted in memory; servers that share a
 * database tell each other twice a second what they have counted, so that a limit holds for all of them together. Owns the
 * invariant that whatever is counted is told, also where telling failed the first time.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { addTallies, findChangedTallies, resetTallies } from './tallies.store.ts';

const REMEMBERED = 50_000;
/** How far the clocks of two servers may be apart. */
const SKEW_MILLISECONDS = 5_000;
/** Between two exchanges: what another server has counted is known here no later than after two of them. */
export const SHARE_MILLISECONDS = 500;

/** A count that runs. */
export interface Tally {
  readonly used: number;
  /** Epoch milliseconds. */
  readonly endsAt: number;
}

export interface Tallies {
  /**
   * Counts one more and returns the count. A count that begins now ends in `lifetime` milliseconds, or at the next multiple
   * of it where it is `aligned`; one that runs is prolonged only where it `slides`.
   */
  add(name: string, lifetime: number, options?: { readonly slides?: boolean; readonly aligned?: boolean }): number;
  find(name: string): Tally | undefined;
  forget(name: string): void;
}

export interface TallySharing {
  /** Tells what is untold, and resolves when nothing runs any more. */
  stop(): Promise<void>;
}

interface Entry {
  used: number;
  endsAt: number;
  /** The most that `endsAt` may lie ahead; more is left of a clock that was set back. */
  lifetime: number;
  /** Counted here and not told yet. */
  untold: number;
}

export class MemoryTallies implements Tallies {
  readonly #clock: Clock;
  readonly #entries = new LRUCache<string, Entry>({ max: REMEMBERED });
  readonly #isShared: boolean;
  /** Names to be told: counted, or forgotten. */
  #changed = new Set<string>();
  #forgotten = new Set<string>();
  #toldAt = 0;

  /** `isShared`: whether other servers are told. */
  constructor(clock: Clock, isShared: boolean) {
    this.#clock = clock;
    this.#isShared = isShared;
  }

  add(name: string, lifetime: number, { slides = false, aligned = false } = {}): number {
    const now = this.#clock.now();
    const endsAt = aligned ? (Math.floor(now / lifetime) + 1) * lifetime : now + lifetime;
    let entry = this.#running(name, now);
    if (entry) {
      entry.used++;
      if (slides) entry.endsAt = endsAt;
    } else {
      entry = { used: 1, endsAt, lifetime, untold: 0 };
      this.#entries.set(name, entry);
    }
    if (this.#isShared) {
      entry.untold++;
      this.#changed.add(name);
    }
    return entry.used;
  }

  find(name: string): Tally | undefined {
    return this.#running(name, this.#clock.now());
  }

  forget(name: string): void {
    if (!this.#entries.delete(name) || !this.#isShared) return;
    this.#changed.delete(name);
    this.#forgotten.add(name);
  }

  #running(name: string, now: number): Entry | undefined {
    const entry = this.#entries.get(name);
    return entry && entry.endsAt > now && entry.endsAt - now <= entry.lifetime + SKEW_MILLISECONDS ? entry : undefined;
  }

  /** One exchange with the other servers. Throws what the database throws; what was not told is told the next time. */
  async share(database: Database): Promise<void> {
    const now = this.#clock.now();
    const [forgotten, changed] = [this.#forgotten, this.#changed];
    const told = [...changed].flatMap((name) => {
      const entry = this.#entries.peek(name);
      return entry && entry.endsAt > now ? [{ name, entry, used: entry.untold }] : [];
    });
    this.#forgotten = new Set();
    this.#changed = new Set();
    for (const { entry } of told) entry.untold = 0;
    try {
      await database.write(async (db) => {
        await resetTallies(db, [...forgotten], now);
        const counts = told.map(({ name, used, entry: { endsAt } }) => ({ name, used, expires_at: endsAt }));
        await addTallies(db, counts, now);
      });
    } catch (error) {
      for (const name of forgotten) this.#forgotten.add(name);
      for (const { name, entry, used } of told) {
        entry.untold += used;
        this.#changed.add(name);
      }
      throw error;
    }
    await this.#hear(database, now);
  }

  /** Takes over what changed since the last time, its own among it. */
  async #hear(database: Database, now: number): Promise<void> {
    const rows = await database.read((db) => findChangedTallies(db, this.#toldAt - 2 * SKEW_MILLISECONDS, REMEMBERED));
    this.#toldAt = now;
    for (const { name, used, expires_at } of rows) {
      if (this.#forgotten.has(name)) continue;
      const entry = this.#entries.peek(name);
      if (expires_at <= now) {
        if (entry && entry.untold === 0) this.#entries.delete(name);
      } else if (entry) {
        entry.used = used + entry.untold;
        entry.endsAt = expires_at;
      } else this.#entries.set(name, { used, endsAt: expires_at, lifetime: expires_at - now, untold: 0 });
    }
  }
}

/** Exchanges counts twice a second. `onError` is told what went wrong; the next time tries again. */
export function startSharing(
  tallies: MemoryTallies,
  database: Database,
  onError: (error: unknown) => void,
): TallySharing {
  let running: Promise<void> | undefined;
  const share = () => {
    running ??= tallies
      .share(database)
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(() => void share(), SHARE_MILLISECONDS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await share();
    },
  };
}
