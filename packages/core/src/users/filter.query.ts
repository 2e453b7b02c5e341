/**
 * A filter (`filter.ts`) as SQL, in two forms. The test is a condition on one row of `users`, and never null. The
 * candidates list, out of an index, the numbers of users who may pass: all who do are among them. A search reads the
 * candidates where the filter has any, and judges each by the test.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../database/database.ts';
import {
  docFlag,
  docInteger,
  docText,
  holds,
  holdsPart,
  isLike,
  MANY,
  type PatternPart,
  unindexed,
} from '../database/document.ts';
import { firstIdAt } from '../id.ts';
import { FIELD, keyOf, leafText, nameKey, phoneKeyOf, searchable, searchableKey, WORD } from './document.ts';
import {
  type AnyOf,
  type Candidates,
  candidatesOf,
  connectionsOf,
  flattened,
  merged,
  needleOf,
  prefixRange,
  withNeedle,
} from './filter.source.ts';
import type { BagField, NumberField, TextField, UserFilter } from './filter.ts';

export interface CompiledFilter {
  readonly test: Bool;
  readonly candidates?: Candidates | undefined;
}
type Bool = RawBuilder<boolean>;
type Of<K extends UserFilter['kind']> = Extract<UserFilter, { kind: K }>;
type Indexed = CompiledFilter & { readonly candidates: Candidates };

type Hanging =
  | 'identities'
  | 'metadata'
  | 'organization_members'
  | 'application_users'
  | 'group_members'
  | 'role_members';

/** Where it stands what a user belongs to. */
const BELONGING = {
  organization: ['organization_members', 'organization_id'],
  application: ['application_users', 'application_id'],
  group: ['group_members', 'group_id'],
  role: ['role_members', 'role_id'],
} as const;
const belongingId = (field: keyof typeof BELONGING) => sql.ref(BELONGING[field].join('.'));

const ALWAYS: Bool = sql`1 = 1`;
const NOBODY: CompiledFilter = {
  test: sql`1 = 0`,
  candidates: candidatesOf(sql`select num from users where 1 = 0`, 0),
};
const BAGS = {
  user_metadata: 'user',
  app_metadata: 'app',
  custom_fields: 'custom',
  identity_profile: 'profile',
} as const;
const isPrimary = sql`identities.position = 0`;
const spelling = sql`(identities.provider || '|' || identities.subject)`;
/** A key that begins with a space stands where there is no address. */
const hasEmail = sql`${isPrimary} and identities.email_key >= '!'`;
/** The last instant that an id can tell. */
const LATEST = 2 ** 48 - 1;

const oneOf = (values: readonly string[]): RawBuilder<unknown> => sql`(${sql.join([...new Set(values)])})`;
const isTrue = (condition: RawBuilder<unknown>): Bool => sql`((${condition}) is true)`;
const joined = (parts: readonly Bool[], word: 'and' | 'or'): Bool => sql`(${sql.join(parts, sql.raw(` ${word} `))})`;
const all = (parts: readonly Bool[]): Bool => (parts.length === 0 ? ALWAYS : joined(parts, 'and'));
const some = (parts: readonly Bool[]): Bool => (parts.length === 0 ? sql`1 = 0` : joined(parts, 'or'));
const folded = (pattern: readonly PatternPart[]): PatternPart[] =>
  pattern.map((part) => (typeof part === 'string' ? keyOf(part) : part));
const isRanked = (compiled: Indexed, rank: Candidates['rank']): Indexed => ({
  ...compiled,
  candidates: { ...compiled.candidates, rank },
});

/** Compiles filters for one tenant. */
export class FilterCompiler {
  readonly #db: Db;
  readonly #tenant: number;

  constructor(db: Db, tenantId: number) {
    this.#db = db;
    this.#tenant = tenantId;
  }

