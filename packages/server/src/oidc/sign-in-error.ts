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
  connection_not_enabled: 'the connection is not enabled for the application',
  connection_without_passwords: 'nobody signs in with a password at a connection of this kind',
  rule_denied: 'a rule refused the sign-in',
  factor_required: 'the second factor is needed',
  wrong_factor: 'the code of the second factor is wrong',
};

export class SignInError extends errors.InvalidGrant {
  readonly code: SignInRefusal;
  readonly retryAfter: number | undefined;
  declare error_description: string;
  declare statusCode: number;

  constructor({ refused, retryAfter, message }: Refused) {
    super(refused);
    this.code = refused;
    this.retryAfter = retryAfter;
    this.error_description = message ?? DESCRIPTIONS[refused];
    if (refused === 'rule_denied') {
      // The provider answers with the message.
      this.message = 'access_denied';
      this.error = 'access_denied';
      this.status = 403;
      this.statusCode = 403;
    }
    if (refused === 'too_many_attempts') {
      this.status = 429;
      this.statusCode = 429;
    }
  }
}
