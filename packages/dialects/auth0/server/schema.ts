/** Pieces of body schemas that several rows share. */
import { type Keywords, nullable, optional, type Schema, string } from '@reeve/contract';

/** A JSON object of any shape, of at most 64 KiB as the directory stores it. */
export const anything = (keywords: Keywords = {}): Schema<unknown> => ({ ...keywords });

export const text = (maxLength = 1024, keywords: Keywords = {}) => string({ minLength: 1, maxLength, ...keywords });

/** May be absent or null. */
export const clearable = <T>(schema: Schema<T>) => optional(nullable(schema));

/** A `user_id`: `provider|id`. */
export const userId = string({ minLength: 1, maxLength: 512 });
