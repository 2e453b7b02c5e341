import http from 'node:http';
import { cpSync, writeFileSync, mkdtempSync } from 'node:fs';
import { bootServer } from '@reeve/testkit';
import { it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { tlsEnvironment, trustedDomain } from './tls.ts';
import { deployCli } from './deploy-cli.ts';
const log: string[] = [];
it.each((process.env.V ?? '7,8').split(',').map(Number) as (7|8)[])('probe %s', async (v) => {
  const server = await bootServer('sqlite', { environment: tlsEnvironment });
  const domain = await trustedDomain(server);
  const real = http.ServerResponse.prototype.end;
  http.ServerResponse.prototype.end = function (this: any, ...args: any[]) {
    if (this.req?.method !== 'GET' && !this.req?.url.includes('oauth/token')) log.push(`${v} ${this.statusCode} ${this.req?.method} ${this.req?.url} ${this.statusCode >= 300 ? String(args[0]).slice(0, 300) : ''}`);
    return (real as any).apply(this, args);
  } as any;
  const f = globalThis.fetch; globalThis.fetch = (async (...a: any[]) => { try { return await (f as any)(...a); } catch (e: any) { log.push('FETCH ' + String(a[0]?.url ?? a[0]) + JSON.stringify(a[1], (k, v) => k === 'authorization' ? 'x' : v).slice(0, 400) + ' ' + e.cause?.code + ' ' + e.cause?.message + e.cause?.stack); writeFileSync('/tmp/probe.log', log.join('\n')); throw e; } }) as any;
  const cli = deployCli(v, domain);
  const a = mkdtempSync('/tmp/dumpA-'); const b = mkdtempSync('/tmp/dumpB-');
  try {
    await cli.dump(a, 'directory');
    log.push('dumped');
    await cli.deploy(a);
    log.push('deployed');
    await cli.dump(b, 'directory');
    log.push(`---OK ${v} ${a} ${b}`);
    try { execFileSync('diff', ['-r', a, b]); log.push('SAME'); } catch (e: any) { log.push(String(e.stdout)); }
  } catch (e: any) { log.push(`---FAILED ${v} ${a} ${e.stage} ${e.type} ${e.statusCode} ${e.message.slice(0, 800)} ${e.cause?.message} ${e.cause?.code} ${e.stack} ${e.cause?.stack}`); }
  http.ServerResponse.prototype.end = real;
  writeFileSync('/tmp/probe.log', log.join('\n'));
  await server.stop();
}, 300000);
