/** `/admin/apps`: applications, and who may use them. */
import { array, boolean, json, nullable, object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  everyItem,
  noBody,
  operations,
  Problem,
  resultOf,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import { type AppExtension, applicationByCode, appView, appViews } from '../app.ts';
import { PLATFORM_ADMIN, SYSTEM_ADMIN } from '../gate.ts';
import { appIdOf, idFrom, userIdOf } from '../ids.ts';
import { connectionNameOf, poolFrom } from '../pool.ts';
import { Refusal } from '../problems.ts';
import { unlessEmpty } from '../value.ts';

const text = string({ maxLength: 2048 });
const texts = array(string({ maxLength: 2048 }), { maxItems: 100 });

const settings = {
  description: optional(string({ maxLength: 1000 })),
  allowed_redirect_urls: optional(texts),
  service_codes: optional(texts),
  auto_grant_on_signup: optional(boolean()),
  allowed_email_domains: optional(texts),
  allowed_auth_methods: optional(texts),
  default_organization_id: optional(nullable(text)),
  frontend_url: optional(nullable(text)),
  registration_namespace: optional(nullable(text)),
  registration_namespaces: optional(texts),
  read_namespaces: optional(texts),
  webhooks: optional(array(json(), { maxItems: 20 })),
  default_role_code: optional(nullable(text)),
  linked_app_codes: optional(texts),
} as const;
const createBody = object({ code: text, name: text, ...settings });
const updateBody = object({ name: optional(text), status: optional(text), ...settings });
type Settings = Partial<Static<typeof updateBody>>;

/** The members that the directory has no field for. */
const KEPT = [
  'service_codes',
  'allowed_email_domains',
  'allowed_auth_methods',
  'default_organization_id',
  'frontend_url',
  'webhooks',
  'default_role_code',
  'linked_app_codes',
] as const satisfies readonly (keyof AppExtension & keyof Settings)[];

/** Contract `apps.update`: an empty text takes a setting away. */
function keptWith(before: AppExtension, body: Settings): AppExtension {
  const after: Record<string, unknown> = { ...before };
  for (const name of KEPT) {
    const value = body[name];
    if (value === undefined) continue;
    if (value === null || value === '') delete after[name];
    else after[name] = value;
  }
  if (body.status !== undefined) after.status = body.status;
  return after;
}

/** Where an application registers and looks for people. */
async function poolsOf(work: Work, body: Settings) {
  const { registration_namespace: one, registration_namespaces: several, read_namespaces: read } = body;
  const registration = one ?? several?.[0];
  const nameOf = (pool: string) => connectionNameOf(work, poolFrom(pool));
  const others =
    several === undefined && read === undefined ? undefined : [...(several ?? []).slice(1), ...(read ?? [])];
  return {
    ...(one === undefined && several === undefined
      ? {}
      : { registration_pool: registration ? await nameOf(registration) : null }),
    ...(others === undefined ? {} : { read_pools: [...new Set(await Promise.all(others.map(nameOf)))] }),
  };
}

async function fieldsOf(work: Work, body: Settings) {
  checkSettings(body);
  return {
    ...(body.name === undefined ? {} : { name: required('name', body.name) }),
    ...(body.description === undefined ? {} : { description: body.description === '' ? null : body.description }),
    ...(body.allowed_redirect_urls === undefined ? {} : { redirect_uris: [...new Set(body.allowed_redirect_urls)] }),
    ...(body.auto_grant_on_signup === undefined ? {} : { auto_grant_on_signup: body.auto_grant_on_signup }),
    ...(await poolsOf(work, body)),
  };
}

function required(field: string, value: string): string {
  const trimmed = value.trim();
  if (trimmed === '') throw new Refusal(400, 'INVALID_INPUT', `${field} must not be empty.`, { field });
  return trimmed;
}

function checkSettings({ frontend_url: url, default_organization_id: organization }: Settings): void {
  if (url && !/^https?:\/\/[^/?#@\s]+/.test(url))
    throw new Refusal(400, 'INVALID_INPUT', 'frontend_url must be an absolute http(s) URL.', { field: 'frontend_url' });
  if (organization) idFrom('org', 'default_organization_id', organization);
}

const list = async ({ work }: DialectCall) => {
  const applications = await everyItem('applications', (query) =>
    operations.applications.list(work, { query, body: undefined }),
  );
  return { apps: await appViews(work, applications) };
};

const get = async ({ work, params }: DialectCall) =>
  appView(work, resultOf(await operations.applications.get(work, { application_id: appIdOf(params), ...noBody })));

/** People sign in through it with their password; it keeps no secret. */
const GRANT_TYPES = ['password', 'http://auth0.com/oauth/grant-type/password-realm', 'refresh_token'] as const;

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { code, ...rest } = body;
  const client_id = required('code', code);
  if (!/^[A-Za-z0-9._~-]{1,100}$/.test(client_id))
    throw new Refusal(400, 'INVALID_INPUT', 'code must be 1 to 100 letters, digits, ".", "_", "~" or "-".', {
      field: 'code',
    });
  const fields = { ...(await fieldsOf(work, rest)), name: required('name', body.name) };
  return together(work, async (inner, unit) => {
    const made = resultOf(
      await operations.applications.create(inner, {
        query: undefined,
        body: { ...fields, client_id, type: 'spa', grant_types: [...GRANT_TYPES] },
      }),
    );
    const kept = keptWith({}, rest);
    if (Object.keys(kept).length > 0)
      await setExtension(unit, 'applications', made.id, 'rw3iss', kept as never, { isCreation: true });
    return appView(inner, made);
  });
}

async function update({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  const application_id = appIdOf(params);
  const fields = await fieldsOf(work, body);
  return together(work, async (inner, unit) => {
    const { status } = body;
    await setExtension(
      unit,
      'applications',
      application_id,
      'rw3iss',
      (before) => unlessEmpty(keptWith((before ?? {}) as AppExtension, body)) as never,
    );
    let changed = resultOf(
      await operations.applications.update(inner, { application_id, query: undefined, body: fields }),
    );
    // Contract `apps.update`: any status is stored; only "active" lets sign-ins through.
    if (status !== undefined && (status === 'active') !== changed.enabled) {
      const turn = status === 'active' ? operations.applications.enable : operations.applications.disable;
      changed = resultOf(await turn(inner, { application_id, ...noBody }));
    }
    return appView(inner, changed);
  });
}

async function remove({ work, params }: DialectCall) {
  await operations.applications.delete(work, { application_id: appIdOf(params), ...noBody });
}

/** Contract `apps.listForUser`: of an unknown user, none. */
async function listForUser({ work, params }: DialectCall) {
  const user_id = userIdOf(params);
  try {
    const applications = await everyItem('applications', (query) =>
      operations.users.listApplications(work, { user_id, query, body: undefined }),
    );
    return {
      apps: await appViews(
        work,
        applications.filter(({ enabled }) => enabled),
      ),
    };
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return { apps: [] };
    throw error;
  }
}

const granted = ({ params }: Pick<DialectCall, 'params'>) => ({
  user_id: userIdOf(params),
  application_id: appIdOf(params),
  ...noBody,
});

async function grantUser(call: DialectCall) {
  await operations.applications.grantUser(call.work, granted(call));
}

/** Contract `apps.revokeUser`: no content even where there was no grant. */
async function revokeUser(call: DialectCall) {
  try {
    await operations.applications.revokeUser(call.work, granted(call));
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'not_found')) throw error;
  }
}

async function registrationPolicy({ work, params }: DialectCall) {
  const application = await applicationByCode(work, params.code as string);
  const app = await appView(work, application);
  return {
    code: app.code,
    name: app.name,
    allowed_email_domains: app.allowed_email_domains,
    allowed_auth_methods: app.allowed_auth_methods,
    has_default_organization: app.default_organization_id !== undefined,
  };
}

export const apps: readonly DialectRow[] = [
  row('GET /admin/apps', { scopes: PLATFORM_ADMIN, run: list }),
  row('GET /admin/apps/{app_id}', { scopes: PLATFORM_ADMIN, run: get }),
  row('POST /admin/apps', { scopes: SYSTEM_ADMIN, status: 201, body: createBody, run: create }),
  row('PATCH /admin/apps/{app_id}', { scopes: SYSTEM_ADMIN, body: updateBody, run: update }),
  row('DELETE /admin/apps/{app_id}', { scopes: SYSTEM_ADMIN, status: 204, run: remove }),
  row('GET /apps/{code}/registration-policy', { scopes: [], run: registrationPolicy }),
  row('GET /admin/users/{user_id}/apps', { scopes: PLATFORM_ADMIN, run: listForUser }),
  row('POST /admin/users/{user_id}/apps/{app_id}', { scopes: PLATFORM_ADMIN, status: 204, run: grantUser }),
  row('DELETE /admin/users/{user_id}/apps/{app_id}', { scopes: PLATFORM_ADMIN, status: 204, run: revokeUser }),
];
