/**
 * The floor: the same answers from bare `node:http` and prepared `node:sqlite` statements in one process. No token, no
 * validation, no framework, no query builder. A write leaves exactly the rows that Reeve's leaves (user, identity,
 * search entry, metadata leaves, event, kept totals), made by core's own pure functions, with `synchronous = FULL`, and
 * the writes of one turn of the event loop share a commit, as Reeve's do.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '@reeve/core';
import { keyOf, nameKeyOf, parse, render, searchTextOf, type User } from '../packages/core/src/users/document.ts';
import { metadataLeavesOf } from '../packages/core/src/users/leaves.store.ts';
import { draftUser } from '../packages/core/src/users/users.ts';

const path = join(process.env.FLOOR_DATA_DIR as string, 'reeve.db');
const PRAGMAS = 'PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;';
const reader = new DatabaseSync(path);
reader.exec(PRAGMAS);
const writer = new DatabaseSync(path);
writer.exec(`${PRAGMAS} PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;`);
// Nobody merges its search index but FTS5 itself, in its own measure.
writer.exec(`insert into users_search (users_search, rank) values ('automerge', 4)`);

const tenant = reader.prepare('select num from tenants where is_default = 1').get() as { num: number };
const connection = reader.prepare('select num, id from connections where is_default = 1').get() as {
  num: number;
  id: string;
};

const read = {
  get: reader.prepare('select doc, version from users where id = ? and tenant_id = ?'),
  total: reader.prepare('select sum(n) as n from counters where tenant_id = ? and name = ?'),
  first: reader.prepare('select num, doc from users where tenant_id = ? order by num desc limit +?'),
  later: reader.prepare('select num, doc from users where tenant_id = ? and num < ? order by num desc limit +?'),
  after: reader.prepare('select num, doc from users where tenant_id = ? and num > ? order by num limit +?'),
  events: reader.prepare('select * from events where tenant_id = ? and num > ? order by num limit +?'),
  email: reader.prepare(
    'select num, doc from users where tenant_id = ?1 and num in (select user_num from identities where tenant_id = ?1 and position = 0 and email_key = ?2) order by num desc limit +?3',
  ),
  search: reader.prepare(
    'select num, doc from users where tenant_id = ? and num in (select rowid from users_search where users_search match ?) and instr(search_text, ?) > 0 order by num desc limit +?',
  ),
};
const write = {
  user: writer.prepare(
    `insert into users (id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at,
       password_must_be_reset, token_version, version, search_text, doc, extensions)
     values (?, ?, ?, 'active', ?, ?, 0, 0, 0, 1, ?, ?, '{}')`,
  ),
  identity: writer.prepare(
    `insert into identities (tenant_id, user_num, position, connection_num, provider, subject, email_key, username_key, phone_key, profile)
     values (?, ?, 0, ?, ?, ?, ?, null, null, null)`,
  ),
  search: writer.prepare('insert into users_search (rowid, text) values (?, ?)'),
  newSearch: writer.prepare('insert or replace into users_search (rowid, text) values (?, ?)'),
  leaf: writer.prepare(
    'insert into metadata (tenant_id, user_num, bag, path, position, text, number) values (?, ?, ?, ?, ?, ?, ?)',
  ),
  newLeaf: writer.prepare(
    'insert or replace into metadata (tenant_id, user_num, bag, path, position, text, number) values (?, ?, ?, ?, ?, ?, ?)',
  ),
  event: writer.prepare(
    `insert into events (id, tenant_id, type, actor_type, actor_id, application_id, impersonator_id, target_type,
       target_id, request_id, ip, user_agent, data, created_at)
     values (?, ?, ?, 'application', 'app_01K0000000000000000000FLR', 'app_01K0000000000000000000FLR', null, 'user', ?, ?, '127.0.0.1', null, ?, ?)`,
  ),
  count: writer.prepare(
    `insert into counters (tenant_id, name, slot, n) values (?, ?, 0, ?)
     on conflict (tenant_id, name, slot) do update set n = n + excluded.n`,
  ),
  row: writer.prepare('select num, doc, version, search_text from users where id = ? and tenant_id = ?'),
  change: writer.prepare('update users set updated_at = ?, version = ?, search_text = ?, doc = ? where num = ?'),
};

/** Writes that wait for the next shared commit. */
const waiting: { run: () => string; tell: (answer: string) => void }[] = [];
function commitLater(run: () => string, tell: (answer: string) => void): void {
  if (waiting.push({ run, tell }) > 1) return;
  setImmediate(() => {
    const group = waiting.splice(0);
    writer.exec('BEGIN IMMEDIATE');
    const answers = group.map(({ run }) => run());
    writer.exec('COMMIT');
    group.forEach(({ tell }, i) => void tell(answers[i] as string));
  });
}

function insertLeaves(num: number, user: User): void {
  for (const { bag, path, position, text, number } of metadataLeavesOf(user))
    write.leaf.run(tenant.num, num, bag, path, position, text, number);
}

function create(body: never): string {
  const now = Date.now();
  const user = draftUser({ now, newId: (prefix) => newId(prefix, now) }, connection.id, body);
  const text = searchTextOf(user);
  const doc = render(user);
  const { lastInsertRowid } = write.user.run(user.id, tenant.num, connection.num, nameKeyOf(user), now, text, doc);
  const num = Number(lastInsertRowid);
  const [identity] = user.identities as [User['identities'][number]];
  write.identity.run(tenant.num, num, connection.num, identity.provider, identity.subject, keyOf(user.email as string));
  write.search.run(num, text);
  insertLeaves(num, user);
  const after = JSON.stringify({ after: user });
  write.event.run(newId('evt', now), tenant.num, 'user.created', user.id, newId('req', now), after, now);
  for (const name of ['users', `users:connection:${connection.num}`, 'users:state:active'])
    write.count.run(tenant.num, name, 1);
  return doc;
}

