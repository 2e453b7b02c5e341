/** Apps, and who may sign in to them; services, which sign in as themselves. */
import type {
  App,
  AppChange,
  CreatedM2MClient,
  M2MClient,
  NewApp,
  NewM2MClient,
  RegistrationPolicy,
} from '../models.ts';
import { path } from '../wire.ts';
import { type Parts, registrationPolicyOf } from './auth.ts';

/** The contract says of the call that repeating it changes nothing, though it is a POST. */
export const IDEMPOTENT = { isRepeatable: true };

export const appsOf = (parts: Parts) => {
  const { wire } = parts;
  return {
    list: (): Promise<App[]> => wire.list('apps', '/admin/apps'),

    get: async (appId: string): Promise<App> => wire.get(path`/admin/apps/${{ appId }}`),

    create: (body: NewApp): Promise<App> => wire.post('/admin/apps', body),

    update: async (appId: string, body: AppChange): Promise<App> =>
      wire.call('PATCH', path`/admin/apps/${{ appId }}`, body),

    delete: async (appId: string): Promise<void> => wire.command('DELETE', path`/admin/apps/${{ appId }}`),

    /** Who may register for an app, and how. `appCode` is the client's own if not given. */
    getRegistrationPolicy: async (appCode?: string): Promise<RegistrationPolicy> =>
      registrationPolicyOf(parts, appCode),

    /** The apps that a user may sign in to. */
    listForUser: async (userId: string): Promise<App[]> => wire.list('apps', path`/admin/users/${{ userId }}/apps`),

    /** Lets a user sign in to an app. */
    grantUser: async (userId: string, appId: string): Promise<void> =>
      wire.command('POST', path`/admin/users/${{ userId }}/apps/${{ appId }}`, undefined, IDEMPOTENT),

    /** Lets a user sign in to an app no more, unless the app grants itself. Sessions go on. */
    revokeUser: async (userId: string, appId: string): Promise<void> =>
      wire.command('DELETE', path`/admin/users/${{ userId }}/apps/${{ appId }}`),
  };
};
export type AppsModule = ReturnType<typeof appsOf>;

export const servicesOf = ({ wire }: Parts) => ({
  list: (): Promise<M2MClient[]> => wire.list('clients', '/admin/m2m-clients'),

  /** Revoked ones, too. */
  get: async (id: string): Promise<M2MClient> => wire.get(path`/admin/m2m-clients/${{ id }}`),

  /** The only answer that holds the secret. */
  create: (body: NewM2MClient): Promise<CreatedM2MClient> => wire.post('/admin/m2m-clients', body),

  revoke: async (id: string): Promise<void> => wire.command('DELETE', path`/admin/m2m-clients/${{ id }}`),
});
export type ServicesModule = ReturnType<typeof servicesOf>;
