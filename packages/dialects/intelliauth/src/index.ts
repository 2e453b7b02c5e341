/** Drop-in for `@intelliauth/node-sdk`. */
export type * from '@reeve/sdk';
export { IntelliAuthApiError, IntelliAuthManagement, type IntelliAuthOptions } from './client.ts';
