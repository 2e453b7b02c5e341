/** `/impersonate`: a link that the server gave to an administrator goes on to the application, with a code. */
import { redeemImpersonation } from '@reeve/core';
import type { Page } from './pages.ts';
import { awayScreen } from './screen.ts';

export const impersonationPage: Page = {
  path: '/impersonate',
  show: async (work, ticket) => awayScreen(await redeemImpersonation(work, ticket), 302),
};
