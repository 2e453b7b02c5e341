/** What happens to one person, step by step: what a door is asked for, what is expected of the person then, and which events. */
import type { Change, Changes, Credentials, Door, Draft, Happening, Person, Profile, Vendor } from './door.ts';
import { GROUP, ORGANIZATION, ROLE } from './stage.ts';

/** Somebody whom a door made. */
export interface Subject {
  /** In every vendor's spelling. */
  readonly ids: Readonly<Record<Vendor, string>>;
  readonly person: Person;
  /** What the person signs in with. */
  credentials: Credentials;
}

/** An event as a step expects it: the door's actor did it unless it says otherwise. */
export interface Expected extends Pick<Happening, 'type' | 'changed'> {
  readonly by?: 'person' | 'impersonator' | 'stranger';
}

export interface Step {
  readonly change: Change;
  /** As the page calls it. */
  readonly title: string;
  run(changes: Changes, subject: Subject, id: string): Promise<void>;
  /** What is different of the person then. */
  readonly result: (subject: Subject) => Partial<Person>;
  readonly events: (vendor: Vendor) => readonly Expected[];
}

const always =
  (...events: readonly Expected[]) =>
  () =>
    events;
const updated = always({ type: 'user.updated' });
const by = (who: NonNullable<Expected['by']>, types: readonly string[]): Expected[] =>
  types.map((type) => ({ type, by: who }));

/** An account that people make for themselves is nobody's work whom the directory knows. */
export const bornBy = (vendor: Vendor): readonly Expected[] =>
  vendor === 'rw3iss'
    ? by('stranger', [
        'user.created',
        'user.email_verification_requested',
        'user.roles_changed',
        'application.user_granted',
      ])
    : [{ type: 'user.created' }];
export const DELETED: readonly Expected[] = [{ type: 'user.deleted' }, { type: 'user.erased' }];
export const SHUT_OUT: Expected = { type: 'user.sign_in_failed', by: 'person' };

/** The vendors' words beside the session's own end. */
const ENDS: Readonly<Record<Vendor, readonly Expected[]>> = {
  native: [],
  auth0: [{ type: 'device_credential.deleted' }],
  rw3iss: [],
  authing: [{ type: 'token.revoked' }],
};

const BAGS = {
  user_metadata: { hobby: 'engines', tags: ['notes', 'tables'] },
  app_metadata: { plan: 'gold', seats: 3 },
};
const FIELDS = { shoe_size: 37.5, town: 'London' };

/** Everybody's own: no two people have the same address, username or phone. */
export const draftOf = (n: number): Draft => ({
  email: `ada${n}@example.com`,
  password: 'Correct-horse-1',
  name: 'Ada King',
  given_name: 'Ada',
  family_name: 'King',
  nickname: 'ada',
  username: `ada.${n}`,
});
const movedOf = ({ person }: Subject): string => `moved.${person.email}`;
const profileOf = ({ person }: Subject): Profile => ({
  name: 'Ada Lovelace',
  given_name: 'Augusta Ada',
  family_name: 'Lovelace',
  nickname: 'countess',
  phone: `+44155501${person.email?.replace(/\D/g, '').padStart(2, '0')}`,
});

/** Of a draft, as every door makes it unless it says otherwise. */
export const newborn = ({ password: _, ...draft }: Draft, { birth }: Door): Person => ({
  ...draft,
  email_verified: false,
  phone: null,
  state: 'active',
  user_metadata: {},
  app_metadata: {},
  custom_fields: {},
  groups: [],
  organizations: [],
  roles: [],
  sessions: [],
  is_signed_in: false,
  ...birth,
});

const rolesWith = ({ person }: Subject): Partial<Person> => ({ roles: [...person.roles, ROLE].toSorted() });
const rolesWithout = ({ person }: Subject): Partial<Person> => ({
  roles: person.roles.filter((code) => code !== ROLE),
});

