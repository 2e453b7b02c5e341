/**
 * The one row of the GraphQL door. What reads and runs documents is loaded when the first one comes: few servers are asked any, and
 * each start would wait for it.
 */
import { json, nullable, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, row } from '@reeve/core';
import type { Operations } from './operation.ts';
import { GRAPHQL } from './problems.ts';

const MAX_TEXT = 65_536;

const body = object({
  query: string({ maxLength: MAX_TEXT }),
  variables: optional(nullable(json())),
  operationName: optional(nullable(string({ maxLength: 256 }))),
});
export type Body = Static<typeof body>;

export function graphqlRow(operations: Operations): DialectRow {
  const run = async (call: DialectCall<undefined, Body>) => {
    const { runDocument } = await import('./graphql.ts');
    return runDocument(call, operations);
  };
  return row(`POST ${GRAPHQL}`, { scopes: [], takesToken: true, body, run });
}
