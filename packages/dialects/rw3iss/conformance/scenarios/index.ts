import type { Scenario } from '../scenario.ts';
import { accounts } from './accounts.ts';
import { administration } from './administration.ts';
import { organizations } from './organizations.ts';
import { races } from './races.ts';
import { signIn } from './sign-in.ts';

export const scenarios: readonly Scenario[] = [...signIn, ...administration, ...organizations, ...accounts, ...races];
