/** The part of `managementClient.acl` that says who may use an application, and with which programmatic accounts. */
import { refusal } from './errors.ts';
import type { AccessPolicyOptions, CommonMessage, Document, Page, PageOptions } from './models.ts';
import { done } from './nested.ts';
import { need, path, type Wire } from './wire.ts';

const ACCOUNTS = '/api/v2/applications/programmatic-access-accounts';
/** Lifetime of a programmatic account’s tokens (s). */
const TOKEN_LIFETIME = 600;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SECRET_LENGTH = 32;

/** 165 bits; what the alphabet doesn't divide evenly is not used. */
const newSecret = (): string => {
  let secret = '';
  while (secret.length < SECRET_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_LENGTH))) {
      if (byte < 252 && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % ALPHABET.length];
    }
  }
  return secret;
};

const policiesOf = (wire: Wire) => {
  const change =
    (verb: string) =>
    async (options: AccessPolicyOptions): Promise<CommonMessage> => {
      const { appId, targetType, targetIdentifiers, namespace, inheritByChildren } = options;
      need(targetType, 'targetType');
      if (!targetIdentifiers?.length) throw refusal('targetIdentifiers: must not be empty');
      const body = { targetType, namespace, targetIdentifiers, inheritByChildren };
      await wire.rest('POST', path`/api/v2/applications/${{ appId }}/authorization/${{ verb }}`, { body });
      return done();
    };
  return {
    getApplicationAccessPolicies: async (
      options: PageOptions & { readonly appId: string },
    ): Promise<Page<Document>> => {
      const { appId, page, limit } = options;
      return wire.rest('GET', path`/api/v2/applications/${{ appId }}/authorization/records`, {
        query: { page, limit },
      });
    },

    enableApplicationAccessPolicy: change('enable-effect'),
    disableApplicationAccessPolicy: change('disable-effect'),
    deleteApplicationAccessPolicy: change('revoke'),
    allowAccessApplication: change('allow'),
    denyAccessApplication: change('deny'),

    updateDefaultApplicationAccessPolicy: async (options: {
      readonly appId: string;
      readonly defaultStrategy: 'ALLOW_ALL' | 'DENY_ALL' | (string & {});
    }): Promise<Document> => {
      const { appId, defaultStrategy } = options;
      const body = { permissionStrategy: { defaultStrategy } };
      return wire.rest('POST', path`/api/v2/applications/${{ appId }}`, { body });
    },
  };
};

const accountsOf = (wire: Wire) => ({
  programmaticAccessAccountList: async (appId: string, page = 1, limit = 10): Promise<Page<Document>> =>
    wire.rest('GET', path`/api/v2/applications/${{ appId }}/programmatic-access-accounts`, { query: { limit, page } }),

  /** `tokenLifetime` is in seconds, 600 if not given. */
  createProgrammaticAccessAccount: async (
    appId: string,
    options: { readonly tokenLifetime?: number | undefined; readonly remarks?: string | undefined } = {},
  ): Promise<Document> => {
    const body = { tokenLifetime: TOKEN_LIFETIME, ...options };
    return wire.rest('POST', path`/api/v2/applications/${{ appId }}/programmatic-access-accounts`, { body });
  },

  deleteProgrammaticAccessAccount: async (programmaticAccessAccountId: string): Promise<true> => {
    await wire.rest('DELETE', ACCOUNTS, { query: { id: need(programmaticAccessAccountId, 'id') } });
    return true;
  },

  /** Without a secret: a random one. */
  refreshProgrammaticAccessAccountSecret: async (
    programmaticAccessAccountId: string,
    programmaticAccessAccountSecret = newSecret(),
  ): Promise<Document> => {
    const secret = programmaticAccessAccountSecret;
    const body = { id: need(programmaticAccessAccountId, 'id'), secret };
    return wire.rest('PATCH', ACCOUNTS, { body, secrets: [secret] });
  },

  enableProgrammaticAccessAccount: async (programmaticAccessAccountId: string): Promise<Document> =>
    wire.rest('PATCH', ACCOUNTS, { body: { id: need(programmaticAccessAccountId, 'id'), enabled: true } }),

  disableProgrammaticAccessAccount: async (programmaticAccessAccountId: string): Promise<Document> =>
    wire.rest('PATCH', ACCOUNTS, { body: { id: need(programmaticAccessAccountId, 'id'), enabled: false } }),
});

export const applicationAccessOf = (wire: Wire) => ({ ...policiesOf(wire), ...accountsOf(wire) });
export type ApplicationAccess = ReturnType<typeof applicationAccessOf>;
