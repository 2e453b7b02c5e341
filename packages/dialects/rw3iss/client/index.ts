/** Drop-in for `@rw3iss/auth-client`. */
export { type AccessTokenClaims, decodeAccessToken } from './claims.ts';
export { type AuthClient, createAuthClient } from './client.ts';
export type { AuthClientConfig, BootstrapMode } from './config.ts';
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorFields,
  ConflictError,
  ForbiddenError,
  InvalidTokenError,
  NetworkError,
  NotFoundError,
  OfflineModeError,
  RateLimitedError,
  RequiresTwoFactorError,
  ServerError,
  UnauthenticatedError,
  ValidationError,
} from './errors.ts';
export type {
  AuthEvent,
  AuthEventHandler,
  AuthEvents,
  AuthEventType,
  AuthStatus,
  LogoutReason,
  Snapshot,
} from './events.ts';
export { MemoryStorage, MemoryTokenStore, NoOpLogger } from './memory.ts';
export type * from './models.ts';
export type { AccountModule, DisableTwoFactorInput, TwoFactorSetup } from './modules/account.ts';
export type { AppsModule, ServicesModule } from './modules/apps.ts';
export type { AuditFilter, AuditModule, SessionsModule } from './modules/audit.ts';
export type {
  AuthModule,
  CompleteSsoInput,
  LoginInput,
  RegisterInput,
  StartedSso,
  StartSsoInput,
} from './modules/auth.ts';
export type { OrganizationsModule } from './modules/organizations.ts';
export type { PoolsModule } from './modules/pools.ts';
export type { HardDeleteInput, ImpersonateInput, UserFilter, UserKeys, UsersModule } from './modules/users.ts';
export type {
  AnswerHeaders,
  Broadcast,
  BroadcastMessage,
  Clock,
  Crypto,
  Logger,
  Ports,
  Storage,
  StoredTokens,
  TokenStore,
  Transport,
  TransportRequest,
  TransportResponse,
} from './ports.ts';
export type { RefreshOptions } from './renewal.ts';
export { FetchTransport, type FetchTransportOptions, type RetryOptions } from './transport.ts';
