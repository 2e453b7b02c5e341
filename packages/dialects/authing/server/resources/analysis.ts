/** What users did when they signed in, read off the audit log, and how many they are. */
import {
  array,
  type Event,
  type EventType,
  integer,
  object,
  oneOf,
  optional,
  type Static,
  string,
} from '@reeve/contract';
import {
  type ClientName,
  type DialectCall,
  type DialectRow,
  type EventCondition,
  type EventFilter,
  findClients,
  findFormerSpellings,
  row,
  searchEvents,
  searchUsers,
  signedInThrough,
  type User,
  type Work,
} from '@reeve/core';
import { applicationFor } from '../application.ts';
import { definitionsOf } from '../custom-data.ts';
import { answered, type Call, poolOf } from '../operation.ts';
import { idsEver, inPool, isIn, poolId, subjectOf, usersBy } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import { sliceOf } from '../value.ts';

/** Signing in, and what comes of it: the contract names no operation, so that these are the directory's own names. */
const ACTIONS = [
  'user.signed_in',
  'user.sign_in_failed',
  'user.locked',
  'mfa.factor_verified',
  'mfa.verification_failed',
  'session.created',
  'session.revoked',
  'token.issued',
  'token.refused',
  'token.revoked',
  'token.reuse_detected',
] as const satisfies readonly EventType[];

/** Users or applications that one call may name. */
const MOST = 100;
const text = string({ maxLength: 256 });
const texts = optional(array(text, { maxItems: MOST }));
/** Epoch milliseconds, as far as a `Date` goes. */
const at = optional(integer({ minimum: 0, maximum: 8_640_000_000_000_000 }));
const number = optional(integer({ maximum: 2 ** 31 - 1 }));
const actionsQuery = object({
  clientip: optional(text),
  'operation_name[]': optional(array(oneOf(ACTIONS), { maxItems: ACTIONS.length })),
  'operator_arn[]': texts,
  page: number,
  limit: number,
  exclude_non_app_records: optional(oneOf(['0', '1'])),
  'app_id[]': texts,
  start: at,
  end: at,
});
type ActionsQuery = Static<typeof actionsQuery>;

const USER_ARN = /^arn:cn:authing:[^:]*:user:([^:]+)$/;

/** Everybody who is or was called so. Throws a refusal of what names no user. */
async function named(work: Work, arns: readonly string[]): Promise<string[]> {
  const subjects = arns.map((arn) => {
    const [, subject] = USER_ARN.exec(arn) ?? [];
    if (subject === undefined) throw new Refusal(CODES.failed, 'operator_arn must be ARNs of users.', 'operator_arn');
    return subject;
  });
  return idsEver(work, subjects);
}

async function filterOf(work: Work, query: ActionsQuery): Promise<EventFilter> {
  const { clientip: ip, start, end, 'operator_arn[]': arns, 'app_id[]': apps } = query;
  const types = query['operation_name[]'] ?? ACTIONS;
  const of: EventCondition[] = [
    // Tokens of applications are of nobody.
    ...(arns ? [] : [{ kind: 'about' } as const]),
    ...(ip ? [{ kind: 'ip', value: ip } as const] : []),
    ...(query.exclude_non_app_records === '1' ? [{ kind: 'client' } as const] : []),
    ...(apps ? [{ kind: 'or', of: apps.map((clientId) => ({ kind: 'client', clientId }) as const) } as const] : []),
  ];
  return {
    types,
    start,
    end,
    ...(arns ? { about: await named(work, arns) } : {}),
    ...(of.length > 0 ? { where: { kind: 'and', of } } : {}),
  };
}

/** Whom an action is of, as the search has it: what it was done to, else whom it names, else who did it. */
function actorOf({ actor, target, data }: Event): string | undefined {
  const named = (data as { readonly user_id?: unknown } | null)?.user_id;
  if (target.type === 'user' && target.id !== null) return target.id;
  if (typeof named === 'string') return named;
  return actor.type === 'user' && actor.id !== null ? actor.id : undefined;
}

interface Names {
  readonly users: ReadonlyMap<string, User>;
  readonly former: ReadonlyMap<string, string>;
  readonly clients: ReadonlyMap<string, ClientName>;
}

