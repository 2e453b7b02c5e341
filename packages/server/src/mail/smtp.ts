/**
 * Mails by SMTP. A server that can't be reached, is busy (4xx) or refuses our credentials is asked again later; a refusal
 * of the mail itself (5xx to its sender, recipient or content) is final.
 */
import type { Socket } from 'node:net';
import { ConfigError } from '../config.ts';
import { createMailer } from './mailer.ts';
import { connectPublic } from './reach.ts';
import type { MailTransport } from './transport.ts';

/** The whole of one attempt; less than a lease. */
const ATTEMPT_MILLISECONDS = 60_000;
const ADDRESS = /^[^\s@<>",]+@[^\s@<>",]+$/;
const ABOUT_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE']);

interface SmtpError {
  readonly message: string;
  readonly code?: string;
  readonly responseCode?: number;
}

/**
 * `smtp://` uses STARTTLS where the server offers it, `smtps://` TLS from the start; user and password stand in the URL.
 * Beside nodemailer's own options (`requireTLS`, `tls.rejectUnauthorized`, …) its query takes `from`: the address to send
 * from. Without it that is the URL's user where it is an address.
 */
export function createSmtpTransport(smtpUrl: string): MailTransport {
  const { url, sender } = readUrl(smtpUrl);
  return smtpTransport({ url }, sender);
}

/** A mail server that a tenant named. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  /** Without encryption nothing is sent. */
  readonly requireTLS: boolean;
  /** Whether nobody but the public Internet may be reached. */
  readonly mustBePublic?: boolean;
}

/** `sender`: the address to send from; undefined: the user where it is an address. */
export function createServerTransport(server: SmtpServer, sender?: string): MailTransport {
  const { host, port, auth, requireTLS, mustBePublic } = server;
  const secure = port === 465;
  const from = sender ?? (auth && ADDRESS.test(auth.user) ? auth.user : undefined);
  const place = { host, port, secure, requireTLS: requireTLS && !secure, ...(auth ? { auth } : {}) };
  return smtpTransport({ ...place, ...(mustBePublic ? { getSocket: publicSocket(host, port) } : {}) }, from);
}

type SocketTaker = (error: Error | null, socket: { connection: Socket } | false) => void;

const publicSocket =
  (host: string, port: number) =>
  (_options: unknown, taken: SocketTaker): void => {
    connectPublic(host, port).then(
      (connection) => taken(null, { connection }),
      (error: Error) => taken(error, false),
    );
  };

type Place =
  | { readonly url: string }
  | (Pick<SmtpServer, 'host' | 'port' | 'requireTLS'> & {
      readonly secure: boolean;
      readonly getSocket?: (options: unknown, taken: SocketTaker) => void;
    });

function smtpTransport(place: Place, sender: string | undefined): MailTransport {
  const bounds = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };
  const smtp = createMailer(({ createTransport }) => createTransport({ ...place, ...bounds }));
  const closing = new AbortController();
  return {
    sender,
    async send(message) {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ATTEMPT_MILLISECONDS)]);
      await smtp.send({ ...message, signal });
      return undefined;
    },
    judge(error) {
      const { message, code = 'error', responseCode } = error as SmtpError;
      const isTemporary = responseCode !== undefined && responseCode < 500;
      return {
        message,
        reason: responseCode === undefined ? code : `${code} ${responseCode}`,
        isPermanent: ABOUT_THE_MAIL.has(code) && !isTemporary,
      };
    },
    close() {
      closing.abort(new Error('The server is stopping.'));
      smtp.close();
    },
  };
}

function readUrl(smtpUrl: string): { url: string; sender: string | undefined } {
  const url = new URL(smtpUrl);
  const from = url.searchParams.get('from') ?? undefined;
  if (from !== undefined && !ADDRESS.test(from))
    throw new ConfigError('REEVE_SMTP_URL: its query parameter "from" must be an e-mail address.');
  url.searchParams.delete('from');
  const user = decodeURIComponent(url.username);
  return { url: url.href, sender: from ?? (ADDRESS.test(user) ? user : undefined) };
}
