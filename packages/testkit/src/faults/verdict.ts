/** Whether the directory is what the model says: read through the SDK, and from the audit log. */
import { isDeepStrictEqual } from 'node:util';
import type { AuditEvent, ReeveManagement, User } from '@reeve/sdk';
import type { Places, UserShape } from './changes.ts';
import type { Fields, Kind, Model, Thing } from './model.ts';

/** Things as they are found, by kind and id. */
type Found = ReadonlyMap<Kind, ReadonlyMap<string, Fields>>;

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** Everybody in a list, whose kept total must be their number. */
async function everybody<T>(
  model: Model,
  what: string,
  list: (query: { limit: number; include_total?: boolean }) => PromiseLike<{ total?: number }> & AsyncIterable<T>,
): Promise<T[]> {
  const { total } = await list({ limit: 1, include_total: true });
  const all = await collect(list({ limit: 100 }));
  if (all.length !== total) model.wrong(`${what}: ${all.length} are listed, the kept total is ${total}`);
  return all;
}

/** Reads everything there is of the four kinds, but for the administrator, who has no username. */
async function readAll(client: ReeveManagement, places: Places, model: Model): Promise<Found> {
  const users = new Map<string, Mutable<UserShape>>();
  for (const user of await everybody(model, 'users', (query) => client.users.list(query)))
    if (user.username !== null) users.set(user.id, shapeOf(user));
  for (const group of places.groups)
    for (const { id } of await everybody(model, group, (query) => client.groups.listMembers(group, query)))
      users.get(id)?.groups.push(group);
  for (const { id: role, code } of places.roles)
    for (const { id } of await everybody(model, role, (query) => client.roles.listMembers(role, query)))
      users.get(id)?.roles.push(code);
  for (const place of places.organizations) {
    const members = await everybody(model, place, (query) => client.organizations.listMembers(place, query));
    for (const { id, roles } of members) {
      const shape = users.get(id);
      if (shape) shape.organizations[place] = [...roles].sort();
    }
  }
  for (const shape of users.values()) {
    shape.groups.sort();
    shape.roles.sort();
  }
  const shapes = users as ReadonlyMap<string, object> as ReadonlyMap<string, Fields>;
  return new Map([['user', shapes] as const, ...(await readOthers(client))]);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly string[] ? string[] : T[K] } & {
  organizations: Record<string, string[]>;
};

const shapeOf = (user: User): Mutable<UserShape> => ({
  username: user.username as string,
  email: user.email,
  nickname: user.nickname,
  name: user.name,
  state: user.state,
  user_metadata: user.user_metadata,
  app_metadata: user.app_metadata,
  groups: [],
  roles: [],
  organizations: {},
});

async function readOthers(client: ReeveManagement): Promise<[Kind, Map<string, Fields>][]> {
  const groups = await collect(client.groups.list({ limit: 100 }));
  const organizations = await collect(client.organizations.list({ limit: 100 }));
  const applications = await collect(client.applications.list({ limit: 100 }));
  const withSecrets: [string, Fields][] = [];
  for (const { id, name, is_first_party } of applications) {
    if (is_first_party) continue;
    const { secrets } = await client.applications.listSecrets(id);
    withSecrets.push([id, { name, secrets: secrets.length }]);
  }
  return [
    ['group', new Map(groups.map(({ id, code, name, description }) => [id, { code, name, description }]))],
    [
      'organization',
      new Map(organizations.map(({ id, name, display_name, metadata }) => [id, { name, display_name, metadata }])),
    ],
    ['application', new Map(withSecrets)],
  ];
}

const nameOf = (kind: Kind, shape: Fields): string =>
  String(shape[kind === 'user' ? 'username' : kind === 'group' ? 'code' : 'name']);

/** Kinds of targets whose events tell of a thing of the run. */
const TOLD: ReadonlySet<string | null> = new Set(['user', 'group', 'organization', 'application']);
/** What nobody asked for: it comes with the calls themselves. */
const BY_THE_WAY = /^(token|request|session)\./;

/** Whom an event tells of: the user it names, where it is one of memberships. */
function subjectOf({ target, data }: AuditEvent): string | null {
  const named = (data as { user_id?: unknown } | null)?.user_id;
  return typeof named === 'string' ? named : target.id;
}

