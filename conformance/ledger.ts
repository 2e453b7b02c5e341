/** What was compared: how often, for each door that wrote and each that read. */
import type { Door } from './door.ts';

export class Ledger {
  readonly #counts = new Map<string, number>();

  add(writer: Door, reader: Door, comparisons: number): void {
    const key = keyOf(writer, reader);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + comparisons);
  }

  count(writer: Door, reader: Door): number {
    return this.#counts.get(keyOf(writer, reader)) ?? 0;
  }

  /** For comparing two runs. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

const keyOf = (writer: Door, reader: Door): string => `${writer.name} → ${reader.name}`;
