/** Whether the dialect has Auth0's limits where the directory has none: the tenant's setting. */
import type { Work } from '@reeve/core';

export const isStrict = ({ tenant }: Pick<Work, 'tenant'>): boolean => tenant.settings.strict_vendor_limits;
