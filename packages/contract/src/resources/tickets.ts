/** Tickets: one-time links that the caller brings to the person. Nothing is mailed. */
import { route } from '../route.ts';
import { boolean, instant, integer, object, optional, string } from '../schema.ts';

const fields = {
  result_url: optional(
    string({
      maxLength: 2048,
      pattern: '^https?://[^\\s]+$',
      description: 'Where the person is sent afterwards, with `success` and `message`',
    }),
  ),
  include_email_in_redirect: optional(boolean({ default: false, description: 'Adds `email` to `result_url`' })),
  ttl: optional(integer({ minimum: 1, maximum: 2_592_000, default: 432_000, description: 'Seconds' })),
  application: optional(
    string({ minLength: 1, maxLength: 128, description: 'Id or client id of the application that it is for' }),
  ),
  organization: optional(
    string({
      minLength: 1,
      maxLength: 128,
      description:
        'Id or name of the organization that it is for; `result_url` is given `organization_id` and `organization_name`',
    }),
  ),
} as const;

const ticket = object({
  ticket: string({ description: 'The link; it works once' }),
  expires_at: instant(),
});

/** Makes a link that verifies the user’s e-mail address. */
export const createEmailVerification = route('POST /users/{user_id}/tickets/email-verification', {
  scope: 'users:write',
  body: object(fields),
  response: ticket,
  status: 201,
  fails: ['not_found', 'conflict'],
  emits: ['user.email_verification_requested'],
});

/** Makes a link with which the person sets a new password, or confirms the given one. */
export const createPasswordChange = route('POST /users/{user_id}/tickets/password-change', {
  scope: 'users:write',
  body: object({
    ...fields,
    mark_email_as_verified: optional(
      boolean({ default: false, description: 'Whoever uses the link has proved the e-mail address' }),
    ),
    new_password: optional(
      string({
        minLength: 1,
        maxLength: 1024,
        writeOnly: true,
        description: 'Set once the link is confirmed; absent: the person enters one',
      }),
    ),
  }),
  response: ticket,
  status: 201,
  fails: ['not_found', 'conflict', 'weak_password'],
  emits: ['user.password_reset_requested'],
});
