/** Custom fields where people have no word for them: rules, and the dialect of the vendor whose rules those are. */
import type { User } from '../users/document.ts';

/**
 * What only applications change, and the values of custom fields as `custom_fields` of it. Something else that a caller keeps
 * under that name is hidden as long as the user has values.
 */
export const appMetadataOf = ({ app_metadata, custom_fields }: User): User['app_metadata'] =>
  Object.keys(custom_fields).length === 0 ? app_metadata : { ...app_metadata, custom_fields };
