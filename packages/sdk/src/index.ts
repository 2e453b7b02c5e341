/** Reeve's client. The package's public names; everything else may change without notice. */
export { ReeveManagement, type ReeveOptions } from './client.ts';
export { type ClientCode, type ErrorCode, type ErrorFields, ReeveError } from './error.ts';
export type { ImportChunk, ImportOptions, ImportProgress, ImportSource } from './import.ts';
export type * from './models.ts';
export type { Operation, Operations, RequestOptions } from './operations.ts';
export type { ClientOptions, CredentialOptions, TokenOptions } from './options.ts';
export type { Listing, Reply } from './page.ts';
export type { RetryOptions } from './retry.ts';
export type { CachedToken, TokenCache } from './token.ts';
export type { Answer, HookRequest, HookResponse, HookRetry, Hooks } from './transport.ts';
export type { Fetch, FetchAnswer, FetchHeaders, FetchInit } from './wire.ts';
