/** The filter of user lists by a custom field, `key=value`, as the leaf that those users have. */
import type { Db } from '../database/database.ts';
import { fieldProblem } from '../problem.ts';
import { leafText } from '../users/document.ts';
import { findUserFields } from './custom-fields.store.ts';
import { judgedValue, valueOfText } from './values.ts';

const FIELD = 'custom_field';

/** Throws where no field has the key, or the text is no value of it: a misspelt filter must not look like an empty list. */
export async function filterOf(db: Db, tenantId: number, given: string): Promise<{ path: string; text: string }> {
  const path = given.slice(0, given.indexOf('='));
  const text = given.slice(path.length + 1);
  const [key = ''] = path.split('.');
  const definition = (await findUserFields(db, tenantId)).find((one) => one.key === key);
  if (!definition) throw fieldProblem(FIELD, 'unknown', `${FIELD}: no custom field has the key "${key}".`);
  const isObject = definition.type === 'object';
  if (isObject !== path.includes('.'))
    throw fieldProblem(
      FIELD,
      'pattern',
      isObject
        ? `${FIELD}: "${key}" is an object: name a place in it, as ${key}.name=value.`
        : `${FIELD}: "${key}" is no object.`,
    );
  if (isObject) return { path, text: leafText(text) };
  return { path, text: leafText(judgedValue(definition, valueOfText(definition.type, text), FIELD)) };
}