/** Compares everything with the model. What is wrong is told to the model. */
export async function compare(client: ReeveManagement, model: Model, places: Places): Promise<void> {
  const found = await readAll(client, places, model);
  const known = new Set([...places.groups, ...places.organizations]);
  const events = new Map<string, AuditEvent[]>();
  for (const event of await collect(client.audit.stream())) {
    if (event.actor.type === 'system' || BY_THE_WAY.test(event.event_type) || !TOLD.has(event.target.type)) continue;
    const subject = subjectOf(event) ?? '';
    if (subject === '') model.wrong(`${event.event_type} (${event.id}) has no target`);
    if (known.has(subject)) continue;
    events.set(subject, [...(events.get(subject) ?? []), event]);
  }
  const claimed = new Set<string>();
  for (const thing of model.things) {
    const id = thing.id ?? findByName(found, thing, claimed) ?? creationTold(events, thing);
    if (id !== undefined) {
      if (claimed.has(id)) model.wrong(`${id} (${thing.name}) was made by two requests`);
      claimed.add(id);
    }
    judge(model, thing, id === undefined ? undefined : found.get(thing.kind)?.get(id), events.get(id ?? '') ?? []);
  }
  for (const [kind, all] of found)
    for (const [id, shape] of all)
      if (!claimed.has(id) && !known.has(id)) model.wrong(`nobody asked for ${kind} ${nameOf(kind, shape)} (${id})`);
  for (const [id, told] of events)
    if (!claimed.has(id)) model.wrong(`nobody asked for what is told of ${id}: ${typesOf(told)}`);
  const usernames = new Set([...(found.get('user')?.values() ?? [])].map(({ username }) => username));
  for (const name of model.taken)
    if (!usernames.has(name)) model.wrong(`${name} was refused as taken, and nobody has it`);
  await search(client, model);
}

/** Where the answer to a creation never came. */
function findByName(found: Found, { kind, name }: Thing, claimed: ReadonlySet<string>): string | undefined {
  for (const [id, shape] of found.get(kind) ?? []) if (!claimed.has(id) && nameOf(kind, shape) === name) return id;
  return undefined;
}

/** Where it never came, and the thing is not there: the log must not tell of it either. */
function creationTold(events: ReadonlyMap<string, readonly AuditEvent[]>, { kind, name }: Thing): string | undefined {
  for (const [id, [first]] of events) {
    const after = (first?.data as { after?: Fields } | null)?.after;
    if (first?.event_type === `${kind}.created` && after && nameOf(kind, after) === name) return id;
  }
  return undefined;
}

const typesOf = (events: readonly AuditEvent[]): string => events.map(({ event_type }) => event_type).join(' ');

function judge(model: Model, thing: Thing, shape: Fields | undefined, events: readonly AuditEvent[]): void {
  const told = events.map(({ event_type }) => event_type);
  const isRight = thing.possible.some(
    (possible) => isDeepStrictEqual(shape, possible.shape) && isDeepStrictEqual(told, possible.events),
  );
  if (!isRight) {
    const last = thing.pending ? ` (unknown: ${thing.pending.change.what})` : '';
    model.wrong(
      `${thing.kind} ${thing.name}${last} is ${JSON.stringify(shape)} after ${told.join(' ')}; right would be ${thing.possible
        .map((possible) => `${JSON.stringify(possible.shape)} after ${possible.events.join(' ')}`)
        .join(', or ')}`,
    );
  } else if (shape !== undefined) checkChain(model, thing, events);
}

/** Every event begins where the one before it ended, and the last one ends at what is there now. */
function checkChain(model: Model, thing: Thing, events: readonly AuditEvent[]): void {
  let now: Fields = {};
  let roles: unknown = [];
  for (const { event_type: type, data, id } of events) {
    const { before, after } = (data ?? {}) as { before?: Fields; after?: Fields };
    if (type.endsWith('.created')) now = after ?? {};
    else if (type === 'user.roles_changed') {
      if (!isDeepStrictEqual(before, roles))
        model.wrong(`${id} of ${thing.name} begins at roles ${before}, which were ${roles}`);
      roles = after;
    } else if (
      after &&
      events[0]?.target.id === (thing.id ?? events[0]?.target.id) &&
      !type.startsWith('organization.member_')
    ) {
      for (const [name, value] of Object.entries(before ?? {}))
        if (!isDeepStrictEqual(value, now[name] ?? null))
          model.wrong(
            `${id} of ${thing.name} says that ${name} was ${JSON.stringify(value)}, not ${JSON.stringify(now[name])}`,
          );
      now = { ...now, ...after };
    }
  }
  const shape = thing.possible.find(({ events: told }) => told.length === events.length)?.shape ?? {};
  for (const [name, value] of Object.entries(shape))
    if (name in now && !isDeepStrictEqual(now[name], value))
      model.wrong(
        `the log leaves ${thing.name} with ${name} ${JSON.stringify(now[name])}, there is ${JSON.stringify(value)}`,
      );
}

/** So many users are searched for. */
const SEARCHED = 40;

/** Search finds everybody by the name of the moment, and nobody by an earlier one. */
async function search(client: ReeveManagement, model: Model): Promise<void> {
  const settled = model.things.filter(({ kind, pending, id }) => kind === 'user' && !pending && id !== undefined);
  const step = Math.max(1, Math.floor(settled.length / SEARCHED));
  for (let i = 0; i < settled.length; i += step) {
    const { id, name, shape } = settled[i] as Thing;
    const texts = shape ? [name, String(shape.nickname)] : [name];
    for (const text of texts) {
      const users = await collect(client.users.list({ search: text, limit: 100 }));
      if (users.some((user) => user.id === id) !== (shape !== undefined))
        model.wrong(`a search for "${text}" ${shape ? 'does not find' : 'finds'} ${name}`);
    }
    const { users } = await client.users.list({ username: name });
    if (users.map((user) => user.id).join() !== (shape ? id : ''))
      model.wrong(`the username ${name} finds ${users.length}`);
  }
}
