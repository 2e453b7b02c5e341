/** What a field of the GraphQL door's root is: a scope, and a function that calls operations of the directory. */
import type { Scope } from '@reeve/contract';
import { type DialectCall, Problem } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';

export type Call = DialectCall<unknown, unknown>;

export interface Operation {
  /** Needed of the caller; undefined: no token is asked for. */
  readonly scope: Scope | undefined;
  /** It may stand once in a document: each is an attempt that a limit counts by requests. */
  readonly isOnce?: boolean;
  run(call: Call, args: never): Promise<unknown>;
}
export type Operations = Readonly<Record<string, Operation>>;

/**
 * Lists hang on lists: so much is read for one document. A read, of a page, of an id or of whatever else, is ten parts of it; a
 * user who is shown is one.
 */
const BUDGET = 10_000;
const READ = 10;
const spent = new WeakMap<Call, number>();

/** Throws a refusal where one document has had its share. */
export function spend(call: Call, parts: number): void {
  const sum = (spent.get(call) ?? 0) + parts;
  spent.set(call, sum);
  if (sum > BUDGET) throw new Refusal(CODES.failed, 'The query is too large: ask for less at once.', 'query');
}

/** The call, with every read of it counted; the reads of a change that has begun are not. */
export function metered(call: Call): Call {
  const { work } = call;
  const counted: Call = {
    ...call,
    work: {
      ...work,
      async read(run) {
        spend(counted, READ);
        return work.read(run);
      },
    },
  };
  return counted;
}

/** Throws unless the caller's token carries the scope. */
export function need(call: Call, scope: Scope): void {
  if (call.claims.azp === undefined)
    throw new Problem('unauthenticated', 'Send a management token: Authorization: Bearer <token>.', {
      header: 'missing',
    });
  if (!call.holds(scope)) throw new Problem('insufficient_scope', `This needs the scope ${scope}.`);
}

/** The pool that the caller is of: the client id of its application. */
export const poolOf = ({ claims }: Pick<Call, 'claims'>): string => String(claims.azp ?? '');

/** The envelope of REST. */
export const answered = (data: unknown) => ({ code: 200, message: 'OK', data });

/** What changes without an answer of their own say. */
export const done = (message = 'OK') => ({ code: 200, message });
