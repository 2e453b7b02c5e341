/**
 * The one place that goes behind oidc-provider's documented surface: it replaces two things of the provider's `Client`
 * model, where a client comes from and how its secret is compared, and adds claims to ID tokens that no scope opens. An upgrade of oidc-provider is checked against this
 * file.
 */
import type { ClientRecord } from '@reeve/core';
import Provider, { type Client, type ClientMetadata } from 'oidc-provider';
import { type Exchange, exchangeOf } from './exchange.ts';

interface ClientModel {
  new (metadata: ClientMetadata): Client;
  find(id: unknown): Promise<Client | undefined>;
}

export interface ClientSource {
  find(exchange: Exchange, clientId: string): Promise<ClientRecord | undefined>;
  /** Whether the secret is one of the client's; notes in the exchange which. */
  authenticate(exchange: Exchange, client: ClientRecord, secret: string): Promise<boolean>;
}

/** Never compared with anything: the provider only asks that a confidential client has a secret. */
const PLACEHOLDER = 'kept-as-a-digest';

/**
 * Makes the provider take its clients from `source`: the provider's own way hashes the metadata at every request and
 * compares one plain secret. A `Client` is made once for each record.
 */
export function supplyClients(provider: Provider, source: ClientSource, supported: ReadonlySet<string>): void {
  const model = (provider as unknown as { Client: ClientModel }).Client;
  const made = new WeakMap<ClientRecord, Client>();
  const make = (record: ClientRecord): Client => {
    const { isPublic } = record;
    const client = new model({
      client_id: record.clientId,
      ...(isPublic ? {} : { client_secret: PLACEHOLDER }),
      token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_post',
      grant_types: record.grantTypes.filter((type) => supported.has(type)),
      response_types: [],
      redirect_uris: [],
    });
    // The provider takes this grant from a client that has no response type; codes come from elsewhere here.
    if (record.grantTypes.includes('authorization_code')) (client.grantTypes as string[]).push('authorization_code');
    client.compareClientSecret = async (secret) => {
      const exchange = exchangeOf(Provider.ctx);
      return source.authenticate(exchange, exchange.client ?? record, secret);
    };
    made.set(record, client);
    return client;
  };
  model.find = async (id) => {
    if (typeof id !== 'string' || id === '') return undefined;
    const exchange = exchangeOf(Provider.ctx);
    const record = await source.find(exchange, id);
    if (!record) return undefined;
    exchange.client ??= record;
    return made.get(record) ?? make(record);
  };
}

interface IdTokenModel {
  readonly prototype: {
    readonly ctx: { readonly req: object } | undefined;
    set(name: string, value: unknown): void;
    issue(options: { readonly use: string }): Promise<string>;
  };
}

/** Adds claims to every ID token, beside those that its scopes open. */
export function extendIdTokens(
  provider: Provider,
  claimsOf: (exchange: Exchange) => Readonly<Record<string, unknown>> | undefined,
): void {
  const { prototype } = (provider as unknown as { IdToken: IdTokenModel }).IdToken;
  const { issue } = prototype;
  prototype.issue = function (this: IdTokenModel['prototype'], options) {
    if (options.use === 'idtoken')
      for (const [name, value] of Object.entries(claimsOf(exchangeOf(this.ctx)) ?? {})) this.set(name, value);
    return issue.call(this, options);
  };
}
