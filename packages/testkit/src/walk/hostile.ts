/** What nobody sends by mistake: values that a schema may well allow, and that nothing may break over. */
import type { Schema } from '@reeve/contract';
import type { Fault } from './faults.ts';

const LONG = 10_000;
/** Deeper than the stack is. */
const NESTED = 20_000;

/** Texts for any place. */
export const hostileTexts: readonly string[] = [
  '',
  ' \n',
  'a\0b',
  '\ud800',
  'x'.repeat(LONG),
  "' or 1=1 --",
  '../..',
  '__proto__',
  '9'.repeat(30),
  '00000000-0000-4000-8000-000000000000',
];

/** Segments of a path, sent as they are. */
export const hostileSegments: readonly string[] = [
  '..',
  '%2e%2e',
  '..%2f..',
  'a%00b',
  '%ff',
  '%',
  'x'.repeat(LONG),
  ...["' or 1=1 --", '{}', '日本', '__proto__'].map(encodeURIComponent),
];

/** Bodies that are no JSON object, or none at all, as they are sent. */
export const hostileBodies: readonly Fault[] = [
  ...['null', '[]', '"text"', '5', '{', '', '{"a":1}x', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}'],
  '['.repeat(NESTED) + ']'.repeat(NESTED),
  `{"a":${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}}`,
].map((value) => ({ what: value.slice(0, 40), value }));

const takesText = ({ type, anyOf }: Schema): boolean =>
  [type].flat().includes('string') || (anyOf ?? []).some((one: Schema) => takesText(one));

/** Bodies in which one member is a hostile text, or a list of one; the others are as they should be. */
export function hostileMembers(schema: Schema, good: Readonly<Record<string, unknown>>): Fault[] {
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const isList = property.type === 'array';
    return takesText(isList ? (property.items ?? {}) : property) ? [{ name, isList }] : [];
  });
  return members.flatMap(({ name, isList }, i) =>
    sampled(hostileTexts, members.length, i).map((text) => ({
      what: `${name} is ${JSON.stringify(text).slice(0, 40)}`,
      value: { ...good, [name]: isList ? [text] : text },
    })),
  );
}

/** How often one row is called. */
const BUDGET = 16;

/** As many of the values as fit where they are tried in so many places; in each place other ones. */
export const sampled = <T>(values: readonly T[], places: number, place = 0): T[] => {
  const step = Math.max(1, Math.ceil((values.length * places) / BUDGET));
  return values.filter((_, i) => (i + place) % step === 0);
};
