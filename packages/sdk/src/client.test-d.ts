/** Negative type tests: with `any` anywhere in a signature every positive one would pass. Checked by `tsc`. */
import type { Readable } from 'node:stream';
import type {
  Application,
  AuditEvent,
  AuthorizedResource,
  CustomField,
  ErrorCode,
  Explanation,
  Group,
  ImportAnswer,
  Member,
  Pool,
  ReeveError,
  User,
} from './index.ts';
import { ReeveManagement } from './index.ts';
import { nodeTransport } from './node.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare const isTrue: <_ extends true>() => void;
declare const isFalse: <_ extends false>() => void;

declare const reeve: ReeveManagement;
declare const readable: Readable;
declare const dated: Date;

export const results = async () => {
  const user = await reeve.users.get('usr_1');
  isFalse<IsAny<typeof user>>();
  isTrue<Same<typeof user, User>>();
  isTrue<Same<typeof user.email, string | null>>();
  // @ts-expect-error: not a field
  user.emial;
  // @ts-expect-error: a field that may be null
  user.email.length;

  const page = await reeve.users.list({ limit: 10 });
  isFalse<IsAny<typeof page>>();
  isTrue<Same<(typeof page.users)[number], User>>();
  isTrue<Same<typeof page.next_cursor, string | null>>();
  isTrue<Same<typeof page.total, number | undefined>>();
  // @ts-expect-error: the plural is users
  page.items;

  for await (const item of reeve.users.list()) isTrue<Same<typeof item, User>>();
  for await (const item of reeve.groups.listMembers('grp_1')) isTrue<Same<typeof item, Member>>();
  for await (const item of reeve.groups.list().pages()) isTrue<Same<(typeof item.groups)[number], Group>>();
  for await (const item of reeve.audit.stream()) isTrue<Same<typeof item, AuditEvent>>();
  for await (const item of reeve.users.exportAll()) isTrue<Same<typeof item, User>>();
  for await (const item of reeve.users.exportAll({ format: 'ndjson', state: 'active' }))
    isTrue<Same<typeof item, User>>();
  for await (const item of reeve.users.exportAll({ format: 'csv' })) isTrue<Same<typeof item, string>>();
  for await (const item of reeve.pools.list()) isTrue<Same<typeof item, Pool>>();
  for await (const item of reeve.applications.listUsers('app_1')) isTrue<Same<typeof item, Member>>();
  for await (const item of reeve.users.listApplications('usr_1')) isTrue<Same<typeof item, Application>>();
  for await (const item of reeve.users.listAuthorizedResources('usr_1', { type: 'data' }))
    isTrue<Same<typeof item, AuthorizedResource>>();
  const explained = await reeve.users.explain('usr_1', { resource: 'book:1' });
  isTrue<Same<typeof explained, Explanation>>();
  const field = await reeve.customFields.create({ key: 'age', type: 'number' });
  isTrue<Same<typeof field, CustomField>>();
  // @ts-expect-error: no type of a field
  await reeve.customFields.create({ key: 'age', type: 'integer' });
  // @ts-expect-error: what is asked about is needed
  await reeve.users.explain('usr_1');
  await reeve.users.update('usr_1', { custom_fields: { age: 20, school: null } });
  await reeve.resources.authorize({ resources: [{ code: 'book:*' }], subjects: [{ type: 'role', id: 'rol_1' }] });
  // @ts-expect-error: nobody that resources are granted to
  await reeve.resources.revoke({ resources: [{ code: 'a' }], subjects: [{ type: 'application', id: 'app_1' }] });
  // @ts-expect-error: one user is no list
  for await (const _ of reeve.users.get('usr_1'));

  isTrue<Same<Awaited<ReturnType<typeof reeve.users.delete>>, void>>();
  isTrue<Same<Awaited<ReturnType<typeof reeve.pools.setUserHome>>, User>>();
  isTrue<Same<Awaited<ReturnType<typeof reeve.pools.addUser>>, void>>();
  isTrue<Same<Awaited<ReturnType<typeof reeve.users.bulkImport>>, ImportAnswer>>();
  const { client_secret, expires_at } = await reeve.applications.rotateSecret('app_1');
  isTrue<Same<typeof client_secret, string>>();
  isTrue<Same<typeof expires_at, string | null>>();

  const { data, etag } = await reeve.applications.get('app_1').withResponse();
  isTrue<Same<typeof data, Application>>();
  isTrue<Same<typeof etag, string | null>>();
};

