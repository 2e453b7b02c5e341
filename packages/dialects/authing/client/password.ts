/** Passwords on their way to the server: encrypted for the pool's key, which is asked for once. */
import type { AuthingError } from './errors.ts';
import type { Settings } from './options.ts';
import { encryptRsa } from './rsa.ts';
import type { Wire } from './wire.ts';

/** The server could not decrypt it; it could not even be encrypted. */
const ofWrongKey: readonly unknown[] = [2016, 'ERR_BAD_PUBLIC_KEY'];

export class Passwords {
  readonly #wire: Wire;
  readonly #settings: Settings;
  #key: Promise<string> | undefined;

  constructor(wire: Wire, settings: Settings) {
    this.#wire = wire;
    this.#settings = settings;
  }

  /** Sends a copy of the fields, with the password encrypted; an empty one, or none, stays as it is. */
  async sealing<F extends { readonly password?: string | null | undefined }, T>(
    fields: F,
    send: (sealed: F, secrets: string[]) => Promise<T>,
  ): Promise<T> {
    const { password } = fields;
    if (!password) return send(fields, []);
    const { encryptFunction, encryption } = this.#settings;
    const key = await this.#keyOfPool();
    try {
      const sealed = encryptFunction ? await encryptFunction(password, key, encryption) : encryptRsa(password, key);
      return await send({ ...fields, password: sealed }, [password, sealed]);
    } catch (error) {
      // The pool may have another key by now.
      if (ofWrongKey.includes((error as AuthingError | undefined)?.code)) this.#key = undefined;
      throw error;
    }
  }

  #keyOfPool(): Promise<string> {
    const { publicKey } = this.#settings;
    if (publicKey) return Promise.resolve(publicKey);
    this.#key ??= this.#fetchKey();
    return this.#key;
  }

  async #fetchKey(): Promise<string> {
    try {
      const base = this.#settings.keyHost;
      const known = await this.#wire.rest<{ publicKey?: string } | null>('GET', '/api/v2/.well-known', { base });
      return known?.publicKey ?? '';
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }
}
