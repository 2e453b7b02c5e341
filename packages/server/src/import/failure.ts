/** Errors on their way from one thread to another. */
import { type ProblemCode, problems } from '@reeve/contract';
import { Problem } from '@reeve/core';
import type { Failure } from './messages.ts';

export const failureOf = (error: unknown): Failure => ({
  code: error instanceof Problem ? error.code : undefined,
  message: error instanceof Problem ? error.message : String((error as Error)?.stack ?? error),
});

export const errorOf = ({ code, message }: Failure): Error =>
  code !== undefined && code in problems
    ? new Problem(code as ProblemCode, message, { retryAfter: 1 })
    : new Error(message);
