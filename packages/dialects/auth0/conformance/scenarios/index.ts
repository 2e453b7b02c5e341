/** All scenarios, in the order in which they run. */
import { access } from './access.ts';
import { applications } from './applications.ts';
import { jobs } from './jobs.ts';
import { links } from './links.ts';
import { records } from './records.ts';
import { settings } from './settings.ts';
import { last, users } from './users.ts';

export const scenarios = [...users, ...access, ...applications, ...settings, ...links, ...jobs, ...records, ...last];
