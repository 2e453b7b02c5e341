/** Connections as Auth0 names them. */
import type { Connection } from '@reeve/contract';
import {
  findConnectionNames,
  findConnection as findRow,
  noBody,
  operations,
  Problem,
  resultOf,
  type Work,
} from '@reeve/core';
import { ifThere } from './absence.ts';

export const inexistentConnection = {
  code: 'inexistent_connection',
  message: 'The connection does not exist.',
} as const;

/** Native id → name. */
export type ConnectionNames = ReadonlyMap<string, string>;

/** The names of connections by their ids; without `ids` of all. */
export async function connectionNames(work: Work, ids?: readonly string[]): Promise<ConnectionNames> {
  const found = await work.read((db) => findConnectionNames(db, work.tenant.id, ids && [...new Set(ids)]));
  return new Map(found.map(({ id, name }) => [id, name]));
}

/** The connection that has exactly this id, or exactly this name. */
export async function findConnection(work: Work, field: 'id' | 'name', value: string): Promise<Connection | undefined> {
  const found = await ifThere(operations.connections.get(work, { connection_id: value, ...noBody }));
  const connection = found && resultOf(found);
  return connection?.[field] === value ? connection : undefined;
}

/** The connection of exactly this id. Throws `not_found`, which rows word as `inexistent_connection`. */
export async function requireConnection(work: Work, id: string): Promise<Connection> {
  const found = await findConnection(work, 'id', id);
  if (!found) throw new Problem('not_found', inexistentConnection.message);
  return found;
}

/** Id and name of the connection of exactly this name. Throws `not_found`. */
export async function requireRow(work: Work, name: string): Promise<{ readonly id: string; readonly name: string }> {
  const row = await work.read((db) => findRow(db, work.tenant.id, name));
  if (row?.name !== name) throw new Problem('not_found', inexistentConnection.message);
  return row;
}
