/** The server's threads: every worker.ts or *.worker.ts below src (and below core's src) becomes an entry of what is built. */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages');

/** packages/server/src/import/worker.ts is built as import-worker.js. */
const nameOf = (path) =>
  path
    .replace(/^[a-z]+\/src\//, '')
    .replace(/\.ts$/, '')
    .replaceAll(/[/.]/g, '-');

/** The name of each, by the path of its source. */
export const workerNames = new Map(
  globSync(['{server,core}/src/**/worker.ts', '{server,core}/src/**/*.worker.ts'], { cwd: packages }).map((path) => [
    join(packages, path),
    nameOf(path),
  ]),
);

/**
 * A plugin of bundlers. `new URL('./worker.ts', import.meta.url)` names a source; this lets it name what was built of it.
 * `urlOf`: where that is, by its name.
 */
export const workerUrls = (urlOf) => ({
  name: 'worker-urls',
  transform(code, id) {
    if (!id.startsWith(packages) || !code.includes('import.meta.url')) return null;
    return code.replaceAll(/new URL\(\s*(['"])(\.[^'"]+\.ts)\1\s*,\s*import\.meta\.url\s*\)/g, (text, _quote, path) => {
      const name = workerNames.get(join(dirname(id), path));
      return name ? `new URL('${urlOf(name)}', import.meta.url)` : text;
    });
  },
});
