/** What each event is called in Auth0's log (contract §13). Every event has a code; what only the data tells is told from it. */
import type { Event, EventType } from '@reeve/contract';

/** The codes that an event of a type can have, the usual one first. */
interface Saying {
  readonly codes: readonly [string, ...string[]];
  readonly description: string;
  /** Which of the codes this event has; absent: the first. */
  readonly codeOf?: (data: Readonly<Record<string, unknown>>) => string;
}

const api = (description: string): Saying => ({ codes: ['sapi'], description });
const is = (code: string, description: string): Saying => ({ codes: [code], description });

/** Exchanges by their grant, as they succeed and as they fail. */
const GRANTS: Readonly<Record<string, readonly [string, string]>> = {
  client_credentials: ['seccft', 'feccft'],
  authorization_code: ['seacft', 'feacft'],
  refresh_token: ['sertft', 'fertft'],
  password: ['sepft', 'fepft'],
  'http://auth0.com/oauth/grant-type/password-realm': ['sepft', 'fepft'],
};
const codeOfGrant =
  (side: 0 | 1, fallback: string) =>
  ({ grant_type: grant }: Readonly<Record<string, unknown>>): string =>
    (typeof grant === 'string' && Object.hasOwn(GRANTS, grant) ? GRANTS[grant]?.[side] : undefined) ?? fallback;

/** Why a sign-in failed. */
const FAILURES: Readonly<Record<string, string>> = {
  invalid_credentials: 'fp',
  unknown_user: 'fu',
  user_locked: 'limit_wc',
};

/** Changes of an identifier have codes of their own. */
const CHANGES = [
  ['email', 'sce'],
  ['username', 'scu'],
  ['phone_number', 'scpn'],
] as const;

