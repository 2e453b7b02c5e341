/**
 * Applications as this vendor shows them (contract `shapes.App`). An application's code is its OAuth client id; what the
 * directory has no field for is kept with the application as it was given.
 */
import type { Application } from '@reeve/contract';
import { extensionsOf, noBody, operations, Problem, resultOf, uuidOf, type Work } from '@reeve/core';
import { DEFAULT_POOL, defaultConnectionOf } from './pool.ts';
import { Refusal } from './problems.ts';
import { present } from './value.ts';

/** Where a request that names no application belongs: every tenant has it. */
const DEFAULT_APP = 'console';

/** The enabled application that a request is for, by its code. */
export async function applicationFor(work: Work, code: string | undefined): Promise<Application> {
  const application = await applicationByCode(work, code?.trim() || DEFAULT_APP);
  // Contract `auth.login`: a validation code with the status 403.
  if (!application.enabled) throw new Refusal(403, 'VALIDATION_ERROR', 'The application is not active.');
  return application;
}

/** Throws `NOT_FOUND`. A code is no id. */
export async function applicationByCode(work: Work, code: string): Promise<Application> {
  const application = await findByIdOrCode(work, code);
  if (application?.client_id !== code) throw new Problem('not_found', 'No application has this code.');
  return application;
}

async function findByIdOrCode(work: Work, application_id: string): Promise<Application | undefined> {
  try {
    return resultOf(await operations.applications.get(work, { application_id, ...noBody }));
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** What only this vendor knows of an application. */
export interface AppExtension {
  readonly status?: string;
  readonly service_codes?: readonly string[];
  readonly allowed_email_domains?: readonly string[];
  readonly allowed_auth_methods?: readonly string[];
  readonly default_organization_id?: string;
  readonly frontend_url?: string;
  readonly webhooks?: readonly unknown[];
  readonly default_role_code?: string;
  readonly linked_app_codes?: readonly string[];
}

/** What an app's `allowed_auth_methods` call a password; a list of others, and only that, keeps passwords out. */
const PASSWORD_METHODS: readonly string[] = ['password', 'local'];

/** Whether people register and sign in with a password through the application. */
export const takesPasswords = ({ allowed_auth_methods: allowed = [] }: AppExtension): boolean =>
  allowed.length === 0 || allowed.some((name) => PASSWORD_METHODS.includes(name.trim().toLowerCase()));

export async function extensionOf(work: Work, { id }: Pick<Application, 'id'>): Promise<AppExtension> {
  const kept = await work.read((db) => extensionsOf(db, work, 'applications', 'rw3iss', [id]));
  return (kept.get(id) ?? {}) as AppExtension;
}

const view = (app: Application, kept: AppExtension, pools: AppPools) => ({
  id: uuidOf(app.id),
  created_at: app.created_at,
  updated_at: app.updated_at,
  code: app.client_id,
  name: app.name,
  description: app.description ?? '',
  allowed_redirect_urls: app.redirect_uris,
  service_codes: kept.service_codes ?? [app.client_id],
  auto_grant_on_signup: app.auto_grant_on_signup,
  status: app.enabled ? 'active' : (kept.status ?? 'disabled'),
  allowed_email_domains: kept.allowed_email_domains ?? [],
  allowed_auth_methods: kept.allowed_auth_methods ?? [],
  ...present({
    default_organization_id: kept.default_organization_id,
    frontend_url: kept.frontend_url,
    registration_namespace: pools.registration,
    default_role_code: kept.default_role_code,
  }),
  registration_namespaces: pools.registration === undefined ? [] : [pools.registration],
  read_namespaces: pools.read,
  webhooks: kept.webhooks ?? [],
  linked_app_codes: kept.linked_app_codes ?? [],
});
export type AppView = ReturnType<typeof view>;

interface AppPools {
  readonly registration: string | undefined;
  readonly read: readonly string[];
}

/** Applications of one answer, by code, with what has to be looked up for all of them at once. */
export async function appViews(work: Work, applications: readonly Application[]): Promise<AppView[]> {
  const kept = await work.read((db) =>
    extensionsOf(
      db,
      work,
      'applications',
      'rw3iss',
      applications.map(({ id }) => id),
    ),
  );
  const { name: defaultName } = await defaultConnectionOf(work);
  const nameOf = (pool: string) => (pool === defaultName ? DEFAULT_POOL : pool);
  return applications
    .map((app) =>
      view(app, (kept.get(app.id) ?? {}) as AppExtension, {
        registration: app.registration_pool === null ? undefined : nameOf(app.registration_pool),
        read: app.read_pools.map(nameOf),
      }),
    )
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

export const appView = async (work: Work, application: Application): Promise<AppView> =>
  (await appViews(work, [application]))[0] as AppView;
