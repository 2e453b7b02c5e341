/** What the sandbox's thread and the server say to one another; plain data. */
import type { RuleOutcome, RuleTask, ScriptFault } from '@reeve/core';

export type ToSandbox = { readonly check: string } | { readonly run: RuleTask };

export type FromSandbox =
  /** The thread has its engine; it says so once. */
  | { readonly ready: true }
  /** The rule that begins now, by its place: where nothing more comes, it is the one that hangs. */
  | { readonly begins: number }
  | { readonly checked: ScriptFault | undefined }
  | { readonly ran: RuleOutcome }
  /** The server's own fault, no rule's. */
  | { readonly failure: string };

/** What is told of a rule that did not come to its end in time. */
export const TIMED_OUT = 'rule timed out';
