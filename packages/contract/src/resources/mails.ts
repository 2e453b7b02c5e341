/** Mails: the out-box, as far as an administrator must see it. Texts and links are never shown. */
import { cursor, limit, page, route } from '../route.ts';
import {
  boolean,
  instant,
  integer,
  json,
  nullable,
  object,
  oneOf,
  optional,
  partial,
  patchOf,
  type Static,
  string,
} from '../schema.ts';
import { email } from './person.ts';

export const mail = object({
  id: string({ description: '`mai_` and a ULID' }),
  template: oneOf(['verify_email', 'reset_password', 'invitation', 'import_completed']),
  to: string(),
  state: oneOf(['pending', 'sent', 'failed', 'cancelled'], {
    description: '`failed`: given up after the last attempt',
  }),
  attempts: integer(),
  last_error: nullable(string()),
  next_attempt_at: nullable(instant()),
  created_at: instant(),
  sent_at: nullable(instant()),
});
export type Mail = Static<typeof mail>;

/** Lists mails, newest first. */
export const list = route('GET /mails', {
  scope: 'tenants:read',
  query: object({ state: optional(oneOf(['pending', 'sent', 'failed', 'cancelled'])), limit, cursor }),
  response: page('mails', mail),
  items: 'mails',
  fails: ['invalid_cursor'],
});

/** Puts a failed mail back into the out-box. */
export const retry = route('POST /mails/{mail_id}/retry', {
  scope: 'tenants:write',
  response: mail,
  fails: ['not_found', 'conflict'],
  emits: ['mail.retried'],
});

/** Whose service takes a tenant's mails. */
export const mailProviderNames = [
  'mandrill',
  'ses',
  'sendgrid',
  'sparkpost',
  'smtp',
  'mailgun',
  'azure_cs',
  'ms365',
  'resend',
  'custom',
] as const;

const key = () => string({ minLength: 1, maxLength: 4096, writeOnly: true });
const shown = () => string({ minLength: 1, maxLength: 255 });
const credentialFields = {
  api_user: shown(),
  region: shown(),
  smtp_host: string({
    minLength: 1,
    maxLength: 253,
    pattern: '^[A-Za-z0-9:._-]+$',
    description: 'Name or address; it may be private, and is not contacted before there is a mail',
  }),
  smtp_port: integer({ minimum: 1, maximum: 65_535, description: '465: TLS from the start; else STARTTLS if offered' }),
  smtp_user: shown(),
  smtp_pass: key(),
  api_key: key(),
  domain: string({ minLength: 1, maxLength: 253 }),
  access_key_id: key(),
  secret_access_key: key(),
  connection_string: key(),
  tenant_id: key(),
  client_id: key(),
  client_secret: key(),
} as const;

const providerFields = {
  name: oneOf(mailProviderNames),
  enabled: boolean({ description: 'False: mails go the server’s own way' }),
  default_from_address: email,
  credentials: patchOf(credentialFields, Object.keys(credentialFields) as (keyof typeof credentialFields)[]),
  settings: json({ maxProperties: 50, description: 'Kept as it is' }),
} as const;

export const mailProvider = object({
  name: oneOf(mailProviderNames),
  enabled: boolean(),
  default_from_address: nullable(string()),
  credentials: object(
    {
      api_user: optional(string()),
      region: optional(string()),
      smtp_host: optional(string()),
      smtp_port: optional(integer()),
      smtp_user: optional(string()),
    },
    { description: 'What of them is no secret' },
  ),
  settings: json(),
  created_at: instant(),
  updated_at: instant(),
});
export type MailProvider = Static<typeof mailProvider>;

/** Reads the mail provider of the tenant; its keys and passwords are never shown. */
export const getProvider = route('GET /mail-provider', {
  scope: 'tenants:read',
  response: mailProvider,
  fails: ['not_found'],
});

/** Sets up the tenant’s mail provider. `smtp`, `sendgrid`, `mandrill`, `sparkpost` and `resend` send its mails; the others are kept. */
export const createProvider = route('POST /mail-provider', {
  scope: 'tenants:write',
  body: object({
    name: providerFields.name,
    enabled: optional(boolean({ default: true })),
    default_from_address: optional(nullable(providerFields.default_from_address)),
    credentials: object(partial(credentialFields)),
    settings: optional(providerFields.settings),
  }),
  response: mailProvider,
  status: 201,
  fails: ['conflict'],
  emits: ['mail_provider.created'],
});

/** Changes the mail provider by JSON merge patch (RFC 7396). Another `name` takes new `credentials`. */
export const updateProvider = route('PATCH /mail-provider', {
  scope: 'tenants:write',
  body: patchOf(providerFields, ['default_from_address']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: mailProvider,
  fails: ['not_found'],
  emits: ['mail_provider.updated'],
});

/** Forgets the mail provider; mails go the server’s own way again. */
export const deleteProvider = route('DELETE /mail-provider', {
  scope: 'tenants:write',
  fails: ['not_found'],
  emits: ['mail_provider.deleted'],
});
