/** Types that follow from a route: what its operation takes and what it answers. */
import type { Route } from './route.ts';

/** Names of the `{parameters}` in a path. */
export type ParameterName<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterName<Rest>
  : never;

/** The keys of a resource module that are routes. */
export type OperationName<Resource> = {
  [K in keyof Resource]: Resource[K] extends Route ? K : never;
}[keyof Resource];
