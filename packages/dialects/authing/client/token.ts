/**
 * The management token. Owns two invariants: at most one token request is under way, however many calls wait for it, and
 * no token is fetched for one call alone, however short its life.
 */

/** Where bearers come from. */
export interface TokenSource {
  get(): Promise<string>;
  /** A token instead of one that the server refused; undefined if there is no other. */
  renew(refused: string): Promise<string | undefined>;
}

/** The claims of a JWT (RFC 7519), unverified; null for any other text. */
export const claimsOf = (token: unknown): Record<string, unknown> | null => {
  try {
    const payload = String(token).split('.')[1] as string;
    const text = atob(payload.replace(/-/g, '+').replace(/_/g, '/'));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    return typeof claims === 'object' ? (claims as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
};

/** A token is not begun with in its last minute (ms), or in the last half of a life shorter than two. */
const LEEWAY = 60_000;

/** Until when (epoch ms) a token is used that has come now. */
const endOf = (token: string): number => {
  const now = Date.now();
  const left = Number(claimsOf(token)?.exp ?? Number.NaN) * 1000 - now;
  // No expiry, or one that only a wrong clock can explain: it is used until the server refuses it.
  return left > 0 ? now + left - Math.min(LEEWAY, left / 2) : Number.POSITIVE_INFINITY;
};

export class ManagementTokens implements TokenSource {
  readonly #fetch: () => Promise<string>;
  #held: { readonly token: string; readonly endsAt: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(fetch: () => Promise<string>) {
    this.#fetch = fetch;
  }

  async get(): Promise<string> {
    if (this.#held && Date.now() < this.#held.endsAt) return this.#held.token;
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  async renew(refused: string): Promise<string | undefined> {
    if (this.#held?.token === refused) this.#held = undefined;
    const token = await this.get();
    return token === refused ? undefined : token;
  }

  async #ask(): Promise<string> {
    try {
      const token = await this.#fetch();
      this.#held = { token, endsAt: endOf(token) };
      return token;
    } finally {
      this.#asking = undefined;
    }
  }
}

/** The option `accessToken`: used as it is, also when it has expired. */
export const givenToken = (token: string): TokenSource => ({
  get: async () => token,
  renew: async () => undefined,
});
