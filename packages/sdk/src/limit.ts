/**
 * A time limit and the caller's signal as one signal. Owns the invariant that both hold at once and that neither
 * leaves a timer or a listener behind: whoever makes a `Limit` ends it.
 */

/** Longest delay that `setTimeout` keeps; anything above is no limit. */
const LONGEST = 2_147_483_647;

export class Limit {
  /** The time ran out (as opposed to: the caller aborted). */
  expired = false;
  /** Told once when the limit is reached. */
  onOver: (() => void) | undefined;
  #isOver = false;
  #controller: AbortController | undefined;
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: AbortSignal | undefined, ms: number) {
    this.#ms = ms;
    this.#arm();
    this.#caller = caller;
    if (!caller) return;
    this.#onAbort = () => this.#over();
    if (caller.aborted) this.#onAbort();
    else caller.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The limit is reached: no time is left, or the caller aborted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get reason(): unknown {
    return this.signal.reason;
  }

  /** Made for whoever asks for it: a controller costs more than the rest of a limit. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#abort(this.#controller);
    }
    return this.#controller.signal;
  }

  /** Something arrived: the time begins anew. */
  renew(): void {
    clearTimeout(this.#timer);
    this.#arm();
  }

  /** From now on only silence is limited, to `ms` at a time. */
  limitSilence(ms: number): void {
    this.#ms = ms;
    this.renew();
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort) this.#caller?.removeEventListener('abort', this.#onAbort);
  }

  /** Waits for a promise no longer than the limit allows; rejects with the signal's reason. The work itself goes on. */
  hold<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      promise.then(resolve, reject);
    });
  }

  #arm(): void {
    if (this.#ms > LONGEST) return;
    const expire = () => {
      if (!this.#isOver) this.expired = true;
      this.#over();
    };
    this.#timer = setTimeout(expire, Math.max(0, this.#ms));
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#controller) this.#abort(this.#controller);
    this.onOver?.();
  }

  #abort(controller: AbortController): void {
    controller.abort(this.expired ? undefined : this.#caller?.reason);
  }
}

/** Waits; rejects at once when the limit is reached. */
export const sleep = async (ms: number, limit: Limit): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await limit.hold(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
    );
  } finally {
    clearTimeout(timer);
  }
};
