/**
 * Users with what dialects show of them beside the document, read together: by one statement where the document alone
 * takes one, too.
 */
import { sql } from 'kysely';
import type { MultifactorName } from '../authentication-methods/enrollments.ts';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import type { Work } from '../work.ts';
import { keyOf } from './document.ts';
import { partsOf } from './identity.store.ts';

export interface ShownUser {
  /** Public JSON. */
  readonly doc: string;
  /** Name of the home connection. */
  readonly connection: string;
  /** What `factorsOf` reads. */
  readonly factors: number | null;
}

const FACTORS: readonly (readonly MultifactorName[] | undefined)[] = [
  undefined,
  ['google-authenticator'],
  ['guardian'],
  ['google-authenticator', 'guardian'],
];

/** What the user has confirmed beside the password, as `findMultifactor` names it; undefined: nothing. */
export const factorsOf = ({ factors }: Pick<ShownUser, 'factors'>): readonly MultifactorName[] | undefined =>
  FACTORS[factors ?? 0];

const connectionOf = (users: string) =>
  sql`(select name from connections where connections.num = ${sql.ref(`${users}.connection_num`)})`;

/** The columns of a `ShownUser`, of users or of what has their `num`, `doc` and `connection_num`. */
export const shownColumns = (users: string, connection = connectionOf(users)) => sql<ShownUser>`
  ${sql.ref(`${users}.doc`)},
  ${connection} as connection,
  (select max(case type when 'totp' then 1 else 0 end) + max(case type when 'totp' then 0 else 2 end)
    from authentication_methods
    where user_num = ${sql.ref(`${users}.num`)} and type <> 'recovery-code' and confirmed_at is not null) as factors`;

type Placed = ShownUser & { readonly place: number };

// A primary identity is of the home connection. Each connection may have the subject: few do, so nothing is sorted here.
const byIdentity = statement<{ tenant_id: number; provider: string; subject: string }, Placed>(
  (_db, slot) => sql<Placed>`
    select ${shownColumns('users', sql`connections.name`)}, connections.num as place from connections
    inner join identities on identities.connection_num = connections.num
    inner join users on users.num = identities.user_num
    where connections.tenant_id = ${slot('tenant_id')} and identities.subject = ${slot('subject')}
      and identities.provider = ${slot('provider')} and identities.position = 0`,
);

/** The user whose primary identity `provider|subject` is, in the oldest connection that has one; undefined where none has. */
export async function findShown(work: Work, spelling: string): Promise<ShownUser | undefined> {
  const parts = partsOf(spelling);
  if (!parts) return undefined;
  const [provider, subject] = parts;
  const found = await work.read((db) => byIdentity(db, { tenant_id: work.tenant.id, provider, subject }));
  return found.length > 1 ? found.toSorted((a, b) => a.place - b.place)[0] : found[0];
}

// A key that begins with a space stands where there is no address.
const byEmail = statement<{ tenant_id: number; key: string }, ShownUser>(
  (_db, slot) => sql<ShownUser>`
    select ${shownColumns('users')} from identities inner join users on users.num = identities.user_num
    where identities.tenant_id = ${slot('tenant_id')} and identities.email_key = ${slot('key')} and identities.position = 0
      and identities.email_key >= '!'
    order by users.num desc`,
);

/** The users who have this address, newest first: each connection may have one. */
export const findShownByEmail = (db: Db, tenantId: number, email: string): Promise<ShownUser[]> =>
  byEmail(db, { tenant_id: tenantId, key: keyOf(email) });

type Order = 'asc' | 'desc';
type FirstPage = { tenant_id: number; limit: number };
type Page = FirstPage & { offset: number };

const firstPageIn = (order: Order) =>
  statement<FirstPage, ShownUser>(
    (_db, slot) => sql<ShownUser>`
      select ${shownColumns('users')} from users where users.tenant_id = ${slot('tenant_id')}
      order by users.num ${sql.raw(order)} limit ${slot('limit')}`,
  );
const firstPages = { asc: firstPageIn('asc'), desc: firstPageIn('desc') } as const;

/** Finds the place of the page in an index: PostgreSQL reads the row of every user that is passed over in the table. */
const laterPageIn = (order: Order) =>
  statement<Page, ShownUser>((_db, slot) => {
    const direction = sql.raw(order);
    return sql<ShownUser>`
      select ${shownColumns('users')} from
        (select num from users where tenant_id = ${slot('tenant_id')} order by num ${direction}
          limit ${slot('limit')} offset ${slot('offset')}) as place
        inner join users on users.num = place.num order by place.num ${direction}`;
  });
const laterPages = { asc: laterPageIn('asc'), desc: laterPageIn('desc') } as const;

/** A page of all users, in the order of their creation. */
export const findShownPage = (db: Db, order: Order, page: Page): Promise<ShownUser[]> =>
  page.offset === 0 ? firstPages[order](db, page) : laterPages[order](db, page);
