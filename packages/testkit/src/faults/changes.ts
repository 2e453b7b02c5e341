/** The changes that a run asks for: each with the shape that it makes of a thing and the events that it leaves. */
import type { User } from '@reeve/sdk';
import type { Random } from '../random.ts';
import type { Change, Fields, Thing } from './model.ts';

/** What the things of a run are put into; nobody changes these. */
export interface Places {
  readonly groups: readonly string[];
  readonly roles: readonly Place[];
  readonly organizations: readonly string[];
}
interface Place {
  readonly id: string;
  readonly code: string;
}

export interface ChangeContext {
  readonly random: Random;
  readonly places: Places;
  /** Whether a deleted user is erased at once. */
  readonly erasesAtOnce: boolean;
  /** A text that was never given before. */
  readonly fresh: () => string;
}

type Bag = Readonly<Record<string, unknown>>;
export interface UserShape {
  readonly username: string;
  readonly email: string | null;
  readonly nickname: string | null;
  readonly name: string | null;
  readonly state: User['state'];
  readonly user_metadata: Bag;
  readonly app_metadata: Bag;
  /** Ids, sorted. */
  readonly groups: readonly string[];
  /** Codes, sorted. */
  readonly roles: readonly string[];
  /** Codes of roles by the organization's id. */
  readonly organizations: Readonly<Record<string, readonly string[]>>;
}

const merged = (bag: Bag, patch: Bag): Bag =>
  Object.fromEntries(Object.entries({ ...bag, ...patch }).filter(([, value]) => value !== null));
const withOne = (list: readonly string[], one: string): string[] => [...new Set([...list, one])].sort();
const without = (list: readonly string[], one: string): string[] => list.filter((other) => other !== one);
const asShape = (shape: UserShape): Fields => ({ ...shape });

/** Creates a user with everything that is kept in more than one table. */
export function creationOfUser(username: string, { fresh, random }: ChangeContext): Change {
  const text = fresh();
  const body = {
    username,
    nickname: `nick ${text}`,
    user_metadata: { origin: text, tags: [text, 'all'] },
    app_metadata: { plan: random.one(['free', 'paid']), made: text },
    ...(random.chance(0.7) ? { email: `${username}@example.com`, email_verified: true } : {}),
  };
  const shape: UserShape = {
    username,
    email: body.email ?? null,
    nickname: body.nickname,
    name: null,
    state: 'active',
    user_metadata: body.user_metadata,
    app_metadata: body.app_metadata,
    groups: [],
    roles: [],
    organizations: {},
  };
  return {
    what: `create ${username}`,
    ask: (client, key) => client.users.create(body, { idempotencyKey: key }),
    shape: asShape(shape),
    events: ['user.created'],
  };
}

/** Any change of a user who exists. */
export function changeOfUser(user: Thing, context: ChangeContext): Change {
  const shape = user.shape as unknown as UserShape;
  const id = user.id as string;
  const dice = context.random.next();
  if (dice < 0.4) return updateOf(user.name, id, shape, context);
  if (dice < 0.52) return turnOf(user.name, id, shape, context);
  if (dice < 0.68) return groupingOf(user.name, id, shape, context);
  if (dice < 0.8) return roleOf(user.name, id, shape, context);
  if (dice < 0.93) return membershipOf(user.name, id, shape, context);
  return {
    what: `delete ${user.name}`,
    ask: (client, key) => client.users.delete(id, { idempotencyKey: key }),
    shape: undefined,
    events: context.erasesAtOnce ? ['user.deleted', 'user.erased'] : ['user.deleted'],
  };
}

function updateOf(name: string, id: string, shape: UserShape, { random, fresh }: ChangeContext): Change {
  const text = fresh();
  // Several tables at once: half of it would show.
  const patch = {
    nickname: `nick ${text}`,
    ...(random.chance(0.5) ? { name: `Name ${text}` } : {}),
    ...(random.chance(0.3) ? { email: `${text}@example.com`, email_verified: true } : {}),
    user_metadata: random.chance(0.5) ? { [`k${random.upTo(4)}`]: text } : { tags: [text], origin: null },
    app_metadata: { made: text, [`n${random.upTo(3)}`]: random.upTo(1000) },
  };
  const next: UserShape = {
    ...shape,
    ...patch,
    user_metadata: merged(shape.user_metadata, patch.user_metadata),
    app_metadata: merged(shape.app_metadata, patch.app_metadata),
  };
  const { email_verified: _, ...kept } = next as UserShape & { email_verified?: boolean };
  return {
    what: `update ${name}`,
    ask: (client, key) => client.users.update(id, patch, { idempotencyKey: key }),
    shape: asShape(kept),
    events: ['user.updated'],
  };
}

function turnOf(name: string, id: string, shape: UserShape, { random }: ChangeContext): Change {
  // Now and then to what it is already, which changes nothing.
  const disables = random.chance(0.1) ? shape.state === 'disabled' : shape.state === 'active';
  const state = disables ? 'disabled' : 'active';
  return {
    what: `${disables ? 'disable' : 'enable'} ${name}`,
    ask: (client, key) => client.users[disables ? 'disable' : 'enable'](id, { idempotencyKey: key }),
    shape: asShape({ ...shape, state }),
    events: state === shape.state ? [] : [disables ? 'user.disabled' : 'user.enabled'],
  };
}

