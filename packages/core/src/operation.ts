/** An operation is a rule of the directory: `(work, input) => output`, its types taken from the route that declares it. */
import type { ParameterName, Route } from '@reeve/contract';
import type { Work } from './work.ts';

type Given<T> = [T] extends [undefined] ? unknown : T;

/** Path parameters by name, the validated query and body, and the version that `If-Match` demands. */
export type Input<R> =
  R extends Route<infer Path, infer Query, infer Body, unknown>
    ? { readonly [K in ParameterName<Path>]: string } & {
        readonly query: Given<Query>;
        readonly body: Given<Body>;
        readonly ifMatch?: string | undefined;
      }
    : never;

/** JSON text that was made by the schema of `T`, with the version that the `ETag` shows. */
export class Rendered<T> {
  declare readonly describes: T;
  readonly json: string;
  readonly version: number | undefined;
  constructor(json: string, version?: number) {
    this.json = json;
    this.version = version;
  }
}

export type Output<R> = R extends
  | Route<string, never, never, infer Response>
  | Route<string, unknown, unknown, infer Response>
  ? Response extends undefined
    ? // biome-ignore lint/suspicious/noConfusingVoidType: a promise of nothing, as an async function returns it
      void
    : Response | Rendered<Response>
  : never;

export type Operation<R> = (work: Work, input: Input<R>) => Promise<Output<R>>;

/** The operations of a resource module that the given names leave over. */
export type Operations<Resource, Streamed extends keyof Resource = never> = {
  readonly [K in Exclude<RouteName<Resource>, Streamed>]: Operation<Resource[K]>;
};

type RouteName<Resource> = {
  [K in keyof Resource]: Resource[K] extends { readonly verb: string } ? K : never;
}[keyof Resource];

/** Ties a resource's operations to its contract: one missing, or one too many, does not compile. */
export const implement = <Resource, Streamed extends keyof Resource = never>(
  _resource: Resource,
  operations: Operations<Resource, Streamed>,
): Operations<Resource, Streamed> => operations;
