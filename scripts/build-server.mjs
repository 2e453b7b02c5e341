/**
 * Bundles the server, with everything of it that is JavaScript, into packages/server/dist. Loading several hundred
 * small modules costs most of a start; one file, with its compiled code kept by V8, starts in a fraction of that.
 *
 * Entries: src/main.ts, and every worker.ts or *.worker.ts below src (and below core's src), which
 * `new Worker(new URL('./worker.ts', import.meta.url))` names. What is reached by `import()` only becomes a chunk that
 * is loaded when it is needed. Native packages and swagger-ui-dist (files, not code) are found in node_modules.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { workerNames, workerUrls } from './workers.mjs';

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages');
const server = join(packages, 'server');
const dist = join(server, 'dist');
const main = join(server, 'src/main.ts');

/** Built-in modules that few starts use, and what they load in their turn. */
const rare = /\b(?:const|var|let) (\w+) = __require\("(node:https|node:http2)"\);/g;

/**
 * An `import` of a built-in module reads every export, which loads what hides behind lazy ones (`node:http` loads all of
 * undici): some 20 ms of CPU and 3 MB at each start. Asked for as an object, a built-in stays lazy. What Fastify requires
 * for servers of other kinds is loaded when it is used.
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  renderChunk: (code) =>
    code
      .replaceAll(
        /^import (?:(\w[\w$]*)(?:, )?)?(?:\{ ([^}]+) \})? from "(node:[a-z_/]+)";$/gm,
        (_text, whole, names, module) => {
          const parts = [
            ...(whole ? [`${whole} = process.getBuiltinModule("${module}")`] : []),
            ...(names ? [`{ ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule("${module}")`] : []),
          ];
          return `const ${parts.join(', ')};`;
        },
      )
      .replaceAll(
        rare,
        (_text, name, module) =>
          `const ${name} = new Proxy({}, { get: (_, key) => process.getBuiltinModule("${module}")[key] });`,
      ),
};

/** A source of ASCII alone takes V8 half the memory, and no time to decode. */
const ascii = {
  name: 'ascii',
  renderChunk: (code) =>
    code.replaceAll(/\\?[^\0-\x7f]/g, (unit) => {
      if (unit.length > 1) throw new Error(`An escaped ${unit} can't be spelled in ASCII.`);
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }),
};

/** What Fastify asks for only where an application has its schemas compiled, or injects requests. */
const unused = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

/** One path of each part that is loaded when it is asked for. */
const PARTS = [
  '/api/v1/users',
  '/api/v1/openapi.json',
  '/docs/problems',
  '/api/v2/users',
  '/users/x/impersonate',
  '/rw3iss/api/v1/admin/users',
  '/authing/graphql/v2',
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
];

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    server: main,
    ...Object.fromEntries([...workerNames].map(([path, name]) => [name, path])),
  },
  platform: 'node',
  external: [/^@node-rs\//, 'pg-native', /^swagger-ui-dist/, ...unused],
  resolve: { conditionNames: ['reeve-source', 'node'] },
  plugins: [workerUrls((name) => `./${name}.js`), lazyBuiltins, ascii],
});
const options = {
  dir: dist,
  format: 'esm',
  comments: false,
  entryFileNames: '[name].js',
  // Beside the entries, so that './<worker>.js' is right wherever the code that names it lands.
  chunkFileNames: '[name]-[hash].js',
};
// Once to see what a start loads, and once with all of that in three files: each file costs a start about a millisecond.
const { output: drafted } = await bundle.generate(options);
const atStart = modulesOf(drafted, 'server.js');
atStart.delete(main);
// A thread that loaded what only a start loads would load all of it.
const inThreads = new Set(
  [...workerNames.values()].flatMap((name) => [...modulesOf(drafted, `${name}.js`, { andLater: true })]),
);
// A thread of few lines would load the rest of what it shares with others.
const inSmallest = modulesOf(drafted, 'database-checkpoint-worker.js');
const { output } = await bundle.write({
  ...options,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      { name: 'gate', test: (id) => atStart.has(id) && inSmallest.has(id) },
      { name: 'shared', test: (id) => atStart.has(id) && inThreads.has(id) },
      { name: 'start', test: (id) => atStart.has(id) && !inThreads.has(id) },
    ],
  },
});
await bundle.close();
checkStart(output);

