/** Authing's management clients of v4: the vendor's own, and the drop-in. */
import { type Client, type ClientName, clientOf } from '../../packages/dialects/authing/conformance/world.ts';
import { type Changes, type Door, refusalOf, sorted } from '../door.ts';
import { GROUP, ROLE, type Stage } from '../stage.ts';

const changesOf = ({ users }: Client): Partial<Changes> => ({
  async create({ given_name, family_name, ...draft }) {
    await users.create({ ...draft, givenName: given_name, familyName: family_name });
  },
  async rename(id, { name, given_name, family_name, nickname, phone }) {
    await users.update(id, { name, givenName: given_name, familyName: family_name, nickname, phone });
  },
  move: async (id, email) => void (await users.update(id, { email })),
  verify: async (id) => void (await users.update(id, { emailVerified: true })),
  setFields: async (id, values) => void (await users.setUdfValue(id, values)),
  joinGroup: async (id) => void (await users.addGroup(id, GROUP)),
  leaveGroup: async (id) => void (await users.removeGroup(id, GROUP)),
  giveRole: async (id) => void (await users.addRoles(id, [ROLE])),
  takeRole: async (id) => void (await users.removeRoles(id, [ROLE])),
  endSessions: async (id) => void (await users.kick([id])),
  disable: async (id) => void (await users.update(id, { blocked: true })),
  enable: async (id) => void (await users.update(id, { blocked: false })),
  delete: async (id) => void (await users.delete(id)),
});

const readerOf =
  ({ users }: Client): Door['read'] =>
  async (id) => {
    const user = await users.detail(id, { withCustomData: true });
    if (!user) throw new Error(`Nobody has the id ${id}.`);
    const { list: groups } = await users.listGroups(id);
    const { list: roles } = await users.listRoles(id);
    const paths = (await users.listOrgs(id)) as { readonly name?: string }[][];
    const { isLogin } = (await users.checkLoginStatus(id)) as { readonly isLogin: boolean };
    const { name, nickname, username, email, phone } = user;
    return {
      name: name ?? null,
      given_name: user.givenName ?? null,
      family_name: user.familyName ?? null,
      nickname: nickname ?? null,
      username: username ?? null,
      email: email ?? null,
      email_verified: user.emailVerified === true,
      phone: phone ?? null,
      state: user.blocked ? 'disabled' : 'active',
      custom_fields: (user.customData ?? {}) as object,
      groups: sorted(groups.map(({ code }) => code)),
      organizations: sorted(paths.map((path) => path.at(-1)?.name ?? '')),
      roles: sorted(roles.map(({ code }) => code)),
      is_signed_in: isLogin,
    };
  };

const NO_BAGS = 'has fields that are defined, and no bags';
const NO_ORGANIZATIONS = 'shows departments; the module that changes them is not served';

export function authingDoor(stage: Stage, name: ClientName): Door {
  const client = clientOf(name, stage.world.server, new Set());
  const { users } = client;
  const words: Door['words'] = (error) => ({ code: (error as { readonly code?: unknown }).code });
  return {
    name,
    vendor: 'authing',
    actor: { type: 'application', id: stage.application },
    changes: changesOf(client),
    cannot: {
      setMetadata: NO_BAGS,
      joinOrganization: NO_ORGANIZATIONS,
      leaveOrganization: NO_ORGANIZATIONS,
      impersonate: 'issues a token of the user, which names nobody else',
      signIn: 'the management client signs nobody in',
    },
    birth: {},
    read: readerOf(client),
    hides: {
      user_metadata: NO_BAGS,
      app_metadata: NO_BAGS,
      sessions: 'tells whether somebody is signed in, and names no sessions',
      events: 'the audit log is read natively',
    },
    find: async (email) => (await users.find({ email }))?.id,
    list: async () => (await users.list(1, 50)).list.map(({ id }) => id),
    absence: async (id) => ({
      detail: await users.detail(id),
      listGroups: await refusalOf(users.listGroups(id), { words }),
    }),
    words,
  };
}
