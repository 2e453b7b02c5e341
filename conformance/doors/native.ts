/** Reeve's own client. */

import { uuidOf } from '@reeve/core';
import { ReeveError } from '@reeve/sdk';
import { signInWith } from '@reeve/testkit';
import { type Changes, type Credentials, type Door, type Happening, type Log, refusalOf, sorted } from '../door.ts';
import type { Stage } from '../stage.ts';

/** What the token endpoint answers to who may not come in. */
class TokenRefusal extends Error {
  readonly told: unknown;
  constructor(told: unknown) {
    super('The token endpoint refused.');
    this.told = told;
  }
}

/** As an application signs somebody in: the SDK administers. */
async function passwordGrant({ world }: Stage, { email, password }: Credentials): Promise<void> {
  const { status, body } = await signInWith(world.server, {
    username: email,
    password,
    scope: 'openid offline_access',
  });
  if (status !== 200) throw new TokenRefusal({ status, error: body.error, code: body.code });
}

const changesOf = (stage: Stage): Omit<Changes, 'impersonate'> => {
  const { native, group, organization, role } = stage;
  return {
    create: async (draft) => void (await native.users.create({ ...draft, email_verified: false })),
    rename: async (id, { phone, ...names }) => void (await native.users.update(id, { ...names, phone_number: phone })),
    move: async (id, email) => void (await native.users.update(id, { email, email_verified: false })),
    verify: async (id) => void (await native.users.update(id, { email_verified: true })),
    setMetadata: async (id, bags) => void (await native.users.update(id, bags as object)),
    setFields: async (id, custom_fields) => void (await native.users.update(id, { custom_fields } as object)),
    joinGroup: async (id) => void (await native.groups.addMember(group, id)),
    leaveGroup: async (id) => void (await native.groups.removeMember(group, id)),
    joinOrganization: async (id) => void (await native.organizations.addMember(organization, id, {})),
    leaveOrganization: async (id) => void (await native.organizations.removeMember(organization, id)),
    giveRole: async (id) => void (await native.roles.addMember(role, id)),
    takeRole: async (id) => void (await native.roles.removeMember(role, id)),
    signIn: (credentials) => passwordGrant(stage, credentials),
    endSessions: async (id) => void (await native.sessions.revokeAllForUser(id)),
    disable: async (id) => void (await native.users.disable(id)),
    enable: async (id) => void (await native.users.enable(id)),
    delete: async (id) => void (await native.users.delete(id)),
  };
};

const readerOf =
  ({ native }: Stage): Door['read'] =>
  async (id) => {
    const user = await native.users.get(id);
    const { groups } = await native.groups.listForUser(id);
    const { organizations } = await native.organizations.listForUser(id);
    const { roles } = await native.users.listRoles(id);
    const { sessions } = await native.sessions.listForUser(id);
    return {
      name: user.name,
      given_name: user.given_name,
      family_name: user.family_name,
      nickname: user.nickname,
      username: user.username,
      email: user.email,
      email_verified: user.email_verified,
      phone: user.phone_number,
      state: user.state,
      user_metadata: user.user_metadata,
      app_metadata: user.app_metadata,
      custom_fields: user.custom_fields,
      groups: sorted(groups.map(({ code }) => code)),
      organizations: sorted(organizations.map(({ name }) => name)),
      roles: sorted(roles.map(({ code }) => code)),
      sessions: sorted(sessions.map((session) => uuidOf(session.id))),
      is_signed_in: sessions.length > 0,
    };
  };

const logOf = ({ native }: Stage): Log => ({
  async read(user, start) {
    const { events } = await native.audit.list({ user, start, order: 'asc', limit: 100 });
    return events.map(
      ({ event_type, actor }): Happening => ({
        type: event_type,
        actor: { type: actor.type as Happening['actor']['type'], id: actor.id },
        impersonator: actor.impersonator_id,
      }),
    );
  },
  told: ({ changed: _, ...happening }) => happening,
});

export function nativeDoor(stage: Stage): Door {
  const { native, application } = stage;
  const words: Door['words'] = (error) => {
    if (error instanceof TokenRefusal) return error.told;
    if (error instanceof ReeveError) return { status: error.status, code: error.code };
    throw error;
  };
  return {
    name: '@reeve/sdk',
    vendor: 'native',
    actor: { type: 'application', id: application },
    changes: changesOf(stage),
    cannot: { impersonate: 'makes a link that a browser follows' },
    birth: {},
    read: readerOf(stage),
    hides: {},
    log: logOf(stage),
    find: async (email) => (await native.users.list({ email })).users[0]?.id,
    list: async () => (await native.users.list({ limit: 50 })).users.map(({ id }) => id),
    absence: (id) => refusalOf(native.users.get(id), { words }),
    words,
  };
}
