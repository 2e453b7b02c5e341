/** What a ticket is to do beside its kind: stored with it as JSON, and where its person is sent afterwards. */
import type { Selectable } from 'kysely';
import type { TicketTable } from '../tables.ts';

type Row = Selectable<TicketTable>;

/** Options of tickets that verify an address or set a password. */
export interface LinkOptions {
  /** Absolute http(s) URL. */
  readonly result_url?: string;
  readonly include_email?: boolean;
  /** Whether using the link proves the address. Absent: it was mailed there, so it does. */
  readonly proves_email?: boolean;
  readonly application_id?: string;
}

export const optionsOf = <Options = LinkOptions>({ options }: Pick<Row, 'options'>): Options =>
  JSON.parse(options) as Options;

/** How it ended, for the one whose page comes next. */
export interface TicketOutcome {
  readonly success: boolean;
  readonly message: string;
}

/** The ticket's `result_url` with the outcome in its query; undefined where it has none. */
export function resultUrlOf(
  ticket: Pick<Row, 'options' | 'email'>,
  { success, message }: TicketOutcome,
): string | undefined {
  const { result_url, include_email = false } = optionsOf(ticket);
  if (result_url === undefined) return undefined;
  const url = new URL(result_url);
  if (include_email) url.searchParams.set('email', ticket.email);
  url.searchParams.set('success', String(success));
  url.searchParams.set('message', message);
  return url.href;
}
