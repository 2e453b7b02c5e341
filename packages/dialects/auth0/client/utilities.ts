/** The functions of the old `src/utils.js`. */
import { segmentOf } from './spelling.ts';
import { generateClientInfo, jsonToBase64 } from './telemetry.ts';

/** True where an id has to be encoded for a path. */
const containsUnsafeChars = (text: string): boolean => /[^A-Za-z0-9$\-_.+!*'(),%]/.test(text);

/** Takes options and a callback apart: `(options, callback)` or `(callback)`. */
const sanitizeArguments = (options: unknown, callback: unknown): { options: unknown; cb: unknown } =>
  typeof options === 'function' && callback === undefined
    ? { options: {}, cb: options }
    : { options: options ?? {}, cb: callback };

export const utilities = {
  jsonToBase64,
  generateClientInfo,
  containsUnsafeChars,
  /** An id as one segment of a path; one that was encoded already stays. */
  maybeDecode: segmentOf,
  sanitizeArguments,
};
