/**
 * What is counted for a while: requests of a client, failures of an address. It is counted in memory; servers that share a
 * database tell each other twice a second what they have counted, so that a limit holds for all of them together. Owns the
 * invariant that whatever is counted is told, also where telling failed the first time.
 */
import { LRUCache } from 'lru-cache';
import { atMost } from '../bounded.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { findChangedTallies, updateEndedTallies, upsertTallies } from './tallies.store.ts';

const REMEMBERED = 50_000;
/** What the names of counted requests begin with. */
export const REQUESTS = 'requests ';
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
  /** The most that `endsAt` may lie ahead; what lies further was made by a clock that was ahead, and has ended. */
  readonly lifetime: number;
  /** Counted here and not told yet. */
  untold: number;
}

const isRunning = ({ endsAt, lifetime }: Pick<Entry, 'endsAt' | 'lifetime'>, now: number): boolean =>
  endsAt > now && endsAt - now <= lifetime + SKEW_MILLISECONDS;

export class MemoryTallies implements Tallies {
  readonly #clock: Clock;
  /** Requests come under as many names as there are callers; what is counted of guesses must not go for them. */
  readonly #requests = new LRUCache<string, Entry>(atMost(REMEMBERED));
  readonly #failures = new LRUCache<string, Entry>(atMost(REMEMBERED));
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
    const entries = this.#entriesOf(name);
    let entry = entries.get(name);
    if (entry && isRunning(entry, now)) {
      entry.used++;
      if (slides) entry.endsAt = endsAt;
    } else {
      entry = { used: 1, endsAt, lifetime, untold: 0 };
      entries.set(name, entry);
    }
    if (this.#isShared) {
      entry.untold++;
      this.#changed.add(name);
    }
    return entry.used;
  }

  find(name: string): Tally | undefined {
    const entry = this.#entriesOf(name).get(name);
    return entry && isRunning(entry, this.#clock.now()) ? entry : undefined;
  }

  forget(name: string): void {
    if (!this.#entriesOf(name).delete(name) || !this.#isShared) return;
    this.#changed.delete(name);
    this.#forgotten.add(name);
  }

  #entriesOf(name: string): LRUCache<string, Entry> {
    return name.startsWith(REQUESTS) ? this.#requests : this.#failures;
  }

  /** One exchange with the other servers. Throws what the database throws; what was not told is told the next time. */
  async share(database: Database): Promise<void> {
    const now = this.#clock.now();
    const [forgotten, told] = [this.#forgotten, this.#untold(now)];
    this.#forgotten = new Set();
    this.#changed = new Set();
    try {
      await database.write(async (db) => {
        await updateEndedTallies(db, [...forgotten], now);
        const counts = told.map(({ name, used, entry: { endsAt, lifetime } }) => ({
          name,
          used,
          expires_at: endsAt,
          lifetime,
        }));
        await upsertTallies(db, counts, { now, skew: SKEW_MILLISECONDS });
      });
    } catch (error) {
      for (const name of forgotten) this.#forgotten.add(name);
      for (const { name, entry, used } of told) {
        entry.untold += used;
        if (this.#entriesOf(name).peek(name) === entry) this.#changed.add(name);
      }
      throw error;
    }
    await this.#hear(database);
  }

  /** Takes what is to be told; of a count that has ended nothing is. */
  #untold(now: number): { readonly name: string; readonly entry: Entry; readonly used: number }[] {
    return [...this.#changed].flatMap((name) => {
      const entry = this.#entriesOf(name).peek(name);
      if (!entry) return [];
      const used = entry.untold;
      entry.untold = 0;
      return isRunning(entry, now) ? [{ name, entry, used }] : [];
    });
  }

  /** Takes over what changed since the last time, its own among it. */
  async #hear(database: Database): Promise<void> {
    const since = this.#toldAt - 2 * SKEW_MILLISECONDS;
    const rows = await database.read((db) => findChangedTallies(db, since, REMEMBERED));
    const now = this.#clock.now();
    this.#toldAt = now;
    for (const { name, used, expires_at, lifetime } of rows) {
      if (this.#forgotten.has(name)) continue;
      const entries = this.#entriesOf(name);
      const entry = entries.peek(name);
      if (!isRunning({ endsAt: expires_at, lifetime }, now)) {
        if (entry?.untold === 0) entries.delete(name);
        else if (entry) entry.used = entry.untold;
      } else if (entry && isRunning(entry, now)) {
        entry.used = used + entry.untold;
        entry.endsAt = Math.max(entry.endsAt, expires_at);
      } else entries.set(name, { used, endsAt: expires_at, lifetime, untold: 0 });
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
