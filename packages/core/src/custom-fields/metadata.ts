/** Custom fields where people have no word for them: rules, and the dialects of vendors who know metadata alone. */
import type { User } from '../users/document.ts';

/** The values as metadata, under the one name that they have in any door; nothing of who has none. */
export const fieldMetadataOf = ({
  custom_fields,
}: Pick<User, 'custom_fields'>): Partial<Pick<User, 'custom_fields'>> =>
  Object.keys(custom_fields).length === 0 ? {} : { custom_fields };

/**
 * What only applications change, and the values of custom fields among it. Something else that a caller keeps under that name
 * is hidden as long as the user has values.
 */
export const appMetadataOf = (user: Pick<User, 'app_metadata' | 'custom_fields'>): User['app_metadata'] => ({
  ...user.app_metadata,
  ...fieldMetadataOf(user),
});
