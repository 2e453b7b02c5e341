/** What the checks of the built clients share: one check and its result, packing, type-checking and running as a user would. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Type instantiations for a consumer that uses every kind of operation, libraries not counted. */
const INSTANTIATION_LIMIT = 8_000;

const results = [];

/** Runs one check. What it returns is told, what it throws fails the script once all have run. */
export const check = async (what, work) => {
  try {
    results.push({ what, result: (await work()) ?? 'ok' });
  } catch (error) {
    process.exitCode = 1;
    results.push({ what, result: `FAILED: ${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}` });
  }
};
export const report = () => {
  for (const { what, result } of results) console.log(`${what}: ${result}`);
};

export const run = (file, args, options = {}) =>
  execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe', ...options });
export const bin = (name, args, cwd) => run(join(root, 'node_modules/.bin', name), args, { cwd });
const atMost = (value, limit, unit) => {
  if (value > limit) throw new Error(`${value} ${unit}, over ${limit}`);
  return `${value} ${unit} of ${limit}`;
};

/** Throws where the code is larger than so many bytes once gzipped. */
export const checkSize = (code, limit) => atMost(gzipSync(code, { level: 9 }).length, limit, 'bytes');

/** publint and attw on a package; `excluded`: entries that they leave out. */
export const checkPackage = async (name, folder, excluded = []) => {
  await check(`${name}: publint`, () => void bin('publint', ['--strict'], folder));
  const exceptions = excluded.length > 0 ? ['--exclude-entrypoints', ...excluded] : [];
  await check(`${name}: attw`, () => void bin('attw', ['--pack', '.', '--format', 'ascii', ...exceptions], folder));
};

export const checkNoDependencies = (name, folder) =>
  check(`${name}: no dependencies`, () => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (Object.keys(dependencies).length > 0) throw new Error(JSON.stringify(dependencies));
  });

/** Packs as npm would. Returns the file. */
export const pack = (folder, destination) => {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
  const [{ filename }] = JSON.parse(run('npm', args, { cwd: folder }));
  return join(destination, filename);
};

/** Type-checks one file in a folder of its own. Returns the count of type instantiations. */
export const typeCheck = (project, name, file, text, compilerOptions) => {
  const at = join(project, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, file), text);
  const options = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2022', ...compilerOptions };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file] }));
  return Number(/Instantiations:\s+(\d+)/.exec(bin('tsc', ['-p', at, '--extendedDiagnostics'], at))?.[1]);
};

export const checkTypeCost = (what, project, text, compilerOptions) =>
  check(what, () => {
    const count = typeCheck(project, 'cost', 'use.ts', text, { ...compilerOptions, skipLibCheck: true });
    return atMost(count, INSTANTIATION_LIMIT, 'instantiations');
  });

/** Gives a project the types of Node, as its own devDependency would. */
export const linkNodeTypes = (project) => {
  for (const name of ['@types', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
};

/** A program that has not ended by then never will. */
const PATIENCE_MS = 120_000;

/** Runs a program in the project. Rejects with what it said, unless it ends well. */
export const execute = (project, file, text, environment = {}) => {
  writeFileSync(join(project, file), text);
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [file], {
      cwd: project,
      env,
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said))));
  });
};
