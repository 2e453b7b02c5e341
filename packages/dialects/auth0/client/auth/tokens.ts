/** What may be asked about, or done with, a token. */
import { type Callback, settle } from '../callback.ts';
import { ArgumentError } from '../errors.ts';
import { hide } from '../rest.ts';
import { type AuthenticatorOptions, bodyOf, type Grant, grants } from './grants.ts';
import { ask } from './plain.ts';

export interface RevokeData {
  /** A refresh token. */
  readonly token: string;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
}

export interface DelegationData {
  readonly id_token?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly target: string;
  readonly api_type: string;
  readonly grant_type: string;
  readonly scope?: string | undefined;
}

type Result = Readonly<Record<string, unknown>>;

export class TokensManager {
  declare readonly options: AuthenticatorOptions;

  /** @throws ArgumentError that names the wrong option */
  constructor(options: AuthenticatorOptions) {
    if (!options || typeof options !== 'object') throw new ArgumentError('Missing tokens manager options');
    if (typeof options.baseUrl !== 'string') throw new ArgumentError('baseUrl field is required');
    hide(this, { options });
  }

  /** The claims of an ID token. */
  getInfo(idToken: string): Promise<Result>;
  getInfo(idToken: string, callback: Callback<Result>): void;
  getInfo(idToken: string, callback?: Callback<Result>): Promise<Result> | undefined {
    if (idToken === undefined || idToken === null) throw new ArgumentError('An ID token is required');
    if (typeof idToken !== 'string' || !idToken.trim()) throw new ArgumentError('The ID token is not valid');
    return this.send(grants.tokenInfo, { id_token: idToken }, callback);
  }

  /** A token for another application. */
  getDelegationToken(data: DelegationData): Promise<Result>;
  getDelegationToken(data: DelegationData, callback: Callback<Result>): void;
  getDelegationToken(data: DelegationData, callback?: Callback<Result>): Promise<Result> | undefined {
    if (data && typeof data === 'object') {
      const { id_token, refresh_token } = data;
      if (!id_token && !refresh_token) throw new ArgumentError('one of id_token or refresh_token is required');
      if (id_token && refresh_token) {
        throw new ArgumentError('id_token and refresh_token fields cannot be specified simulatenously');
      }
    }
    return this.send(grants.delegation, data, callback);
  }

  /** Ends a refresh token. */
  revokeRefreshToken(data: RevokeData): Promise<Result>;
  revokeRefreshToken(data: RevokeData, callback: Callback<Result>): void;
  revokeRefreshToken(data: RevokeData, callback?: Callback<Result>): Promise<Result> | undefined {
    return this.send(grants.revocation, data, callback);
  }

  private send(grant: Grant, data: object, callback: Callback<Result> | undefined): Promise<Result> | undefined {
    const body = bodyOf(grant, this.options, data);
    const { baseUrl, headers } = this.options;
    const request = { method: 'POST', url: baseUrl + grant.path, headers, body } as const;
    return settle(ask(request, this.options) as Promise<Result>, callback);
  }
}
