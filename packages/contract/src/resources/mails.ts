/** Mails: the out-box, as far as an administrator must see it. Texts and links are never shown. */
import { cursor, limit, page, route } from '../route.ts';
import { instant, integer, nullable, object, oneOf, optional, type Static, string } from '../schema.ts';

export const mail = object({
  id: string({ description: '`mai_` and a ULID' }),
  template: oneOf(['verify_email', 'reset_password', 'invitation']),
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