export const inputs = () => {
  reeve.users.list();
  reeve.pools.addUser('usr_1', 'east');
  reeve.pools.setUserHome('usr_1', { pool: 'east' });
  // @ts-expect-error: an erasure needs its reason
  reeve.users.erase('usr_1');
  // @ts-expect-error: a user and an application
  reeve.applications.grantUser('app_1');
  reeve.users.list({ cursor: undefined, created_after: undefined });
  reeve.users.list(undefined, { signal: AbortSignal.timeout(5) });
  reeve.users.list({ created_after: dated, created_before: '2025-01-01T00:00:00Z', sort: '-name' });
  reeve.audit.list({ start: dated, end: dated, event_types: ['user.created'] });
  // @ts-expect-error: misspelt filter
  reeve.users.list({ serach: 'x' });
  // @ts-expect-error: no such order
  reeve.users.list({ sort: 'age' });
  // @ts-expect-error: a number is meant
  reeve.users.list({ limit: '10' });
  // @ts-expect-error: a date is no e-mail address
  reeve.users.list({ email: dated });
  // @ts-expect-error: no such event
  reeve.audit.list({ event_types: ['user.exploded'] });
  // @ts-expect-error: no such option
  reeve.users.list({}, { retries: 3 });

  reeve.users.create({ email: 'a@b.c' });
  reeve.users.update('usr_1', { name: null }, { ifMatch: '"1"' });
  // @ts-expect-error: the body is missing
  reeve.groups.create();
  // @ts-expect-error: the body is missing
  reeve.users.setRoles('usr_1');
  // @ts-expect-error: misspelt field
  reeve.users.create({ emial: 'a@b.c' });
  // @ts-expect-error: cannot be cleared
  reeve.users.update('usr_1', { password: null });
  // @ts-expect-error: the name is required
  reeve.groups.create({ code: 'g' });

  reeve.users.disable('usr_1', { timeout: 5 });
  reeve.users.resetPassword('usr_1');
  reeve.users.resetPassword('usr_1', { password_must_be_reset: true }, { idempotencyKey: 'k' });
  // @ts-expect-error: the id is missing
  reeve.users.get();
  // @ts-expect-error: an id is a string
  reeve.users.get(7);
  // @ts-expect-error: one id too many
  reeve.users.get('usr_1', 'usr_2');
  // @ts-expect-error: options are the last argument
  reeve.users.get('usr_1', {}, {});
  // @ts-expect-error: the member is missing
  reeve.groups.addMember('grp_1');
  reeve.groups.addMember('grp_1', 'usr_1', { signal: AbortSignal.timeout(5) });
  reeve.organizations.addMember('org_1', 'usr_1', { roles: ['org_admin'] });
  reeve.identities.unlink('usr_1', 'auth0', 'abc');
  // @ts-expect-error: the subject is missing
  reeve.identities.unlink('usr_1', 'auth0');
  reeve.users.deleteAll({ timeout: 60_000 });
  // @ts-expect-error: an impersonation needs its application
  reeve.users.impersonate('usr_1', { redirect_uri: 'https://a.example/cb' });
  // @ts-expect-error: no such operation
  reeve.users.block('usr_1');
  // @ts-expect-error: no such resource
  reeve.people;
  // @ts-expect-error: operations are not replaced
  reeve.users.get = reeve.users.enable;
};

export const imports = () => {
  reeve.users.bulkImport(readable, { mode: 'upsert', onProgress: ({ bytes_sent, total }) => bytes_sent + total });
  reeve.users.bulkImport([{ email: 'a@b.c', password_hash: { algorithm: 'bcrypt', value: '$2b$…' } }]);
  reeve.users.bulkImport('email\na@b.c', { contentType: 'text/csv' });
  // @ts-expect-error: no such mode
  reeve.users.bulkImport(readable, { mode: 'replace' });
  // @ts-expect-error: no such content type
  reeve.users.bulkImport(readable, { contentType: 'text/plain' });
  // @ts-expect-error: misspelt field of a row
  reeve.users.bulkImport([{ emial: 'a@b.c' }]);
  // @ts-expect-error: nothing to import
  reeve.users.bulkImport();
  // @ts-expect-error: no such format
  reeve.users.exportAll({ format: 'xml' });
};

const tenantUrl = 'https://id.example.com';
export const clients = () => {
  new ReeveManagement({ tenantUrl, clientId: 'a', clientSecret: 'b' });
  new ReeveManagement({ tenantUrl, clientId: 'a', clientSecret: 'b', fetch: globalThis.fetch, retry: { attempts: 5 } });
  new ReeveManagement({ tenantUrl, token: async () => 't', fetch: nodeTransport({ maxSockets: 8 }) });
  // @ts-expect-error: no credentials
  new ReeveManagement({ tenantUrl });
  // @ts-expect-error: half of the credentials
  new ReeveManagement({ tenantUrl, clientId: 'a' });
  // @ts-expect-error: either credentials or a token
  new ReeveManagement({ tenantUrl, clientId: 'a', clientSecret: 'b', token: 't' });
  // @ts-expect-error: misspelt option
  new ReeveManagement({ tenantUrl, token: 't', timeOut: 5 });
  // @ts-expect-error: no such retry option
  new ReeveManagement({ tenantUrl, token: 't', retry: { retries: 5 } });
};

export const errors = (error: ReeveError) => {
  isTrue<Same<typeof error.code, ErrorCode>>();
  isTrue<Same<typeof error.request_id, string | null>>();
  isFalse<IsAny<(typeof error.errors)[number]>>();
  // @ts-expect-error: an error is not changed
  error.status = 500;
};
