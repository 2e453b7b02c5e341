/**
 * Two servers asked for the same thing in turn: floor, ours, floor, ours. The machine is shared and noisy, so what
 * counts is the median of the ratios of neighbouring rounds, never a rate by itself.
 */
import { type Ask, Load } from './load.ts';
import type { Served } from './processes.ts';

export interface Side {
  readonly server: Served;
  readonly ask: Ask;
}

export interface Comparison {
  readonly name: string;
  /** Median rate, per second. */
  readonly floor: number;
  readonly ours: number;
  /** Median of ours ÷ floor, round by round; above 1 is faster than the floor. */
  readonly ratio: number;
  /** The lower and upper quartile of the rounds' ratios. */
  readonly spread: readonly [number, number];
  /** CPU of the server process for one request, microseconds; NaN where the system doesn't tell. */
  readonly floorCpu: number;
  readonly oursCpu: number;
  readonly p99: number;
}

export interface Rounds {
  readonly rounds?: number;
  readonly milliseconds?: number;
  readonly connections?: number;
}

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at - Math.floor(at));
};
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export async function compare(
  name: string,
  floor: Side,
  ours: Side,
  { rounds = 11, milliseconds = 700, connections = 32 }: Rounds = {},
): Promise<Comparison> {
  const load = new Load();
  const measure = async ({ server, ask }: Side) => {
    const before = server.cpu();
    const outcome = await load.run({ ...ask, port: server.port, connections, milliseconds });
    return {
      rate: outcome.requests / outcome.seconds,
      cpu: (server.cpu() - before) / outcome.requests,
      p99: outcome.p99,
    };
  };
  try {
    // Both warm up before the first round counts.
    for (let i = 0; i < 2; i++) for (const side of [floor, ours]) await measure(side);
    const taken: { floor: Awaited<ReturnType<typeof measure>>; ours: Awaited<ReturnType<typeof measure>> }[] = [];
    for (let i = 0; i < rounds; i++) taken.push({ floor: await measure(floor), ours: await measure(ours) });
    const ratios = taken.map((round) => round.ours.rate / round.floor.rate);
    return {
      name,
      floor: median(taken.map((round) => round.floor.rate)),
      ours: median(taken.map((round) => round.ours.rate)),
      ratio: median(ratios),
      spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      floorCpu: median(taken.map((round) => round.floor.cpu)),
      oursCpu: median(taken.map((round) => round.ours.cpu)),
      p99: median(taken.map((round) => round.ours.p99)),
    };
  } finally {
    await load.close();
  }
}
