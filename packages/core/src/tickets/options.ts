/** What a ticket is to do beside its kind: stored with it as JSON, and where its person is sent afterwards. */
import type { Selectable } from 'kysely';
import { findApplication } from '../applications/applications.store.ts';
import type { Db } from '../database/database.ts';
import { organizationCalled } from '../organizations/organizations.store.ts';
import { fieldProblem } from '../problem.ts';
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
  readonly organization?: { readonly id: string; readonly name: string; readonly display_name: string | null };
}

export const optionsOf = <Options = LinkOptions>({ options }: Pick<Row, 'options'>): Options =>
  JSON.parse(options) as Options;

/** What a link may be asked to do beside its kind, as callers say it. */
export interface WantedLink {
  readonly result_url?: string;
  readonly include_email_in_redirect?: boolean;
  /** Id or client id. */
  readonly application?: string;
  /** Id or name. */
  readonly organization?: string;
}

/** What is wanted of a link as it is kept. Throws `invalid_request` where something names nothing. */
export async function linkOptions(db: Db, tenantId: number, wanted: WantedLink): Promise<LinkOptions> {
  const { result_url, include_email_in_redirect: include_email = false, application, organization } = wanted;
  if (result_url !== undefined && !URL.canParse(result_url))
    throw fieldProblem('result_url', 'format', 'result_url must be an absolute http or https URL.');
  const app = application === undefined ? undefined : await findApplication(db, tenantId, application);
  if (application !== undefined && !app)
    throw fieldProblem('application', 'exists', `No application is called "${application}".`);
  const within = organization === undefined ? undefined : await organizationCalled(db, tenantId, organization);
  if (organization !== undefined && !within)
    throw fieldProblem('organization', 'exists', `No organization is called "${organization}".`);
  return {
    ...(result_url === undefined ? {} : { result_url }),
    ...(include_email ? { include_email } : {}),
    ...(app ? { application_id: app.id } : {}),
    ...(within ? { organization: { id: within.id, name: within.name, display_name: within.display_name } } : {}),
  };
}

/** What the audit log says of a link's making. */
export const notedOf = ({ application_id, organization }: LinkOptions) => ({
  ...(application_id === undefined ? {} : { application_id }),
  ...(organization === undefined ? {} : { organization_id: organization.id }),
});

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
  const { result_url, include_email = false, organization } = optionsOf(ticket);
  if (result_url === undefined) return undefined;
  const url = new URL(result_url);
  if (include_email) url.searchParams.set('email', ticket.email);
  if (organization) {
    url.searchParams.set('organization_id', organization.id);
    url.searchParams.set('organization_name', organization.name);
  }
  url.searchParams.set('success', String(success));
  url.searchParams.set('message', message);
  return url.href;
}
