/** How the methods may be called; each kind is a tuple here and becomes overloads in `Bound`. */
import type { Callback } from '../callback.ts';
import type { Fields, User } from './models.ts';

/** `([params][, callback])` */
export type Ask<Params, Result> = ['ask', Params, Result];
/** `([params][, callback])` for a list: with `include_totals: true` an object around it, with `take` a page. */
export type List<Params, Item, Key extends string> = ['list', Params, Item, Key];
/** The same for a part of something: `(params[, callback])`. */
export type PartList<Params, Item, Key extends string> = ['part', Params, Item, Key];
/** `(params[, callback])` or `(data[, callback])` */
export type Give<Data, Result> = ['give', Data, Result];
/** `(params, data[, callback])` */
export type Change<Params, Data, Result> = ['change', Params, Data, Result];
/** `(params[, data][, callback])` */
export type Remove<Params, Data, Result> = ['remove', Params, Data, Result];
/** `(callback)`, and nothing else. */
export type Only<Result> = ['only', Result];
/** As `give`, and its answer is never wrapped. */
export type Plain<Data, Result> = ['plain', Data, Result];

/** A result with the answer's headers, names in lower case. */
export interface WithHeaders<Data> {
  readonly data: Data;
  readonly headers: Readonly<Record<string, string>>;
}
type Out<Result, H> = H extends true ? WithHeaders<Result> : Result;

/** A page by number. */
export type Page<Item, Key extends string> = {
  readonly start: number;
  readonly limit: number;
  readonly total: number;
  readonly length?: number;
} & { readonly [K in Key]: readonly Item[] };
/** A page by checkpoint: `next` is the `from` of the one that follows. */
export type CheckpointPage<Item, Key extends string> = { readonly next?: string } & {
  readonly [K in Key]: readonly Item[];
};

interface Asked<P, R> {
  (params?: P): Promise<R>;
  (callback: Callback<R>): void;
  (params: P | undefined, callback: Callback<R>): void;
}
interface Given<P, R> {
  (params: P): Promise<R>;
  (params: P, callback: Callback<R>): void;
}
interface Changed<P, D, R> {
  (params: P, data: D): Promise<R>;
  (params: P, data: D, callback: Callback<R>): void;
}
interface Removed<P, D, R> extends Given<P, R>, Changed<P, D, R> {}
interface ByEmail<H> {
  (email: string, options?: Fields): Promise<Out<User[], H>>;
  (email: string, callback: Callback<Out<User[], H>>): void;
  (email: string, options: Fields | undefined, callback: Callback<Out<User[], H>>): void;
}
interface PagedPart<P, I, K extends string, H> {
  (params: P & { readonly include_totals: true }): Promise<Out<Page<I, K>, H>>;
  (params: P & { readonly include_totals: true }, callback: Callback<Out<Page<I, K>, H>>): void;
  (params: P): Promise<Out<I[], H>>;
  (params: P, callback: Callback<Out<I[], H>>): void;
}
interface Paged<P, I, K extends string, H> {
  (params: P & { readonly include_totals: true }): Promise<Out<Page<I, K>, H>>;
  (params: P & { readonly include_totals: true }, callback: Callback<Out<Page<I, K>, H>>): void;
  (params: CheckpointOf<P>): Promise<Out<CheckpointPage<I, K>, H>>;
  (params: CheckpointOf<P>, callback: Callback<Out<CheckpointPage<I, K>, H>>): void;
  (params?: P): Promise<Out<I[], H>>;
  (callback: Callback<Out<I[], H>>): void;
  (params: P | undefined, callback: Callback<Out<I[], H>>): void;
}
/** What has a `sort` (logs) answers a bare array to `take`, too. */
type CheckpointOf<P> = 'sort' extends keyof P ? never : 'take' extends keyof P ? P & { readonly take: number } : never;

/** The function that a kind stands for. A function stays what it is. */
export type Bound<Kind, H> = Kind extends ['ask', infer P, infer R]
  ? Asked<P, Out<R, H>>
  : Kind extends ['list', infer P, infer I, infer K extends string]
    ? Paged<P, I, K, H>
    : Kind extends ['part', infer P, infer I, infer K extends string]
      ? PagedPart<P, I, K, H>
      : Kind extends ['give', infer P, infer R]
        ? Given<P, Out<R, H>>
        : Kind extends ['change', infer P, infer D, infer R]
          ? Changed<P, D, Out<R, H>>
          : Kind extends ['remove', infer P, infer D, infer R]
            ? Removed<P, D, Out<R, H>>
            : Kind extends ['only', infer R]
              ? (callback: Callback<Out<R, H>>) => void
              : Kind extends ['plain', infer P, infer R]
                ? Given<P, R>
                : Kind extends ['by-email']
                  ? ByEmail<H>
                  : never;
