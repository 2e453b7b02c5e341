/** Single requests of the Management API against the floor: get, list, exact search, substring search, create, update. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '@reeve/core';
import { searchNeedleOf } from '../packages/core/src/users/document.ts';
import { trigramsOf } from '../packages/core/src/users/trigrams.ts';
import { bearerOf } from './bearer.ts';
import { type Comparison, compare, type Rounds } from './compare.ts';
import type { Ask } from './load.ts';
import { startFloor, startReeve } from './processes.ts';
import { seeded, seededCopy } from './seed.ts';

const USERS = 10_000;
/** How many different things are asked for. */
const VARIETY = 2000;

/** Reads some rows of a seeded directory, spread over all of it. */
export function sampleOf(dir: string): { id: string; email: string; name: string }[] {
  const handle = new DatabaseSync(join(dir, 'reeve.db'), { readOnly: true });
  try {
    const { top } = handle.prepare('select max(num) as top from users').get() as { top: number };
    const one = handle.prepare('select doc from users where num = ?');
    return Array.from({ length: VARIETY }, (_, i) => {
      const { doc } = one.get(2 + Math.floor(((top - 2) * i) / VARIETY)) as { doc: string };
      return JSON.parse(doc) as { id: string; email: string; name: string };
    });
  } finally {
    handle.close();
  }
}

/** What is searched for: parts of addresses that few people have in common. */
export const needlesOf = (sample: readonly { email: string }[]): string[] =>
  sample.map(({ email }) => email.slice(0, email.indexOf('@')).slice(-10));

async function searchPaths(dir: string, needles: readonly string[]): Promise<string[]> {
  const database = openDatabase(`sqlite:${join(dir, 'reeve.db')}`);
  try {
    return await Promise.all(
      needles.map(async (needle) => {
        const trigrams = await database.read((db) => trigramsOf(db, searchNeedleOf(needle) as string));
        return `${USERS_PATH}?search=${encodeURIComponent(needle)}&trigrams=${encodeURIComponent(trigrams)}`;
      }),
    );
  } finally {
    await database.close();
  }
}

const USERS_PATH = '/api/v1/users';
const json = { 'content-type': 'application/json' };
const CREATE = JSON.stringify({
  email: 'new.{n}@example.com',
  email_verified: true,
  name: 'New Person',
  given_name: 'New',
  family_name: 'Person',
  user_metadata: { city: 'Osaka', newsletter: true },
  app_metadata: { plan: 'free', seats: 7 },
});
const UPDATE = JSON.stringify({ nickname: 'Nick {n}', user_metadata: { visit: '{n}' } });

export type Subject = 'get' | 'list' | 'exact' | 'search' | 'create' | 'update';

async function asksOf(subject: Subject, dir: string): Promise<{ floor: Ask; ours: Ask }> {
  const sample = sampleOf(dir);
  const same = (ask: Ask) => ({ floor: ask, ours: ask });
  const byId = sample.map(({ id }) => `${USERS_PATH}/${id}`);
  if (subject === 'get') return same({ method: 'GET', paths: byId });
  if (subject === 'list') return same({ method: 'GET', paths: [`${USERS_PATH}?limit=50&include_total=true`] });
  if (subject === 'exact')
    return same({
      method: 'GET',
      paths: sample.map(({ email }) => `${USERS_PATH}?email=${encodeURIComponent(email)}`),
    });
  if (subject === 'create') return same({ method: 'POST', paths: [USERS_PATH], headers: json, body: CREATE });
  if (subject === 'update') return same({ method: 'PATCH', paths: byId, headers: json, body: UPDATE });
  const needles = needlesOf(sample);
  return {
    // The floor is told which trigrams to ask the index for.
    floor: { method: 'GET', paths: await searchPaths(dir, needles) },
    ours: { method: 'GET', paths: needles.map((needle) => `${USERS_PATH}?search=${encodeURIComponent(needle)}`) },
  };
}

/** Measures one kind of request; each side has its own copy of the directory. */
export async function directory(subject: Subject, rounds: Rounds = {}): Promise<Comparison> {
  const asks = await asksOf(subject, await seeded(USERS));
  const copies = [await seededCopy(USERS), await seededCopy(USERS)] as const;
  const servers = [await startFloor(copies[0].dir), await startReeve(copies[1].dir)] as const;
  try {
    const authorization = `Bearer ${await bearerOf(copies[1].dir, servers[1].port)}`;
    const ours = { ...asks.ours, headers: { ...asks.ours.headers, authorization } };
    return await compare(subject, { server: servers[0], ask: asks.floor }, { server: servers[1], ask: ours }, rounds);
  } finally {
    for (const server of servers) await server.stop();
    for (const copy of copies) await copy.drop();
  }
}
