/** The genuine `authing-js-sdk@4.23.55` and ours beside each other: the same requests, results and refusals. */
import type { Captured } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsed } from './document.fixture.ts';
import * as own from './index.ts';
import { type Case, differences, otherCases, userCases } from './twin.fixture.ts';
import {
  type Caller,
  call,
  clientOf,
  decrypt,
  genuine,
  genuineOf,
  startUpstream,
  type Upstream,
} from './upstream.fixture.ts';

let upstream: Upstream;
let ours: Caller;
let theirs: Caller;
beforeAll(async () => {
  upstream = await startUpstream();
  ours = clientOf(upstream) as unknown as Caller;
  theirs = genuineOf(upstream);
});
afterAll(() => upstream[Symbol.dispose]());

/** What each HTTP library adds by itself. */
const ofLibrary = /^(user-agent|host|connection|content-length|accept-(language|encoding)|sec-fetch-mode)$/;
const readable = (key: string, value: unknown) =>
  key === 'password' && String(value).length > 100 ? `decrypted: ${decrypt(String(value))}` : value;

const requestOf = ({ method, url, headers, body }: Captured) => {
  const { pathname, searchParams } = new URL(url, 'https://x');
  const content = body && JSON.parse(body, readable);
  return {
    method,
    path: pathname,
    query: [...searchParams].sort(),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ofLibrary.test(name))),
    content: content?.query ? { ...content, query: documentOf(content.query) } : content,
  };
};
const documentOf = (text: string) => (/^(query|mutation) \w+\s*\(/.test(text.trim()) ? parsed(text) : text);

type Outcome = { readonly result: unknown } | { readonly refusal: { code: unknown; message: unknown } };
const outcomeOf = async (client: Caller, { surface, args, answer }: Case) => {
  upstream.asked.length = 0;
  upstream.answering = () => answer;
  let outcome: Outcome;
  try {
    outcome = { result: await call(client, surface, structuredClone(args)) };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    outcome = { refusal: { code, message } };
  }
  return { sent: [...upstream.asked], outcome };
};

/** Only said for people; in the vendor’s language there. */
const withoutText = (outcome: Outcome) => {
  if (!('result' in outcome)) return outcome;
  const { code, message, ...more } = (outcome.result ?? {}) as Record<string, unknown>;
  return code === 200 && typeof message === 'string' && Object.keys(more).length === 0 ? { result: { code } } : outcome;
};

const titled = <T extends Case>(cases: readonly T[]) =>
  cases.map((given, at) => ({ title: `${at + 1} ${given.surface}`, given }));

describe.each([
  ['users', userCases],
  ['the rest', otherCases],
])('%s: the same', (_name, cases) => {
  it.each(titled(cases))('$title', async ({ given }) => {
    const genuineCall = await outcomeOf(theirs, given);
    const ownCall = await outcomeOf(ours, given);
    expect(ownCall.sent.map(requestOf)).toEqual(genuineCall.sent.map(requestOf));
    expect(withoutText(ownCall.outcome)).toEqual(withoutText(genuineCall.outcome));
  });
});

describe('better', () => {
  it.each(differences.map((given) => ({ title: `${given.surface}: ${given.why}`, given })))(
    '$title',
    async ({ given }) => {
      const genuineCall = await outcomeOf(theirs, given);
      const ownCall = await outcomeOf(ours, given);
      const said = ({ outcome }: { outcome: Outcome }) => ('result' in outcome ? outcome.result : outcome.refusal);
      const expected = (value: unknown) => (isRefusal(value) ? expect.objectContaining(value) : value);
      expect(said(genuineCall)).toEqual(expected(given.theirs));
      expect(said(ownCall)).toEqual(expected(given.ours));
      const contentOf = ({ sent }: { sent: Captured[] }) => {
        const { body } = sent[0] as Captured;
        return body && (JSON.parse(body).variables ?? JSON.parse(body));
      };
      if (given.sends) expect([contentOf(genuineCall), contentOf(ownCall)]).toEqual(given.sends);
      else if (ownCall.sent.length > 0) expect(ownCall.sent.map(requestOf)).toEqual(genuineCall.sent.map(requestOf));
    },
  );
});
const isRefusal = (value: unknown): value is object => typeof value === 'object' && value !== null && 'code' in value;

describe('the same surface', () => {
  const methodsOf = (holder: unknown): string[] =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(holder)).filter((name) => name !== 'constructor');
  const driven = new Set([...userCases, ...otherCases, ...differences].map(({ surface }) => surface));

  it.each(['users', 'groups', 'roles', 'udf', 'acl', ''])('%s: every method is driven', (module) => {
    const holder = module ? theirs[module] : theirs;
    const names = methodsOf(holder).map((name) => `${module && `${module}.`}${name}`);
    expect(names.filter((name) => !driven.has(name))).toEqual(module ? [] : ['setLang']);
    if (module) expect(Object.keys(ours[module] as object).sort()).toEqual(methodsOf(holder).sort());
  });

  it('has the same values under the same names', () => {
    const values = Object.entries(own).filter(([, value]) => typeof value === 'object');
    for (const [name, value] of values) if (name !== 'default') expect([name, value]).toEqual([name, genuine[name]]);
    expect(values.length).toBe(9);
  });
});