  async compile(filter: UserFilter): Promise<CompiledFilter> {
    switch (filter.kind) {
      case 'and':
        return this.#and(await this.#each(flattened(filter)));
      case 'or':
        return this.#or(await this.#each(merged(flattened(filter))));
      case 'not':
        return { test: sql`(not ${(await this.compile(filter.of)).test})` };
      case 'everybody':
        return { test: ALWAYS };
      case 'equals':
        return this.#equals(filter.field, [filter.value]);
      case 'like':
        return this.#like(filter.field, filter.pattern);
      case 'part':
        return this.#part(filter);
      case 'is':
        return this.#is(filter);
      case 'range':
        return this.#range(filter);
      case 'leaf':
        return this.#leaf(filter);
      case 'exists':
        return 'path' in filter ? this.#bagExists(filter.field, filter.path) : this.#exists(filter.field);
      case 'words':
        return this.#words(filter);
    }
  }

  async #each(filters: readonly (UserFilter | AnyOf)[]): Promise<CompiledFilter[]> {
    const compiled: CompiledFilter[] = [];
    for (const filter of filters)
      compiled.push(await ('values' in filter ? this.#equals(filter.field, filter.values) : this.compile(filter)));
    return compiled;
  }

  #and(parts: readonly CompiledFilter[]): CompiledFilter {
    const [best] = parts
      .flatMap(({ candidates }) => candidates ?? [])
      .toSorted((a, b) => a.rank - b.rank || a.selects.length - b.selects.length);
    return { test: all(parts.map(({ test }) => test)), candidates: best };
  }

