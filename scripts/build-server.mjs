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

/**
 * An `import` of a built-in module reads every export, which loads what hides behind lazy ones (`node:http` loads all of
 * undici): some 20 ms of CPU and 3 MB at each start. Asked for as an object, a built-in stays lazy.
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  renderChunk: (code) =>
    code.replaceAll(
      /^import (?:(\w[\w$]*)(?:, )?)?(?:\{ ([^}]+) \})? from "(node:[a-z_/]+)";$/gm,
      (_text, whole, names, module) => {
        const parts = [
          ...(whole ? [`${whole} = process.getBuiltinModule("${module}")`] : []),
          ...(names ? [`{ ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule("${module}")`] : []),
        ];
        return `const ${parts.join(', ')};`;
      },
    ),
};

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    server: join(server, 'src/main.ts'),
    ...Object.fromEntries([...workerNames].map(([path, name]) => [name, path])),
  },
  platform: 'node',
  external: [/^@node-rs\//, 'pg-native', /^swagger-ui-dist/],
  resolve: { conditionNames: ['reeve-source', 'node'] },
  plugins: [workerUrls((name) => `./${name}.js`), lazyBuiltins],
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  // Beside the entries, so that './<worker>.js' is right wherever the code that names it lands.
  chunkFileNames: '[name]-[hash].js',
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

/** What few starts need is loaded by `import()` when it is asked for; a static import of it would slow all of them. */
function checkStart(chunks) {
  const late = /node_modules\/(oidc-provider|nodemailer|graphql)\//;
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const seen = new Set(['server.js']);
  for (const name of seen) {
    const { imports = [], moduleIds = [] } = byName.get(name) ?? {};
    const found = moduleIds.find((id) => late.test(id));
    if (found) throw new Error(`Every start would load ${late.exec(found)[1]} (${name}); reach it by import() only.`);
    for (const imported of imports) seen.add(imported);
  }
}

/** One start on a throw-away directory fills the compile cache, and proves that what was built starts. */
async function warm() {
  const dir = mkdtempSync(join(tmpdir(), 'reeve-build-'));
  try {
    for (let start = 1; start <= 2; start++) {
      const child = spawn(process.execPath, [join(dist, 'main.js')], {
        env: { PATH: process.env.PATH, REEVE_PORT: '0', REEVE_DATA_DIR: dir },
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 30_000,
      });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
        if (/^listening on /m.test(text)) child.kill('SIGTERM');
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      if (code !== 0 || !/^listening on /m.test(text))
        throw new Error(`The built server does not start (exit ${code}).`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
