/**
 * What a search of users may ask: predicates on their fields, composed by and, or and not. Vendors' query languages are
 * translated into it; `filter.query.ts` makes SQL of it. Owns the invariant that every predicate is true or false of a
 * user, never unknown: what a user lacks equals nothing, so that its negation holds.
 */
import type { PatternPart } from '../database/document.ts';

/** Compared without case, by the first 256 characters (`keyOf`). */
export type FoldedField = 'email' | 'email_domain' | 'name' | 'given_name' | 'family_name' | 'nickname';
/** Compared as stored. `primary_identity` is the spelling `provider|subject`. */
export type ExactField =
  | 'exact_email'
  | 'username'
  | 'phone_number'
  | 'picture'
  | 'last_sign_in_ip'
  | 'primary_identity'
  /** What another system calls the user. */
  | 'external_id'
  | 'identity_subject'
  | 'identity_provider'
  /** A name of a connection. */
  | 'identity_connection'
  /** An id of the connection that is the user's home. */
  | 'connection'
  /** An id of an organization that the user is a member of. */
  | 'organization'
  /** An id of an application that the user was granted. */
  | 'application'
  /** An id of a group that the user belongs to. */
  | 'group'
  /** An id of a role that the user holds. */
  | 'role';
export type TextField = FoldedField | ExactField;
export type FlagField = 'email_verified' | 'phone_verified' | 'disabled';
/** Instants are epoch milliseconds. Who never signed in has no `last_sign_in_at`. */
export type NumberField = 'sign_in_count' | 'created_at' | 'updated_at' | 'last_sign_in_at';
/** Bags of free JSON; `path` has dots between names, and arrays are transparent. */
export type BagField = 'user_metadata' | 'app_metadata' | 'custom_fields' | 'identity_profile';

/** Searched by a part of it. No index helps with fields of the profile, nor with parts of fewer than four characters. */
export type PartField =
  | 'email'
  | 'username'
  | 'phone_number'
  | 'name'
  | 'given_name'
  | 'family_name'
  | 'nickname'
  | `profile.${'company' | 'middle_name' | 'preferred_username' | 'profile'}`;

export type UserFilter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly UserFilter[] }
  | { readonly kind: 'not'; readonly of: UserFilter }
  /** True of every user. */
  | { readonly kind: 'everybody' }
  | { readonly kind: 'equals'; readonly field: TextField; readonly value: string }
  | { readonly kind: 'like'; readonly field: TextField; readonly pattern: readonly PatternPart[] }
  /** Holds the text as stored; the case of ASCII letters doesn't count. */
  | { readonly kind: 'part'; readonly field: PartField; readonly text: string }
  | { readonly kind: 'is'; readonly field: FlagField }
  /** Both ends are inclusive safe integers; absent: open. */
  | { readonly kind: 'range'; readonly field: NumberField; readonly from?: number; readonly to?: number }
  /** A leaf of this path is `value` as text. `number` also finds the number of this value, however it was spelled. */
  | {
      readonly kind: 'leaf';
      readonly field: BagField;
      readonly path: string;
      readonly value: string;
      readonly number?: number;
    }
  /** Has a value: with a `path` of a bag, a leaf at it or below it; with an empty path, any leaf. */
  | { readonly kind: 'exists'; readonly field: TextField | 'last_sign_in_at' }
  | { readonly kind: 'exists'; readonly field: BagField; readonly path: string }
  /**
   * Words, in this order, within one of the names, the e-mail address, the username or the phone number; without case.
   * An open side may be the middle of a word.
   */
  | { readonly kind: 'words'; readonly text: string; readonly isOpenLeft: boolean; readonly isOpenRight: boolean };

export type UserSort =
  | 'created_at'
  | 'updated_at'
  | 'last_sign_in_at'
  | 'sign_in_count'
  | 'email'
  | 'name'
  | 'given_name'
  | 'family_name'
  | 'nickname'
  | 'username'
  | 'phone_number'
  | 'last_sign_in_ip'
  | 'email_verified'
  | 'primary_identity';
