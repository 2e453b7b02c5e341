/** A document for every operation of a GraphQL schema, with a word of the caller's wherever a text may stand. */

interface TypeRef {
  readonly kind: string;
  readonly name: string | null;
  readonly ofType: TypeRef | null;
}
interface Argument {
  readonly name: string;
  readonly type: TypeRef;
}
interface Field extends Argument {
  readonly args: readonly Argument[];
}
interface Type {
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly Field[] | null;
  readonly inputFields: readonly Argument[] | null;
  readonly enumValues: readonly { readonly name: string }[] | null;
}

const REF = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }';
const QUESTION = `{ __schema { queryType { name } mutationType { name } types {
  kind name enumValues { name } inputFields { name type { ${REF} } } fields { name type { ${REF} } args { name type { ${REF} } } }
} } }`;

const namedOf = (ref: TypeRef): string => (ref.ofType ? namedOf(ref.ofType) : (ref.name as string));

/** `ask` answers a document as the server does. */
export async function graphqlDocuments(
  ask: (query: string) => Promise<{ readonly data: unknown }>,
  word: string,
): Promise<string[]> {
  const { data } = await ask(QUESTION);
  const { types, queryType, mutationType } = (
    data as { __schema: { types: Type[]; queryType: { name: string }; mutationType: { name: string } } }
  ).__schema;
  const typeOf = (name: string): Type => types.find((type) => type.name === name) as Type;
  const literal = (ref: TypeRef): string => {
    if (ref.kind === 'NON_NULL') return literal(ref.ofType as TypeRef);
    if (ref.kind === 'LIST') return `[${literal(ref.ofType as TypeRef)}]`;
    const { kind, name, inputFields, enumValues } = typeOf(ref.name as string);
    if (kind === 'INPUT_OBJECT')
      return `{ ${(inputFields ?? []).map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
    if (kind === 'ENUM') return enumValues?.[0]?.name ?? 'NONE';
    return { Int: '1', Float: '1', Boolean: 'true' }[name] ?? `"${word}"`;
  };
  const document = (operation: string, { name, args, type }: Field): string => {
    const given = args.map((one) => `${one.name}: ${literal(one.type)}`).join(', ');
    const answer = typeOf(namedOf(type)).fields ? ' { __typename }' : '';
    return `${operation} { ${name}${given === '' ? '' : `(${given})`}${answer} }`;
  };
  return [
    ...(typeOf(queryType.name).fields ?? []).map((field) => document('query', field)),
    ...(typeOf(mutationType.name).fields ?? []).map((field) => document('mutation', field)),
  ];
}
