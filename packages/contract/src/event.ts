/**
 * The closed list of event types, past tense. An event is appended in the transaction of the change that it records;
 * the events are the audit log.
 */
import { array, instant, json, nullable, object, oneOf, type Static, string } from './schema.ts';

export const eventTypes = [
  'tenant.created',
  'tenant.updated',
  'signing_key.rotated',
  'signing_key.revoked',
  'user.created',
  'user.updated',
  'user.deleted',
  'user.erased',
  'user.disabled',
  'user.enabled',
  'user.password_changed',
  'user.password_reset_requested',
  'user.password_reset_required',
  'user.mfa_reset',
  'user.email_verification_requested',
  'user.email_verified',
  'user.roles_changed',
  'user.locked',
  'user.unlocked',
  'user.signed_in',
  'user.sign_in_failed',
  'users.exported',
  'connection.created',
  'connection.updated',
  'connection.deleted',
  'group.created',
  'group.updated',
  'group.deleted',
  'group.member_added',
  'group.member_removed',
  'role.created',
  'role.updated',
  'role.deleted',
  'organization.created',
  'organization.updated',
  'organization.deleted',
  'organization.member_added',
  'organization.member_updated',
  'organization.member_removed',
  'application.created',
  'application.updated',
  'application.deleted',
  'application.disabled',
  'application.enabled',
  'application.secret_rotated',
  'application.secret_revoked',
  'invitation.created',
  'invitation.accepted',
  'invitation.revoked',
  'invitation.resent',
  'session.created',
  'session.revoked',
  'token.issued',
  'token.refused',
  'token.revoked',
  'token.reuse_detected',
  'import.started',
  'import.completed',
  'mail.failed',
  'mail.retried',
  'request.refused',
] as const;
export type EventType = (typeof eventTypes)[number];

export const actor = object({
  type: oneOf(['application', 'user', 'system', 'anonymous']),
  id: nullable(string({ description: 'Who did it: `usr_…`, `app_…`, or null for the system and for strangers' })),
  application_id: nullable(string({ description: 'The application that carried the request' })),
  impersonator_id: nullable(string({ description: 'The person who acted as `id`' })),
});

/** One entry of the audit log. */
export const event = object({
  id: string({ description: '`evt_…`; later events have greater ids' }),
  event_type: oneOf(eventTypes),
  actor,
  target: object({
    type: nullable(string({ description: 'Kind of the thing acted on: `user`, `group`, …' })),
    id: nullable(string()),
  }),
  request_id: nullable(string({ description: 'The `x-request-id` of the request that caused it' })),
  ip: nullable(string()),
  user_agent: nullable(string()),
  data: nullable(json({ description: 'What changed: redacted `before` and `after`, or the reason of a refusal' })),
  created_at: instant(),
});
export type Event = Static<typeof event>;

/** Event types as a filter: several are an "or". */
export const eventTypeFilter = array(oneOf(eventTypes), { minItems: 1, maxItems: eventTypes.length });
