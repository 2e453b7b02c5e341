import type { Clock } from '@reeve/core';

/** A clock that runs with the real one and can be moved forward. */
export class TestClock implements Clock {
  #offset = 0;
  now(): number {
    return Date.now() + this.#offset;
  }
  advance(milliseconds: number): void {
    this.#offset += milliseconds;
  }
}
