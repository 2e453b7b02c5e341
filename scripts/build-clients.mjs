/**
 * Builds the published clients: ESM, CommonJS and self-contained declarations for both, without dependencies. The
 * contract is evaluated here, once: what ships is the table of routes, not the schemas that it was projected from.
 *
 *     node scripts/build-clients.mjs
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { buildAuth0 } from './build-auth0.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const routesModule = join(root, 'packages/sdk/src/routes.ts');

/** The published packages; `sources` says where the declarations of each workspace package go inside of them. */
const clients = [
  {
    name: '@reeve/sdk',
    folder: 'packages/sdk',
    entries: ['index', 'node'],
    sources: { 'packages/sdk/src': '.', 'packages/contract/src': 'contract' },
  },
  {
    name: '@reeve/intelliauth',
    folder: 'packages/dialects/intelliauth',
    entries: ['index'],
    sources: {
      'packages/dialects/intelliauth/src': '.',
      'packages/sdk/src': 'sdk',
      'packages/contract/src': 'contract',
    },
  },
  {
    name: '@reeve/auth0',
    folder: 'packages/dialects/auth0',
    source: 'client',
    // What the files of `src/` tell their types by.
    entries: ['index', 'managers', 'utilities'],
    sources: {
      'packages/dialects/auth0/client': '.',
      'packages/sdk/src': 'sdk',
      'packages/contract/src': 'contract',
    },
    declarations: ['src/types'],
  },
  {
    name: '@reeve/auth-client',
    folder: 'packages/dialects/rw3iss',
    source: 'client',
    entries: ['index'],
    sources: { 'packages/dialects/rw3iss/client': '.' },
  },
  {
    name: '@reeve/authing',
    folder: 'packages/dialects/authing',
    source: 'client',
    entries: ['index'],
    sources: { 'packages/dialects/authing/client': '.' },
  },
];
const sourceOf = ({ folder, source = 'src' }, entry) => `${folder}/${source}/${entry}.ts`;

/** Bare specifiers of the workspace, and the source that each one names. */
const workspace = {
  '@reeve/contract': 'packages/contract/src/index.ts',
  '@reeve/sdk': 'packages/sdk/src/index.ts',
  '@reeve/sdk/node': 'packages/sdk/src/node.ts',
  '@reeve/sdk/runtime': 'packages/sdk/src/runtime.ts',
};

const tableOfRoutes = () =>
  execFileSync(
    process.execPath,
    [
      '--conditions=reeve-source',
      '--input-type=module',
      '--eval',
      `import { routes } from ${JSON.stringify(pathToFileURL(routesModule))}; process.stdout.write(JSON.stringify(routes));`,
    ],
    { cwd: root, encoding: 'utf8' },
  );

const evaluated = (table) => ({
  name: 'evaluated-routes',
  load: (id) => (id === routesModule ? `export const routes = ${table};` : undefined),
});

const bundle = async (client, table) => {
  const dist = join(root, client.folder, 'dist');
  const input = Object.fromEntries(client.entries.map((entry) => [entry, join(root, sourceOf(client, entry))]));
  const build = await rolldown({
    input,
    platform: 'neutral',
    external: /^node:/,
    resolve: { conditionNames: ['reeve-source', 'import', 'default'] },
    plugins: [evaluated(table)],
  });
  const names = { entryFileNames: '[name].js', chunkFileNames: 'chunk-[hash].js' };
  await build.write({ ...names, dir: join(dist, 'esm'), format: 'esm' });
  await build.write({ ...names, dir: join(dist, 'cjs'), format: 'cjs', exports: 'named' });
  await build.close();
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
};

/** Emits the declarations of every source that the clients reach; returns the folder, laid out like the repository. */
const emitDeclarations = () => {
  const folder = mkdtempSync(join(root, 'node_modules/.reeve-types-'));
  const files = clients.flatMap((client) => client.entries.map((entry) => join(root, sourceOf(client, entry))));
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: join(folder, 'out'),
    // Not by way of node_modules: what is only reached there counts as a library and is not emitted.
    paths: Object.fromEntries(Object.entries(workspace).map(([name, file]) => [name, [join(root, file)]])),
  };
  const config = join(folder, 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }));
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { stdio: 'inherit' });
  return folder;
};

const specifier = /(\bfrom\s+|\bimport\(\s*|\bimport\s+)(['"])([^'"]+)\2/g;

/** An alias hides the documentation of what it names: `delete` gets that of `remove` again. */
const withDocumentedAlias = (text) => {
  const doc = /(\/\*\*(?:(?!\*\/).)*\*\/)\s*declare const remove:/s.exec(text)?.[1];
  return doc ? text.replace('export { remove as delete }', () => `export { ${doc} remove as delete }`) : text;
};

/** Copies what the entries reach, and makes every specifier relative and `.js`. */
const copyDeclarations = (client, emitted) => {
  const [first, ...others] = client.declarations ?? ['dist/esm', 'dist/cjs'];
  const out = join(root, client.folder, first);
  /** `packages/sdk/src/x.ts` → its place in the package. */
  const placeOf = (source) => {
    const [from, to] = Object.entries(client.sources).find(([folder]) => source.startsWith(`${folder}/`)) ?? [];
    if (!from) throw new Error(`${client.name}: the declarations reach ${source}`);
    return join(to, relative(from, source)).replace(/\.ts$/, '');
  };
  const done = new Set();
  const copy = (source) => {
    if (done.has(source)) return;
    done.add(source);
    const place = placeOf(source);
    const text = readFileSync(join(emitted, 'out', source.replace(/\.ts$/, '.d.ts')), 'utf8');
    const rewritten = text.replace(specifier, (all, before, quote, name) => {
      const target = name.startsWith('.') ? join(dirname(source), name) : workspace[name];
      if (!target) return all;
      copy(target);
      const path = relative(dirname(place), placeOf(target));
      return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}.js${quote}`;
    });
    mkdirSync(dirname(join(out, place)), { recursive: true });
    writeFileSync(join(out, `${place}.d.ts`), withDocumentedAlias(rewritten));
  };
  for (const entry of client.entries) copy(sourceOf(client, entry));
  for (const other of others) {
    cpSync(out, join(root, client.folder, other), { recursive: true, filter: (path) => !path.endsWith('.js') });
  }
};

const table = tableOfRoutes();
for (const client of clients) {
  if (client.name === '@reeve/auth0') {
    await buildAuth0(root, client.folder);
    continue;
  }
  rmSync(join(root, client.folder, 'dist'), { recursive: true, force: true });
  await bundle(client, table);
}
const emitted = emitDeclarations();
try {
  for (const client of clients) copyDeclarations(client, emitted);
} finally {
  rmSync(emitted, { recursive: true, force: true });
}
