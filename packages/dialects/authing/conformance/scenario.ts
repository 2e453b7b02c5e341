/** A scenario drives a client, checks what its calls did, and returns what both clients must agree on. */
import type { Client } from './world.ts';

export interface Stage {
  readonly client: Client;
  /** Makes names that no other run has. */
  readonly word: string;
  /** Signs a user in with a password; the access token. */
  signIn(username: string, password: string): Promise<string>;
  /** Whether an access token is good still. */
  stands(token: string): Promise<boolean>;
  /** A new organization; its id. */
  organization(name: string, members: readonly string[]): Promise<string>;
}

export interface Scenario {
  readonly name: string;
  /** The contract's rows whose effect it checks. */
  readonly rows: readonly string[];
  run(stage: Stage): Promise<unknown>;
}

export const scenario = (name: string, rows: readonly string[], run: Scenario['run']): Scenario => ({
  name,
  rows,
  run,
});

/** The code that a call is refused with. */
export const codeOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => ({ unexpected: answer }),
    (error: { code?: unknown }) => error.code ?? String(error),
  );
