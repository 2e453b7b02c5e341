/** The vendor's packages, for tests: loaded as their users load them, and typed no closer than a test needs. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

type Loose = Record<string, unknown>;
export type Caller = Record<
  string,
  ((...args: unknown[]) => unknown) & Record<string, (...args: unknown[]) => unknown>
>;
export interface Package {
  readonly ManagementClient: new (options: Loose) => Caller;
  readonly AuthenticationClient: new (options: Loose) => Caller;
}

/** `auth0@3.7.2`. */
export const genuine = require('auth0-genuine') as Package;
/** One of its modules, e.g. `management/UsersManager`. */
export const genuineModule = (path: string): unknown => require(`auth0-genuine/src/${path}`);
