/**
 * Who writes to a SQLite file when several threads of the process do: one at a time. Requests come first: a bulk writer
 * asks between its steps whether somebody waits, and then ends its transaction early. Without the gate SQLite itself
 * would put the event loop to sleep until the other thread has committed.
 */
const HOLDER = 0;
const WAITING = 1;
const BEHIND = 2;
const CLOSING = 3;
const FREE = 0;
const REQUESTS = 1;
/** A lost wake-up costs no more than this. */
const ASK_AGAIN_MILLISECONDS = 50;

export class WriteGate {
  /** Give it to another thread, whose gate is then the same one. */
  readonly cells: SharedArrayBuffer;
  readonly #view: Int32Array;

  constructor(cells: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.cells = cells;
    this.#view = new Int32Array(cells);
  }

  /** Whether a request waits for the bulk writer to end. */
  get isAwaited(): boolean {
    return Atomics.load(this.#view, WAITING) > 0;
  }

  /** Whether the bulk writer has to move the end of the write-ahead log, which its own thread can't reach. */
  get isBehind(): boolean {
    return Atomics.load(this.#view, BEHIND) === 1;
  }
  set isBehind(is: boolean) {
    Atomics.store(this.#view, BEHIND, is ? 1 : 0);
  }

  /** Bulk writers may come. */
  open(): void {
    Atomics.store(this.#view, CLOSING, 0);
    this.isBehind = false;
  }

  /** The last bulk writer has gone. */
  close(): void {
    Atomics.store(this.#view, CLOSING, 1);
    Atomics.notify(this.#view, CLOSING);
  }

  /** Waits so long, or until the last bulk writer has gone: whether it has. Blocks the thread. */
  isClosing(milliseconds: number): boolean {
    return Atomics.wait(this.#view, CLOSING, 0, milliseconds) !== 'timed-out';
  }

  /** Enters for requests, without blocking the thread. Undefined: entered already. */
  enter(): Promise<void> | undefined {
    return this.#take(REQUESTS) ? undefined : this.#wait();
  }

  /** Enters for the bulk writer `id` (2 or greater), blocking its thread, and only when no request waits. */
  enterLast(id: number): void {
    for (;;) {
      const waiting = Atomics.load(this.#view, WAITING);
      if (waiting > 0) {
        Atomics.wait(this.#view, WAITING, waiting, ASK_AGAIN_MILLISECONDS);
        continue;
      }
      if (this.#take(id)) return;
      const holder = Atomics.load(this.#view, HOLDER);
      if (holder !== FREE) Atomics.wait(this.#view, HOLDER, holder, ASK_AGAIN_MILLISECONDS);
    }
  }

  /** Lets the next one in. Does nothing where `id` is not inside: a thread that died may have left already. */
  leave(id: number = REQUESTS): void {
    if (Atomics.compareExchange(this.#view, HOLDER, id, FREE) === id) Atomics.notify(this.#view, HOLDER);
  }

  #take(id: number): boolean {
    return Atomics.compareExchange(this.#view, HOLDER, FREE, id) === FREE;
  }

  async #wait(): Promise<void> {
    Atomics.add(this.#view, WAITING, 1);
    try {
      while (!this.#take(REQUESTS)) {
        const holder = Atomics.load(this.#view, HOLDER);
        if (holder !== FREE) await Atomics.waitAsync(this.#view, HOLDER, holder, ASK_AGAIN_MILLISECONDS).value;
      }
    } finally {
      Atomics.sub(this.#view, WAITING, 1);
      Atomics.notify(this.#view, WAITING);
    }
  }
}
