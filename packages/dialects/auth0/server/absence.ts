/** Where Auth0 takes what is not there for no error: whoever deletes it is done, whoever looks for it finds nothing. */
import { Problem } from '@reeve/core';

/** What the operation gives; undefined where it fails with `not_found`. */
export async function ifThere<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return undefined;
    throw error;
  }
}
