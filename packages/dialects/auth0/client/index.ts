/**
 * The drop-in for the `auth0` package of the 2.x and 3.x lines: `ManagementClient` and `AuthenticationClient`. What it
 * stands for, and where it is safer, is in the README.
 */

export { AuthenticationClient, type AuthenticationOptions } from './auth/client.ts';
export type * from './auth/data.ts';
export type { AuthenticatorOptions, CallOptions } from './auth/grants.ts';
export type { DelegationData, RevokeData } from './auth/tokens.ts';
export type { ImpersonateSettings, UserInfo } from './auth/users.ts';
export type { Callback } from './callback.ts';
export type {
  ArgumentError,
  FailedResponse,
  HttpError,
  HttpResponse,
  OriginalError,
  SanitizedError,
} from './errors.ts';
export type { ImportData } from './import.ts';
export {
  type CredentialOptions,
  ManagementClient,
  type ManagementClientOptions,
  type TokenOptions,
} from './management.ts';
export type { ManagerOptions } from './manager.ts';
export type { RetryOptions, TokenProvider } from './rest.ts';
export type { ClientInfo, LegacyClientInfo } from './telemetry.ts';
export type { TokenProviderOptions, TokenResponse } from './token.ts';
export type { CheckpointPage, Page, WithHeaders } from './types/call.ts';
export type { Flat, Managers } from './types/client.ts';
export type * from './types/models.ts';
