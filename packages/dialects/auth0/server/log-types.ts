/** What each event is called in Auth0's log (contract §13). Every event has a code; what only the data tells is told from it. */
import type { Event, EventType } from '@reeve/contract';
import type { EventCondition } from '@reeve/core';

/** That an event has a code because of what its data says: one value at a path, or anything there. */
interface Sign {
  readonly code: string;
  readonly path: readonly string[];
  readonly value?: string;
}

interface Saying {
  readonly description: string;
  /** Has it where no sign does. */
  readonly code: string;
  /** The first one that is there gives the code. */
  readonly signs: readonly Sign[];
}

const is = (code: string, description: string, signs: readonly Sign[] = []): Saying => ({ description, code, signs });
const api = (description: string): Saying => is('sapi', description);

/** Exchanges by their grant, as they succeed and as they fail. */
const GRANTS = [
  ['client_credentials', 'seccft', 'feccft'],
  ['authorization_code', 'seacft', 'feacft'],
  ['refresh_token', 'sertft', 'fertft'],
  ['password', 'sepft', 'fepft'],
  ['http://auth0.com/oauth/grant-type/password-realm', 'sepft', 'fepft'],
] as const;
const byGrant = (side: 1 | 2): Sign[] =>
  GRANTS.map((grant) => ({ code: grant[side], path: ['grant_type'], value: grant[0] }));

/** Why a sign-in failed. */
const FAILURES: readonly Sign[] = [
  { code: 'fp', path: ['reason'], value: 'invalid_credentials' },
  { code: 'fu', path: ['reason'], value: 'unknown_user' },
  { code: 'limit_wc', path: ['reason'], value: 'user_locked' },
];

/** Changes of an identifier have codes of their own. */
const CHANGES: readonly Sign[] = [
  { code: 'sce', path: ['after', 'email'] },
  { code: 'scu', path: ['after', 'username'] },
  { code: 'scpn', path: ['after', 'phone_number'] },
];

const SAYINGS: Readonly<Record<EventType, Saying>> = {
  'tenant.created': api('Create a tenant'),
  'tenant.updated': api('Update tenant settings'),
  'signing_key.rotated': api('Rotate the Application Signing Key'),
  'signing_key.revoked': api('Revoke an Application Signing Key'),
  'user.created': is('ss', 'Success Signup'),
  'user.updated': is('sapi', 'Update a User', CHANGES),
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
  'user.home_pool_changed': api('Move a User to another connection'),
  'user.pool_added': api('Add a User to a pool'),
  'user.pool_removed': api('Remove a User from a pool'),
  'user.impersonation_requested': api('Request an impersonation'),
  'user.impersonation_started': api('Impersonate a User'),
  'user.roles_changed': api('Change the roles of a User'),
  'user.permissions_added': api('Assign permissions to a User'),
  'user.permissions_removed': api('Remove permissions from a User'),
  'user.locked': is('limit_wc', 'Blocked Account'),
  'user.unlocked': api('Unblock an account'),
  'user.signed_in': is('s', 'Success Login'),
  'user.sign_in_failed': is('f', 'Failed Login', FAILURES),
  'users.exported': api('Export users'),
  'custom_field.created': api('Create a custom field'),
  'custom_field.updated': api('Update a custom field'),
  'custom_field.values_removed': api('Remove the values of a custom field'),
  'custom_field.deleted': api('Delete a custom field'),
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
  'application.user_granted': api('Grant a client to a user'),
  'application.user_revoked': api('Revoke a client from a user'),
  'resource_server.created': api('Create a resource server'),
  'resource_server.updated': api('Update a resource server'),
  'resource_server.deleted': api('Delete a resource server'),
  'resource_namespace.created': api('Create a resource namespace'),
  'resource_namespace.updated': api('Update a resource namespace'),
  'resource_namespace.deleted': api('Delete a resource namespace'),
  'resource.created': api('Create a resource'),
  'resource.updated': api('Update a resource'),
  'resource.deleted': api('Delete a resource'),
  'resource.authorized': api('Grant resources'),
  'resource.revoked': api('Revoke resources'),
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
  'token.issued': is('sapi', 'Success Exchange', byGrant(1)),
  'token.refused': is('fapi', 'Failed Exchange', byGrant(2)),
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

/** Whether the data has what the sign says. */
function shows(data: Readonly<Record<string, unknown>>, { path, value }: Sign): boolean {
  let at: unknown = data;
  for (const name of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, name)) return false;
    at = (at as Record<string, unknown>)[name];
  }
  return value === undefined || at === value;
}

export function sayingOf(event: Event): { readonly type: string; readonly description: string } {
  const { code, signs, description } = SAYINGS[event.event_type];
  const data = dataOf(event);
  return { type: signs.find((sign) => shows(data, sign))?.code ?? code, description };
}

const ENTRIES = Object.entries(SAYINGS) as [EventType, Saying][];

/** The events that can have one of these codes. */
export const eventTypesOf = (codes: ReadonlySet<string>): EventType[] =>
  ENTRIES.flatMap(([type, { code, signs }]) =>
    codes.has(code) || signs.some((sign) => codes.has(sign.code)) ? [type] : [],
  );

const none = (of: readonly EventCondition[]): EventCondition => ({ kind: 'not', of: { kind: 'or', of } });

/** Whether an event that is said so can have none but these codes. */
const isWhole = ({ code, signs }: Saying, codes: ReadonlySet<string>): boolean =>
  codes.has(code) && signs.every((sign) => codes.has(sign.code));

/** That an event has one of these codes, for the database to judge. */
export function conditionOfCodes(codes: ReadonlySet<string>): EventCondition {
  const always = ENTRIES.flatMap(([type, saying]) => (isWhole(saying, codes) ? [type] : []));
  const sometimes = ENTRIES.flatMap(([type, saying]): EventCondition[] => {
    const ways = waysTo(codes, saying);
    if (isWhole(saying, codes) || ways.length === 0) return [];
    return [
      {
        kind: 'and',
        of: [
          { kind: 'type', types: [type] },
          { kind: 'or', of: ways },
        ],
      },
    ];
  });
  return { kind: 'or', of: [{ kind: 'type', types: always }, ...sometimes] };
}

/** What an event's data shows where it has one of these codes. */
function waysTo(codes: ReadonlySet<string>, { code, signs }: Saying): EventCondition[] {
  const seen = signs.map(
    ({ path, value }): EventCondition => ({ kind: 'data', path, ...(value === undefined ? {} : { value }) }),
  );
  const ways = signs.flatMap((sign, i): EventCondition[] =>
    codes.has(sign.code) ? [{ kind: 'and', of: [seen[i] as EventCondition, none(seen.slice(0, i))] }] : [],
  );
  return codes.has(code) ? [...ways, none(seen)] : ways;
}

/** Whether the events that can have one of these codes can have no other. */
export const areWhole = (codes: ReadonlySet<string>): boolean =>
  eventTypesOf(codes).every((type) => isWhole(SAYINGS[type], codes));

const CODES = new Set(ENTRIES.flatMap(([, { code, signs }]) => [code, ...signs.map((sign) => sign.code)]));
const BY_CODE = new Map([...CODES].map((code) => [code, conditionOfCodes(new Set([code]))]));
const NEVER: EventCondition = { kind: 'or', of: [] };

/** That an event has this code: the same condition each time. */
export const conditionOfCode = (code: string): EventCondition => BY_CODE.get(code) ?? NEVER;
