/** The authentication side's users: who a token speaks for, and a link to act as someone. */
import { type Callback, settle } from '../callback.ts';
import { ArgumentError } from '../errors.ts';
import type { ConnectionOptions } from '../exchange.ts';
import { hide } from '../rest.ts';
import { segmentOf } from '../spelling.ts';
import { ask } from './plain.ts';

export interface UsersManagerOptions extends ConnectionOptions {
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly clientId?: string | undefined;
}

/** OpenID Connect's claims about the user of a token, and any others that were added. */
export interface UserInfo {
  readonly sub: string;
  readonly name?: string;
  readonly nickname?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly picture?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly updated_at?: string;
  readonly [claim: string]: unknown;
}

export interface ImpersonateSettings {
  /** The administrator's user id. */
  readonly impersonator_id: string;
  readonly protocol: string;
  /** A token that may impersonate. */
  readonly token: string;
  /** Default: the client's own. */
  readonly clientId?: string | undefined;
  readonly additionalParameters?: Readonly<Record<string, unknown>> | undefined;
}

const isBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';

export class UsersManager {
  declare readonly baseUrl: string;
  declare readonly headers: Readonly<Record<string, string>> | undefined;
  declare readonly clientId: string | undefined;
  declare readonly connection: ConnectionOptions;

  /** @throws ArgumentError that names the wrong option */
  constructor(options: UsersManagerOptions) {
    if (!options || typeof options !== 'object') throw new ArgumentError('Missing users manager options');
    const { baseUrl, headers, clientId, keepAlive, proxy, timeout } = options;
    if (typeof baseUrl !== 'string') throw new ArgumentError('baseUrl field is required');
    hide(this, { baseUrl, headers, clientId, connection: { keepAlive, proxy, timeout } });
  }

  /** Whom an access token speaks for. */
  getInfo(accessToken: string): Promise<UserInfo>;
  getInfo(accessToken: string, callback: Callback<UserInfo>): void;
  getInfo(accessToken: string, callback?: Callback<UserInfo>): Promise<UserInfo> | undefined {
    if (accessToken === undefined || accessToken === null) throw new ArgumentError('An access token is required');
    if (isBlank(accessToken)) throw new ArgumentError('Invalid access token');
    const { baseUrl, headers } = this;
    const request = { method: 'GET', url: `${baseUrl}/userinfo`, headers, bearer: accessToken } as const;
    return settle(ask(request, this.connection) as Promise<UserInfo>, callback);
  }

  /** A link that works once and signs the administrator in as the user. */
  impersonate(userId: string, settings: ImpersonateSettings): Promise<string>;
  impersonate(userId: string, settings: ImpersonateSettings, callback: Callback<string>): void;
  impersonate(userId: string, settings: ImpersonateSettings, callback?: Callback<string>): Promise<string> | undefined {
    if (userId === undefined || userId === null) throw new ArgumentError('You must specify a user ID');
    if (isBlank(userId)) throw new ArgumentError('The user ID is not valid');
    if (!settings || typeof settings !== 'object') throw new ArgumentError('Missing impersonation settings object');
    for (const name of ['impersonator_id', 'protocol', 'token'] as const) {
      if (isBlank(settings[name])) throw new ArgumentError(`${name} field is required`);
    }
    const { baseUrl, headers } = this;
    const body = { client_id: settings.clientId || this.clientId, ...settings };
    const url = `${baseUrl}/users/${segmentOf(userId)}/impersonate`;
    const request = { method: 'POST', url, headers, bearer: settings.token, body } as const;
    return settle(ask(request, this.connection) as Promise<string>, callback);
  }
}
