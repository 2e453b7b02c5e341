/** What a row of the table of methods says, and how rows are written down. */
import type { Verb } from './rest.ts';

/**
 * - `pass`: as the verb itself takes them
 * - `params`: `(params)`; a POST sends `{}`
 * - `none`: nothing but a callback
 * - `data`: `(data)`; a place is never among them
 * - `params+data`: `(params, data = {})`
 * - `user_metadata`, `app_metadata`: `(params, metadata)`, wrapped under that name
 */
export type Form = 'pass' | 'params' | 'none' | 'data' | 'params+data' | 'user_metadata' | 'app_metadata';
/** `given`: not missing or empty; `string`: of that type; `text`: both, with one message. */
export type Rule = 'given' | 'string' | 'text' | 'object';
/** The parameter, its rule, and the message when it is broken. */
export type Check = readonly [name: string, rule: Rule, message: string];

export interface Row {
  readonly resource: string;
  readonly verb: Verb;
  readonly form: Form;
  readonly checks: readonly Check[];
  /** Parameters that are always the same. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** A call without `params` throws a TypeError instead of failing its first check. */
  readonly isStrict?: boolean;
}

/** A method that is more than a row; see special.ts. */
export type Special = 'byEmail' | 'link' | 'deleteAll' | 'import' | 'importJob' | 'customText';
export type Entry = Row | Special;

export interface ManagerTable {
  /** Name of the class, and of its module below `src/management/`. */
  readonly name: string;
  readonly resources: Readonly<Record<string, string>>;
  readonly methods: Readonly<Record<string, Entry>>;
}

type Extra = Partial<Pick<Row, 'fixed' | 'isStrict'>>;
export const row = (
  resource: string,
  verb: Verb,
  form: Form = 'pass',
  checks: readonly Check[] = [],
  extra: Extra = {},
) => ({
  resource,
  verb,
  form,
  checks,
  ...extra,
});
export const strict: Extra = { isStrict: true };
export const text = (name: string, message: string): Check => [name, 'text', message];
export const string = (name: string, message: string): Check => [name, 'string', message];
export const given = (name: string, message: string): Check => [name, 'given', message];

export const required = (...names: string[]): Check[] => names.map((name) => string(name, `${name} field is required`));
export const ofUser = [
  given('id', 'The user_id cannot be null or undefined'),
  string('id', 'The user_id has to be a string'),
];
export const ofRole = [
  given('id', 'The roleId passed in params cannot be null or undefined'),
  string('id', 'The role Id has to be a string'),
];
export const ofHook = [
  given('id', 'The id passed in params cannot be null or undefined'),
  string('id', 'The hook Id has to be a string'),
];
export const passed = (name: string, what: string): Check[] => [
  given(name, `The ${what} ID passed in params cannot be null or undefined`),
  string(name, `The ${what} ID has to be a string`),
];
export const ofOrganization = passed('id', 'organization');
export const userId = [given('id', 'The userId cannot be null or undefined')];
export const jobId = [string('id', 'The id parameter must be a valid job id')];

/** The usual five on one resource. */
export const crud = (resource = 'resource') => ({
  create: row(resource, 'create'),
  getAll: row(resource, 'getAll'),
  get: row(resource, 'get'),
  update: row(resource, 'patch'),
  delete: row(resource, 'delete'),
});
export const manager = <const Methods extends Readonly<Record<string, Entry>>>(
  name: string,
  resources: Readonly<Record<string, string>>,
  methods: Methods,
) => ({ name, resources, methods });

const { update: _noUpdate, ...rest } = crud();
export const createReadDelete = rest;
