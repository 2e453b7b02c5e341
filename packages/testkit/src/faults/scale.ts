/** How much a fault test does, and with which seed: little inside `npm test`, more in `npm run test:faults`. */
import { type Random, randomOf } from '../random.ts';

const numberOf = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number.`);
  return Number(text);
};

/** Multiplies what a fault test does (`REEVE_FAULT_SCALE`); 1 inside `npm test`. */
export const faultScale = numberOf('REEVE_FAULT_SCALE') ?? 1;

/** Seeds of a fault test's runs: the one given by `REEVE_FAULT_SEED`, else new ones, one for each `REEVE_FAULT_RUNS`. */
export function faultSeeds(): number[] {
  const given = numberOf('REEVE_FAULT_SEED');
  if (given !== undefined) return [given];
  return Array.from({ length: numberOf('REEVE_FAULT_RUNS') ?? 1 }, () => Math.floor(Math.random() * 1e9));
}

/** Choices of one part of a run: the same for the same seed and name, whatever the other parts choose. */
export function randomFor(seed: number, name: string): Random {
  let mixed = seed;
  for (const letter of name) mixed = Math.imul(mixed ^ (letter.codePointAt(0) as number), 0x01000193);
  return randomOf(mixed);
}

/** What a long run did, for whoever waits for it; silent inside `npm test`. */
export function tellRun(text: string): void {
  if (process.env.REEVE_FAULT_RUNS !== undefined) process.stdout.write(`${text}\n`);
}
