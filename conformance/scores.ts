/** How much of each vendor's contract works, from the pages that runs of its clients made. */
import { readFileSync } from 'node:fs';

export interface Score {
  readonly vendor: string;
  /** The vendor's page, with every method. */
  readonly source: string;
  /** Of its document, and of its whole contract: with the genuine client, and with the drop-in. */
  readonly document: Pair;
  readonly contract: Pair;
}
interface Pair {
  readonly genuine: string;
  readonly dropIn: string;
}

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const NONE = 'not published';

/** The cells of the line at the end of a page that counts. Throws where a page counts no longer so. */
function countsOf(page: string): string[] {
  const line = textOf(`docs/compatibility/${page}`)
    .split('\n')
    .find((text) => text.startsWith('| **works** |'));
  const counts = line?.match(/\d+ of \d+/g);
  if (!counts || counts.length < 2) throw new Error(`docs/compatibility/${page} has no line of counts.`);
  return counts;
}

const both = (count: string): Pair => ({ genuine: count, dropIn: count });
const alone = (count: string): Pair => ({ genuine: NONE, dropIn: count });

/** All of it stands in a document; the genuine client comes first, the drop-in second. */
function auth0(): Score {
  const [genuine = '', dropIn = ''] = countsOf('auth0.md');
  const pair = { genuine, dropIn };
  return { vendor: 'Auth0', source: '[auth0.md](auth0.md)', document: pair, contract: pair };
}

/** One line for both clients, whose results are compared, of a vendor that publishes one; the document before the contract. */
function paged(vendor: string, page: string, pair: (count: string) => Pair): Score {
  const [document = '', contract = ''] = countsOf(page);
  return { vendor, source: `[${page}](${page})`, document: pair(document), contract: pair(contract) };
}

const CHECKS = 'packages/dialects/intelliauth/src/methods.test.ts';

/** Its suite fails where a method of the contract, which is the document, has no check. */
function intelliauth(): Score {
  const { methods } = JSON.parse(textOf('packages/dialects/intelliauth/contract/intelliauth.json')) as {
    readonly methods: readonly string[];
  };
  const checks = new Set([...textOf(CHECKS).matchAll(/^ {2}async '?([\w.]+)'?\(/gm)].map(([, name]) => name));
  const pair = alone(`${methods.filter((name) => checks.has(name)).length} of ${methods.length}`);
  return { vendor: 'IntelliAuth', source: `[its suite](../../${CHECKS})`, document: pair, contract: pair };
}

export const scores = (): Score[] => [
  auth0(),
  paged('rw3iss auth-client', 'rw3iss.md', alone),
  paged('Authing v4', 'authing.md', both),
  intelliauth(),
];
