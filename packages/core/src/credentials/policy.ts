/** The password policy of a connection. */
import type { PasswordPolicy } from '@reeve/contract';
import { Problem } from '../problem.ts';

/** NIST SP 800-63B: length, no class rule. */
export const defaultPolicy: PasswordPolicy = {
  min_length: 8,
  max_length: 128,
  require_lowercase: false,
  require_uppercase: false,
  require_digit: false,
  require_symbol: false,
};

/** What `password` breaks of the policy, in words; empty when it meets it. */
function brokenRules(policy: PasswordPolicy, password: string): { code: string; message: string }[] {
  const length = [...password].length;
  const rules: [broken: boolean, code: string, message: string][] = [
    [length < policy.min_length, 'minLength', `must have at least ${policy.min_length} characters`],
    [length > policy.max_length, 'maxLength', `must have at most ${policy.max_length} characters`],
    [policy.require_lowercase && !/\p{Ll}/u.test(password), 'lowercase', 'must have a lower-case letter'],
    [policy.require_uppercase && !/\p{Lu}/u.test(password), 'uppercase', 'must have an upper-case letter'],
    [policy.require_digit && !/\p{Nd}/u.test(password), 'digit', 'must have a digit'],
    [policy.require_symbol && !/[^\p{L}\p{N}\s]/u.test(password), 'symbol', 'must have a symbol'],
  ];
  return rules.filter(([broken]) => broken).map(([, code, message]) => ({ code, message }));
}

/** Throws `weak_password` unless the policy is met. */
export function checkPassword(policy: PasswordPolicy, password: string, field = 'password'): void {
  const broken = brokenRules(policy, password);
  if (broken.length > 0) {
    throw new Problem('weak_password', `The password ${broken.map(({ message }) => message).join(' and ')}.`, {
      errors: broken.map((rule) => ({ field, ...rule })),
    });
  }
}