export const story: readonly Step[] = [
  {
    change: 'verify',
    title: 'verify the e-mail address',
    run: (changes, { person }, id) => changes.verify(id, person.email as string),
    result: () => ({ email_verified: true }),
    events: (vendor) => (vendor === 'rw3iss' ? [{ type: 'user.email_verified', by: 'person' }] : updated()),
  },
  {
    change: 'rename',
    title: 'change names, nickname and phone',
    run: (changes, subject, id) => changes.rename(id, profileOf(subject)),
    result: profileOf,
    events: always({ type: 'user.updated', changed: 'phone' }),
  },
  {
    change: 'setMetadata',
    title: 'set metadata',
    run: (changes, _, id) => changes.setMetadata(id, BAGS),
    result: () => BAGS,
    events: updated,
  },
  {
    change: 'setFields',
    title: 'set custom fields',
    run: (changes, _, id) => changes.setFields(id, FIELDS),
    result: () => ({ custom_fields: FIELDS }),
    events: updated,
  },
  {
    change: 'joinGroup',
    title: 'add to a group',
    run: (changes, _, id) => changes.joinGroup(id),
    result: () => ({ groups: [GROUP] }),
    events: always({ type: 'group.member_added' }),
  },
  {
    change: 'joinOrganization',
    title: 'add to an organization',
    run: (changes, _, id) => changes.joinOrganization(id),
    result: () => ({ organizations: [ORGANIZATION] }),
    events: always({ type: 'organization.member_added' }),
  },
  {
    change: 'giveRole',
    title: 'give a role',
    run: (changes, _, id) => changes.giveRole(id),
    result: rolesWith,
    events: always({ type: 'user.roles_changed' }),
  },
  {
    change: 'impersonate',
    title: 'act as the person, and end that session',
    run: (changes, _, id) => changes.impersonate(id),
    result: () => ({}),
    events: () =>
      by('impersonator', ['user.impersonation_started', 'session.created', 'token.issued', 'session.revoked']),
  },
  {
    change: 'signIn',
    title: 'sign in',
    run: (changes, { credentials }) => changes.signIn(credentials),
    result: () => ({ is_signed_in: true }),
    events: () => by('person', ['user.signed_in', 'session.created', 'token.issued']),
  },
  {
    change: 'endSessions',
    title: 'end the sessions',
    run: (changes, _, id) => changes.endSessions(id),
    result: () => ({ sessions: [], is_signed_in: false }),
    events: (vendor) => [{ type: 'session.revoked' }, ...ENDS[vendor]],
  },
  {
    change: 'move',
    title: 'change the e-mail address',
    async run(changes, subject, id) {
      await changes.move(id, movedOf(subject));
      subject.credentials = { ...subject.credentials, email: movedOf(subject) };
    },
    result: (subject) => ({ email: movedOf(subject), email_verified: false }),
    events: always({ type: 'user.updated', changed: 'email' }),
  },
  {
    change: 'disable',
    title: 'disable',
    run: (changes, _, id) => changes.disable(id),
    result: () => ({ state: 'disabled' }),
    events: always({ type: 'user.disabled' }),
  },
  {
    change: 'enable',
    title: 'enable',
    run: (changes, _, id) => changes.enable(id),
    result: () => ({ state: 'active' }),
    events: always({ type: 'user.enabled' }),
  },
  {
    change: 'leaveGroup',
    title: 'take out of the group',
    run: (changes, _, id) => changes.leaveGroup(id),
    result: () => ({ groups: [] }),
    events: always({ type: 'group.member_removed' }),
  },
  {
    change: 'leaveOrganization',
    title: 'take out of the organization',
    run: (changes, _, id) => changes.leaveOrganization(id),
    result: () => ({ organizations: [] }),
    events: always({ type: 'organization.member_removed' }),
  },
  {
    change: 'takeRole',
    title: 'take the role',
    run: (changes, _, id) => changes.takeRole(id),
    result: rolesWithout,
    events: always({ type: 'user.roles_changed' }),
  },
];

/** An event as it happened, with the native ids of who did it. */
export function happeningOf({ type, changed, by }: Expected, { actor }: Door, { ids }: Subject): Happening {
  const person = { type: 'user', id: ids.native } as const;
  const who = { person, impersonator: person, stranger: { type: 'anonymous', id: null }, door: actor } as const;
  return {
    type,
    actor: who[by ?? 'door'],
    impersonator: by === 'impersonator' ? actor.id : null,
    ...(changed ? { changed } : {}),
  };
}

interface Words {
  /** Of an id that nobody has any more. */
  readonly absent: unknown;
  /** To the right password of somebody who is disabled. */
  readonly disabled?: unknown;
  /** To the password of somebody who was deleted. */
  readonly deleted?: unknown;
}

/** What each vendor says, in its own fields. */
export const words: Readonly<Record<Vendor, Words>> = {
  native: {
    absent: { status: 404, code: 'not_found' },
    disabled: { status: 400, error: 'invalid_grant', code: 'user_disabled' },
    deleted: { status: 400, error: 'invalid_grant', code: 'invalid_credentials' },
  },
  auth0: {
    absent: { statusCode: 404, errorCode: 'inexistent_user' },
    disabled: { statusCode: 400, error: 'invalid_grant', code: 'user_disabled' },
    deleted: { statusCode: 400, error: 'invalid_grant', code: 'invalid_credentials' },
  },
  rw3iss: {
    absent: { status: 404, serverCode: 'USER_NOT_FOUND' },
    disabled: { status: 403, serverCode: 'USER_SUSPENDED' },
    deleted: { status: 401, serverCode: 'INVALID_CREDENTIALS' },
  },
  authing: { absent: { detail: null, listGroups: { code: 2004 } } },
};