  #or(parts: readonly CompiledFilter[]): CompiledFilter {
    if (parts.length === 0) return NOBODY;
    const test = some(parts.map((part) => part.test));
    const found = parts.flatMap(({ candidates }) => candidates ?? []);
    if (found.length < parts.length) return { test };
    const rank = found.reduce<Candidates['rank']>((most, { rank }) => Math.max(most, rank) as Candidates['rank'], 0);
    return { test, candidates: { selects: found.flatMap(({ selects }) => selects), rank } };
  }

  /** A condition on the rows of a table that hang on a user, who is what they are looked up by. */
  #ofUser(table: Hanging, condition: RawBuilder<unknown>): Bool {
    const [user, tenant] = [sql.ref(`${table}.user_num`), unindexed(this.#db, `${table}.tenant_id`)];
    return sql`exists (select 1 from ${sql.table(table)} where ${user} = users.num and ${tenant} = ${this.#tenant} and ${condition})`;
  }

  /** The same, and the users who fulfil it, by an index that is led by the tenant. */
  #having(table: Hanging, condition: RawBuilder<unknown>): Indexed {
    const [user, tenant] = [sql.ref(`${table}.user_num`), sql.ref(`${table}.tenant_id`)];
    return {
      test: this.#ofUser(table, condition),
      candidates: candidatesOf(
        sql`select ${user} from ${sql.table(table)} where ${tenant} = ${this.#tenant} and ${condition}`,
        1,
      ),
    };
  }

  /** A condition on identities, answered by an index that is led by the connection. */
  #byConnection(condition: RawBuilder<unknown>, rank: Candidates['rank']): Indexed {
    // The connections are the tenant's; were it asked for, too, SQLite would read all of its identities.
    const everywhere = sql`identities.connection_num in ${connectionsOf(this.#tenant)} and ${condition}`;
    const candidates = candidatesOf(sql`select identities.user_num from identities where ${everywhere}`, rank);
    return { test: this.#ofUser('identities', condition), candidates };
  }

  #users(condition: RawBuilder<unknown>, rank: Candidates['rank'], isById = false): Candidates {
    const tenant = isById ? unindexed(this.#db, 'users.tenant_id') : sql.ref('users.tenant_id');
    return candidatesOf(sql`select users.num from users where ${tenant} = ${this.#tenant} and ${condition}`, rank);
  }

  /** Users whose search text holds one of the needles; undefined where one is too short for the index. */
  async #holding(needles: readonly (string | undefined)[]): Promise<Candidates | undefined> {
    const selects: RawBuilder<unknown>[] = [];
    for (const needle of needles) {
      if (needle === undefined || [...needle].length < 3) return undefined;
      selects.push(await withNeedle(this.#db, this.#tenant, needle));
    }
    return { selects, rank: 2 };
  }

  async #equals(field: TextField, values: readonly string[]): Promise<CompiledFilter> {
    const db = this.#db;
    switch (field) {
      case 'email':
        return this.#byEmail(values);
      case 'exact_email':
        return { ...this.#byEmail(values), test: isTrue(sql`${docText(db, 'email')} in ${oneOf(values)}`) };
      case 'email_domain':
        return this.#byDomain(values.map(keyOf).filter((domain) => domain !== '' && !domain.includes('@')));
      case 'name': {
        const keys = sql`users.name_key in ${oneOf(values.map(nameKey))}`;
        return { test: sql`(${keys} and ${docText(db, 'name')} is not null)`, candidates: this.#users(keys, 1) };
      }
      case 'given_name':
      case 'family_name':
      case 'nickname': {
        const keys = values.map(nameKey);
        const test = isTrue(sql`${sql.ref(`users.${field}_key`)} in ${oneOf(keys)}`);
        return { test, candidates: await this.#holding(keys.map(searchableKey)) };
      }
      case 'username':
      case 'phone_number': {
        const [column, key] =
          field === 'username' ? (['username_key', keyOf] as const) : (['phone_key', phoneKeyOf] as const);
        const isNamed = sql`${sql.ref(`identities.${column}`)} in ${oneOf(values.map(key))} and ${isPrimary}`;
        const test = isTrue(sql`${docText(db, field)} in ${oneOf(values)}`);
        return { test, candidates: this.#byConnection(isNamed, 0).candidates };
      }
      case 'picture':
      case 'last_sign_in_ip':
        return { test: isTrue(sql`${docText(db, field)} in ${oneOf(values)}`) };
      case 'primary_identity':
        return this.#byPrimaryIdentity(values);
      case 'external_id':
        return this.#byConnection(sql`${isPrimary} and identities.external_id in ${oneOf(values)}`, 0);
      case 'identity_subject':
        return this.#byConnection(sql`identities.subject in ${oneOf(values)}`, 0);
      case 'identity_provider':
        return { test: this.#ofUser('identities', sql`identities.provider in ${oneOf(values)}`) };
      case 'identity_connection':
        return this.#inConnections(
          sql`connections.name_key in ${oneOf(values.map(keyOf))} and connections.name in ${oneOf(values)}`,
        );
      case 'connection':
        return this.#atHome(sql`connections.id in ${oneOf(values)}`);
      case 'organization':
      case 'application':
      case 'group':
      case 'role':
        return this.#having(BELONGING[field][0], sql`${belongingId(field)} in ${oneOf(values)}`);
    }
  }

  #byEmail(values: readonly string[]): CompiledFilter {
    return isRanked(
      this.#having('identities', sql`${hasEmail} and identities.email_key in ${oneOf(values.map(keyOf))}`),
      0,
    );
  }

  async #byDomain(domains: readonly string[]): Promise<CompiledFilter> {
    if (domains.length === 0) return NOBODY;
    const tests = domains.map((domain) => isLike(this.#db, sql`identities.email_key`, [MANY, `@${domain}`]));
    const test = this.#ofUser('identities', sql`${hasEmail} and ${some(tests)}`);
    return {
      test,
      candidates: await this.#holding(domains.map((domain) => searchableKey(`@${domain}`).slice(WORD.length) + FIELD)),
    };
  }

  #byPrimaryIdentity(values: readonly string[]): CompiledFilter {
    const subjects = values.flatMap((value) => (value.indexOf('|') < 1 ? [] : [value.slice(value.indexOf('|') + 1)]));
    if (subjects.length === 0) return NOBODY;
    const isMeant = sql`identities.subject in ${oneOf(subjects)} and ${isPrimary} and ${spelling} in ${oneOf(values)}`;
    return this.#byConnection(isMeant, 0);
  }

  #inConnections(condition: RawBuilder<unknown>): CompiledFilter {
    const connections = connectionsOf(this.#tenant, condition);
    return {
      test: this.#ofUser('identities', sql`${unindexed(this.#db, 'identities.connection_num')} in ${connections}`),
      candidates: candidatesOf(
        sql`select identities.user_num from identities where identities.connection_num in ${connections}`,
        1,
      ),
    };
  }

  #atHome(condition: RawBuilder<unknown>): CompiledFilter {
    const connections = connectionsOf(this.#tenant, condition);
    return {
      test: sql`(${unindexed(this.#db, 'users.connection_num')} in ${connections})`,
      candidates: this.#users(sql`users.connection_num in ${connections}`, 3, true),
    };
  }

  async #like(field: TextField, pattern: readonly PatternPart[]): Promise<CompiledFilter> {
    const db = this.#db;
    const like = (text: RawBuilder<unknown>, parts = pattern) => isTrue(isLike(db, text, parts));
    const [first] = pattern;
    const prefix = typeof first === 'string' ? first : '';
    const holding = async (isFolded: boolean) => this.#holding([needleOf(pattern, isFolded)]);
    switch (field) {
      case 'email': {
        const range = prefixRange(sql`identities.email_key`, keyOf(prefix));
        const { test } = this.#having(
          'identities',
          sql`${hasEmail} and ${like(sql`identities.email_key`, folded(pattern))}`,
        );
        if (!range) return { test, candidates: await holding(true) };
        return { test, candidates: isRanked(this.#having('identities', sql`${isPrimary} and ${range}`), 2).candidates };
      }
      case 'email_domain': {
        const ending: PatternPart[] = [MANY, '@', ...folded(pattern)];
        const test = this.#ofUser('identities', sql`${hasEmail} and ${like(sql`identities.email_key`, ending)}`);
        return { test, candidates: await this.#holding([needleOf(pattern, true, '@')]) };
      }
      case 'name': {
        const range = prefixRange(sql`users.name_key`, keyOf(prefix));
        const test = sql<boolean>`(${like(sql`users.name_key`, folded(pattern))} and ${docText(db, 'name')} is not null)`;
        return { test, candidates: range ? this.#users(range, 2) : await holding(true) };
      }
      case 'given_name':
      case 'family_name':
      case 'nickname':
        return { test: like(sql.ref(`users.${field}_key`), folded(pattern)), candidates: await holding(true) };
      case 'exact_email':
      case 'username':
      case 'phone_number':
        return { test: like(docText(db, docField(field))), candidates: await holding(false) };
      case 'picture':
      case 'last_sign_in_ip':
        return { test: like(docText(db, field)) };
      case 'primary_identity':
        return this.#primaryIdentityLike(like(spelling), prefix);
      case 'identity_subject': {
        const isMeant = like(sql`identities.subject`);
        const range = prefixRange(sql`identities.subject`, prefix);
        const test = this.#ofUser('identities', isMeant);
        return range ? { test, candidates: this.#byConnection(sql`${range} and ${isMeant}`, 2).candidates } : { test };
      }
      case 'external_id':
        return { test: this.#ofUser('identities', sql`${isPrimary} and ${like(sql`identities.external_id`)}`) };
      case 'identity_provider':
        return { test: this.#ofUser('identities', like(sql`identities.provider`)) };
      case 'identity_connection':
        return this.#inConnections(like(sql`connections.name`));
      case 'connection':
        return this.#atHome(like(sql`connections.id`));
      case 'organization':
      case 'application':
      case 'group':
      case 'role':
        return this.#having(BELONGING[field][0], like(belongingId(field)));
    }
  }

  #primaryIdentityLike(isSpelled: Bool, prefix: string): CompiledFilter {
    const bar = prefix.indexOf('|');
    const isMeant = sql`${isPrimary} and ${isSpelled}`;
    const range = bar < 1 ? undefined : prefixRange(sql`identities.subject`, prefix.slice(bar + 1));
    if (!range) return { test: this.#ofUser('identities', isMeant) };
    return this.#byConnection(sql`${range} and ${isMeant}`, 2);
  }

  /** The search text holds names and identifiers; of the profile no index knows anything. */
  async #part({ field, text }: Of<'part'>): Promise<CompiledFilter> {
    const test = isTrue(holdsPart(this.#db, field, text));
    if (field.startsWith('profile.')) return { test };
    return { test, candidates: await this.#holding([needleOf([MANY, text, MANY], false)]) };
  }

  #is({ field }: Of<'is'>): CompiledFilter {
    if (field !== 'disabled') return { test: isTrue(docFlag(this.#db, field)) };
    // Written out, so that the partial index of disabled users answers it.
    const test = sql<boolean>`users.state = 'disabled'`;
    return { test, candidates: this.#users(test, 2) };
  }

  #range({ field, from, to }: Of<'range'>): CompiledFilter {
    const test = all([
      ...(from === undefined ? [] : [this.#bound(field, '>=', from)]),
      ...(to === undefined ? [] : [this.#bound(field, '<=', to)]),
      ...(field === 'last_sign_in_at' ? [sql<boolean>`users.last_sign_in_at > 0`] : []),
    ]);
    if (field === 'sign_in_count') return { test: isTrue(test) };
    return { test, candidates: this.#users(test, 3, field === 'created_at') };
  }

  #bound(field: NumberField, operator: '>=' | '<=', value: number): Bool {
    if (field === 'sign_in_count') return sql`${docInteger(this.#db, field)} ${sql.raw(operator)} ${value}`;
    if (field !== 'created_at') return sql`${sql.ref(`users.${field}`)} ${sql.raw(operator)} ${value}`;
    // The time of creation is the time in the id.
    if (operator === '>=') return value > LATEST ? sql`1 = 0` : sql`users.id >= ${firstIdAt('usr', value)}`;
    return value >= LATEST ? ALWAYS : sql`users.id < ${firstIdAt('usr', value + 1)}`;
  }

  #leaf({ field, path, value, number }: Of<'leaf'>): CompiledFilter {
    const isText = sql`metadata.text = ${leafText(value)}`;
    const isSame =
      number === undefined || String(number) === value
        ? isText
        : sql`(${isText} or (metadata.text = ${String(number)} and metadata.number is not null))`;
    return this.#leaves(field, sql`metadata.path = ${path} and ${isSame}`);
  }

  #leaves(field: BagField, condition: RawBuilder<unknown>): Indexed {
    return this.#having('metadata', sql`metadata.bag = ${BAGS[field]} and ${condition}`);
  }

  #bagExists(field: BagField, path: string): CompiledFilter {
    if (path === '') return isRanked(this.#leaves(field, ALWAYS), 3);
    const parts = [sql<boolean>`metadata.path = ${path}`, prefixRange(sql`metadata.path`, `${path}.`) as Bool];
    const selects = parts.flatMap((part) => this.#leaves(field, part).candidates.selects);
    return { test: this.#leaves(field, some(parts)).test, candidates: { selects, rank: 3 } };
  }

  #exists(field: TextField | 'last_sign_in_at'): CompiledFilter {
    switch (field) {
      case 'last_sign_in_at':
        return this.#range({ kind: 'range', field });
      case 'organization':
      case 'application':
      case 'group':
      case 'role':
        return this.#having(BELONGING[field][0], ALWAYS);
      case 'external_id':
        return { test: this.#ofUser('identities', sql`${isPrimary} and identities.external_id is not null`) };
      case 'primary_identity':
      case 'identity_subject':
      case 'identity_provider':
      case 'identity_connection':
      case 'connection':
        return { test: ALWAYS };
      default:
        return { test: sql`(${docText(this.#db, docField(field))} is not null)` };
    }
  }

  async #words({ text, isOpenLeft, isOpenRight }: Of<'words'>): Promise<CompiledFilter> {
    const whole = searchable(text);
    if (whole === WORD) return NOBODY;
    const needle = isOpenLeft ? whole.slice(WORD.length) : whole;
    const column = sql<string>`users.search_text`;
    const ends = isOpenRight ? [needle] : [needle + WORD.slice(0, 1), needle + FIELD];
    return { test: some(ends.map((end) => holds(this.#db, column, end))), candidates: await this.#holding([needle]) };
  }
}

const docField = (field: TextField): string => (field === 'exact_email' || field === 'email_domain' ? 'email' : field);
