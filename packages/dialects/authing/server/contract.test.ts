/** The schema and its rows against the contract: the types are the contract's, and every document of the genuine client is valid. */
import { readFileSync } from 'node:fs';
import * as genuine from 'authing-genuine';
import {
  type FieldNode,
  isEnumType,
  isInputObjectType,
  isObjectType,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { authing, operations } from './index.ts';
import { nested } from './nested.ts';
import { schema } from './schema.ts';

type Field = string | { readonly type: string; readonly args?: Readonly<Record<string, string>> };
type Fields = Readonly<Record<string, Field>>;

interface Contract {
  readonly graphql: {
    readonly types: Readonly<Record<string, Fields>>;
    readonly root: Readonly<Record<string, Fields>>;
    readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly inputs_seed_extras: Readonly<Record<string, readonly string[]>>;
    readonly enums: Readonly<Record<string, readonly string[]>>;
    readonly operations: Readonly<Record<string, { readonly rootField: string }>>;
  };
  readonly methods: readonly { readonly transport: string; readonly verb: string; readonly path: string }[];
}

const { graphql, methods } = JSON.parse(
  readFileSync(new URL('../contract/authing.json', import.meta.url), 'utf8'),
) as Contract;

const typeOf = (field: Field) => (typeof field === 'string' ? field : field.type);
const argsOf = (field: Field) => (typeof field === 'string' ? {} : (field.args ?? {}));

describe('the schema', () => {
  it.each(Object.entries({ ...graphql.types, ...graphql.root }))(
    '%s has the fields of the contract',
    (name, fields) => {
      const type = schema.getType(name);
      if (!isObjectType(type)) throw new Error(`${name} is no object type.`);
      const own = type.getFields();
      for (const [field, fact] of Object.entries(fields)) {
        const args = Object.fromEntries((own[field]?.args ?? []).map((arg) => [arg.name, String(arg.type)]));
        expect({ field, type: String(own[field]?.type), args }).toEqual({
          field,
          type: typeOf(fact),
          args: argsOf(fact),
        });
      }
    },
  );

  it.each(Object.entries(graphql.inputs))(
    '%s takes what the contract has, and the document beside it',
    (name, fields) => {
      const type = schema.getType(name);
      if (!isInputObjectType(type)) throw new Error(`${name} is no input type.`);
      const own = Object.fromEntries(
        Object.entries(type.getFields()).map(([field, { type: of }]) => [field, String(of)]),
      );
      expect(own).toMatchObject(fields);
      const extras = graphql.inputs_seed_extras[name] ?? [];
      expect(Object.keys(own).toSorted()).toEqual([...Object.keys(fields), ...extras].toSorted());
    },
  );

  it.each(Object.entries(graphql.enums))('%s has the values of the contract', (name, values) => {
    const type = schema.getType(name);
    if (!isEnumType(type)) throw new Error(`${name} is no enumeration.`);
    expect(type.getValues().map((value) => value.name)).toEqual(values);
  });

  it('has a row for every root field, and no row beside them', () => {
    const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(Object.keys(operations).toSorted()).toEqual(roots.toSorted());
  });
});

const documents = genuine as unknown as Readonly<Record<string, string>>;

it.each(Object.entries(graphql.operations))('the genuine document %s is valid', (name, { rootField }) => {
  const text = documents[`${name.charAt(0).toUpperCase()}${name.slice(1)}Document`];
  expect(validate(schema, parse(text ?? ''))).toEqual([]);
  expect(operations).toHaveProperty(rootField);
});

const valid = Object.entries(documents).filter(
  ([name, text]) => name.endsWith('Document') && validate(schema, parse(text)).length === 0,
);

it.each(valid)('%s reads nothing for each item of a list, so that a page of 1,000 is within the budget', (_, text) => {
  const types = new TypeInfo(schema);
  let lists = 0;
  const hanging: string[] = [];
  const enter = (node: FieldNode) => {
    const field = `${types.getParentType()?.name}.${node.name.value}`;
    if (lists > 0 && field in nested) hanging.push(field);
    if (node.name.value === 'list') lists += 1;
  };
  const leave = (node: FieldNode) => {
    if (node.name.value === 'list') lists -= 1;
  };
  visit(parse(text), visitWithTypeInfo(types, { Field: { enter, leave } }));
  expect(hanging).toEqual([]);
});

const shapeOf = (path: string) => path.replace(/\{[^}]+\}/g, '{}');
const rest = methods.filter(({ transport }) => transport === 'rest');

it.each(rest)('$verb $path is a row', ({ verb, path }) => {
  const targets = authing.rows.map((row) => `${row.verb} ${shapeOf(row.path)}`);
  expect(targets).toContain(`${verb} ${shapeOf(path)}`);
});
