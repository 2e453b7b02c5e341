/** A scenario drives clients and checks what their calls did. */
import type { AuthClient } from '../client/index.ts';
import type { Called, World } from './world.ts';

export interface Stage {
  readonly world: World;
  /** Every call is noted here. */
  readonly called: Called;
  /** A client in which the administrator is signed in. */
  readonly admin: AuthClient;
}

export interface Scenario {
  readonly name: string;
  /** The contract's rows whose effect it checks. */
  readonly rows: readonly string[];
  run(stage: Stage): Promise<void>;
}

export const scenario = (name: string, rows: readonly string[], run: Scenario['run']): Scenario => ({
  name,
  rows,
  run,
});
