/**
 * What clients and connections keep that is secret, taken out of what is shown. What is secret core judges, and seals and
 * strikes out by the same names; shown is at most more: settings whose names look secret.
 */
import { type DialectCall, isSecret } from '@reeve/core';

export type Holds = DialectCall['holds'];

/** Auth0's settings whose names look secret and are not. */
const SETTINGS =
  /^(is_)?token_?(endpoint|url|exchange|quota)|^id_token_|token_lifetime$|^password_?(policy|history|no_personal_info|dictionary|complexity_options|options)/i;

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => value !== null && typeof value === 'object' && !Array.isArray(value);

function hides(name: string, value: unknown): boolean {
  // The settings of a client's refresh tokens; elsewhere it is one.
  if (SETTINGS.test(name) || (name === 'refresh_token' && isBag(value))) return false;
  return isSecret(name);
}

/** What is in an array of any depth has no name of its own to be hidden by. */
function itemOf(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(itemOf);
  return isBag(item) ? withoutSecrets(item) : item;
}

/** The values without secrets: their keys are left out. Whether something is on is no secret. */
export function withoutSecrets(values: Bag, isWithin = false): Bag {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const isHidden = isWithin || hides(name, value);
    if (isBag(value)) {
      const inner = withoutSecrets(value, isHidden);
      if (Object.keys(inner).length > 0 || Object.keys(value).length === 0) shown[name] = inner;
    } else if (!isHidden || value === null || typeof value === 'boolean') {
      shown[name] = itemOf(value);
    }
  }
  return shown;
}
