/** What every step of the demo works with. */
import { ReeveManagement } from '@reeve/sdk';
import type { Book } from './book.ts';
import type { Report } from './report.ts';
import type { Server } from './server.ts';

export interface Stage {
  readonly server: Server;
  readonly reeve: ReeveManagement;
  readonly book: Book;
  readonly report: Report;
  /** Before anything was imported. */
  readonly startedAt: Date;
}

export interface Step {
  readonly title: string;
  /** Without it nothing else makes sense. */
  readonly isVital?: true;
  run(stage: Stage): Promise<void>;
}

/** A client of an application. */
export const clientOf = ({ url }: Server, clientId: string, clientSecret: string): ReeveManagement =>
  new ReeveManagement({ tenantUrl: url, clientId, clientSecret, audience: `${url}/api` });

/** Calls `work` on every item, at most `width` at once. */
export async function each<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lane = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Everything that an async iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}
