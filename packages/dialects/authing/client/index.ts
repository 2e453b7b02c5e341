/** Drop-in for the management client of `authing-js-sdk`. */
import { ManagementClient } from './client.ts';
import * as enums from './enums.ts';
import { AuthingError } from './errors.ts';

export type {
  AclManagementClient,
  AuthorizedResourcesBatchInput,
  AuthorizeResourceInput,
  AuthorizeResourcesInput,
  IsAllowedOptions,
  NamespaceUpdates,
} from './acl.ts';
export type { RestRequest } from './client.ts';
export * from './enums.ts';
export type { AuthingErrorFields } from './errors.ts';
export type { GroupsManagementClient, UpdateGroupInput } from './groups.ts';
export type * from './models.ts';
export type {
  EncryptFunction,
  EncryptionOptions,
  HeaderNames,
  Language,
  ManagementClientOptions,
  OnError,
} from './options.ts';
export type { FindRoleUsersOptions, NamespaceOption, RolesManagementClient, UpdateRoleOptions } from './roles.ts';
export type { UdfManagementClient } from './udf-fields.ts';
export type { UdfValues } from './udf-values.ts';
export type { FilterUsersOptions, LinkIdentityOptions, UnlinkIdentityOptions } from './user-records.ts';
export type { UsersManagementClient } from './users.ts';
export type { Envelope } from './wire.ts';
export { AuthingError, ManagementClient };

/** For `import authing from 'authing-js-sdk'`, which is everything at once there. */
export default { ...enums, AuthingError, ManagementClient };
