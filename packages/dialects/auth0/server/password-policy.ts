/** The password policy of a database connection, which Auth0 has among its options. */
import type { Connection } from '@reeve/contract';
import { fieldProblem } from '@reeve/core';

type Options = Readonly<Record<string, unknown>>;
type Policy = Connection['password_policy'];

/** The shortest password of each level; each level adds to the one before. */
const LEVELS = { none: 1, low: 6, fair: 8, good: 8, excellent: 10 } as const;
type Level = keyof typeof LEVELS;

/** Without a level: the directory's own default, which asks for more than Auth0's `none`. */
const DEFAULT_LENGTH = 8;

const isLevel = (value: unknown): value is Level => typeof value === 'string' && Object.hasOwn(LEVELS, value);
const isLength = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 128;

const lengthOf = ({ password_complexity_options: complexity }: Options): unknown =>
  (complexity as { min_length?: unknown } | null | undefined)?.min_length;

/** Throws `invalid_request`, with the field and the rule, where an option about passwords is none of Auth0's. */
export function checkPolicy(options: Options): void {
  const level = options.passwordPolicy ?? undefined;
  if (level !== undefined && !isLevel(level)) {
    const field = 'options.passwordPolicy';
    throw fieldProblem(field, 'enum', `${field} must be one of: ${Object.keys(LEVELS).join(', ')}.`);
  }
  const length = lengthOf(options) ?? undefined;
  if (length !== undefined && !isLength(length)) {
    const field = 'options.password_complexity_options.min_length';
    throw fieldProblem(field, 'range', `${field} must be an integer from 1 to 128.`);
  }
}

/** What options say of passwords. They replace those that were there, so where they say nothing the default holds. */
export function policyOf(options: Options): Omit<Policy, 'max_length'> {
  const level = isLevel(options.passwordPolicy) ? options.passwordPolicy : undefined;
  const length = lengthOf(options);
  const hasClasses = level === 'fair' || level === 'good' || level === 'excellent';
  return {
    min_length: isLength(length) ? length : level === undefined ? DEFAULT_LENGTH : LEVELS[level],
    require_lowercase: hasClasses,
    require_uppercase: hasClasses,
    require_digit: hasClasses,
    require_symbol: level === 'good' || level === 'excellent',
  };
}

/** The lowest level that asks for every kind of character that the policy asks for. */
function levelFor({ require_symbol, require_lowercase, require_uppercase, require_digit }: Policy): Level {
  if (require_symbol) return 'good';
  return require_lowercase || require_uppercase || require_digit ? 'fair' : 'none';
}

/**
 * Options with the policy that the connection has. Whoever writes back what was read must not weaken it, so what was set
 * natively is told in Auth0's words, and nothing is added where the options say it already.
 */
export function withPolicy(options: Options, policy: Policy): Options {
  const said = Object.entries(policyOf(options));
  if (said.every(([name, value]) => policy[name as keyof Policy] === value)) return options;
  const complexity = options.password_complexity_options as object | null | undefined;
  return {
    ...options,
    passwordPolicy: levelFor(policy),
    password_complexity_options: { ...complexity, min_length: policy.min_length },
  };
}