async function namesOf(work: Work, events: readonly Event[]): Promise<Names> {
  const ids = [...new Set(events.flatMap((event) => actorOf(event) ?? []))];
  const found = await usersBy(work, ids);
  const pool = await poolId(work);
  const users = new Map([...found].filter(([, user]) => isIn(pool, user)));
  const gone = ids.filter((id) => !found.has(id));
  const apps = [...new Set(events.flatMap(({ actor }) => actor.application_id ?? []))];
  const { id: tenantId } = work.tenant;
  const [former, clients] = await work.read((db) =>
    Promise.all([findFormerSpellings(db, tenantId, gone), findClients(db, tenantId, apps)]),
  );
  return { users, former, clients };
}

function actionView(event: Event, pool: string, { users, former, clients }: Names) {
  const id = actorOf(event) ?? '';
  const user = users.get(id);
  const spelled = former.get(id);
  const client = clients.get(event.actor.application_id ?? '');
  return {
    userpool_id: pool,
    user: {
      id: user ? subjectOf(user) : (spelled?.slice(spelled.indexOf('|') + 1) ?? null),
      displayName: user ? (user.name ?? user.nickname ?? user.username ?? user.email ?? user.phone_number) : null,
    },
    geoip: { city_name: null, region_name: null, ip: event.ip },
    operation_name: event.event_type,
    operation_desc: null,
    timestamp: event.created_at,
    app_id: client?.client_id ?? null,
    app: client ? { name: client.name } : null,
  };
}

/** Newest first. */
async function listActions(call: DialectCall<ActionsQuery>) {
  const { work, query } = call;
  const slice = sliceOf(query);
  const filter = await filterOf(work, query);
  const { events, total } = await searchEvents(work, { filter, order: 'desc', ...slice, includeTotal: true });
  const names = await namesOf(work, events);
  return answered({ totalCount: total, list: events.map((event) => actionView(event, poolOf(call), names)) });
}

/** How many users of the pool ever signed in through an application, of those who pass. */
async function countSignedIn(work: Work, application: string, passes: (user: User) => boolean): Promise<number> {
  const pool = await poolId(work);
  const seen = new Set<string>();
  let count = 0;
  for await (const ids of signedInThrough(work, application)) {
    const fresh = [...new Set(ids)].filter((id) => !seen.has(id));
    for (const id of fresh) seen.add(id);
    const users = await usersBy(work, fresh);
    count += [...users.values()].filter((user) => isIn(pool, user) && passes(user)).length;
  }
  return count;
}

const loginsQuery = object({ appId: text });

async function countLogins({ work, query }: DialectCall<Static<typeof loginsQuery>>) {
  const application = await applicationFor(work, query.appId);
  if (application === undefined) throw new Refusal(CODES.failed, 'appId must name an application.', 'appId');
  return answered(await countSignedIn(work, application, () => true));
}

const fieldQuery = object({ definedFieldKey: text, appId: optional(text) });

/** Without an application: all who have a value. */
async function countValues(call: DialectCall<Static<typeof fieldQuery>>) {
  const { work, query } = call;
  const { definedFieldKey: key } = query;
  await requireField(call, key);
  const application = await applicationFor(work, query.appId);
  if (application !== undefined)
    return answered(await countSignedIn(work, application, ({ custom_fields: values }) => values[key] !== undefined));
  const filter = await inPool(work, { kind: 'exists', field: 'custom_fields', path: key });
  return answered((await searchUsers(work, { filter, limit: 0, includeTotal: true })).total);
}

async function requireField(call: Call, key: string): Promise<void> {
  const fields = await definitionsOf(call, 'user');
  if (!fields.some((field) => field.key === key))
    throw new Refusal(CODES.failed, `definedFieldKey: users have no field "${key.slice(0, 128)}".`, 'definedFieldKey');
}

const READ = ['users:read'];

export const analysisRows: readonly DialectRow[] = [
  row('GET /api/v2/analysis/user-action', { scopes: ['audit:read'], query: actionsQuery, run: listActions }),
  row('GET /api/v2/analysis/total-login-count', { scopes: READ, query: loginsQuery, run: countLogins }),
  row('GET /api/v2/analysis/exist-defined-field-count', { scopes: READ, query: fieldQuery, run: countValues }),
];
