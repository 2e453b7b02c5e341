import { access } from './access.ts';
import { analysis } from './analysis.ts';
import { fields } from './fields.ts';
import { signIns } from './sign-ins.ts';
import { users } from './users.ts';

export const scenarios = [...users, ...fields, ...access, ...signIns, ...analysis];
