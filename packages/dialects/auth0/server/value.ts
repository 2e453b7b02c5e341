/** What an operation answered, as a value: some answer JSON that is rendered already. */
import { Rendered } from '@reeve/core';

export const resultOf = <T>(output: T | Rendered<T>): T =>
  output instanceof Rendered ? (JSON.parse(output.json) as T) : output;

/** Only what is there: Auth0 leaves out what a resource does not have. */
export const present = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as never;

/** What operations without a query and a body are given. */
export const noBody = { query: undefined, body: undefined } as const;
