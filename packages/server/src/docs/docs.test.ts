import { readFileSync } from 'node:fs';
import { type ProblemCode, problems } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { openApiDocument } from '@reeve/contract/openapi';
import { bootServer, type TestServer } from '@reeve/testkit';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../version.ts';

let server: TestServer;
beforeAll(async () => {
  server = await bootServer('sqlite');
});
afterAll(() => server.stop());

const get = (path: string) => fetch(server.url + path);

describe('the OpenAPI document', () => {
  it('is valid to an independent validator, and served without a token', async () => {
    const response = await get('/api/v1/openapi.json');
    expect(response.status).toBe(200);
    const document = (await response.json()) as Record<string, unknown>;
    expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument(VERSION))));
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it('holds every operation once, each with a summary, its scope, and schemas that compile', () => {
    const document = openApiDocument(VERSION) as {
      paths: Record<string, Record<string, { operationId: string; summary: string; security: object[] }>>;
      components: { schemas: Record<string, object> };
    };
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(routes.map(({ id }) => id).sort());
    for (const { operationId, summary } of operations) expect(summary, operationId).toMatch(/^[A-Z].{8,}[^.]$/);
    for (const { route } of routes) {
      const operation = document.paths[route.path]?.[route.verb.toLowerCase()];
      expect(operation?.security[0]).toEqual(route.scope === null ? undefined : { oauth2: [route.scope] });
    }
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    ajv.addSchema({ $id: 'document', components: document.components });
    for (const name of Object.keys(document.components.schemas))
      expect(() => ajv.getSchema(`document#/components/schemas/${name}`), name).not.toThrow();
  });

  it('declares every problem that an operation declares, by status', () => {
    const document = openApiDocument(VERSION) as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
      >;
    };
    for (const { id, route } of routes) {
      const responses = document.paths[route.path]?.[route.verb.toLowerCase()]?.responses ?? {};
      for (const code of route.fails ?? []) {
        const schema = responses[problems[code][0]]?.content?.['application/problem+json']?.schema as {
          properties: { code: { enum: ProblemCode[] } };
        };
        expect(schema.properties.code.enum, id).toContain(code);
      }
    }
  });

  it('takes its summaries from the doc comments as they are now', async () => {
    const script = new URL('../../../../scripts/summaries.mjs', import.meta.url);
    const { summariesModule } = (await import(script.href)) as { summariesModule(): string };
    const source = readFileSync(new URL('../../../contract/src/summaries.ts', import.meta.url), 'utf8');
    expect(source, 'run: node scripts/summaries.mjs').toBe(summariesModule());
  });

  it('carries the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(version);
  });
});

describe('the reference', () => {
  it('needs no other host: each page and all that it loads is served here, under a policy that says so', async () => {
    for (const path of ['/docs', '/docs/problems']) {
      const response = await get(path);
      expect(response.status, path).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      const html = await response.text();
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|<style/);
      const loaded = [...html.matchAll(/(?:src|<link[^>]*href)="([^"]+)"/g)].map(([, url]) => url as string);
      expect(loaded.length).toBeGreaterThan(0);
      for (const url of loaded) {
        expect(url).toMatch(/^\/docs\/assets\//);
        const asset = await get(url);
        expect(asset.status, url).toBe(200);
        expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(20);
      }
    }
    expect(await (await get('/docs/assets/reference.js')).text()).toContain('"/api/v1/openapi.json"');
  });

  it('serves no file but its own', async () => {
    for (const name of [
      'package.json',
      '..%2fpackage.json',
      '%2e%2e%2f%2e%2e%2fpackage.json',
      'constructor',
      '__proto__',
    ])
      expect((await get(`/docs/assets/${name}`)).status, name).toBe(404);
  });

  it('explains every problem where the problem’s type points to', async () => {
    const { body } = await server.api('GET', '/users/usr_nobody');
    const [path, anchor] = (body as { type: string }).type.split('#');
    expect(path).toBe('/docs/problems');
    const html = await (await get('/docs/problems')).text();
    for (const code of [anchor, ...Object.keys(problems)]) expect(html).toContain(`id="${code}"`);
  });
});