function update(id: string, patch: Partial<User>): string {
  const now = Date.now();
  const row = write.row.get(id, tenant.num) as { num: number; doc: string; version: number; search_text: string };
  const before = parse(row.doc);
  const user: User = {
    ...before,
    ...patch,
    user_metadata: { ...before.user_metadata, ...patch.user_metadata },
    updated_at: new Date(now).toISOString(),
  };
  const text = searchTextOf(user);
  const doc = render(user);
  // Of what has an index only what differs is written, as by the server; the patch neither renames nor removes.
  write.change.run(now, row.version + 1, text, doc, row.num);
  if (text !== row.search_text) write.newSearch.run(row.num, text);
  const had = new Map(metadataLeavesOf(before).map((leaf) => [leaf.path, leaf.text]));
  for (const { bag, path, position, text, number } of metadataLeavesOf(user))
    if (had.get(path) !== text) write.newLeaf.run(tenant.num, row.num, bag, path, position, text, number);
  const change = {
    before: { nickname: before.nickname, user_metadata: before.user_metadata },
    after: { nickname: user.nickname, user_metadata: user.user_metadata },
  };
  const data = JSON.stringify(change);
  write.event.run(newId('evt', now), tenant.num, 'user.updated', user.id, newId('req', now), data, now);
  return doc;
}

const PREFIX = '/api/v1/users';
const LIMIT = 50;

function list(query: URLSearchParams): string {
  const cursor = query.get('cursor');
  const email = query.get('email');
  const search = query.get('search');
  let rows: { num: number; doc: string }[];
  if (email !== null) rows = read.email.all(tenant.num, email, LIMIT + 1) as never;
  else if (search !== null) rows = read.search.all(tenant.num, query.get('trigrams'), search, LIMIT + 1) as never;
  else if (cursor !== null) {
    const [, , after] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, number, number];
    rows = read.later.all(tenant.num, after, LIMIT + 1) as never;
  } else rows = read.first.all(tenant.num, LIMIT + 1) as never;
  const page = rows.slice(0, LIMIT);
  const last = page.at(-1)?.num;
  const next =
    rows.length > LIMIT ? Buffer.from(JSON.stringify(['-created_at', last, last])).toString('base64url') : null;
  const total = query.has('include_total')
    ? `"total":${(read.total.get(tenant.num, 'users') as { n: number }).n},`
    : '';
  return `{"users":[${page.map(({ doc }) => doc).join(',')}],${total}"next_cursor":${JSON.stringify(next)}}`;
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function readBody(request: IncomingMessage, use: (body: never) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => use(JSON.parse(Buffer.concat(chunks).toString()) as never));
}

/** Sends lines as fast as the client takes them. */
async function stream(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' });
  for (const piece of pieces) if (!response.write(piece)) await once(response, 'drain');
  response.end();
}

const STREAM_ROWS = 500;

/** Every user, oldest first, with the trailer: count and digest. */
function* exported(): Generator<string> {
  const hash = createHash('sha256');
  let rows = 0;
  for (let after = 0; ; ) {
    const page = read.after.all(tenant.num, after, STREAM_ROWS) as { num: number; doc: string }[];
    const last = page.at(-1);
    if (!last) break;
    after = last.num;
    const text = page.map(({ doc }) => `${doc}\n`).join('');
    hash.update(text);
    rows += page.length;
    yield text;
  }
  yield `${JSON.stringify({ trailer: { rows, sha256: hash.digest('hex') } })}\n`;
}

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value));

/** Every event, oldest first. */
function* audited(): Generator<string> {
  for (let after = 0; ; ) {
    const page = read.events.all(tenant.num, after, STREAM_ROWS) as Record<string, never>[];
    const last = page.at(-1);
    if (!last) return;
    after = last.num as never;
    yield page
      .map(
        (row) =>
          `{"id":"${row.id}","event_type":"${row.type}","actor":{"type":"${row.actor_type}","id":${text(row.actor_id as never)},"application_id":${text(row.application_id as never)},"impersonator_id":${text(row.impersonator_id as never)}},"target":{"type":${text(row.target_type as never)},"id":${text(row.target_id as never)}},"request_id":${text(row.request_id as never)},"ip":${text(row.ip as never)},"user_agent":${text(row.user_agent as never)},"data":${row.data ?? 'null'},"created_at":"${new Date(row.created_at as never).toISOString()}"}\n`,
      )
      .join('');
  }
}

const server = createServer((request, response) => {
  const url = request.url as string;
  if (url === `${PREFIX}/export`) return void stream(response, exported());
  if (url === '/api/v1/audit/stream') return void stream(response, audited());
  const mark = url.indexOf('?');
  if (request.method === 'POST') {
    readBody(request, (body) =>
      commitLater(
        () => create(body),
        (doc) => answer(response, 201, doc),
      ),
    );
  } else if (request.method === 'PATCH') {
    const id = url.slice(PREFIX.length + 1);
    readBody(request, (body) =>
      commitLater(
        () => update(id, body),
        (doc) => answer(response, 200, doc),
      ),
    );
  } else if (mark >= 0 || url === PREFIX) {
    answer(response, 200, list(new URLSearchParams(url.slice(mark + 1))));
  } else {
    const row = read.get.get(url.slice(PREFIX.length + 1), tenant.num) as { doc: string } | undefined;
    answer(response, row ? 200 : 404, row?.doc ?? '{}');
  }
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));
