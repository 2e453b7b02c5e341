/**
 * Which scopes a token gets (RFC 6749 §3.3). None asked for: everything that is granted. Asked for: never more than
 * that. An application that asks for a scope which is unknown or not granted is refused by name (`invalid_scope`, §5.2),
 * because its token would fail later and elsewhere; a person's token gets what the person holds of what the
 * application asks of everybody, and the answer says what that is. A scope that no API knows is refused to both.
 */
import { errors } from 'oidc-provider';
import { type Api, heldScopes, isOidcScope } from './apis.ts';

const split = (scope: string | undefined): string[] => [...new Set((scope ?? '').split(' ').filter(Boolean))];

/** Throws where a scope is neither the API's nor OpenID Connect's. */
export function checkKnown(api: Api, scope: string | undefined): void {
  const unknown = split(scope).filter((name) => api.permissionOf(name) === undefined && !isOidcScope(name));
  if (unknown.length > 0) {
    throw new errors.InvalidScope(`unknown scope: ${unknown.join(' ')}`, unknown.join(' '));
  }
}

/** The scopes of an application's own token, of those that are granted. */
export function scopesOfApplication(
  api: Api,
  granted: readonly string[],
  scope: string | undefined,
): readonly string[] {
  const asked = split(scope);
  if (asked.length === 0) return granted;
  checkKnown(api, scope);
  const held = new Set(granted);
  const missing = asked.filter((name) => !held.has(name));
  if (missing.length > 0) {
    throw new errors.InvalidScope(`the application is not granted: ${missing.join(' ')}`, missing.join(' '));
  }
  return asked;
}

export interface PersonAsks {
  readonly asked: string | undefined;
  /** The API's scopes that the tenant's rules put in the place of those asked for. */
  readonly ruled: readonly string[] | undefined;
  readonly mayRefresh: boolean;
}

/** The scopes of a person's token: of OpenID Connect's what is asked for, of the API's what is held too. */
export function scopesOfPerson(
  api: Api,
  permissions: ReadonlySet<string>,
  { asked: scope, ruled, mayRefresh }: PersonAsks,
): { readonly oidc: string[]; readonly api: string[] } {
  const asked = split(scope);
  const oidc = asked.filter((name) => isOidcScope(name) && (name !== 'offline_access' || mayRefresh));
  if (ruled) return { oidc, api: heldScopes(api, ruled, permissions) };
  return { oidc, api: asked.length === 0 ? api.spell(permissions) : heldScopes(api, asked, permissions) };
}
