/** What must hold between the tables, whatever was asked for: read past the server, from its database. */
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** Each gives the rows that should not be. */
const ORPHANS: Readonly<Record<string, string>> = {
  'users without exactly one primary identity': `select id from users where (select count(*) from identities
    where user_num = num and position = 0) <> 1`,
  'identities in another connection than their user': `select users.id from identities join users on num = user_num
    where position = 0 and identities.connection_num <> users.connection_num`,
  'events without target': `select id from events where target_id is null and type not in ('request.refused')
    and type not like 'token.%' and type not like 'user.sign_in%' and type not like 'users.%'`,
  'events of users that nothing is known of': `select events.id from events where target_type = 'user'
    and not exists (select 1 from users where users.id = target_id)
    and not exists (select 1 from events as last where last.target_id = events.target_id and last.type = 'user.deleted')`,
  'organizations that somebody gone owns': `select id from organizations where owner_id is not null
    and owner_id not in (select id from users)`,
  'roles in organizations whose holder is no member': `select role_id from organization_member_roles as held
    where not exists (select 1 from organization_members as m where m.tenant_id = held.tenant_id
      and m.organization_id = held.organization_id and m.user_num = held.user_num)`,
  'applications without a secret': `select id from applications where is_public = 0
    and not exists (select 1 from application_secrets as s where s.application_id = applications.id)`,
  ...Object.fromEntries(
    ['identities', 'metadata', 'credentials', 'lockouts', 'group_members', 'role_members', 'organization_members'].map(
      (table) => [
        `rows of ${table} without a user`,
        `select user_num from ${table} where user_num not in (select num from users)`,
      ],
    ),
  ),
  ...Object.fromEntries(
    (
      [
        ['group_members', 'group_id', 'groups'],
        ['role_members', 'role_id', 'roles'],
        ['organization_members', 'organization_id', 'organizations'],
        ['application_secrets', 'application_id', 'applications'],
      ] as const
    ).map(([table, column, parent]) => [
      `rows of ${table} without their ${parent}`,
      `select ${column} from ${table} where ${column} not in (select id from ${parent})`,
    ]),
  ),
};

/** Kept totals by their names, and what they must be. */
const REAL = `
  select 'users' as name, count(*) as n from users
  union all select 'users:state:' || state, count(*) from users group by state
  union all select 'groups', count(*) from groups
  union all select 'organizations', count(*) from organizations
  union all select 'applications', count(*) from applications
  union all select 'roles', count(*) from roles
  union all select 'users:group:' || group_id, count(*) from group_members group by group_id
  union all select 'users:role:' || role_id, count(*) from role_members group by role_id
  union all select 'users:organization:' || organization_id, count(*) from organization_members group by organization_id`;
const KEPT = 'select name, sum(n) as n from counters group by name';

const OF_SQLITE: Readonly<Record<string, string>> = {
  'pages that are damaged': `select * from pragma_integrity_check where integrity_check <> 'ok'`,
  'foreign keys that lead nowhere': 'select * from pragma_foreign_key_check',
  'search entries without a user': 'select rowid from users_search where rowid not in (select num from users)',
  'users without a search entry': 'select num from users where num not in (select rowid from users_search)',
};

type Row = Readonly<Record<string, unknown>>;

interface Reader {
  ask(text: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

async function openReader(url: string): Promise<Reader> {
  if (url.startsWith('sqlite:')) {
    const database = new DatabaseSync(url.slice('sqlite:'.length));
    return { ask: async (text) => database.prepare(text).all(), close: async () => database.close() };
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { ask: async (text) => (await client.query(text)).rows, close: () => client.end() };
}

/** The leaves of a bag, each as path and text: what the rows of metadata are made of. */
function leavesOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, path));
  if (value === null || typeof value !== 'object') return [`${path}=${value}`];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, `${path}.${name}`));
}

/** Users whose rows of metadata are not the leaves of what they are shown with. */
async function findWrongLeaves(ask: Reader['ask']): Promise<string[]> {
  const stored = new Map<unknown, string[]>();
  for (const { user_num, bag, path, text } of await ask('select user_num, bag, path, text from metadata'))
    stored.set(user_num, [...(stored.get(user_num) ?? []), `${bag}.${path}=${text}`]);
  const wrong: string[] = [];
  for (const { num, doc } of await ask('select num, doc from users')) {
    const { id, user_metadata, app_metadata } = JSON.parse(String(doc)) as Readonly<Record<string, unknown>>;
    const meant = [...leavesOf(user_metadata, 'user'), ...leavesOf(app_metadata, 'app')].sort().join();
    const found = (stored.get(num) ?? []).sort().join();
    if (meant !== found) wrong.push(`the leaves of ${id} are ${found}, and not ${meant}`);
  }
  return wrong;
}

const IS_KEPT = /^users(:(state|group|role|organization):|$)|^(groups|organizations|applications|roles)$/;

/** Everything that is wrong in the database, in words. */
export async function findDamage(url: string): Promise<string[]> {
  const { ask, close } = await openReader(url);
  try {
    const damage = await findWrongLeaves(ask);
    for (const [what, text] of Object.entries({ ...ORPHANS, ...(url.startsWith('sqlite:') ? OF_SQLITE : {}) })) {
      const rows = await ask(text);
      if (rows.length > 0) damage.push(`${what}: ${JSON.stringify(rows.slice(0, 3))} (${rows.length})`);
    }
    const totals = async (text: string) =>
      new Map((await ask(text)).map(({ name, n }) => [String(name), Number(n)] as const));
    const real = await totals(REAL);
    const kept = await totals(KEPT);
    for (const name of new Set([...real.keys(), ...kept.keys()]))
      if (IS_KEPT.test(name) && (kept.get(name) ?? 0) !== (real.get(name) ?? 0))
        damage.push(`the kept total ${name} is ${kept.get(name) ?? 0}, counted ${real.get(name) ?? 0}`);
    return damage;
  } finally {
    await close();
  }
}
