/**
 * Bounds on what one GraphQL document may ask: how deep, how many fields, fragments counted wherever they are spread. They hold
 * before anything runs. Introspection has bounds of its own, and that of graphql-js beside them (`MaxIntrospectionDepthRule`).
 */

import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { CODES, Refusal } from './problems.ts';

interface Bounds {
  readonly depth: number;
  readonly fields: number;
}
const DATA: Bounds = { depth: 12, fields: 200 };
/** What tools ask of a schema is long; it is answered from memory. */
const INTROSPECTION: Bounds = { depth: 20, fields: 1000 };
/** Root fields: each may be a search. */
const MAX_ROOT_FIELDS = 10;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Throws a refusal over a bound. The document is valid: fragments exist and don't go round in circles. */
export function checkCost(document: DocumentNode): void {
  const fragments: Fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const counts = new Map<Bounds, number>();
  const walk = (set: SelectionSetNode, depth: number, within: Bounds): number => {
    let own = 0;
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const bounds = node.name.value.startsWith('__') ? INTROSPECTION : within;
        const count = (counts.get(bounds) ?? 0) + 1;
        if (count > bounds.fields) throw tooMuch(`at most ${bounds.fields} fields`);
        if (depth > bounds.depth) throw tooMuch(`at most ${bounds.depth} levels`);
        counts.set(bounds, count);
        own += 1;
        if (node.selectionSet) walk(node.selectionSet, depth + 1, bounds);
      } else if (node.kind === Kind.INLINE_FRAGMENT) own += walk(node.selectionSet, depth, within);
      else {
        const fragment = fragments.get(node.name.value);
        if (fragment) own += walk(fragment.selectionSet, depth, within);
      }
    }
    return own;
  };
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    if (walk(node.selectionSet, 1, DATA) > MAX_ROOT_FIELDS)
      throw tooMuch(`at most ${MAX_ROOT_FIELDS} operations at once`);
  }
}

const tooMuch = (bound: string) => new Refusal(CODES.failed, `The query is too large: ${bound}.`, 'query');