const SAYINGS: Readonly<Record<EventType, Saying>> = {
  'tenant.created': api('Create a tenant'),
  'tenant.updated': api('Update tenant settings'),
  'signing_key.rotated': api('Rotate the Application Signing Key'),
  'signing_key.revoked': api('Revoke an Application Signing Key'),
  'user.created': is('ss', 'Success Signup'),
  'user.updated': {
    codes: ['sapi', 'sce', 'scu', 'scpn'],
    description: 'Update a User',
    codeOf: ({ after }) =>
      CHANGES.find(([field]) => after !== null && typeof after === 'object' && Object.hasOwn(after, field))?.[1] ??
      'sapi',
  },
  'user.deleted': is('sdu', 'User successfully deleted'),
  'user.erased': is('du', 'Deleted User'),
  'user.disabled': api('Block a User'),
  'user.enabled': api('Unblock a User'),
  'user.password_changed': is('scp', 'Success Change Password'),
  'user.password_reset_requested': is('scpr', 'Success Change Password Request'),
  'user.password_reset_required': api('Require a password reset'),
  'user.mfa_reset': is('gd_unenroll', 'Guardian - Unenroll device account'),
  'user.browsers_forgotten': api('Invalidate remembered browsers'),
  'user.email_verification_requested': is('svr', 'Success Verification Email Request'),
  'user.email_verified': is('sv', 'Success Verification Email'),
  'user.linked': api('Link a User Account'),
  'user.unlinked': api('Unlink a User Account'),
  'user.impersonation_requested': api('Request an impersonation'),
  'user.impersonation_started': api('Impersonate a User'),
  'user.roles_changed': api('Change the roles of a User'),
  'user.permissions_added': api('Assign permissions to a User'),
  'user.permissions_removed': api('Remove permissions from a User'),
  'user.locked': is('limit_wc', 'Blocked Account'),
  'user.unlocked': api('Unblock an account'),
  'user.signed_in': is('s', 'Success Login'),
  'user.sign_in_failed': {
    codes: ['f', 'fp', 'fu', 'limit_wc'],
    description: 'Failed Login',
    codeOf: ({ reason }) =>
      (typeof reason === 'string' && Object.hasOwn(FAILURES, reason) ? FAILURES[reason] : undefined) ?? 'f',
  },
  'users.exported': api('Export users'),
  'connection.created': api('Create a connection'),
  'connection.updated': api('Update a connection'),
  'connection.deleted': api('Delete a connection'),
  'group.created': api('Create a group'),
  'group.updated': api('Update a group'),
  'group.deleted': api('Delete a group'),
  'group.member_added': api('Add a member to a group'),
  'group.member_removed': api('Remove a member from a group'),
  'role.created': api('Create a role'),
  'role.updated': api('Update a role'),
  'role.deleted': api('Delete a role'),
  'role.permissions_added': api('Add permissions to a role'),
  'role.permissions_removed': api('Remove permissions from a role'),
  'organization.created': api('Create an organization'),
  'organization.updated': api('Update an organization'),
  'organization.deleted': api('Delete an organization'),
  'organization.member_added': api('Add a member to an organization'),
  'organization.member_updated': api('Change the roles of a member of an organization'),
  'organization.member_removed': api('Remove a member from an organization'),
  'application.created': api('Create a client'),
  'application.updated': api('Update a client'),
  'application.deleted': api('Delete a client'),
  'application.disabled': api('Disable a client'),
  'application.enabled': api('Enable a client'),
  'application.secret_rotated': api('Rotate a client secret'),
  'application.secret_revoked': api('Revoke a client secret'),
  'resource_server.created': api('Create a resource server'),
  'resource_server.updated': api('Update a resource server'),
  'resource_server.deleted': api('Delete a resource server'),
  'client_grant.created': api('Create a client grant'),
  'client_grant.updated': api('Update a client grant'),
  'client_grant.deleted': api('Delete a client grant'),
  'invitation.created': api('Create an invitation'),
  'invitation.accepted': api('Accept an invitation'),
  'invitation.revoked': api('Revoke an invitation'),
  'invitation.resent': api('Send an invitation again'),
  'mfa.factor_added': is('gd_enrollment_complete', 'Guardian - Enrollment complete'),
  'mfa.factor_updated': is('gd_update_device_account', 'Guardian - Update device account'),
  'mfa.factor_removed': is('gd_unenroll', 'Guardian - Unenroll device account'),
  'mfa.factor_verified': is('gd_auth_succeed', 'Guardian - Second factor authentication success'),
  'mfa.verification_failed': is('gd_auth_failed', 'Guardian - Second factor authentication failed'),
  'device_credential.created': api('Create a device credential'),
  'device_credential.deleted': api('Delete a device credential'),
  'session.created': is('ssa', 'Success Silent Auth'),
  'session.revoked': is('slo', 'Success Logout'),
  'token.issued': {
    codes: ['seccft', 'seacft', 'sertft', 'sepft', 'sapi'],
    description: 'Success Exchange',
    codeOf: codeOfGrant(0, 'sapi'),
  },
  'token.refused': {
    codes: ['feccft', 'feacft', 'fertft', 'fepft', 'fapi'],
    description: 'Failed Exchange',
    codeOf: codeOfGrant(1, 'fapi'),
  },
  'token.revoked': is('srrt', 'Success Revocation'),
  'token.reuse_detected': is('ferrt', 'Failed Exchange of Rotating Refresh Token'),
  'import.started': api('Start a users import'),
  'import.completed': is('sui', 'Success users import'),
  'mail.failed': is('fn', 'Failed Sending Notification'),
  'mail.retried': api('Send a mail again'),
  'mail_provider.created': api('Configure the email provider'),
  'mail_provider.updated': api('Update the email provider'),
  'mail_provider.deleted': api('Delete the email provider'),
  'rule.created': api('Create a rule'),
  'rule.updated': api('Update a rule'),
  'rule.deleted': api('Delete a rule'),
  'request.refused': is('fapi', 'Failed API Operation'),
};

/** What the event tells beside its type. */
export const dataOf = ({ data }: Event): Readonly<Record<string, unknown>> =>
  data !== null && typeof data === 'object' ? (data as Record<string, unknown>) : {};

export function sayingOf(event: Event): { readonly type: string; readonly description: string } {
  const { codes, codeOf, description } = SAYINGS[event.event_type];
  return { type: codeOf?.(dataOf(event)) ?? codes[0], description };
}

/** The events that can have one of these codes. */
export const eventTypesOf = (codes: ReadonlySet<string>): EventType[] =>
  (Object.keys(SAYINGS) as EventType[]).filter((type) => SAYINGS[type].codes.some((code) => codes.has(code)));

/** Whether the events that can have one of these codes can have no other. */
export const areWhole = (codes: ReadonlySet<string>): boolean =>
  eventTypesOf(codes).every((type) => SAYINGS[type].codes.every((code) => codes.has(code)));
