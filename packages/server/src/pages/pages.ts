/**
 * The pages behind links. A GET changes nothing (mail scanners and previews fetch every link); the button's POST redeems
 * the ticket. Impersonation alone has no page: its link is never mailed, and the GET goes on to the application. There is no cookie and no session: whoever has the ticket may act, whoever has not can't. So
 * a forged request could only bring a ticket that its forger has already, and the Origin header is not asked for: under
 * `Referrer-Policy: no-referrer`, which keeps the ticket from leaking, browsers send it as `null`.
 */
import type { Readable } from 'node:stream';
import { anonymousActor, createWork, type DeadReason, DeadTicket, Problem, type Work } from '@reeve/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkStorable, readText } from '../body.ts';
import { callerOf, type Entered, enter, type Rooms, witnessRefusal } from '../entry.ts';
import { impersonationPage } from './impersonation.ts';
import { invitationPage } from './invitation.ts';
import { resetPasswordPage } from './reset-password.ts';
import { awayScreen, contentSecurityPolicy, documentOf, refusalScreen, type Screen } from './screen.ts';
import { verifyEmailPage } from './verify-email.ts';

/** The fields of a submitted form by name; one that was not sent is empty. */
export type Form = (name: string) => string;

export interface Page {
  readonly path: string;
  show(work: Work, ticket: string): Promise<Screen>;
  /** Absent: there is no form, and the GET itself uses the link up. */
  submit?(work: Work, ticket: string, form: Form): Promise<Screen>;
}

const pages: readonly Page[] = [verifyEmailPage, resetPasswordPage, invitationPage, impersonationPage];
const BODY_LIMIT = 65_536;

export function installPages(http: FastifyInstance, rooms: Rooms): void {
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      async (_request: FastifyRequest, payload: Readable) => parseForm(await readText(payload, BODY_LIMIT)),
    );
    for (const page of pages) installPage(scope, rooms, page);
  });
}

function installPage(scope: FastifyInstance, rooms: Rooms, page: Page): void {
  const shared = {
    url: page.path,
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      // No referrer: the address holds the ticket.
      reply.header('referrer-policy', 'no-referrer');
      await enter(rooms, null, request, reply);
    },
    errorHandler: async (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const problem = await witnessRefusal(rooms.services, request, error);
      if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
      return send(reply, refused(problem, request.id));
    },
  };
  const workOf = (request: FastifyRequest): Work => {
    const { tenant } = request.entered as Entered;
    return createWork({ services: rooms.services, tenant, actor: anonymousActor, caller: callerOf(request) });
  };
  scope.route({
    ...shared,
    method: page.submit ? ['GET', 'HEAD'] : 'GET',
    handler: async (request, reply) => {
      const { ticket } = request.query as { ticket?: unknown };
      return send(reply, await page.show(workOf(request), typeof ticket === 'string' ? ticket : ''));
    },
  });
  const { submit } = page;
  if (!submit) return;
  scope.route({
    ...shared,
    method: 'POST',
    handler: async (request, reply) => {
      const fields = request.body as ReadonlyMap<string, string> | undefined;
      const form: Form = (name) => fields?.get(name) ?? '';
      return send(reply, await submit(workOf(request), form('ticket'), form));
    },
  });
}

function send(reply: FastifyReply, screen: Screen): FastifyReply {
  reply.header('content-security-policy', contentSecurityPolicy(screen.formTarget));
  if (screen.location !== undefined) reply.header('location', screen.location);
  return reply.code(screen.status).type('text/html; charset=utf-8').send(documentOf(screen));
}

const DEAD: Readonly<Record<DeadReason, [status: number, title: string, text: string]>> = {
  expired: [410, 'This link has expired', 'Ask for a new one; it will come by mail.'],
  used: [410, 'This link no longer works', 'It was used already, or a newer mail has replaced it.'],
  unknown: [404, 'This link does not work', 'Open the link exactly as it stands in the mail, or ask for a new one.'],
};

function refused(problem: Problem, requestId: string): Screen {
  if (problem instanceof DeadTicket)
    return problem.resultUrl === undefined ? refusalScreen(...DEAD[problem.reason]) : awayScreen(problem.resultUrl);
  const text = {
    429: 'Too many attempts. Wait a minute, then try again.',
    500: 'Something went wrong here. Try again later.',
    503: 'There is much to do at the moment. Try again in a few seconds.',
  }[problem.status];
  return refusalScreen(problem.status, problem.title, text ?? problem.message, requestId);
}

/** Decodes a form strictly: what is not UTF-8, or can't be stored, is refused rather than replaced. */
function parseForm(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const pair of text.split('&')) {
    const [name = '', value = ''] = splitOnce(pair).map(decode);
    if (!fields.has(name)) fields.set(name, value);
    checkStorable(value, name);
  }
  return fields;
}

const splitOnce = (pair: string): string[] => {
  const at = pair.indexOf('=');
  return at < 0 ? [pair] : [pair.slice(0, at), pair.slice(at + 1)];
};

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Problem('invalid_request', 'The form is not validly encoded.');
  }
}
