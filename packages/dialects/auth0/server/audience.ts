/** How the Management API is called on the wire: by the host that the caller used (DESIGN §11). */
import { MANAGEMENT_AUDIENCE, type Work } from '@reeve/core';

export const managementAudience = ({ tenant }: Pick<Work, 'tenant'>): string =>
  `https://${new URL(tenant.origin).host}/api/v2/`;

/** An audience as Auth0's clients know it. */
export const wireAudience = (work: Work, audience: string): string =>
  audience === MANAGEMENT_AUDIENCE ? managementAudience(work) : audience;
