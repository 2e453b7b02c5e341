/** The directory: operations, the unit of work, and the storage they stand on. */

export * from './answer.ts';
export {
  type ClientName,
  findApplication,
  findClientIds,
  findClients,
  lockApplication,
} from './applications/applications.store.ts';
export { grantApplication, hasApplicationGrant } from './applications/users.ts';
export type { EventFilter } from './audit/audit.store.ts';
export type { EventCondition } from './audit/condition.ts';
export { type EventSearch, type EventSearchResult, searchEvents } from './audit/search.ts';
export { openStream, type StreamQuery } from './audit/stream.ts';
export { type BrowserDraft, rememberBrowser } from './authentication-methods/browsers.ts';
export * from './authentication-methods/enrollments.ts';
export { proveFactor } from './authentication-methods/second-factor.ts';
export { totpCodeAt } from './authentication-methods/totp.ts';
export * from './background.ts';
export * from './bounded.ts';
export { findGrantedScopes } from './client-grants/client-grants.store.ts';
export * from './clock.ts';
export { findConnection, findConnectionNames } from './connections/connections.store.ts';
export { listConnections } from './connections/connections.ts';
export { type ConnectionDeletion, deleteConnectionWithUsers } from './connections/deletion.ts';
export { lockConnection } from './connections/row.ts';
export * from './credentials/attempts.ts';
export { proveClient } from './credentials/client-proof.ts';
export * from './credentials/clients.store.ts';
export * from './credentials/hasher.ts';
export { LOCKOUT_FAILURES } from './credentials/lockout.ts';
export { appMetadataOf, fieldMetadataOf } from './custom-fields/metadata.ts';
export * from './database/database.ts';
export { MANY, ONE, type PatternPart } from './database/document.ts';
export { migrate } from './database/migrate.ts';
export * from './database/open.ts';
export * from './dialect.ts';
export { isSecret } from './events/redact.ts';
export { createEventSignal } from './events/signal.ts';
export * from './export/export-jobs.ts';
export { type ExportFormat, type ExportShape, exportUsers, nativeShapes } from './export/users-export.ts';
export * from './extensions/extensions.ts';
export * from './housekeeping.ts';
export * from './id.ts';
export { atMostOnce } from './idempotency/claims.ts';
export * from './idempotency/idempotency.ts';
export { type CodeSession, exchangeCode, readCode } from './impersonation/codes.ts';
export { redeemImpersonation } from './impersonation/impersonation.ts';
export * from './impersonation/session.ts';
export { beginUserToken, type UserTokenGround } from './impersonation/user-token.ts';
export * from './import/import-files.store.ts';
export * from './import/import-jobs.ts';
export { tellImportEnd } from './import/import-mail.ts';
export * from './import/imports.ts';
export { type PrepareOptions, readDetails } from './import/prepare.ts';
export * from './import/reader.ts';
export * from './import/slice.ts';
export type { ImportFormat } from './import/source.ts';
export { type ImportTask, ImportWriter } from './import/writer.ts';
export * from './invitations/acceptance.ts';
export * from './invitations/answers.ts';
export { interruptJobs, type JobRow, stateOf as jobStateOf } from './jobs/jobs.store.ts';
export { failuresOf, recordJob, requireJob } from './jobs/jobs.ts';
export * from './jobs/queue.ts';
export * from './jobs/spool.ts';
export * from './keys/keys.ts';
export * from './mails/delivery.ts';
export { enqueueMail, type ImportReport, type MailPayload } from './mails/out-box.ts';
export { type ActiveMailProvider, findMailProvider } from './mails/provider.ts';
export { type Bag, isStorable, mergeTop } from './metadata.ts';
export * from './operation.ts';
export { operations } from './operations.ts';
export { changeMemberRoles, findMemberRoles } from './organizations/members.ts';
export * from './organizations/memberships.ts';
export { findOrganization, isMember, lockOrganization, memberRoles } from './organizations/organizations.store.ts';
export { permissionsOn } from './permissions/permissions.store.ts';
export { poolsOfApplication } from './pools/application-pools.store.ts';
export { type FoundInPools, findInPools } from './pools/find-in-pools.store.ts';
export { addToPool } from './pools/pools.ts';
export * from './problem.ts';
export * from './resource-servers/audiences.ts';
export {
  findTokenAudience,
  resourceServerSubjects,
  type TokenAudience,
} from './resource-servers/resource-servers.store.ts';
export { declaredActionsOf } from './resources/resources.store.ts';
export { replaceRoles } from './roles/grants.ts';
export * from './roles/summaries.ts';
export { codesOf } from './rows.ts';
export * from './rules/engine.ts';
export * from './rules/run.ts';
export * from './secret.ts';
export { endAccess, endAccessBefore } from './sessions/access-end.ts';
export * from './sessions/artifacts.store.ts';
export * from './sessions/refresh-tokens.ts';
export { endSession, findSession, findSessionOwner, touchSession } from './sessions/sessions.store.ts';
export * from './sessions/sign-in.ts';
export * from './sessions/standing.ts';
export { signedInThrough } from './stats/targets.ts';
export * from './tallies/tallies.ts';
export * from './tenants/bootstrap.ts';
export * from './tenants/estate.ts';
export * from './tenants/tenants.store.ts';
export { type DeadReason, DeadTicket } from './tickets/tickets.ts';
export { together } from './together.ts';
export { parse as parseUser, type User } from './users/document.ts';
export { DocumentCutter } from './users/document-text.ts';
export { eraseOwnAccount } from './users/erasure.ts';
export { externalIdsOf, setExternalId } from './users/external-id.ts';
export type { PartField, UserFilter, UserSort } from './users/filter.ts';
export {
  findByIdentity,
  findFormerSpellings,
  findIdsBySubject,
  findUserIdBySpelling,
  findUserIdsEverSpelled,
} from './users/identity.store.ts';
export { setPassword } from './users/password-change.ts';
export { type PasswordRefusal, provePassword } from './users/password-proof.ts';
export { completePasswordReset, type PasswordReset, readPasswordReset } from './users/password-reset.ts';
export { type MailRequest, requestPasswordReset, requestVerification } from './users/requested-mails.ts';
export { ShownTexts } from './users/shown-texts.ts';
export { factorsOf, findShown, findShownByEmail, type ShownUser } from './users/shown-users.ts';
export { searchShown, searchUsers, type UserSearch, type UserSearchResult } from './users/user-search.ts';
export { findUser } from './users/users.store.ts';
export { createUser, patchUser } from './users/users.ts';
export { type LinkView, readVerification, sendVerificationFor, verifyEmail } from './users/verification.ts';
export * from './uuid.ts';
export * from './work.ts';
