/** Pieces of body schemas that several rows share. */
import { type Keywords, nullable, optional, type Schema, string } from '@reeve/contract';

export const text = (maxLength = 1024, keywords: Keywords = {}) => string({ minLength: 1, maxLength, ...keywords });

/** May be absent or null. */
export const clearable = <T>(schema: Schema<T>) => optional(nullable(schema));

/** A `user_id`: `provider|id`. */
export const userId = string({ minLength: 1, maxLength: 512 });
