/**
 * Custom fields: what a tenant wants to know of its people beside the fields that everybody has. A definition gives a key its
 * type; the values of users are their `custom_fields`.
 */
import { cursor, limit, page, route } from '../route.ts';
import { array, instant, nullable, object, oneOf, optional, patchOf, type Static, string } from '../schema.ts';

export const customFieldTypes = ['string', 'number', 'datetime', 'boolean', 'object', 'select'] as const;
export const customFieldTargets = [
  'user',
  'group',
  'role',
  'organization',
  'application',
  'permission',
  'tenant',
] as const;

const target = oneOf(customFieldTargets, { description: 'What the field tells of; only users have values' });
const key = string({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z][A-Za-z0-9_]*$',
  description: 'Unique among the fields of its target, case counting',
});
const type = oneOf(customFieldTypes, {
  description: '`datetime`: an RFC 3339 instant; `object`: a JSON object; `select`: the value of one of the `options`',
});
const label = string({ minLength: 1, maxLength: 200, description: 'What people read; default: the key' });

const option = object({
  value: string({ minLength: 1, maxLength: 200 }),
  label: optional(string({ minLength: 1, maxLength: 200, description: 'Default: the value' })),
});
const options = array(option, {
  minItems: 1,
  maxItems: 500,
  description: 'Of a `select`, and only of one; each value once',
});

export const customField = object({
  id: string({ description: '`fld_` and a ULID' }),
  target: oneOf(customFieldTargets),
  key: string(),
  type: oneOf(customFieldTypes),
  label: string(),
  options: nullable(array(object({ value: string(), label: string() }), { description: 'Null but of a `select`' })),
  created_at: instant(),
  updated_at: instant(),
});
export type CustomField = Static<typeof customField>;

/** Lists the definitions of custom fields, newest first. */
export const list = route('GET /custom-fields', {
  scope: 'custom_fields:read',
  query: object({ target: optional(target), limit, cursor }),
  response: page('custom_fields', customField),
  items: 'custom_fields',
  fails: ['invalid_cursor'],
});

/** Defines a custom field. */
export const create = route('POST /custom-fields', {
  scope: 'custom_fields:write',
  body: object({
    key,
    target: optional(oneOf(customFieldTargets, { default: 'user' })),
    type,
    label: optional(label),
    options: optional(options),
  }),
  response: customField,
  status: 201,
  etag: true,
  fails: ['code_taken', 'limit_reached'],
  emits: ['custom_field.created'],
});

/** Reads one definition, by id, by the key of a field of users, or by `target.key`. */
export const get = route('GET /custom-fields/{custom_field}', {
  scope: 'custom_fields:read',
  response: customField,
  etag: true,
  fails: ['not_found'],
});

/**
 * Changes a definition by JSON merge patch (RFC 7396). Its key stays; its type, and an option of a `select`, change as long as no
 * user has a value that would no longer be one.
 */
export const update = route('PATCH /custom-fields/{custom_field}', {
  scope: 'custom_fields:write',
  body: patchOf({ type, label, options }, ['options']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: customField,
  etag: true,
  fails: ['not_found', 'in_use', 'precondition_failed'],
  emits: ['custom_field.updated'],
});

/** Deletes a definition with all values of it. The values go in batches: cut off, it is called again. */
const remove = route('DELETE /custom-fields/{custom_field}', {
  scope: 'custom_fields:write',
  etag: true,
  fails: ['not_found', 'precondition_failed'],
  emits: ['custom_field.values_removed', 'custom_field.deleted'],
});

export { remove as delete };
