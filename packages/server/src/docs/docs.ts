/**
 * The reference, for people and programs, without a token: the OpenAPI document, a page that shows it, and a page of
 * every problem code. Everything comes from this server; the pages' policy allows no other host.
 */
import { readFile } from 'node:fs/promises';
import { Problem } from '@reeve/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { NATIVE_PREFIX } from '../entry.ts';
import { problemsPage, referencePage, referenceScript, styleSheet } from './pages.ts';

const KEEP = 'public, max-age=3600';
/** swagger-ui writes style attributes; scripts are ours and its own, from here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Makes the value at the first call; every later one gets the same. A failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

const packageFile = (name: string) => readFile(new URL(name, import.meta.resolve('swagger-ui-dist/package.json')));

const sendPage = (reply: FastifyReply, html: string) =>
  reply
    .header('content-security-policy', POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', KEEP)
    .type('text/html; charset=utf-8')
    .send(html);

export function installDocs(http: FastifyInstance, version: string): void {
  // The document is made when somebody asks for it: a start need not wait.
  const contract = once(() => import('@reeve/contract/openapi'));
  const document = once(async () => JSON.stringify((await contract()).openApiDocument(version)));
  const problems = once(async () => problemsPage((await contract()).codesOf));
  http.get(`${NATIVE_PREFIX}/openapi.json`, async (_request, reply) =>
    reply
      .header('cache-control', KEEP)
      .type('application/json; charset=utf-8')
      .send(await document()),
  );
  http.get('/docs', async (_request, reply) => sendPage(reply, referencePage));
  http.get('/docs/problems', async (_request, reply) => sendPage(reply, await problems()));
  const own: Readonly<Record<string, [string, string]>> = {
    'reference.js': ['text/javascript; charset=utf-8', referenceScript(`${NATIVE_PREFIX}/openapi.json`)],
    'docs.css': ['text/css; charset=utf-8', styleSheet],
  };
  const read = Object.fromEntries(Object.keys(FILES).map((name) => [name, once(() => packageFile(name))]));
  http.get('/docs/assets/:name', async (request, reply) => {
    const { name } = request.params as { name: string };
    const [type, text] = Object.hasOwn(own, name) ? (own[name] as [string, string]) : [FILES[name]];
    const file = Object.hasOwn(read, name) ? read[name] : undefined;
    if (type === undefined || (text === undefined && !file))
      throw new Problem('route_not_found', 'The reference has no such file.');
    return reply
      .header('cache-control', KEEP)
      .type(type)
      .send(text ?? (await file?.()));
  });
}
