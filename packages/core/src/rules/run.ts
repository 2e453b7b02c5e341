/**
 * Running a tenant's rules over a sign-in: what they are told, and what of their answer counts. Owns the invariants that a
 * rule changes nothing that is stored, and that it can't say who a token is from, for or about.
 */
import { appMetadataOf } from '../custom-fields/metadata.ts';
import { rolesOfUser } from '../roles/roles.store.ts';
import type { User } from '../users/document.ts';
import type { Work } from '../work.ts';
import type { RuleScript } from './engine.ts';
import { findEnabledRules } from './rules.store.ts';

/** What rules gave the tokens. */
export interface RuleClaims {
  readonly idToken: Readonly<Record<string, unknown>>;
  readonly accessToken: Readonly<Record<string, unknown>>;
  /** The scopes that the access token is to have of its API, as far as they are held; undefined: those that it has anyhow. */
  readonly scopes: readonly string[] | undefined;
}

export type RuleVerdict =
  | { readonly claims: RuleClaims | undefined }
  | { readonly denied: string; readonly rule: string };

export interface RuleSignIn {
  /** As this sign-in leaves the user: it is counted already. */
  readonly user: User;
  readonly userNum: number;
  /** In the words of Auth0's rules; the last one is the exchange of a code. */
  readonly protocol: 'oauth2-password' | 'oauth2-refresh-token' | 'oidc-basic-profile';
  /** Absent: the user's home. */
  readonly connectionId?: string;
  readonly sessionId?: string;
}

/** Claims that protocols give a meaning to (RFC 7519 §4.1, RFC 8693 §4, RFC 9068 §2.2, OIDC Core §2), and Reeve's own. */
const RESERVED = new Set(
  (
    'iss sub aud exp iat nbf jti azp scope uid sid tv imp act may_act auth_time nonce acr amr at_hash c_hash s_hash cnf ' +
    'client_id api_id gty permissions roles groups entitlements events toe txn sub_jwk org_id org_name impersonator ' +
    '__proto__ constructor prototype'
  ).split(' '),
);

const claimsOf = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([name, claim]) => !RESERVED.has(name) && claim !== null))
    : {};

/** A text is a list with spaces. What is neither gives nothing: the sandbox has refused it. */
function scopesIn(accessToken: unknown): readonly string[] | undefined {
  const { scope } = (accessToken ?? {}) as { readonly scope?: unknown };
  if (scope === undefined || scope === null) return undefined;
  const names: unknown[] = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [];
  return [...new Set(names.filter((name) => typeof name === 'string' && name !== ''))] as string[];
}

/** Runs rules in their order. Without one nothing is started, and there are no claims. */
export async function runRules(work: Work, rules: readonly RuleScript[], signIn: RuleSignIn): Promise<RuleVerdict> {
  if (rules.length === 0) return { claims: undefined };
  const outcome = await work.services.rules.run({
    tenantId: work.tenant.id,
    rules,
    user: userOf(signIn.user, work.caller.ip),
    context: await contextOf(work, signIn),
  });
  if ('denied' in outcome) return outcome;
  const { idToken, accessToken } = outcome.context;
  return {
    claims: { idToken: claimsOf(idToken), accessToken: claimsOf(accessToken), scopes: scopesIn(accessToken) },
  };
}

/** `provider|subject` of the primary identity, as in tokens. */
function subjectOf({ id, identities }: User): string {
  const primary = identities.find(({ is_primary }) => is_primary);
  return primary ? `${primary.provider}|${primary.subject}` : id;
}

/** The user in the spelling that rules are written in. */
const userOf = (user: User, ip: string | null): Record<string, unknown> => ({
  user_id: subjectOf(user),
  uid: user.id,
  email: user.email ?? undefined,
  email_verified: user.email_verified,
  username: user.username ?? undefined,
  phone_number: user.phone_number ?? undefined,
  phone_verified: user.phone_verified,
  name: user.name ?? user.email ?? user.username ?? undefined,
  nickname: user.nickname ?? undefined,
  given_name: user.given_name ?? undefined,
  family_name: user.family_name ?? undefined,
  picture: user.picture ?? undefined,
  ...user.profile,
  user_metadata: user.user_metadata,
  app_metadata: appMetadataOf(user),
  identities: user.identities.map(({ provider, subject }) => ({ provider, user_id: subject, isSocial: false })),
  blocked: user.state === 'disabled',
  created_at: user.created_at,
  updated_at: user.updated_at,
  last_login: user.last_sign_in_at ?? undefined,
  last_ip: ip ?? undefined,
  logins_count: user.sign_in_count,
});

async function contextOf(work: Work, signIn: RuleSignIn): Promise<Record<string, unknown>> {
  const { tenant, caller, actor } = work;
  const found = await work.read(async (db) => ({
    client: await db
      .selectFrom('applications')
      .select(['client_id', 'name', 'metadata'])
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', actor.applicationId ?? '')
      .executeTakeFirst(),
    connection: await db
      .selectFrom('connections')
      .select(['id', 'name', 'strategy'])
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', signIn.connectionId ?? signIn.user.connection_id)
      .executeTakeFirst(),
    roles: await rolesOfUser(db, signIn.userNum).execute(),
  }));
  return {
    tenant: tenant.name,
    clientID: found.client?.client_id,
    clientName: found.client?.name,
    clientMetadata: found.client ? JSON.parse(found.client.metadata) : {},
    connection: found.connection?.name,
    connectionID: found.connection?.id,
    connectionStrategy: found.connection?.strategy,
    protocol: signIn.protocol,
    sessionID: signIn.sessionId,
    stats: { loginsCount: signIn.user.sign_in_count },
    request: { ip: caller.ip ?? undefined, userAgent: caller.userAgent ?? undefined, query: {}, body: {} },
    authorization: { roles: found.roles.map(({ name }) => name).sort() },
    authentication: {
      methods: signIn.protocol === 'oidc-basic-profile' ? [] : [{ name: 'pwd', timestamp: work.now }],
    },
    accessToken: {},
    idToken: {},
  };
}

/**
 * The rules' word on a sign-in without a password: the claims of the tokens, or the refusal, which is recorded. `work` acts
 * for the user.
 */
export async function judgeSignIn(work: Work, signIn: RuleSignIn): Promise<RuleVerdict> {
  const rules = await work.read((db) => findEnabledRules(db, work.tenant.id));
  const verdict = await runRules(work, rules, signIn);
  const session = signIn.sessionId === undefined ? {} : { session_id: signIn.sessionId };
  if ('denied' in verdict)
    await work.witness('user.sign_in_failed', {
      target: { type: 'user', id: signIn.user.id },
      data: { reason: 'rule_denied', ...session, rule: verdict.rule, message: verdict.denied },
    });
  return verdict;
}

/** The rules' word on a refresh, recorded where it is a refusal. `work` acts for the user. */
export const judgeRefresh = (
  work: Work,
  signIn: Pick<RuleSignIn, 'user' | 'userNum' | 'sessionId'>,
): Promise<RuleVerdict> => judgeSignIn(work, { ...signIn, protocol: 'oauth2-refresh-token' });
