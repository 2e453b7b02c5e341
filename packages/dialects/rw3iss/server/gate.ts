/**
 * Who may do what (contract `gate`). The scopes of this door are the codes of the roles that the caller holds now.
 *
 * D5: where the vendor's guide admits super_admin and its handlers refuse, the guide is followed; what would let a caller
 * rise is bound by rank instead (`checkRank`).
 */

/** Any signed-in user. */
export const SIGNED_IN = ['self'] as const;
export const PLATFORM_ADMIN = ['system_admin', 'super_admin'] as const;
export const SYSTEM_ADMIN = ['system_admin'] as const;
