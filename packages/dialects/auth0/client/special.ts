/** The methods that are more than a row of the table. */
import { argumentsOf, settle } from './callback.ts';
import { check } from './checks.ts';
import { ArgumentError } from './errors.ts';
import { type ImportData, importJob, importUsers } from './import.ts';
import type { BaseManager, Method, Resources } from './manager.ts';
import type { RetryRestClient } from './rest.ts';
import type { Special } from './row.ts';
import type { Params } from './spelling.ts';

const resourceOf = (manager: BaseManager, name: string): RetryRestClient =>
  (manager as unknown as Resources)[name] as RetryRestClient;

let isWarned = false;
const warn = (): void => {
  if (isWarned) return;
  isWarned = true;
  process.emitWarning(
    'importUsers resolves the whole HTTP answer; importUsersJob resolves the job',
    'DeprecationWarning',
  );
};

export const specials: Record<Special, Method> = {
  byEmail(...args) {
    const { given, callback } = argumentsOf(args);
    const [email, options] = given;
    const params = { ...(options as object), ...(email === undefined ? {} : { email }) };
    return resourceOf(this, 'usersByEmail').getAll(params, ...(callback ? [callback] : []));
  },

  link(...args) {
    const { given, callback } = argumentsOf(args);
    const [id, data = {}] = given;
    if (!id) throw new ArgumentError('The userId cannot be null or undefined');
    if (typeof id !== 'string') throw new ArgumentError('The userId has to be a string');
    return resourceOf(this, 'linkedIdentities').create({ id }, data, ...(callback ? [callback] : []));
  },

  deleteAll(...args) {
    const [callback] = args;
    if (typeof callback !== 'function') {
      throw new ArgumentError('The deleteAll method only accepts a callback as argument');
    }
    return resourceOf(this, 'users').deleteAll({}, {}, callback);
  },

  customText(...args) {
    const { given, callback } = argumentsOf(args);
    const params = (given[0] ?? {}) as Params;
    check(
      [
        ['prompt', 'text', 'The prompt parameter must be a string'],
        ['language', 'text', 'The language parameter must be a string'],
        ['body', 'object', 'The body parameter must be an object'],
      ],
      params,
    );
    const { prompt, language, body } = params;
    return resourceOf(this, 'customTextByLanguage').update({ prompt, language }, body, ...(callback ? [callback] : []));
  },

  import(...args) {
    warn();
    const { given, callback } = argumentsOf(args);
    return settle(importUsers(this._options, given[0] as ImportData), callback);
  },

  importJob(...args) {
    const { given, callback } = argumentsOf(args);
    return settle(importJob(this._options, given[0] as ImportData), callback);
  },
};
