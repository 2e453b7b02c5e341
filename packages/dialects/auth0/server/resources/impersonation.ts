/** `POST /users/{user_id}/impersonate` at the root: a link with which an application acts as a user (contract row auth.users.impersonate). */
import { json, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, fieldProblem, operations, resultOf, row, type Work } from '@reeve/core';
import { ifThere } from '../absence.ts';
import { text } from '../schema.ts';
import { idOf, inexistentUser } from '../user.ts';

const link = string({ minLength: 1, maxLength: 2048 });
const words = string({ maxLength: 2048 });
const own = {
  redirect_uri: optional(link),
  callback_url: optional(link),
  scope: optional(words),
  audience: optional(words),
  state: optional(words),
  reason: optional(string({ minLength: 1, maxLength: 1000 })),
  response_type: optional(words),
} as const;
const body = object({
  client_id: text(128),
  /** The client sends its own spelling along. */
  clientId: optional(text(128)),
  impersonator_id: text(512),
  protocol: text(64),
  token: optional(string({ maxLength: 8192 })),
  additionalParameters: optional(json({ maxProperties: 50 })),
  ...own,
});
type Body = Static<typeof body>;

/** What is said beside, in the settings or in their `additionalParameters`. */
const said = (given: Body, name: keyof typeof own): string | undefined => {
  const value = given[name] ?? given.additionalParameters?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Where the link ends: where it is not said, at the application's first callback. */
async function redirectOf(work: Work, given: Body): Promise<string> {
  const named = said(given, 'redirect_uri') ?? said(given, 'callback_url');
  if (named !== undefined) return named;
  const input = { application_id: given.client_id, query: undefined, body: undefined };
  const client = await ifThere(operations.applications.get(work, input));
  if (!client) throw fieldProblem('client_id', 'exists', 'names no client');
  const [first] = resultOf(client).redirect_uris;
  if (first === undefined)
    throw fieldProblem('redirect_uri', 'required', 'The client has no callback; give redirect_uri.');
  return first;
}

async function impersonate({ work, params, body: given }: DialectCall<undefined, Body>) {
  if (given.protocol !== 'oauth2')
    throw fieldProblem('protocol', 'enum', 'protocol must be oauth2: no other is spoken here.');
  const optionals = (['scope', 'audience', 'state', 'reason'] as const).flatMap((name) => {
    const value = said(given, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const native = {
    application: given.client_id,
    redirect_uri: await redirectOf(work, given),
    impersonator_id: await idOf(work, given.impersonator_id),
    ...Object.fromEntries(optionals),
  };
  const input = { user_id: await idOf(work, params.user_id as string), query: undefined, body: native };
  return resultOf(await operations.users.impersonate(work, input)).url;
}

export const impersonation: readonly DialectRow[] = [
  row('POST /users/{user_id}/impersonate', {
    scopes: ['impersonate:users'],
    body,
    problems: {
      not_found: { ...inexistentUser, status: 400 },
      impersonation_disabled: { status: 403, code: 'operation_not_supported' },
      impersonation_refused: { status: 403, code: 'operation_not_supported' },
    },
    run: impersonate,
  }),
];
