/** Dates and times of a query: ISO 8601, a date alone or down to the millisecond; without an offset it is UTC. */
import { QueryError } from './query-error.ts';

const SHAPE =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:T(?<minute>\d{2}:\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d{2}:\d{2})?)?$/i;
const DAY = 86_400_000;
const MINUTE = 60_000;
const SECOND = 1000;

/** The first and the last millisecond of what a text names: a day, a minute, a second, a part of one. */
export function instantOf(
  field: string,
  { at, text }: { readonly at: number; readonly text: string },
): { from: number; to: number } {
  const { date, minute = '00:00', second = '00', fraction = '', zone = 'Z' } = SHAPE.exec(text)?.groups ?? {};
  const from = Date.parse(`${date}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}${zone.toUpperCase()}`);
  if (date === undefined || Number.isNaN(from) || !isDay(date) || minute > '23:59')
    throw new QueryError(
      at,
      `expected a date (2024-01-31) or a time (2024-01-31T12:00:00Z) for ${field}, found "${text}"`,
    );
  return { from, to: from + unitOf(text, fraction) - 1 };
}

/** JavaScript takes the 30th of February for the 1st of March. */
const isDay = (date: string): boolean => new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);

function unitOf(text: string, fraction: string): number {
  if (fraction !== '') return 10 ** Math.max(0, 3 - fraction.length);
  if (!/t/i.test(text)) return DAY;
  return /t\d{2}:\d{2}:\d{2}/i.test(text) ? SECOND : MINUTE;
}
