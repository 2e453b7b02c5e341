/** The parameter `sort` of a user search: one field and a direction, `field:1` or `field:-1`. */
import { Problem, type UserSearch } from '@reeve/core';

type Sort = NonNullable<UserSearch['sort']>;

const FIELDS: Readonly<Record<string, Sort['field']>> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  last_login: 'last_sign_in_at',
  logins_count: 'sign_in_count',
  email: 'email',
  name: 'name',
  given_name: 'given_name',
  family_name: 'family_name',
  nickname: 'nickname',
  username: 'username',
  phone_number: 'phone_number',
  last_ip: 'last_sign_in_ip',
  email_verified: 'email_verified',
  user_id: 'primary_identity',
};

/** The sort that a text names. Throws `invalid_request` on field `sort`. */
export function sortOf(text: string): Sort {
  const [, name = '', direction] = /^([a-z_]+):(-?1)$/.exec(text) ?? [];
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field) return { field, direction: direction === '1' ? 'asc' : 'desc' };
  const message = `sort must be a field and 1 (ascending) or -1, as in created_at:-1; the fields are ${Object.keys(FIELDS).join(', ')}.`;
  throw new Problem('invalid_request', message, { errors: [{ field: 'sort', code: 'pattern', message }] });
}
