/** Wakes those who wait for new events in this process. Other processes' events are found by asking now and then. */

export interface EventSignal {
  /** Told after a commit that may have appended events. */
  notify(): void;
  /** Resolves at the next `notify`, after `milliseconds`, or when `abort` fires. */
  wait(milliseconds: number, abort: AbortSignal): Promise<void>;
}

export function createEventSignal(): EventSignal {
  let waiting: (() => void)[] = [];
  return {
    notify() {
      if (waiting.length === 0) return;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    wait: (milliseconds, abort) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          abort.removeEventListener('abort', wake);
          waiting = waiting.filter((other) => other !== wake);
          resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        if (abort.aborted) return wake();
        abort.addEventListener('abort', wake);
        waiting.push(wake);
      }),
  };
}
