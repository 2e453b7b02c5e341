/** What core asks of the sandbox that runs rules; the server brings it along. */

/** Why a script can't be a rule. */
export interface ScriptFault {
  readonly message: string;
  /** From 1; undefined where the engine names none. */
  readonly line: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

export interface RuleScript {
  readonly name: string;
  readonly script: string;
}

export interface RuleTask {
  /** Whose rules they are: one tenant's must not hold up another's. */
  readonly tenantId: number;
  /** In the order in which they run. */
  readonly rules: readonly RuleScript[];
  readonly user: Json;
  readonly context: Json;
}

export type RuleOutcome =
  /** The context as the last rule left it. */
  | { readonly context: Json }
  /** The rule that refuses, and its words for it. */
  | { readonly denied: string; readonly rule: string };

/** Runs rules where they reach nothing of the host and are bounded in time, memory and output. */
export interface RuleEngine {
  /** What is wrong with the script; undefined where it is a function. */
  check(script: string): Promise<ScriptFault | undefined>;
  /** @throws Problem `overloaded` where too many runs are waiting. */
  run(task: RuleTask): Promise<RuleOutcome>;
}
