/** Users as OpenID Connect sees them: the subject, and the claims that each scope opens. */
import type { User } from '@reeve/core';

/** OIDC Core §5.4. */
export const claimsByScope: Readonly<Record<string, readonly string[]>> = {
  openid: ['sub', 'uid'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** `provider|subject` of the primary identity: how tokens name a user. */
export function subjectOf(user: User): string {
  const primary = user.identities.find(({ is_primary }) => is_primary);
  return primary ? `${primary.provider}|${primary.subject}` : user.id;
}

/** Every claim that can be made of a user; what is not known is left out. */
export function claimsOf(user: User): Record<string, unknown> & { sub: string } {
  const { profile } = user;
  const claims = {
    sub: subjectOf(user),
    uid: user.id,
    name: user.name,
    given_name: user.given_name,
    family_name: user.family_name,
    middle_name: profile.middle_name,
    nickname: user.nickname,
    preferred_username: profile.preferred_username ?? user.username,
    profile: profile.profile,
    picture: user.picture,
    website: profile.website,
    gender: profile.gender,
    birthdate: profile.birthdate,
    zoneinfo: profile.zoneinfo,
    locale: profile.locale,
    updated_at: Math.floor(Date.parse(user.updated_at) / 1000),
    email: user.email,
    email_verified: user.email === null ? null : user.email_verified,
    phone_number: user.phone_number,
    phone_number_verified: user.phone_number === null ? null : user.phone_verified,
  };
  const known = Object.entries(claims).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(known) as Record<string, unknown> & { sub: string };
}

/** The claims that the scopes open. */
export function claimsFor(user: User, scopes: readonly string[]): Record<string, unknown> {
  const opened = new Set(scopes.flatMap((scope) => claimsByScope[scope] ?? []));
  return Object.fromEntries(Object.entries(claimsOf(user)).filter(([name]) => opened.has(name)));
}
