/** A refused sign-in as the token endpoint tells it: `invalid_grant`, a description for people, a `code` for programs. */
import type { Refused, SignInRefusal } from '@reeve/core';
import { errors } from 'oidc-provider';

const DESCRIPTIONS: Readonly<Record<SignInRefusal, string>> = {
  invalid_credentials: 'wrong username or password',
  user_locked: 'locked after repeated failures; try again in a few minutes',
  too_many_attempts: 'too many failed attempts; try again later',
  user_disabled: 'the user is disabled',
  password_must_be_reset: 'the password must be reset before the next sign-in',
  email_not_verified: 'the e-mail address must be verified before the first sign-in',
  unknown_connection: 'no connection has the name given as realm',
};

export class SignInError extends errors.InvalidGrant {
  readonly code: SignInRefusal;
  readonly retryAfter: number | undefined;
  declare error_description: string;
  declare statusCode: number;

  constructor({ refused, retryAfter }: Refused) {
    super(refused);
    this.code = refused;
    this.retryAfter = retryAfter;
    this.error_description = DESCRIPTIONS[refused];
    if (refused === 'too_many_attempts') {
      this.status = 429;
      this.statusCode = 429;
    }
  }
}