// The cache is V8's own and is keyed by its version and flags: another Node.js makes its own, a read-only one is no error.
writeFileSync(
  join(dist, 'main.js'),
  `/** Starts the bundled server; V8 keeps what it has compiled beside it. */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error('Reeve needs Node.js 24 or newer; npm start and npm run serve bring it.');
  process.exit(1);
}
module.enableCompileCache(fileURLToPath(new URL('./.compile-cache', import.meta.url)));
await import('./server.js');
`,
);
await warm();
const size = output.reduce((sum, { code }) => sum + (code?.length ?? 0), 0);
console.log(`packages/server/dist: ${output.length} files, ${(size / 1e6).toFixed(1)} MB`);

/** The modules that a chunk loads by static imports, and `andLater` by `import()`; its own among them. */
function modulesOf(chunks, name, { andLater = false } = {}) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const names = new Set([name]);
  for (const each of names) {
    const { imports = [], dynamicImports = [] } = byName.get(each) ?? {};
    for (const imported of andLater ? [...imports, ...dynamicImports] : imports) names.add(imported);
  }
  return new Set([...names].flatMap((each) => byName.get(each)?.moduleIds ?? []));
}

/** What few starts need is loaded by `import()` when it is asked for; a static import of it would slow all of them. */
function checkStart(chunks) {
  const late =
    /node_modules\/(oidc-provider|nodemailer|graphql|ajv)\/|fast-json-stringify\/index|packages\/dialects\/|core\/src\/operations\.ts/;
  const found = [...modulesOf(chunks, 'server.js')].find((id) => late.test(id));
  if (found) throw new Error(`Every start would load ${late.exec(found)[0]}; reach it by import() only.`);
  if ([...modulesOf(chunks, 'database-checkpoint-worker.js')].length > inSmallest.size)
    throw new Error('The thread that moves the log would load more than it needs.');
  for (const name of workerNames.values())
    if ([...modulesOf(chunks, `${name}.js`, { andLater: true })].some((id) => /node_modules\/fastify\//.test(id)))
      throw new Error(`The thread ${name} would load what a start loads.`);
}

/** Asks every part; throws where the server fails. */
async function ask(url) {
  for (const path of PARTS) {
    const options = path.startsWith('/authing/') || path.startsWith('/users/') ? { method: 'POST' } : {};
    const { status } = await fetch(url + path, { ...options, signal: AbortSignal.timeout(30_000) });
    if (status >= 500) throw new Error(`The built server answers ${status} to ${path}.`);
  }
}

/** Two starts on a throw-away directory fill the compile cache, and prove that what was built starts and answers. */
async function warm() {
  const dir = mkdtempSync(join(tmpdir(), 'reeve-build-'));
  try {
    for (let start = 1; start <= 2; start++) {
      const child = spawn(process.execPath, [join(dist, 'main.js')], {
        env: { PATH: process.env.PATH, REEVE_PORT: '0', REEVE_DATA_DIR: dir },
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 30_000,
      });
      const closed = new Promise((resolve) => child.once('close', resolve));
      const url = await new Promise((resolve) => {
        let text = '';
        child.stdout.on('data', (chunk) => {
          text += chunk;
          const found = /^listening on (\S+)$/m.exec(text);
          if (found) resolve(found[1]);
        });
        void closed.then(() => resolve(undefined));
      });
      try {
        if (url) await ask(url);
      } finally {
        child.kill('SIGTERM');
      }
      const code = await closed;
      if (code !== 0 || !url) throw new Error(`The built server does not start (exit ${code}).`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
