/**
 * The recorded calls of the contract, replayed: by this client, and by the one that they were recorded from, which shows
 * that the walk itself is right.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capture, type Captured, startCapture } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, genuine, type Package } from './genuine.ts';
import { AuthenticationClient, ManagementClient } from './index.ts';

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly content_type?: string;
  readonly value: string;
}
interface Recorded {
  readonly args: unknown[];
  readonly callback_only?: boolean;
  readonly quirk?: boolean;
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly body?: unknown;
    readonly multipart?: Part[];
  };
  readonly throws?: { readonly name: string; readonly message: string; readonly sync: boolean };
  readonly returns?: unknown;
}
interface Row {
  readonly id: string;
  readonly surface: string;
  readonly recorded_with: readonly string[];
  readonly recorded: readonly Recorded[];
  readonly client_validation: readonly { readonly message?: string; readonly sync: boolean }[];
}
const { methods, transport } = JSON.parse(readFileSync(new URL('../contract/auth0.json', import.meta.url), 'utf8')) as {
  methods: Row[];
  transport: { request_headers: Record<string, string> };
};

let capture: Capture;
let folder: string;
beforeAll(async () => {
  capture = await startCapture();
  folder = mkdtempSync(join(tmpdir(), 'reeve-recorded-'));
});
afterAll(() => {
  capture[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const own = { ManagementClient, AuthenticationClient } as unknown as Package;
const clientsOf = ({ ManagementClient, AuthenticationClient }: Package) => ({
  ManagementClient: new ManagementClient({ domain: capture.domain, token: 'TOKEN' }),
  AuthenticationClient: new AuthenticationClient({ domain: capture.domain, clientId: 'authCID' }),
});

/** Calls by the row's surface, e.g. `ManagementClient.users.get`. */
const callOf = (subject: Package, { surface }: Row) => {
  const [root, ...path] = surface.split('.') as ['ManagementClient', ...string[]];
  const method = path.pop() as string;
  const holder = path.reduce((object, name) => object[name] as unknown as Caller, clientsOf(subject)[root] as Caller);
  return (...args: unknown[]) => (holder[method] as (...args: unknown[]) => unknown).apply(holder, args);
};

/** Files are named by the recording; here they must exist. */
const argumentsOf = ({ args, request }: Recorded): unknown[] => {
  const [file] = request?.multipart ?? [];
  if (!file?.filename) return structuredClone(args);
  return structuredClone(args).map((data) => {
    const { users } = data as { users?: string };
    if (!users) return data;
    const path = join(folder, users);
    writeFileSync(path, file.value);
    return { ...(data as object), users: path };
  });
};

type Call = (...args: unknown[]) => unknown;
const byPromise = async (call: Call, args: unknown[]): Promise<unknown> => call(...args);
const byCallback = (call: Call, args: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const returned = call(...args, (...outcome: unknown[]) => {
      if (outcome.length === 1) reject(outcome[0]);
      else resolve(outcome[1]);
    });
    expect(returned).toBeUndefined();
  });

const partsOf = ({ headers, body }: Captured): Part[] => {
  const boundary = /boundary=(.*)$/.exec(headers['content-type'] as string)?.[1] as string;
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((text) => {
      const [head = '', value = ''] = text.replace(/^\r\n|\r\n$/g, '').split('\r\n\r\n');
      const name = / name="([^"]*)"/.exec(head)?.[1] as string;
      const filename = /filename="([^"]*)"/.exec(head)?.[1];
      const type = /content-type: (.*)/i.exec(head)?.[1];
      return { name, ...(filename ? { filename } : {}), ...(type ? { content_type: type } : {}), value };
    });
};

const pairsOf = (query: string | undefined) => (query ? query.split('&').sort() : []);
const PLAIN = 'application/json, text/plain, */*';

const expectRequest = (row: Row, sent: Captured, recorded: Recorded, isOwn: boolean) => {
  const { method, url, body, multipart } = recorded.request as NonNullable<Recorded['request']>;
  expect(sent.method).toBe(method);
  const [path, query] = sent.url.split('?');
  const [wantedPath, wantedQuery] = url.split('?');
  // This client encodes every id; the other one leaves this one raw.
  expect(path).toBe(isOwn ? wantedPath?.replaceAll('|', '%7C') : wantedPath);
  expect(pairsOf(query)).toEqual(pairsOf(wantedQuery));
  if (multipart) expect(partsOf(sent)).toEqual(multipart);
  else if (body !== undefined) expect(JSON.parse(sent.body)).toEqual(body);
  else expect(sent.body).toBe('');
  const isPlain = multipart !== undefined || row.id.startsWith('auth.');
  const [accept] = (transport.request_headers.accept as string).split(' ');
  const bearer = row.id.startsWith('auth.') ? (row.id === 'auth.users.getInfo' ? 'ACCESS' : 'API1') : 'TOKEN';
  expect(sent.headers).toMatchObject({
    accept: isPlain ? PLAIN : accept,
    'content-type': multipart ? expect.stringMatching(/^multipart\/form-data; boundary=/) : 'application/json',
    'user-agent': `node.js/${process.version.slice(1)}`,
    authorization: `Bearer ${bearer}`,
    ...(isPlain ? {} : { 'accept-encoding': transport.request_headers['accept-encoding'] }),
  });
  const telemetry = JSON.parse(Buffer.from(sent.headers['auth0-client'] as string, 'base64url').toString());
  expect(telemetry).toEqual({ name: 'node-auth0', version: '3.7.2', env: { node: process.version.slice(1) } });
  expect(sent.headers['auth0-client']).not.toContain('=');
};

