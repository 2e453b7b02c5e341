/** Ports that reach nothing outside of the process. */
import type { Logger, Storage, StoredTokens, TokenStore } from './ports.ts';

/** Keeps the tokens as long as it lives. Clients that are given the same one are signed in and out together. */
export class MemoryTokenStore implements TokenStore {
  #tokens: StoredTokens | null;

  constructor(tokens: StoredTokens | null = null) {
    this.#tokens = tokens;
  }

  async get(): Promise<StoredTokens | null> {
    return this.#tokens;
  }

  async set(tokens: StoredTokens): Promise<void> {
    this.#tokens = tokens;
  }

  async clear(): Promise<void> {
    this.#tokens = null;
  }
}

export class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();

  async get(key: string): Promise<string | null> {
    return this.#values.get(key) ?? null;
  }

  async set(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
  }

  async remove(key: string): Promise<void> {
    this.#values.delete(key);
  }
}

/** Says nothing. */
export class NoOpLogger implements Logger {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}
