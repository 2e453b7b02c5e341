/**
 * A scenario is a sequence of calls by the names of the 3.x line's managers, with checks of what they did. Everything
 * that its calls answered is its trace; two clients did the same where their traces are equal.
 */
import { type OAuthResponse, postForm, signInWith } from '@reeve/testkit';
import { expect } from 'vitest';
import type { Client, Refusal, Surface } from './clients.ts';
import { createNormaliser } from './normalise.ts';
import type { World } from './world.ts';

export const CONNECTION = 'Username-Password-Authentication';
export const PASSWORD = 'correct horse battery';

export interface User extends Record<string, unknown> {
  readonly user_id: string;
  readonly email: string;
}
/** An answer of which only some fields matter. */
export interface Made extends Record<string, unknown> {
  readonly id: string;
}

export interface Run {
  readonly world: World;
  readonly client: Client;
  /** Stands in every name that the run makes, so that runs do not meet. */
  readonly tag: string;
  /** An address of this run. */
  mail(name: string): string;
  /** Calls, and puts the answer into the trace. */
  call<T = Made>(method: string, ...args: unknown[]): Promise<T>;
  /** Calls; the answer depends on what else there is, and stays out of the trace. */
  quiet<T = Made>(method: string, ...args: unknown[]): Promise<T>;
  /** Calls, and expects to be refused with this status. */
  refused(status: number, method: string, ...args: unknown[]): Promise<Refusal>;
  /** Puts an effect into the trace. */
  saw(what: string, value: unknown): void;
  /** A database user with a password, verified. */
  user(name: string, more?: object): Promise<User>;
  signIn(email: string, more?: Readonly<Record<string, string>>): Promise<OAuthResponse>;
  token(parameters: Readonly<Record<string, string>>): Promise<OAuthResponse>;
  /** The same run with another token. */
  withToken(token: string): Run;
}

export interface Scenario {
  readonly name: string;
  /** The managers' methods whose effect it checks. */
  readonly rows: readonly string[];
  readonly run: (run: Run) => Promise<void>;
  /** The clients that it is for: those of the 2.x and 3.x lines, those of later ones, or all. */
  readonly lines: 'legacy' | 'modern' | 'all';
  /** Starts threads; it runs on no more surfaces than it takes to call every name. */
  readonly isSlow: boolean;
}

export const scenario = (
  name: string,
  rows: readonly string[],
  run: Scenario['run'],
  { lines = 'all', isSlow = false }: Partial<Pick<Scenario, 'lines' | 'isSlow'>> = {},
): Scenario => ({ name, rows, run, lines, isSlow });

export interface CalledRow {
  readonly row: string;
  readonly method: string;
  readonly style: Surface['style'];
}
export interface Performance {
  /** What the run's calls answered, comparable. */
  readonly trace: unknown[];
  readonly called: readonly CalledRow[];
}

let runs = 0;

/** Runs a scenario. `called` is filled as it goes, also where it fails. */
export async function perform(
  { run: play, rows }: Scenario,
  client: Client,
  { world, surface, called }: { world: World; surface: Surface; called: CalledRow[] },
): Promise<Performance> {
  const tag = `r${(++runs).toString(36)}${Math.random().toString(36).slice(2, 8)}q`;
  const trace: unknown[] = [];
  const at = (token?: string): Run => {
    const connected = client.connect(world, token);
    const begin = (method: string, args: readonly unknown[]) => {
      const { row, style, outcome } = connected.call(method, args, surface);
      called.push({ row, method, style });
      return outcome;
    };
    const self: Run = {
      world,
      client,
      tag,
      mail: (name) => `${name}.${tag}@example.com`,
      async call(method, ...args) {
        const answer = await begin(method, args);
        trace.push({ method, answer });
        return answer as never;
      },
      quiet: async (method, ...args) => (await begin(method, args)) as never,
      async refused(status, method, ...args) {
        const refusal = await begin(method, args).then(
          (answer) => expect.fail(`${method} answered ${JSON.stringify(answer)} instead of refusing.`),
          client.refusalOf,
        );
        expect(refusal.status, `${method}: ${refusal.message}`).toBe(status);
        trace.push({ method, refused: refusal.seen });
        return refusal;
      },
      saw: (what, value) => void trace.push({ what, value }),
      user: (name, more = {}) =>
        self.call<User>('users.create', {
          connection: CONNECTION,
          email: self.mail(name),
          email_verified: true,
          password: PASSWORD,
          ...more,
        }),
      signIn: (email, more = {}) => signInWith(world, { username: email, password: PASSWORD, ...more }),
      token: (parameters) => postForm(world, '/oauth/token', parameters),
      withToken: at,
    };
    return self;
  };
  await play(at());
  const reached = new Set(called.map(({ method }) => method));
  expect(
    rows.filter((row) => !reached.has(row)),
    'rows that the scenario is about and does not call',
  ).toEqual([]);
  return { trace: trace.map(createNormaliser(tag, world.domain)), called };
}