/** What this client does in place of a harmful request (contract §5). */
const safer: Record<string, string | { readonly url: string }> = {
  'getUser [{}]': 'You must provide an id for the get method',
  'getUser []': 'You must provide an id for the get method',
  'users.delete [{"id":""}]': 'You must provide an id for the delete method',
  'users.getRoles [{"id":"google-oauth2|a/b c?d#e"}]': { url: '/api/v2/users/google-oauth2%7Ca%2Fb%20c%3Fd%23e/roles' },
  'clients.get [{"client_id":"c|1/2"}]': { url: '/api/v2/clients/c%7C1%2F2' },
};

// The other client takes a callback that comes first for the argument that it stands in place of.
const callbackTakenForArgument = new Set(['getDailyStats []', 'users.getByEmail []']);

const cases = methods.flatMap((row) =>
  row.recorded.map((recorded) => ({ row, recorded, name: `${row.id} ${JSON.stringify(recorded.args)}` })),
);
const quirks = cases.filter(({ recorded }) => recorded.quirk);

it('walks 144 rows and 196 calls', () => {
  expect(methods).toHaveLength(144);
  expect(cases).toHaveLength(196);
  expect(quirks.map(({ name }) => name).sort()).toEqual(Object.keys(safer).sort());
});

describe.each([
  ['this client', own],
  ['auth0@3.7.2', genuine],
])('%s', (name, subject) => {
  const isOwn = subject === own;
  // What only releases up to 2.17 had.
  const present = cases.filter(({ row }) => isOwn || row.recorded_with.includes('3.7.2'));
  const sending = present.filter(({ recorded }) => recorded.request && !(isOwn && recorded.quirk));

  it.each(sending)('$name', async ({ row, recorded, name }) => {
    const isSole = !isOwn && callbackTakenForArgument.has(name);
    const forms = recorded.callback_only ? [byCallback] : isSole ? [byPromise] : [byCallback, byPromise];
    for (const form of forms) {
      capture.take();
      const args = argumentsOf(recorded);
      const before = JSON.stringify(args);
      await form(callOf(subject, row), args);
      const sent = capture.take();
      expect(sent).toHaveLength(1);
      expectRequest(row, sent[0] as Captured, recorded, isOwn);
      if (isOwn) expect(JSON.stringify(args)).toBe(before);
    }
  });

  it.each(present.filter(({ recorded }) => recorded.throws))('$name throws', ({ row, recorded }) => {
    const { name, message } = recorded.throws as NonNullable<Recorded['throws']>;
    for (const args of [recorded.args, [...recorded.args, () => expect.unreachable(`${name} reached the callback`)]]) {
      capture.take();
      expect(() => callOf(subject, row)(...args)).toThrow(expect.objectContaining({ name, message }));
      expect(capture.take()).toEqual([]);
    }
  });

  it(`${name} answers every row with a function`, () => {
    const absent = methods.filter((row) => {
      const [root, ...path] = row.surface.split('.') as ['ManagementClient', ...string[]];
      const found = path.reduce<unknown>((object, name) => (object as Caller)[name], clientsOf(subject)[root]);
      return typeof found !== 'function';
    });
    expect(absent.map(({ id }) => id)).toEqual(isOwn ? [] : ['createRules', 'getClientInfo']);
  });
});

describe('where the recorded request is harmful', () => {
  it.each(quirks)('$name', async ({ row, recorded, name }) => {
    const wanted = safer[name] as (typeof safer)[string];
    for (const form of [byCallback, byPromise]) {
      capture.take();
      const outcome = form(callOf(own, row), argumentsOf(recorded));
      if (typeof wanted === 'string') {
        await expect(outcome).rejects.toMatchObject({ name: 'ArgumentError', message: wanted });
        expect(capture.take()).toEqual([]);
      } else {
        await outcome;
        expect(capture.take()).toMatchObject([{ method: recorded.request?.method, url: wanted.url }]);
      }
    }
  });
});

it('tells about itself as the old releases did', () => {
  const row = methods.find(({ id }) => id === 'getClientInfo') as Row;
  const info = callOf(own, row)() as Record<string, unknown>;
  const [{ returns }] = row.recorded as unknown as [{ returns: Record<string, unknown> }];
  expect(Object.keys(info)).toEqual(Object.keys(returns));
  expect(info).toEqual({
    name: returns.name,
    version: '3.7.2',
    dependencies: [],
    environment: [{ name: 'node.js', version: process.version.slice(1) }],
  });
});
