/** Connections as Auth0 shows them. */
import type { Connection } from '@reeve/contract';
import { operations, Problem, type Work } from '@reeve/core';
import { resultOf } from './value.ts';

export const inexistentConnection = {
  code: 'inexistent_connection',
  message: 'The connection does not exist.',
} as const;

/** Native id → name. */
export type ConnectionNames = ReadonlyMap<string, string>;

/** All connections of the tenant. */
export async function allConnections(work: Work): Promise<Connection[]> {
  const found: Connection[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
    const page = resultOf(await operations.connections.list(work, { query, body: undefined }));
    found.push(...page.connections);
    cursor = page.next_cursor;
  }
  return found;
}

export async function connectionNames(work: Work): Promise<ConnectionNames> {
  return new Map((await allConnections(work)).map(({ id, name }) => [id, name]));
}

/** The connection of this name. Throws `invalid_request`, which rows word as `inexistent_connection`. */
export async function requireConnection(work: Work, name: string): Promise<Connection> {
  const found = (await allConnections(work)).find((connection) => connection.name === name);
  if (!found) throw new Problem('not_found', inexistentConnection.message);
  return found;
}
