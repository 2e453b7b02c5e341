/** Where a row is different on purpose. */
import { exceptions } from './ledger.ts';

const everybody =
  'Refused with 403 unless the tenant allows it (`settings.allow_delete_all_users`); administrators stay.';
const endless = 'No end at record 1,000, unless the tenant has `strict_vendor_limits`.';
const missing = 'Without an id the server answers 404; the drop-in refuses before it sends.';
const newSecret = 'Where a client ceases to be public, the answer has its new secret.';
const refusing =
  'A rule that sets `context.multifactor` or `context.redirect` refuses the sign-in: no page asks or sends.';

export const notes: Readonly<Record<string, string>> = {
  createRules: exceptions.createRules as string,
  getClientInfo: exceptions.getClientInfo as string,
  deleteAllUsers: everybody,
  'users.deleteAll': `${everybody} Takes nothing but a callback.`,
  getUsers: endless,
  'users.getAll': endless,
  getUser: 'Without an id the original lists users; the drop-in refuses before it sends.',
  'users.get': 'As `getUser`.',
  updateUser: missing,
  'users.update': missing,
  deleteUser: missing,
  'users.delete': missing,
  updateClient: newSecret,
  'clients.update': newSecret,
  createRule: refusing,
  'rules.create': refusing,
  importUsers: 'Resolves the whole HTTP answer.',
  'jobs.importUsers': 'Resolves the whole HTTP answer.',
  'auth.users.impersonate': 'Needs a token with `impersonate:users`; the tenant can switch it off.',
  'logs.getAll': 'The current major sends the filter as `search`.',
  'jobs.importUsersJob': 'The size limit is the server’s (`REEVE_IMPORT_LIMIT`), not 500 KB.',
};
