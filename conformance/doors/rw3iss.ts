/** rw3iss's auth-client: the drop-in; the vendor publishes none. */
import { uuidOf } from '@reeve/core';
import { ADMIN_EMAIL, readMail } from '@reeve/testkit';
import { type AuthClient, AuthError } from '../../packages/dialects/rw3iss/client/index.ts';
import { World } from '../../packages/dialects/rw3iss/conformance/world.ts';
import { type Changes, type Door, type Log, refusalOf, sorted } from '../door.ts';
import { ROLE, type Stage } from '../stage.ts';

const changesOf = (world: World, admin: AuthClient, { organization }: Stage): Partial<Changes> => {
  const held = async (id: string) => (await admin.users.listRoles(id)).map(({ code }) => code);
  return {
    async create({ email, password, given_name, family_name }) {
      const { logged_in } = await world
        .client(new Set())
        .auth.register({ email, password, firstName: given_name, lastName: family_name });
      if (logged_in) throw new Error('A newcomer is signed in, and the story has that later.');
    },
    async verify(_id, email) {
      const { ticket } = await readMail(world.server, email);
      await world.client(new Set()).account.verifyEmail(ticket);
    },
    joinOrganization: (id) => admin.organizations.addMember(uuidOf(organization), id),
    leaveOrganization: (id) => admin.organizations.adminRemoveMember(uuidOf(organization), id),
    giveRole: async (id) => admin.users.setRoles(id, [...(await held(id)), ROLE]),
    takeRole: async (id) =>
      admin.users.setRoles(
        id,
        (await held(id)).filter((code) => code !== ROLE),
      ),
    async impersonate(targetUserId) {
      const acting = await world.signedIn(new Set());
      await acting.users.impersonate({ targetUserId, reason: 'The matrix asks.' });
      const [session] = await acting.sessions.list();
      await acting.sessions.terminate(session?.id as string);
    },
    signIn: async (credentials) => void (await world.signedIn(new Set(), credentials)),
    endSessions: (id) => admin.users.revokeSessions(id),
    delete: (userId) => admin.users.hardDelete({ userId, reason: 'The matrix ends.' }),
  };
};

const readerOf =
  (admin: AuthClient): Door['read'] =>
  async (id) => {
    const [user] = await admin.users.lookup({ ids: [id] });
    if (!user) throw new Error(`Nobody has the id ${id}.`);
    const memberships = await admin.users.getOrganizations(id);
    const roles = await admin.users.listRoles(id);
    const sessions = await admin.users.listSessions(id);
    const { metadata = {} } = user as { metadata?: { custom_fields?: object } };
    if (user.status !== 'suspended' && user.email_verified !== (user.status === 'active'))
      throw new Error(`A user is ${user.status} with email_verified ${user.email_verified}.`);
    return {
      name: user.display_name ?? null,
      given_name: user.first_name || null,
      family_name: user.last_name || null,
      email: user.email,
      email_verified: user.email_verified,
      phone: user.phone ?? null,
      state: user.status === 'suspended' ? 'disabled' : 'active',
      custom_fields: metadata.custom_fields ?? {},
      organizations: sorted(memberships.map(({ organization }) => organization.name)),
      roles: sorted(roles.map(({ code }) => code)),
      sessions: sorted(sessions.map((session) => session.id)),
      is_signed_in: sessions.length > 0,
    };
  };

/** The vendor's actions; all else is called as natively. */
const ACTIONS: Readonly<Record<string, string>> = {
  'user.signed_in': 'login.success',
  'user.erased': 'user.hard_deleted',
  'user.sign_in_failed': 'login.failed',
};

const logOf = (admin: AuthClient): Log => ({
  async read(id, since) {
    const { entries } = await admin.audit.list({ since, pageSize: 200 });
    return entries
      .filter((entry) => [entry.resource_id, entry.user_id, entry.details?.subject_user_id].includes(id))
      .toReversed()
      .map(({ action, user_id, details }) => ({ action, user_id, impersonator_id: details?.impersonator_id }));
  },
  told: ({ type, actor, impersonator }) => ({
    action: ACTIONS[type] ?? type,
    // Only people are named.
    user_id: actor.type === 'user' ? uuidOf(actor.id as string) : undefined,
    impersonator_id: impersonator === null ? undefined : uuidOf(impersonator),
  }),
});

const NO_FORM = 'its administration has no such form';
const NO_GROUPS = 'has no groups';

export async function rw3issDoor(stage: Stage): Promise<Door> {
  const world = new World(stage.world.server, stage.world.kind);
  const admin = await world.signedIn(new Set());
  const [administrator] = (await stage.native.users.list({ email: ADMIN_EMAIL })).users;
  const words: Door['words'] = (error) => {
    if (!(error instanceof AuthError)) throw error;
    return { status: error.status, serverCode: error.serverCode };
  };
  return {
    name: '@reeve/auth-client',
    vendor: 'rw3iss',
    actor: { type: 'user', id: administrator?.id as string },
    changes: changesOf(world, admin, stage),
    cannot: {
      rename: NO_FORM,
      move: NO_FORM,
      setMetadata: NO_FORM,
      setFields: NO_FORM,
      joinGroup: NO_GROUPS,
      leaveGroup: NO_GROUPS,
      disable: NO_FORM,
      enable: NO_FORM,
    },
    birth: { nickname: null, username: null, roles: ['base_user'] },
    read: readerOf(admin),
    hides: {
      nickname: 'has no such field',
      username: 'has no such field',
      user_metadata: 'has no such field',
      app_metadata: 'has no such field',
      groups: NO_GROUPS,
    },
    log: logOf(admin),
    find: async (email) => (await admin.users.lookup({ emails: [email] }))[0]?.id,
    list: async () => (await admin.users.list({ pageSize: 200 })).users.map(({ id }) => id),
    absence: (id) => refusalOf(admin.users.setRoles(id, []), { words }),
    words,
  };
}
