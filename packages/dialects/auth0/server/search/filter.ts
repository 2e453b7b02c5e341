/** A query of Auth0's user search as a filter of the directory: its fields, and how each compares (contract §11). */
import { Problem, type UserFilter } from '@reeve/core';
import { instantOf } from './instant.ts';
import { type Bound, type FieldName, parseQuery, type Query, type TermPart, type Value } from './query.ts';
import { QueryError } from './query-error.ts';
import { anywhere, patternOf } from './term.ts';

type TextField = Extract<UserFilter, { kind: 'equals' }>['field'];
type BagField = Extract<UserFilter, { kind: 'leaf' }>['field'];
type NumberField = Extract<UserFilter, { kind: 'range' }>['field'];

const TEXTS: Readonly<Record<string, TextField>> = {
  email: 'email',
  'email.raw': 'exact_email',
  'email.domain': 'email_domain',
  name: 'name',
  given_name: 'given_name',
  family_name: 'family_name',
  nickname: 'nickname',
  username: 'username',
  phone_number: 'phone_number',
  picture: 'picture',
  user_id: 'primary_identity',
  'identities.user_id': 'identity_subject',
  'identities.provider': 'identity_provider',
  'identities.connection': 'identity_connection',
  last_ip: 'last_sign_in_ip',
  organization_id: 'organization',
};
const INSTANTS: Readonly<Record<string, Exclude<NumberField, 'sign_in_count'>>> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  last_login: 'last_sign_in_at',
};
const FLAGS = ['email_verified', 'phone_verified', 'blocked'];
const COUNT = 'logins_count';
const BAGS: Readonly<Record<string, BagField>> = {
  user_metadata: 'user_metadata',
  app_metadata: 'app_metadata',
  'identities.profileData': 'identity_profile',
};
const EXISTS = '_exists_';
const KNOWN = [
  ...Object.keys(TEXTS),
  ...FLAGS,
  COUNT,
  ...Object.keys(INSTANTS),
  ...Object.keys(BAGS).map((bag) => `${bag}.…`),
];

const NOBODY: UserFilter = { kind: 'or', of: [] };
const EVERYBODY: UserFilter = { kind: 'everybody' };
const not = (of: UserFilter): UserFilter => ({ kind: 'not', of });
const has = (field: TextField | 'last_sign_in_at'): UserFilter => ({ kind: 'exists', field });

/** The filter that a query means. Throws `invalid_request` with the place of the fault, on field `q`. */
export function filterOf(q: string): UserFilter {
  try {
    return translate(parseQuery(q));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new Problem('invalid_request', error.message, {
      errors: [{ field: 'q', code: 'syntax', message: error.message }],
    });
  }
}

function translate(query: Query): UserFilter {
  if (query.kind === 'not') return not(translate(query.of));
  if (query.kind !== 'clause') return { kind: query.kind, of: query.of.map(translate) };
  return query.field ? fielded(query.field, query.value) : anywhere(query.value);
}

function fielded(field: FieldName, value: Value): UserFilter {
  const { name } = field;
  const text = own(TEXTS, name);
  if (text) return textClause(text, name, value);
  if (name === EXISTS) return exists(value);
  if (FLAGS.includes(name)) return flagClause(name, value);
  if (name === COUNT) return countClause(value);
  const instant = own(INSTANTS, name);
  if (instant) return instantClause(instant, name, value);
  const bag = bagOf(name);
  if (bag && bag.path !== '') return withFields(bag, (place) => leafClause(place, name, value));
  throw new QueryError(field.at, `expected a field, found ${name}: the fields are ${KNOWN.join(', ')}`);
}

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

interface BagPath {
  readonly field: BagField;
  readonly path: string;
}

/** The bag that a name begins with. */
function bagOf(name: string): BagPath | undefined {
  for (const [bag, field] of Object.entries(BAGS)) {
    if (name === bag) return { field, path: '' };
    if (name.startsWith(`${bag}.`) && name.length > bag.length + 1) return { field, path: name.slice(bag.length + 1) };
  }
  return undefined;
}

/** Custom fields are shown among app_metadata (`appMetadataOf` of core), and found there. */
function withFields(bag: BagPath, clause: (bag: BagPath) => UserFilter): UserFilter {
  const [first, ...rest] = bag.path.split('.');
  if (bag.field !== 'app_metadata' || first !== 'custom_fields') return clause(bag);
  return { kind: 'or', of: [clause(bag), clause({ field: 'custom_fields', path: rest.join('.') })] };
}

