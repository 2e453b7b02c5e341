/** Where a row is different on purpose. */
export const notes: Readonly<Record<string, string>> = {
  createRules: 'In no release of `auth0`: the documents mean `createRule`.',
  getClientInfo: 'In releases up to 2.17.0.',
  deleteAllUsers:
    'Refused with 403 unless the tenant allows it (`settings.allow_delete_all_users`); administrators stay.',
  'users.deleteAll': 'As `deleteAllUsers`. Takes nothing but a callback.',
  getUsers: 'No end at record 1,000, unless the tenant is `strict_vendor_limits`.',
  'users.getAll': 'As `getUsers`.',
  'auth.users.impersonate': 'Needs a token with `impersonate:users`; the tenant can switch it off.',
};
