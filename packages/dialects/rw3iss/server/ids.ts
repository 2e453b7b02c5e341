/** Ids in this dialect are UUIDs: the same bits as the directory's own ids, without the prefix. */
import { fieldProblem, idOfUuid, type Prefix } from '@reeve/core';

/** The id that a UUID in a path or a body spells. Throws `INVALID_INPUT`, the field named, of another form. */
export function idFrom(prefix: Prefix, field: string, text: string | undefined): string {
  const id = idOfUuid(prefix, text ?? '');
  if (id === '') throw fieldProblem(field, 'format', `${field} must be a UUID.`);
  return id;
}

type Params = Readonly<Record<string, string>>;

export const userIdOf = (params: Params): string => idFrom('usr', 'userId', params.user_id);
export const appIdOf = (params: Params): string => idFrom('app', 'appId', params.app_id);
export const organizationIdOf = (params: Params): string => idFrom('org', 'orgId', params.org_id);
