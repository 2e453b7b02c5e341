/**
 * The modules of the package that this one stands for, by path below `src/`: what a deep `require` gives. The build writes
 * one file for each (scripts/build-auth0.mjs), over one bundle, so that a class is the same by every way to it.
 */
import { DatabaseAuthenticator, OAuthAuthenticator, PasswordlessAuthenticator } from './auth/authenticators.ts';
import { AuthenticationClient } from './auth/client.ts';
import { TokensManager } from './auth/tokens.ts';
import { UsersManager } from './auth/users.ts';
import { ArgumentError, SanitizedError, sanitizeErrorRequestData } from './errors.ts';
import { ManagementClient } from './management.ts';
import { BaseManager } from './manager.ts';
import { managers } from './managers.ts';
import { Auth0RestClient, RetryRestClient } from './rest.ts';
import { type ManagerName, tables } from './rows.ts';
import { ManagementTokenProvider } from './token.ts';
import { utilities } from './utilities.ts';

const managerModules = Object.fromEntries(
  (Object.keys(tables) as ManagerName[]).map((name) => [`management/${tables[name].name}`, managers[name]]),
);

export const modules: Readonly<Record<string, unknown>> = {
  index: { ManagementClient, AuthenticationClient },
  errors: { SanitizedError, sanitizeErrorRequestData, ArgumentError },
  utils: utilities,
  Auth0RestClient,
  RetryRestClient,
  'auth/index': AuthenticationClient,
  'auth/TokensManager': TokensManager,
  'auth/OAuthAuthenticator': OAuthAuthenticator,
  'auth/DatabaseAuthenticator': DatabaseAuthenticator,
  'auth/PasswordlessAuthenticator': PasswordlessAuthenticator,
  'auth/UsersManager': UsersManager,
  'management/index': ManagementClient,
  'management/BaseManager': BaseManager,
  'management/ManagementTokenProvider': ManagementTokenProvider,
  ...managerModules,
};
