/** Inputs that hold a word of the caller's wherever a text may stand, made from what schemas allow. */
import type { Schema } from '@reeve/contract';

/** A text with the word in it that the schema allows; undefined where none does. */
export function markedText(
  { pattern, maxLength = 1024, enum: values, format }: Schema,
  word: string,
): string | undefined {
  if (values || format === 'date-time') return undefined;
  const candidates = [
    `${word} ' " \\ ; -- % _ * $1 ?`,
    word,
    `${word}@example.com`,
    `https://${word}.example/`,
    `${word}.example.com`,
    `+4930${word.length}`,
  ];
  const judge = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined;
  return candidates.find(
    (text) => text.includes(word) && text.length <= (maxLength as number) && (judge?.test(text) ?? true),
  );
}

const typeOf = (schema: Schema): string | undefined => [schema.type ?? []].flat().find((one) => one !== 'null');

/** A value of the schema with the word in every text that may hold it. Optional members are there, too. */
export function markedValue(schema: Schema, word: string): unknown {
  const [alternative] = schema.anyOf ?? [];
  if (alternative) return markedValue(alternative, word);
  const [first] = schema.enum ?? [];
  if (first !== undefined) return first;
  switch (typeOf(schema)) {
    case 'string':
      return markedText(schema, word) ?? '2026-01-01T00:00:00Z';
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return [markedValue(schema.items ?? {}, word)];
    default: {
      const members = Object.entries(schema.properties ?? {});
      // A bag: its names are the caller's, too.
      if (members.length === 0) return { [word]: { [word]: word } };
      return Object.fromEntries(members.map(([name, member]) => [name, markedValue(member, word)]));
    }
  }
}

/** Bodies made from a good one: each has one member with the word in it. */
export const markedBodies = (
  schema: Schema,
  good: Readonly<Record<string, unknown>>,
  word: string,
): Record<string, unknown>[] =>
  Object.entries(schema.properties ?? {})
    .map(([name, member]) => ({ ...good, [name]: markedValue(member, word) }))
    .filter((body) => JSON.stringify(body).includes(word));
