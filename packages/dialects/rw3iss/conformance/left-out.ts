/** What of the contract the server has no row for, and why. */
const SSO = 'Sign-in through other providers is not in the directory.';
const MAGIC = 'Nobody signs in by a mailed link alone.';
const ROLES = 'Roles are the tenant’s, not an organization’s.';

export const LEFT_OUT: Readonly<Record<string, string>> = {
  'auth.startSso': SSO,
  'auth.completeSso': SSO,
  'auth.requestMagicLink': MAGIC,
  'auth.verifyMagicLink': MAGIC,
  'organizations.createRole': ROLES,
  'organizations.updateRole': ROLES,
  'organizations.deleteRole': ROLES,
  'organizations.listAssignablePermissions': ROLES,
  'organizations.updateMemberStatus': 'A member is one or is none; a user is suspended everywhere or nowhere.',
};