function groupingOf(name: string, id: string, shape: UserShape, { random, places }: ChangeContext): Change {
  const group = random.one(places.groups);
  const isMember = shape.groups.includes(group);
  const adds = random.chance(0.1) ? isMember : !isMember;
  const groups = adds ? withOne(shape.groups, group) : without(shape.groups, group);
  return {
    what: `${adds ? 'add' : 'take'} ${name} ${adds ? 'to' : 'out of'} ${group}`,
    ask: (client, key) =>
      client.groups[adds ? 'addMember' : 'removeMember'](group, id, { idempotencyKey: key }) as Promise<unknown>,
    shape: asShape({ ...shape, groups }),
    events: adds === isMember ? [] : [adds ? 'group.member_added' : 'group.member_removed'],
  };
}

function roleOf(name: string, id: string, shape: UserShape, { random, places }: ChangeContext): Change {
  const role = random.one(places.roles);
  const holds = shape.roles.includes(role.code);
  const gives = random.chance(0.1) ? holds : !holds;
  const roles = gives ? withOne(shape.roles, role.code) : without(shape.roles, role.code);
  return {
    what: `${gives ? 'give' : 'take'} ${role.code} ${gives ? 'to' : 'from'} ${name}`,
    ask: (client, key) =>
      client.roles[gives ? 'addMember' : 'removeMember'](role.id, id, { idempotencyKey: key }) as Promise<unknown>,
    shape: asShape({ ...shape, roles }),
    events: gives === holds ? [] : ['user.roles_changed'],
  };
}

function membershipOf(name: string, id: string, shape: UserShape, { random, places }: ChangeContext): Change {
  const organization = random.one(places.organizations);
  const held = shape.organizations[organization];
  if (held && random.chance(0.4)) {
    const { [organization]: _, ...organizations } = shape.organizations;
    return {
      what: `end ${name}'s membership of ${organization}`,
      ask: (client, key) => client.organizations.removeMember(organization, id, { idempotencyKey: key }),
      shape: asShape({ ...shape, organizations }),
      events: ['organization.member_removed'],
    };
  }
  const roles = places.roles
    .filter(() => random.chance(0.4))
    .map(({ code }) => code)
    .sort();
  const isSame = held !== undefined && held.join() === roles.join();
  return {
    what: `make ${name} a member of ${organization}`,
    ask: (client, key) => client.organizations.addMember(organization, id, { roles }, { idempotencyKey: key }),
    shape: asShape({ ...shape, organizations: { ...shape.organizations, [organization]: roles } }),
    events: isSame ? [] : [held ? 'organization.member_updated' : 'organization.member_added'],
  };
}

/** Creates something else than a user. */
export function creationOf(kind: 'group' | 'organization' | 'application', name: string): Change {
  if (kind === 'group')
    return {
      what: `create group ${name}`,
      ask: (client, key) => client.groups.create({ code: name, name }, { idempotencyKey: key }),
      shape: { code: name, name, description: null },
      events: ['group.created'],
    };
  if (kind === 'organization')
    return {
      what: `create organization ${name}`,
      ask: (client, key) => client.organizations.create({ name, metadata: { first: name } }, { idempotencyKey: key }),
      shape: { name, display_name: null, metadata: { first: name } },
      events: ['organization.created'],
    };
  return {
    what: `create application ${name}`,
    ask: (client, key) => client.applications.create({ name, type: 'machine_to_machine' }, { idempotencyKey: key }),
    shape: { name, secrets: 1 },
    events: ['application.created'],
  };
}

/** Secrets that an application may have at once, less what is refused beyond. */
const MOST_SECRETS = 10;

/** Any change of something else than a user; undefined where none is left. */
export function changeOf(thing: Thing, { random, fresh }: ChangeContext): Change | undefined {
  const shape = thing.shape as Fields;
  const id = thing.id as string;
  const { kind, name } = thing;
  if (kind === 'application') {
    if ((shape.secrets as number) >= MOST_SECRETS) return undefined;
    return {
      what: `rotate the secret of ${name}`,
      ask: (client, key) => client.applications.rotateSecret(id, {}, { idempotencyKey: key }),
      shape: { ...shape, secrets: (shape.secrets as number) + 1 },
      events: ['application.secret_rotated'],
    };
  }
  const resource = kind === 'group' ? 'groups' : 'organizations';
  if (random.chance(0.15))
    return {
      what: `delete ${kind} ${name}`,
      ask: (client, key) => client[resource].delete(id, { idempotencyKey: key }),
      shape: undefined,
      events: [`${kind}.deleted`],
    };
  const text = fresh();
  const patch = kind === 'group' ? { description: text } : { display_name: text, metadata: { last: text } };
  const next = 'metadata' in patch ? { ...patch, metadata: { ...(shape.metadata as Bag), last: text } } : patch;
  return {
    what: `update ${kind} ${name}`,
    ask: (client, key) =>
      (client[resource].update as (id: string, body: object, options: object) => Promise<unknown>)(id, patch, {
        idempotencyKey: key,
      }),
    shape: { ...shape, ...next },
    events: [`${kind}.updated`],
  };
}
