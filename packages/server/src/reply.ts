/** The last room: answers leave here, as the response schema allows, or as RFC 9457 problem details. */
import type { Duplex } from 'node:stream';
import { type ProblemCode, problems } from '@reeve/contract';
import { Problem } from '@reeve/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { challengeOf } from './challenge.ts';

const PROBLEM_BASE = '/docs/problems#';

/** Codes of Fastify's own refusals, in the words of the catalogue. */
const TRANSPORT: Record<string, [ProblemCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Send the body as one of the content types that this route takes.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body is not as long as Content-Length says.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_json', 'The body is empty; send a JSON document or no content type.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not validly encoded.'],
};

/** Any error as the problem that the caller is told. What is not a problem is a defect: logged here, told as `internal`. */
export function problemOf(error: unknown, { id, log }: Pick<FastifyRequest, 'id' | 'log'>): Problem {
  if (error instanceof Problem) return error;
  const known = TRANSPORT[(error as FastifyError).code];
  if (known) return new Problem(...known);
  const { statusCode } = error as FastifyError;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem('invalid_request', 'The request is malformed.');
  log.error({ err: error, request_id: id }, 'a request failed');
  return new Problem('internal', 'The server failed; the request id finds the cause in its log.');
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  const challenge = challengeOf(problem);
  if (challenge !== undefined) reply.header('www-authenticate', challenge);
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: PROBLEM_BASE + problem.code,
        title: problem.title,
        status: problem.status,
        code: problem.code,
        detail: problem.message,
        request_id: reply.request.id,
        ...(problem.errors ? { errors: problem.errors } : {}),
      }),
    );
}

const STATUS_OF: Readonly<Record<string, [status: number, reason: string, code: ProblemCode]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'invalid_request'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'request_timeout'],
};

/** Answers what is not HTTP at all, before there is a request: in the same form, and with a request id, as everything. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, code] = STATUS_OF[error.code ?? ''] ?? [400, 'Bad Request', 'invalid_request'];
  const body = JSON.stringify({
    type: PROBLEM_BASE + code,
    title: problems[code][1],
    status,
    code,
    detail: 'The request is not valid HTTP, too large or too slow.',
    request_id: requestId,
  });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
