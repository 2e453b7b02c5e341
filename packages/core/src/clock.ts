/** Where time comes from. Everything that asks for the time asks this, so that tests can move it. */

import { fieldProblem } from './problem.ts';

/** Epoch milliseconds. */
export type Instant = number;

export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => Date.now() };

/** RFC 3339, UTC, milliseconds. */
export const toWire = (instant: Instant): string => new Date(instant).toISOString();

/** The instant of a field. What a schema lets through and no clock ever shows (a leap second) is refused by name. */
export function fromWire(field: string, text: string): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw fieldProblem(field, 'format', `${field} must be an RFC 3339 instant.`);
  return instant;
}
