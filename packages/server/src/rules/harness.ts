/**
 * What stands beside a rule in its globals, as the source text that the sandbox evaluates first: its expression is a
 * function that starts the rule and returns one that tells what became of it. It takes hold of what it needs before the
 * rule can change it; even so the host judges its answer as a stranger's.
 */
export const HARNESS = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const text = String;
  const silent = () => {};
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  define('global', globalThis);
  define('configuration', {});
  define('console', { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent });
  define('UnauthorizedError', class UnauthorizedError extends Error {
    constructor(message) {
      super(message);
      this.name = 'UnauthorizedError';
    }
  });
  const messageOf = (error) => {
    try {
      if (typeof error === 'object' && error !== null && 'message' in error) return text(error.message);
      return text(error);
    } catch {
      return 'the rule refused';
    }
  };
  return (rule, userText, contextText) => {
    const user = parse(userText);
    const context = parse(contextText);
    let told;
    const deny = (error) => {
      told ??= stringify({ denied: messageOf(error) });
    };
    const callback = (error, changedUser, changedContext) => {
      if (told !== undefined) return;
      if (error) return deny(error);
      try {
        told = stringify({ user: changedUser ?? user, context: changedContext ?? context });
      } catch (failure) {
        deny(failure);
      }
    };
    if (typeof rule !== 'function') deny('the script is no function');
    else
      try {
        const result = rule(user, context, callback);
        if (result !== null && typeof result === 'object' && typeof result.then === 'function') result.then(silent, deny);
      } catch (error) {
        deny(error);
      }
    return () => told;
  };
})()`;
