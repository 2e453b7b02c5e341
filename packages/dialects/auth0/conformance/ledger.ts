/** What each client did in a run: every call by its row, and whether the scenario around it held. */
import type { DatabaseKind } from '@reeve/testkit';
import type { Client, Style, Surface } from './clients.ts';
import { dropIn, earlier, genuine } from './legacy.ts';
import { current, fourthMajor } from './modern.ts';
import { type CalledRow, perform, type Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** In the order of the table. */
export const clients: readonly Client[] = [genuine, dropIn, earlier, fourthMajor, current];

/** Names of the documents that the release 3.7.2 does not have (contract §1). */
export const exceptions: Readonly<Record<string, string>> = {
  createRules: 'In no release: the documents mean `createRule`.',
  getClientInfo: 'Up to release 2.17.0 only.',
};

export interface Entry {
  readonly row: string;
  readonly client: string;
  readonly style: Style;
  readonly database: DatabaseKind;
  readonly scenario: string;
  /** Its scenario checks what the call does, and held. */
  readonly works: boolean;
}

export interface Outcome {
  readonly works: boolean;
  readonly styles: readonly Style[];
  readonly databases: readonly DatabaseKind[];
}

export class Ledger {
  readonly #entries: Entry[] = [];

  add(entries: readonly Entry[]): void {
    this.#entries.push(...entries);
  }

  entriesOf({ name }: Scenario, client: Client): readonly Entry[] {
    return this.#entries.filter((entry) => entry.scenario === name && entry.client === client.name);
  }

  /** Undefined: the client never called it where the effect is checked. */
  outcomeOf(row: string, { name }: Client): Outcome | undefined {
    const found = this.#entries.filter((entry) => entry.row === row && entry.client === name);
    if (found.length === 0) return undefined;
    const each = <T>(values: T[]) => [...new Set(values)].sort();
    return {
      works: found.every(({ works }) => works),
      styles: each(found.map(({ style }) => style)),
      databases: each(found.map(({ database }) => database)),
    };
  }
}

export const ledger = new Ledger();

/** Runs a scenario with a client, and writes down what it called. Returns its trace. */
export async function exercise(
  scenario: Scenario,
  client: Client,
  { world, surface }: { world: World; surface: Surface },
): Promise<unknown[]> {
  const called: CalledRow[] = [];
  let works = false;
  try {
    const { trace } = await perform(scenario, client, { world, surface, called });
    works = true;
    return trace;
  } finally {
    const checked = called.filter(({ method }) => scenario.rows.includes(method));
    const shared = { client: client.name, database: world.kind, scenario: scenario.name, works };
    // A flat name does nothing but call the manager's method.
    const rows = checked.flatMap(({ row, method, style }) =>
      [...new Set([row, method])].map((name) => ({ row: name, style })),
    );
    ledger.add(rows.map((each) => ({ ...each, ...shared })));
  }
}
