/**
 * The GraphQL transport of the rows: a document is parsed, judged by the schema and by its cost, and run. Whatever is wrong is
 * told in the vendor's form: HTTP 200, `message` an object of code and text.
 */
import { type DialectCall, Problem } from '@reeve/core';
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
import { checkArguments } from './arguments.ts';
import { checkCost } from './cost.ts';
import { nested } from './nested.ts';
import { type Call, metered, need, type Operations } from './operation.ts';
import { CODES, PartlyRefused, Refusal, wordsOf } from './problems.ts';
import { schema } from './schema.ts';
import type { Body } from './transport.ts';
import { ID } from './value.ts';

const MAX_TOKENS = 2000;

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
      return hanging.run(call, (source as { [ID]: string })[ID], args as never);
    }
    const operation = info.path.prev === undefined ? operations[info.fieldName] : undefined;
    if (!operation) return defaultFieldResolver(source, args, call, info);
    return operation.run(call, args as never);
  };

/** Throws unless the caller may ask all of it, before any of it is done. */
function checkScopes(call: Call, document: DocumentNode, operations: Operations): void {
  const types = new TypeInfo(schema);
  const stood = new Set<string>();
  const enter = () => {
    const name = types.getFieldDef()?.name ?? '';
    const parent = types.getParentType();
    const isRoot = parent === schema.getQueryType() || parent === schema.getMutationType();
    const scope = isRoot ? operations[name]?.scope : nested[`${parent?.name}.${name}`]?.scope;
    if (scope !== undefined) need(call, scope);
    if (!isRoot || !operations[name]?.isOnce) return;
    if (stood.has(name)) throw new Refusal(CODES.failed, `${name} may stand once in a query.`, 'query');
    stood.add(name);
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

/** Runs a document. Throws where any of it is refused: with what was done all the same, and what was refused of it. */
export async function runDocument(call: DialectCall<undefined, Body>, operations: Operations): Promise<unknown> {
  const { query, variables, operationName } = call.body;
  const document = documentOf(query);
  checkScopes(call, document, operations);
  const { data = null, errors = [] } = await execute({
    schema,
    document,
    contextValue: metered(call),
    fieldResolver: resolverOf(operations),
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  });
  const [first] = errors;
  if (!first) return { data };
  const problems = errors.map(({ originalError }) => originalError).filter((error) => error instanceof Problem);
  const whole = problems.find(isOfWhole);
  if (whole) throw whole;
  throw new PartlyRefused(problems[0] ?? new Refusal(CODES.failed, first.message), {
    errors: errors.map(errorOf),
    data,
  });
}

/** What is told of the request as a whole, with its log line and its headers: it is not about what was asked. */
const isOfWhole = ({ code, status }: Problem): boolean =>
  code === 'unauthenticated' || code === 'insufficient_scope' || status === 429 || status >= 500;
