/**
 * Results by promise or by callback. Owns the invariant that a callback is called once: what it throws is the program's
 * own uncaught exception and never comes back to it as the error of the call.
 */

/** `callback(error)` with one argument, or `callback(null, result)`. */
export type Callback<Result> = (error: Error | null, result: Result) => void;

/** The promise itself; or undefined, and the callback gets its outcome. */
export const settle = <Result>(
  promise: Promise<Result>,
  callback: Callback<Result> | undefined,
): Promise<Result> | undefined => {
  if (!callback) return promise;
  promise.then(
    (result) => queueMicrotask(() => callback(null, result)),
    (error: Error) => queueMicrotask(() => (callback as (error: Error) => void)(error)),
  );
  return undefined;
};

type Done = Callback<unknown>;

/** Arguments before the callback, and the callback. */
export const argumentsOf = (args: readonly unknown[]): { given: readonly unknown[]; callback: Done | undefined } => {
  const at = args.findIndex((value) => typeof value === 'function');
  return at < 0 ? { given: args, callback: undefined } : { given: args.slice(0, at), callback: args[at] as Done };
};
