/**
 * The GraphQL transport of the rows: a document is parsed, judged by the schema and by its cost, and run. Whatever is wrong is
 * told in the vendor's form: HTTP 200, `message` an object of code and text.
 */
import { json, nullable, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, Problem, row } from '@reeve/core';
import {
  type DocumentNode,
  defaultFieldResolver,
  execute,
  type GraphQLError,
  type GraphQLFieldResolver,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { checkArguments, checkCost } from './cost.ts';
import { nested } from './nested.ts';
import { type Call, need, type Operations, spend } from './operation.ts';
import { CODES, GRAPHQL, Refusal, wordsOf } from './problems.ts';
import { schema } from './schema.ts';
import { ID } from './value.ts';

const MAX_TEXT = 65_536;
const MAX_TOKENS = 2000;

const body = object({
  query: string({ maxLength: MAX_TEXT }),
  variables: optional(nullable(json())),
  operationName: optional(nullable(string({ maxLength: 256 }))),
});
type Body = Static<typeof body>;

/** Throws a refusal that says what is wrong with the document. */
function documentOf(query: string): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    throw new Refusal(CODES.failed, (error as Error).message, 'query');
  }
  const [wrong] = validate(schema, document, undefined, { maxErrors: 1 });
  if (wrong) throw new Refusal(CODES.failed, wrong.message, 'query');
  checkCost(document);
  return document;
}

const resolverOf =
  (operations: Operations): GraphQLFieldResolver<unknown, Call> =>
  async (source, args, call, info) => {
    checkArguments(args, info.fieldName);
    const hanging = nested[`${info.parentType.name}.${info.fieldName}`];
    if (hanging) {
      spend(call, 1);
      return hanging.run(call, (source as { [ID]: string })[ID], args as never);
    }
    const operation = info.path.prev === undefined ? operations[info.fieldName] : undefined;
    if (!operation) return defaultFieldResolver(source, args, call, info);
    spend(call, 1);
    return operation.run(call, args as never);
  };

/** Throws unless the caller may ask all of it, before any of it is done. */
function checkScopes(call: Call, document: DocumentNode, operations: Operations): void {
  const types = new TypeInfo(schema);
  const enter = () => {
    const name = types.getFieldDef()?.name ?? '';
    const parent = types.getParentType();
    const isRoot = parent === schema.getQueryType() || parent === schema.getMutationType();
    const scope = isRoot ? operations[name]?.scope : nested[`${parent?.name}.${name}`]?.scope;
    if (scope !== undefined) need(call, scope);
  };
  visit(document, visitWithTypeInfo(types, { Field: { enter } }));
}

/** The error as the vendor tells one. What is no problem is a defect: it is thrown on, to be logged. */
function errorOf({ originalError, message, locations, path }: GraphQLError) {
  if (originalError !== undefined && originalError !== null && !(originalError instanceof Problem))
    if (originalError.name !== 'GraphQLError') throw originalError;
  const words = originalError instanceof Problem ? wordsOf(originalError) : { code: CODES.failed, message };
  return { message: words, locations, path, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
}

export function graphqlRow(operations: Operations): DialectRow {
  const fieldResolver = resolverOf(operations);
  const run = async (call: DialectCall<undefined, Body>) => {
    const { query, variables, operationName } = call.body;
    const document = documentOf(query);
    checkScopes(call, document, operations);
    const result = await execute({
      schema,
      document,
      contextValue: call,
      fieldResolver,
      variableValues: variables ?? {},
      operationName: operationName ?? null,
    });
    const errors = result.errors ?? [];
    // Who may not ask at all is refused as a whole, and the audit log is told.
    const [denied] = errors.map(({ originalError }) => originalError).filter(isDenial);
    if (denied) throw denied;
    return errors.length === 0 ? { data: result.data } : { errors: errors.map(errorOf), data: result.data ?? null };
  };
  return row(`POST ${GRAPHQL}`, { scopes: [], takesToken: true, body, run });
}

/** What is told of the request as a whole: with its log line, its entry in the audit log and its headers. */
const WHOLE: readonly string[] = ['unauthenticated', 'insufficient_scope', 'overloaded', 'storage_full'];
const isDenial = (error: unknown): error is Problem => error instanceof Problem && WHOLE.includes(error.code);
