/**
 * Ports that a runtime brings along: a browser's storage and its channel between tabs, Web Crypto, the console. Each is
 * looked for when a client is made; nothing here is needed for the client to work.
 */
import { MemoryStorage, MemoryTokenStore } from './memory.ts';
import type { Broadcast, BroadcastMessage, Crypto, Logger, Storage, StoredTokens, TokenStore } from './ports.ts';

interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}
interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
  /** Node.js alone has it, and needs it: an open channel keeps the process alive. */
  unref?(): void;
}
interface StorageChange {
  /** Null: all of them. */
  readonly key: string | null;
  readonly newValue: string | null;
}
interface Page {
  readonly localStorage?: WebStorage;
  addEventListener?(type: 'storage', listener: (change: StorageChange) => void): void;
  removeEventListener?(type: 'storage', listener: (change: StorageChange) => void): void;
}
interface Runtime {
  readonly window?: Page;
  readonly BroadcastChannel?: new (name: string) => Channel;
  readonly navigator?: { readonly locks?: { request<T>(name: string, work: () => Promise<T>): Promise<T> } };
}
const runtime = globalThis as unknown as Runtime;

/** The page's storage, if it lets itself be written. */
const sharedStorage = (): WebStorage | undefined => {
  try {
    const storage = runtime.window?.localStorage;
    const probe = 'rw3iss_auth:probe';
    storage?.setItem(probe, probe);
    storage?.removeItem(probe);
    return storage;
  } catch {
    return undefined; // Forbidden or full: then the tokens live as long as the page.
  }
};

const tokensIn = (text: string | null): StoredTokens | null => {
  try {
    const tokens = JSON.parse(text ?? 'null') as StoredTokens | null;
    return typeof tokens?.access_token === 'string' && typeof tokens.refresh_token === 'string' ? tokens : null;
  } catch {
    return null; // Somebody else's value is no session.
  }
};

const tokenStoreIn = (storage: WebStorage, key: string): TokenStore => ({
  get: async () => tokensIn(storage.getItem(key)),
  set: async (tokens) => storage.setItem(key, JSON.stringify(tokens)),
  clear: async () => storage.removeItem(key),
});

const storageIn = (storage: WebStorage, namespace: string): Storage => ({
  get: async (key) => storage.getItem(`${namespace}:${key}`),
  set: async (key, value) => storage.setItem(`${namespace}:${key}`, value),
  remove: async (key) => storage.removeItem(`${namespace}:${key}`),
});

export const defaultStorage = (namespace: string): Storage => {
  const shared = sharedStorage();
  return shared ? storageIn(shared, namespace) : new MemoryStorage();
};

const identities = new WeakMap<TokenStore, string>();
const identityOf = (store: TokenStore): string => {
  const identity = identities.get(store) ?? Math.random().toString(36).slice(2);
  identities.set(store, identity);
  return identity;
};

/**
 * The store, and the name under which those who share it find each other; undefined where nobody can. Outside of a
 * browser only clients with the very same store share it, so that no client ever signs out another one's user.
 */
export const tokenStoreOf = (
  given: TokenStore | undefined,
  namespace: string,
  apiBaseUrl: string,
): { readonly tokenStore: TokenStore; readonly group: string | undefined; readonly storageKey?: string } => {
  const group = `rw3iss_auth:${namespace}:${apiBaseUrl}`;
  if (given) {
    const isPrivate = given instanceof MemoryTokenStore || !runtime.window;
    return { tokenStore: given, group: isPrivate ? `${group}:${identityOf(given)}` : group };
  }
  const shared = sharedStorage();
  const storageKey = `${namespace}:tokens`;
  return shared
    ? { tokenStore: tokenStoreIn(shared, storageKey), group, storageKey }
    : { tokenStore: new MemoryTokenStore(), group: undefined };
};

/**
 * A channel to the others of a group, where the runtime has such; it keeps no process alive. What is said there may be
 * heard before the storage is seen to have changed, so that change is heard as well.
 */
export const channelOf = (group: string | undefined, storageKey: string | undefined): Broadcast | undefined => {
  if (group === undefined || !runtime.BroadcastChannel) return undefined;
  const channel = new runtime.BroadcastChannel(group);
  const listeners = new Set<(message: BroadcastMessage) => void>();
  const tell = (message: BroadcastMessage) => {
    for (const listener of listeners) listener(message);
  };
  channel.onmessage = ({ data }) => tell(data as BroadcastMessage);
  const onStorage = ({ key, newValue }: StorageChange) => {
    if (key === null || key === storageKey) tell({ type: newValue === null ? 'logged_out' : 'token_refreshed' });
  };
  if (storageKey !== undefined) runtime.window?.addEventListener?.('storage', onStorage);
  channel.unref?.();
  return {
    publish: (message) => channel.postMessage(message),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      runtime.window?.removeEventListener?.('storage', onStorage);
      channel.close();
    },
  };
};

/** Runs one at a time among a group; a refresh token is single-use, so two tabs must not use one at once. */
export const exclusively = <T>(group: string | undefined, work: () => Promise<T>): Promise<T> => {
  const locks = runtime.navigator?.locks;
  return group !== undefined && locks ? locks.request(group, work) : work();
};

export const webCrypto: Crypto = {
  randomBytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (bytes) => new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))),
};

/** A new idempotency key in a browser, undefined elsewhere. Not `randomUUID`, which is for secure contexts alone. */
export const keyInPages = (): string | undefined =>
  runtime.window && [...webCrypto.randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Warnings and errors, to the console. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message, fields) => console.warn(message, fields ?? ''),
  error: (message, fields) => console.error(message, fields ?? ''),
};
