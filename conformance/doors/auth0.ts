/** Auth0's clients of the 3.x line: the vendor's own, and the drop-in. */
import { CLIENT_ID } from '@reeve/testkit';
import type { Client } from '../../packages/dialects/auth0/conformance/clients.ts';
import { type Changes, type Door, type Happening, type Log, refusalOf, sorted } from '../door.ts';
import type { Stage } from '../stage.ts';

interface User {
  readonly user_id: string;
  readonly app_metadata: { readonly custom_fields?: object };
  readonly [field: string]: unknown;
}
interface Entry {
  readonly type: string;
  readonly user_id?: string;
  readonly client_id?: string;
  readonly details: {
    readonly event_type: string;
    readonly actor: { readonly type: string; readonly id: string | null; readonly impersonator_id: string | null };
  };
}

type Call = <Answer = unknown>(method: string, ...args: unknown[]) => Promise<Answer>;

function callerOf({ world }: Stage, client: Client): Call {
  const connected = client.connect(world);
  return async (method, ...args) =>
    (await connected.call(method, args, { names: 'managers', style: 'promise' }).outcome) as never;
}

const changesOf = (call: Call, { organization, role }: Stage): Partial<Changes> => {
  const update = async (id: string, change: object) => void (await call('users.update', { id }, change));
  return {
    create: async (draft) =>
      void (await call('users.create', {
        connection: 'Username-Password-Authentication',
        ...draft,
        email_verified: false,
        verify_email: false,
      })),
    rename: (id, { phone, ...names }) => update(id, { ...names, phone_number: phone }),
    move: (id, email) => update(id, { email }),
    verify: (id) => update(id, { email_verified: true }),
    setMetadata: (id, bags) => update(id, bags),
    joinOrganization: async (id) =>
      void (await call('organizations.addMembers', { id: organization }, { members: [id] })),
    leaveOrganization: async (id) =>
      void (await call('organizations.removeMembers', { id: organization }, { members: [id] })),
    giveRole: async (id) => void (await call('users.assignRoles', { id }, { roles: [role] })),
    takeRole: async (id) => void (await call('users.removeRoles', { id }, { roles: [role] })),
    signIn: async ({ email, password }) =>
      void (await call('auth.passwordGrant', { username: email, password, scope: 'openid offline_access' })),
    async endSessions(id) {
      for (const { id: device } of await devicesOf(call, id)) await call('deviceCredentials.delete', { id: device });
    },
    disable: (id) => update(id, { blocked: true }),
    enable: (id) => update(id, { blocked: false }),
    delete: async (id) => void (await call('users.delete', { id })),
  };
};

const devicesOf = (call: Call, user_id: string) =>
  call<{ readonly id: string }[]>('deviceCredentials.getAll', { user_id, type: 'refresh_token' });

const readerOf =
  (call: Call, { roleCodes }: Stage): Door['read'] =>
  async (id) => {
    const user = await call<User>('users.get', { id });
    const { custom_fields = {}, ...app_metadata } = user.app_metadata;
    const organizations = await call<{ name: string }[]>('users.getUserOrganizations', { id });
    const roles = await call<{ id: string }[]>('users.getRoles', { id });
    const text = (field: string) => (user[field] ?? null) as string | null;
    return {
      name: text('name'),
      given_name: text('given_name'),
      family_name: text('family_name'),
      nickname: text('nickname'),
      username: text('username'),
      email: text('email'),
      email_verified: user.email_verified as boolean,
      phone: text('phone_number'),
      state: user.blocked === true ? 'disabled' : 'active',
      user_metadata: user.user_metadata as object,
      app_metadata,
      custom_fields,
      organizations: sorted(organizations.map(({ name }) => name)),
      // A role has an id and a name there, and no code.
      roles: sorted(roles.map((role) => roleCodes.get(role.id) ?? role.id)),
      is_signed_in: (await devicesOf(call, id)).length > 0,
    };
  };

/** The vendor's codes; of all else `sapi`. */
const CODES: Readonly<Record<string, string>> = {
  'user.created': 'ss',
  'user.deleted': 'sdu',
  'user.erased': 'du',
  'user.signed_in': 's',
  'user.email_verified': 'sv',
  'user.email_verification_requested': 'svr',
  'user.sign_in_failed': 'f',
  'session.created': 'ssa',
  'session.revoked': 'slo',
  'token.issued': 'sepft',
  'token.revoked': 'srrt',
};

/** By what changed, where the event is a change of a user. */
const CHANGES = { email: 'sce', phone: 'scpn' } as const;

function codeOf({ type, impersonator, changed }: Happening): string {
  if (changed) return CHANGES[changed];
  // A token by no grant that the vendor has.
  if (type === 'token.issued' && impersonator !== null) return 'sapi';
  return CODES[type] ?? 'sapi';
}

const logOf = (call: Call): Log => ({
  async read(id, since) {
    const q = `user_id:"${id}" AND date:["${since}" TO *]`;
    const entries = await call<Entry[]>('logs.getAll', { q, sort: 'date:1', per_page: 100 });
    return entries.map(({ type, user_id, client_id, details: { event_type, actor } }) => ({
      type,
      user_id,
      ...(actor.type === 'application' ? { client_id } : {}),
      event_type,
      actor: { type: actor.type, id: actor.id },
      impersonator: actor.impersonator_id,
    }));
  },
  told: (happening, id) => ({
    type: codeOf(happening),
    user_id: id,
    ...(happening.actor.type === 'application' ? { client_id: CLIENT_ID } : {}),
    event_type: happening.type,
    actor: happening.actor,
    impersonator: happening.impersonator,
  }),
});

export function auth0Door(stage: Stage, client: Client): Door {
  const call = callerOf(stage, client);
  const words: Door['words'] = (error) => {
    const { status, seen } = client.refusalOf(error);
    const { errorCode, error: name, code } = (seen as { readonly body: Readonly<Record<string, unknown>> }).body;
    return { statusCode: status, ...(errorCode === undefined ? { error: name, code } : { errorCode }) };
  };
  return {
    name: client.name,
    vendor: 'auth0',
    actor: { type: 'application', id: stage.application },
    changes: changesOf(call, stage),
    cannot: {
      setFields: 'shows custom fields, and does not change them',
      joinGroup: 'has no groups',
      leaveGroup: 'has no groups',
      impersonate: 'makes a link that a browser follows',
    },
    birth: {},
    read: readerOf(call, stage),
    hides: {
      groups: 'has no groups',
      sessions: 'names no sessions; a device with a refresh token tells that there is one',
    },
    log: logOf(call),
    find: async (email) => (await call<User[]>('users.getByEmail', email))[0]?.user_id,
    list: async () =>
      (await call<User[]>('users.getAll', { sort: 'created_at:-1', per_page: 50 })).map(({ user_id }) => user_id),
    absence: (id) => refusalOf(call('users.get', { id }), { words }),
    words,
  };
}
