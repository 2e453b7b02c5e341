/** `/emails/provider`: who sends the tenant's mails. Keys and passwords never come back. */
import {
  boolean,
  json,
  type MailProvider,
  mails,
  object,
  optional,
  type Schema,
  type Static,
  string,
  userFields,
} from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  fieldProblem,
  noBody,
  operations,
  present,
  resultOf,
  row,
} from '@reeve/core';
import { type FieldsQuery, fieldsQuery, pickFields } from '../paging.ts';

const inexistent = {
  not_found: { status: 404, code: 'inexistent_email_provider', message: 'There is not a configured email provider' },
} as const;
const exists = {
  conflict: { status: 409, code: 'email_provider_conflict', message: 'There is already a configured email provider' },
} as const;

/** Auth0's names for what the directory calls otherwise. */
const RENAMED = {
  accessKeyId: 'access_key_id',
  secretAccessKey: 'secret_access_key',
  connectionString: 'connection_string',
} as const;

type Credentials = Record<string, unknown>;
const native = (mails.createProvider.body as Schema).properties as Readonly<Record<string, Schema>>;
const known = native.credentials?.properties as Readonly<Record<string, Schema>>;
const renamed = Object.fromEntries(Object.entries(RENAMED).map(([alias, called]) => [alias, known[called] as Schema]));
const credentials = {
  ...native.credentials,
  properties: { ...known, ...renamed },
} as Schema<Credentials>;

const name = string({ enum: mails.mailProviderNames } as object);
const fields = {
  name: optional(name),
  enabled: optional(boolean()),
  default_from_address: optional(userFields.email),
  settings: optional(json({ maxProperties: 50 })),
  credentials: optional(credentials),
};
const body = object(fields);
/** Deploy tooling puts the name into the query, too. */
const outline = object({ name: optional(name), enabled: optional(boolean()) });
type Outline = Static<typeof outline>;
type Body = Static<typeof body>;

const view = ({ name: called, enabled, default_from_address, credentials: shown, settings }: MailProvider) => ({
  name: called,
  enabled,
  ...present({ default_from_address }),
  credentials: shown,
  settings,
});

function nativeOf({ query, body: given }: Pick<DialectCall<Outline, Body>, 'query' | 'body'>): Body {
  const { credentials: secrets, ...rest } = { ...query, ...given };
  if (secrets === undefined) return rest;
  const named = Object.entries(secrets).map(([key, value]) => [RENAMED[key as keyof typeof RENAMED] ?? key, value]);
  return { ...rest, credentials: Object.fromEntries(named) as Credentials };
}

async function configure(call: DialectCall<Outline, Body>) {
  const { name: called, credentials: secrets = {}, ...rest } = nativeOf(call);
  if (called === undefined) throw fieldProblem('name', 'required', 'name is required.');
  const made = { ...rest, name: called as MailProvider['name'], credentials: secrets };
  return view(resultOf(await operations.mails.createProvider(call.work, { query: undefined, body: made as never })));
}

async function update(call: DialectCall<Outline, Body>) {
  const changed = nativeOf(call) as never;
  return view(resultOf(await operations.mails.updateProvider(call.work, { query: undefined, body: changed })));
}

async function get({ work, query }: DialectCall<FieldsQuery>) {
  return pickFields(view(resultOf(await operations.mails.getProvider(work, noBody))), query);
}

export const emailProvider: readonly DialectRow[] = [
  row('GET /emails/provider', {
    scopes: ['read:email_provider'],
    query: object(fieldsQuery),
    problems: inexistent,
    run: get,
  }),
  row('POST /emails/provider', {
    scopes: ['create:email_provider'],
    query: outline,
    body,
    status: 201,
    problems: exists,
    run: configure,
  }),
  row('PATCH /emails/provider', {
    scopes: ['update:email_provider'],
    query: outline,
    body,
    problems: inexistent,
    run: update,
  }),
  row('DELETE /emails/provider', {
    scopes: ['delete:email_provider'],
    status: 204,
    problems: inexistent,
    run: async ({ work }) => {
      await operations.mails.deleteProvider(work, noBody);
    },
  }),
];
