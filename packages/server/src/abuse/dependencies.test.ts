/**
 * What is installed to run is in no range that an advisory names. The advisories are those that were found by looking each
 * package up (2026-11-22; the newest of them are of September 2026): `npm run audit` asks the registry for all of them, where it can.
 */
import { readFileSync } from 'node:fs';
import { satisfies, validRange } from 'semver';
import { describe, expect, it } from 'vitest';
import advisories from './advisories.json' with { type: 'json' };

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const lock = JSON.parse(readFileSync(new URL('../../../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const FOLDER = 'node_modules/';
/** Name and version of each package that is not for development alone. */
const installed = Object.entries(lock.packages).flatMap(([place, { version, dev, link }]) =>
  version === undefined || dev || link || !place.includes(FOLDER)
    ? []
    : [{ name: place.slice(place.lastIndexOf(FOLDER) + FOLDER.length), version }],
);

describe('what is installed to run', () => {
  it('is found in the lock file', () => {
    const names = installed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['fastify', 'oidc-provider', 'pg', 'kysely', 'jose', 'nodemailer']));
    expect(names).not.toContain('vitest');
  });

  it.each(advisories)('$id does not concern $package', ({ package: name, affected }) => {
    expect(validRange(affected)).not.toBeNull();
    const concerned = installed.filter((each) => each.name === name && satisfies(each.version, affected));
    expect(concerned).toEqual([]);
  });
});
