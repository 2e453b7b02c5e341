/** A program that uses a client ends when it is done: no timer, channel or connection keeps it. */
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { signIn, startUpstream, type Upstream } from './upstream.fixture.ts';

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream();
  upstream.answering = () => ({ body: signIn('u') });
});
afterEach(() => upstream[Symbol.asyncDispose]());

/** Longer than a start takes on a busy machine, shorter than the refresh that would be waited for. */
const PATIENCE_MS = 15_000;

it.each([
  ['without options', ''],
  ['with a store of its own, and so a channel', ', ports: { tokenStore: new MemoryTokenStore() }'],
])('%s, signed in, without destroy', async (_name, options) => {
  const program = `
    import { createAuthClient, MemoryTokenStore } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
    const client = createAuthClient({ apiBaseUrl: '${upstream.url}'${options} });
    await client.auth.login({ email: 'a', password: 'b' });
    console.log(client.getStatus(), client.auth.isAuthenticated(), await client.auth.getAccessToken() !== null);`;
  const args = ['--conditions=reeve-source', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { timeout: PATIENCE_MS, stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  const [code, signal] = await new Promise<unknown[]>((resolve) => child.on('close', (...how) => resolve(how)));
  expect({ code, signal, said: Buffer.concat(said).toString() }).toEqual({
    code: 0,
    signal: null,
    said: 'authenticated true true\n',
  });
  expect(upstream.count('POST /auth/login')).toBe(1);
});
