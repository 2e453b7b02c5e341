import http from 'node:http';
import { createRequire } from 'node:module';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { bootServer, CLIENT_ID, CLIENT_SECRET } from '@reeve/testkit';
import { it } from 'vitest';
import { tlsEnvironment, trustedDomain } from './tls.ts';
const require = createRequire(import.meta.url);
const log: string[] = [];
it.each([7, 8])('probe %s', async (v) => {
  const server = await bootServer('sqlite', { environment: tlsEnvironment });
  const domain = await trustedDomain(server);
  const real = http.ServerResponse.prototype.end;
  http.ServerResponse.prototype.end = function (this: any, ...args: any[]) {
    if (!this.req?.url.includes('oauth/token')) log.push(`${v} ${this.statusCode} ${this.req?.method} ${this.req?.url} ${this.statusCode >= 300 ? String(args[0]).slice(0, 200) : ''}`);
    return (real as any).apply(this, args);
  } as any;
  const cli = require(`deploy-cli-${v}`);
  const h = require(`deploy-cli-${v}/lib/tools/auth0/handlers`).default;
  const sets = process.env.FULL ? [undefined] : Object.keys(h).map((n) => [n]);
  for (const set of sets) {
    const out = mkdtempSync('/tmp/dump-');
    try {
      await cli.dump({ output_folder: out, config: { AUTH0_DOMAIN: domain, AUTH0_CLIENT_ID: CLIENT_ID, AUTH0_CLIENT_SECRET: CLIENT_SECRET, ...(set ? { AUTH0_INCLUDED_ONLY: set } : {}) } });
      log.push(`---OK ${v} ${set} ${out}`);
    } catch (e: any) { log.push(`---FAILED ${v} ${set} ${e.stage} ${e.type} ${e.statusCode} ${e.message.slice(0, 200)}`); }
  }
  http.ServerResponse.prototype.end = real;
  writeFileSync('/tmp/probe.log', log.join('\n'));
  await server.stop();
}, 300000);
