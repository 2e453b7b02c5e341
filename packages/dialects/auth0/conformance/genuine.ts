/** `auth0@3.7.2` on a server, by its managers. */
import { CLIENT_ID, CLIENT_SECRET } from '@reeve/testkit';
import { genuine } from '../client/genuine.ts';
import type { World } from './world.ts';

type Methods<Name extends string> = Readonly<Record<Name, (...args: unknown[]) => unknown>>;
type Crud = Methods<'create' | 'get' | 'getAll' | 'update' | 'delete'>;
type Flat =
  | 'getUser'
  | 'getUsers'
  | 'updateUser'
  | 'updateUserMetadata'
  | 'deleteUser'
  | 'deleteAllUsers'
  | 'updateClient'
  | 'deleteClient'
  | 'updateRule'
  | 'deleteRule'
  | 'deleteConnection'
  | 'deleteResourceServer'
  | 'getGuardianEnrollments'
  | 'getDailyStats';

/** As much of it as these tests call. */
export type Legacy = Methods<Flat> &
  Readonly<Record<'clients' | 'clientGrants' | 'resourceServers' | 'roles' | 'rules', Crud>> & {
    readonly users: Crud & Methods<'link' | 'getRoles'>;
    readonly emailProvider: Methods<'configure' | 'get' | 'update' | 'delete'>;
    readonly logs: Methods<'getAll'>;
    readonly blacklistedTokens: Methods<'add'>;
  };

/** Works as the management application, or with a token. */
export function genuineOf({ domain }: World, token?: string): Legacy {
  const access = token === undefined ? { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } : { token };
  return new genuine.ManagementClient({ domain, ...access }) as unknown as Legacy;
}

export interface Refused {
  readonly status: unknown;
  readonly body: { readonly message?: string; readonly errorCode?: string } | undefined;
}

/** What the client was told. Throws where it was not refused. */
export async function refusalOf(call: unknown): Promise<Refused> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    const { statusCode, originalError } = error as {
      statusCode?: unknown;
      originalError?: { response?: { body?: Refused['body'] } };
    };
    if (statusCode === undefined) throw error;
    return { status: statusCode, body: originalError?.response?.body };
  }
  throw new Error(`Not refused: ${JSON.stringify(answer)}`);
}
