/**
 * Each tenant's mails by the mail server of its own provider, where it has one that takes mails by SMTP with what it gave
 * us; by the server's own way otherwise. A transport is kept as long as the provider stays as it is.
 */
import { type ActiveMailProvider, findMailProvider, type Services } from '@reeve/core';
import { createServerTransport, type SmtpServer } from './smtp.ts';
import type { MailTransport } from './transport.ts';

/** The way for a tenant's mails. */
export interface Carriage {
  of(tenantId: number): Promise<MailTransport>;
  close(): void;
}

/** The submission port (RFC 6409). */
const SUBMISSION = 587;

/**
 * The SMTP server of a provider, as its documentation has it; undefined where its keys are none for SMTP (`ses`,
 * `mailgun`, `azure_cs`, `ms365`, `custom`).
 */
export function smtpServerOf({
  name,
  credentials,
  isOfDefaultTenant,
}: Omit<ActiveMailProvider, 'sender' | 'stamp'>): SmtpServer | undefined {
  const relay = (host: string, user: string): SmtpServer => ({
    host,
    port: SUBMISSION,
    auth: { user, pass: credentials.api_key as string },
    requireTLS: true,
  });
  switch (name) {
    case 'smtp':
      return {
        host: credentials.smtp_host as string,
        port: credentials.smtp_port as number,
        auth:
          credentials.smtp_user === undefined
            ? undefined
            : { user: credentials.smtp_user, pass: credentials.smtp_pass as string },
        requireTLS: false,
        // Who manages the default tenant runs the server, and may have a mail server beside it.
        mustBePublic: !isOfDefaultTenant,
      };
    case 'sendgrid':
      return relay('smtp.sendgrid.net', 'apikey');
    case 'mandrill':
      return relay('smtp.mandrillapp.com', credentials.api_user ?? 'reeve');
    case 'sparkpost':
      return relay(
        credentials.region === 'eu' ? 'smtp.eu.sparkpostmail.com' : 'smtp.sparkpostmail.com',
        'SMTP_Injection',
      );
    case 'resend':
      return relay('smtp.resend.com', 'resend');
    default:
      return undefined;
  }
}

export function createCarriage(services: Services, own: MailTransport): Carriage {
  const kept = new Map<number, { readonly stamp: string; readonly transport: MailTransport }>();

  return {
    async of(tenantId) {
      const provider = await findMailProvider(services, tenantId);
      const known = kept.get(tenantId);
      if (provider && known?.stamp === provider.stamp) return known.transport;
      // Not closed: another mail may be on its way through it.
      kept.delete(tenantId);
      const server = provider && smtpServerOf(provider);
      if (!server) return own;
      const transport = createServerTransport(server, provider.sender);
      kept.set(tenantId, { stamp: provider.stamp, transport });
      return transport;
    },
    close() {
      for (const { transport } of kept.values()) transport.close();
      own.close();
    },
  };
}
