/** Roles as Auth0 shows them. Auth0 knows no codes: one is made of the name, the same for the same name. */

import { createHash } from 'node:crypto';
import type { Role } from '@reeve/contract';
import { present } from '@reeve/core';

export const roleView = ({ id, name, description }: Role) => ({ id, name, ...present({ description }) });

const CODE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export function codeOf(name: string): string {
  if (CODE.test(name)) return name;
  const readable = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48);
  return `${readable || 'role'}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}