/** The text of a value that has neither wildcards nor a range. */
function plainText(value: Value, name: string): string {
  if (value.kind === 'phrase') return value.text;
  if (value.kind === 'range')
    throw new QueryError(value.at, `expected a value of ${name}: it can't be searched by range`);
  const [text] = value.parts;
  if (value.parts.length === 1 && typeof text === 'string') return text;
  throw new QueryError(value.at, `expected a value of ${name}: it can't be searched by wildcard`);
}

function textClause(field: TextField, name: string, value: Value): UserFilter {
  if (value.kind === 'term' && value.parts.some(isWildcard)) return { kind: 'like', field, pattern: patternOf(value) };
  return { kind: 'equals', field, value: plainText(value, name) };
}

const isWildcard = (part: TermPart): boolean => typeof part !== 'string';

/** Who has no address has no `email_verified`, and likewise for phones; whoever is not blocked has no `blocked`. */
function flagClause(name: string, value: Value): UserFilter {
  const text = plainText(value, name);
  if (text !== 'true' && text !== 'false')
    throw new QueryError(value.at, `expected true or false for ${name}, found "${text}"`);
  if (name === 'blocked')
    return text === 'true' ? { kind: 'is', field: 'disabled' } : not({ kind: 'is', field: 'disabled' });
  const [flag, owner] =
    name === 'email_verified' ? (['email_verified', 'email'] as const) : (['phone_verified', 'phone_number'] as const);
  const isTrue: UserFilter = { kind: 'is', field: flag };
  return text === 'true' ? isTrue : { kind: 'and', of: [has(owner), not(isTrue)] };
}

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

function numberOf({ at, text }: Pick<Bound, 'at' | 'text'>): number {
  if (!NUMBER.test(text)) throw new QueryError(at, `expected a number for ${COUNT}, found "${text}"`);
  return Number(text);
}

function countClause(value: Value): UserFilter {
  const field = 'sign_in_count';
  if (value.kind === 'range') {
    const from = value.from && { number: numberOf(value.from), isInclusive: value.from.isInclusive };
    const to = value.to && { number: numberOf(value.to), isInclusive: value.to.isInclusive };
    return {
      kind: 'range',
      field,
      ...(from && { from: from.isInclusive ? Math.ceil(from.number) : Math.floor(from.number) + 1 }),
      ...(to && { to: to.isInclusive ? Math.floor(to.number) : Math.ceil(to.number) - 1 }),
    };
  }
  const number = numberOf({ at: value.at, text: plainText(value, COUNT) });
  return Number.isInteger(number) ? { kind: 'range', field, from: number, to: number } : NOBODY;
}

/** A date or time stands for the whole day, minute, second or millisecond that it names. */
function instantClause(field: Exclude<NumberField, 'sign_in_count'>, name: string, value: Value): UserFilter {
  if (value.kind !== 'range') {
    const { from, to } = instantOf(name, { at: value.at, text: plainText(value, name) });
    return { kind: 'range', field, from, to };
  }
  const from = value.from && { ...instantOf(name, value.from), isInclusive: value.from.isInclusive };
  const to = value.to && { ...instantOf(name, value.to), isInclusive: value.to.isInclusive };
  return {
    kind: 'range',
    field,
    ...(from && { from: from.isInclusive ? from.from : from.to + 1 }),
    ...(to && { to: to.isInclusive ? to.to : to.from - 1 }),
  };
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function leafClause({ field, path }: BagPath, name: string, value: Value): UserFilter {
  const text = plainText(value, name);
  const number = JSON_NUMBER.test(text) ? Number(text) : Number.NaN;
  return { kind: 'leaf', field, path, value: text, ...(Number.isFinite(number) && { number }) };
}

function exists(value: Value): UserFilter {
  const name = plainText(value, EXISTS);
  const text = own(TEXTS, name);
  if (text) return has(text);
  const bag = bagOf(name);
  if (bag) return withFields(bag, (place) => ({ kind: 'exists', ...place }));
  switch (name) {
    case 'email_verified':
      return has('email');
    case 'phone_verified':
      return has('phone_number');
    case 'blocked':
      return { kind: 'is', field: 'disabled' };
    case 'last_login':
      return has('last_sign_in_at');
    case COUNT:
    case 'created_at':
    case 'updated_at':
      return EVERYBODY;
    default:
      throw new QueryError(value.at, `expected a field, found ${name}: the fields are ${KNOWN.join(', ')}`);
  }
}
