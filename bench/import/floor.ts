/**
 * The floor of an import: exactly the rows that an import leaves (user, identity, search entry, metadata leaves, event),
 * into the same indexes, with `synchronous = FULL`, by bare prepared statements in one process. Only the inserts and
 * commits are timed, not the making of the rows. Prints rows per second.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '@reeve/core';
import { appendUser, emptyColumns, eventDataOf, type UserColumns } from '../../packages/core/src/users/users.bulk.ts';
import { draftUser } from '../../packages/core/src/users/users.ts';

const BATCH = 2000;
const [dir = '', file = ''] = process.argv.slice(2);
const db = new DatabaseSync(join(dir, 'reeve.db'));
db.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON');
// Nobody merges its search index but FTS5 itself, in its own measure.
db.exec(`insert into users_search (users_search, rank) values ('automerge', 4)`);
const tenant = (db.prepare('select num from tenants where is_default = 1').get() as { num: number }).num;
const connection = db.prepare('select num, id from connections where is_default = 1').get() as {
  num: number;
  id: string;
};
const user = db.prepare(
  `insert into users (id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset,
     token_version, version, search_text, doc, extensions) values (?, ?, ?, ?, ?, ?, 0, ?, 0, 1, ?, ?, '{}')`,
);
const identity = db.prepare(
  `insert into identities (tenant_id, user_num, position, connection_num, provider, subject, email_key, username_key,
     phone_key, profile) values (?, ?, 0, ?, 'auth0', ?, ?, ?, ?, null)`,
);
const search = db.prepare('insert into users_search (rowid, text) values (?, ?)');
const leaf = db.prepare(
  'insert into metadata (tenant_id, user_num, bag, path, position, text, number) values (?, ?, ?, ?, ?, ?, ?)',
);
const event = db.prepare(
  `insert into events (id, tenant_id, type, actor_type, actor_id, application_id, impersonator_id, target_type, target_id,
     request_id, ip, user_agent, data, created_at)
   values (?, ?, 'user.created', 'application', 'app_01K0000000000000000000FLR', 'app_01K0000000000000000000FLR', null,
     'user', ?, 'req_01K0000000000000000000FLR', '127.0.0.1', null, ?, ?)`,
);

function insert(users: UserColumns, now: number): void {
  let at = 0;
  const events = eventDataOf(users);
  db.exec('BEGIN IMMEDIATE');
  for (let i = 0; i < users.id.length; i++) {
    const id = users.id[i] as string;
    const { lastInsertRowid } = user.run(
      id,
      tenant,
      connection.num,
      users.state[i] as string,
      users.name_key[i] as string,
      users.updated_at[i] as number,
      users.password_must_be_reset[i] as number,
      users.search_text[i] as string,
      users.doc[i] as string,
    );
    const num = Number(lastInsertRowid);
    identity.run(
      tenant,
      num,
      connection.num,
      users.subject[i] as string,
      users.email_key[i] as string,
      users.username_key[i] as string | null,
      users.phone_key[i] as string | null,
    );
    search.run(num, users.search_text[i] as string);
    for (const end = at + (users.leaf_count[i] as number); at < end; at++) {
      const { bag, path, position, text, number } = users.leaf;
      leaf.run(
        tenant,
        num,
        bag[at] as string,
        path[at] as string,
        position[at] as number,
        text[at] as string,
        number[at] as number | null,
      );
    }
    event.run(newId('evt', now), tenant, id, events[i] as string, now);
  }
  db.exec('COMMIT');
}

let users = emptyColumns();
let rows = 0;
let milliseconds = 0;
const flush = () => {
  const began = performance.now();
  insert(users, Date.now());
  milliseconds += performance.now() - began;
  rows += users.id.length;
  users = emptyColumns();
};
for await (const line of createInterface({ input: createReadStream(file) })) {
  const now = Date.now();
  appendUser(users, draftUser({ now, newId: (prefix) => newId(prefix, now) }, connection.id, JSON.parse(line)), null);
  if (users.id.length === BATCH) flush();
}
flush();
db.close();
console.log((rows / milliseconds) * 1000);
