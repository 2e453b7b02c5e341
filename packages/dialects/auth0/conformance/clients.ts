/** The clients that drive the scenarios, each behind the names of the 3.x line's managers (`users.create`). */
import type { World } from './world.ts';

/** What a call was refused with, as far as all clients tell it. */
export interface Refusal {
  readonly status: number | undefined;
  readonly message: string;
  readonly errorCode: string | undefined;
  /** Everything that calling code reads, in the client's own form. */
  readonly seen: unknown;
}

export type Style = 'promise' | 'callback';
/** How the methods of a client are reached. A flat surface falls back to the manager where there is no flat name. */
export interface Surface {
  readonly names: 'managers' | 'flat';
  readonly style: Style;
}

export interface Called {
  /** The row of the contract that was called. */
  readonly row: string;
  readonly style: Style;
  readonly outcome: Promise<unknown>;
}

/** A client with its credentials. */
export interface Connected {
  call(method: string, args: readonly unknown[], surface: Surface): Called;
}

export interface Client {
  /** As it stands in the table. */
  readonly name: string;
  /** Whether the client offers the row at all. */
  offers(row: string): boolean;
  /** Without a token, as the management application. */
  connect(world: World, token?: string): Connected;
  refusalOf(error: unknown): Refusal;
}

export type Callable = (...args: unknown[]) => unknown;

/** The function at a dotted path, bound to what holds it. */
export function reach(root: unknown, path: string): Callable | undefined {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let holder = root;
  for (const step of steps) holder = (holder as Record<string, unknown> | undefined)?.[step];
  const found = (holder as Record<string, unknown> | undefined)?.[last];
  return typeof found === 'function' ? (found.bind(holder) as Callable) : undefined;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const textOrNothing = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const numberOrNothing = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
