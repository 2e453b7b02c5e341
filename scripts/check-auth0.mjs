/**
 * Judges @reeve/auth0 the way its users meet it: packed, installed under the vendor's name, imported and required (every
 * module by its path, too), called over https, type-checked. Run after scripts/build-clients.mjs.
 *
 *     node --conditions=reeve-source scripts/check-auth0.mjs
 */
import { execFileSync, spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { certify } from '../packages/server/src/tls/authority.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'packages/dialects/auth0');
/** Bytes of everything, minified and gzipped. */
const SIZE_LIMIT = 16_000;
/** Type instantiations for a consumer, libraries not counted. */
const INSTANTIATION_LIMIT = 8_000;

const results = [];
const check = async (what, work) => {
  try {
    results.push({ what, result: (await work()) ?? 'ok' });
  } catch (error) {
    process.exitCode = 1;
    results.push({ what, result: `FAILED: ${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}` });
  }
};
const run = (file, args, options = {}) => execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe', ...options });
const bin = (name, args, cwd) => run(join(root, 'node_modules/.bin', name), args, { cwd });
const atMost = (value, limit, unit) => {
  if (value > limit) throw new Error(`${value} ${unit}, over ${limit}`);
  return `${value} ${unit} of ${limit}`;
};

/** The original's modules that the contract names, and what each exports: a class by its name, or names. */
const originalModules = () => {
  const require = createRequire(join(folder, 'package.json'));
  const src = join(root, 'node_modules/auth0-genuine/src');
  const inner = /^auth\/(OAUthWithIDTokenValidation|clientAuthentication|idToken)$/;
  const paths = globSync('**/*.js', { cwd: src }).map((path) => path.replaceAll('\\', '/').replace(/\.js$/, ''));
  const shapeOf = (value) => (typeof value === 'function' ? value.name : Object.keys(value));
  return Object.fromEntries(
    paths.filter((path) => !inner.test(path)).map((path) => [path, shapeOf(require(join(src, `${path}.js`)))]),
  );
};

/** Packs as npm would, and installs under the vendor's name into an otherwise empty project. */
const install = () => {
  const project = mkdtempSync(join(tmpdir(), 'reeve-auth0-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }');
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const [{ filename }] = JSON.parse(run('npm', pack, { cwd: folder }));
  const options = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  run('npm', ['install', ...options, `auth0@file:${join(project, filename)}`], { cwd: project });
  return project;
};

const deepRequires = (modules) => `
const { join } = require('node:path');
const modules = ${JSON.stringify(modules)};
const main = async () => {
  for (const [path, shape] of Object.entries(modules)) {
    const found = require('auth0/src/' + path);
    const same = [require('auth0/src/' + path + '.js'), require(join(__dirname, 'node_modules/auth0/src', path))];
    const { default: imported } = await import('auth0/src/' + path + '.js');
    if ([...same, imported].some((other) => other !== found)) throw new Error(path + ' is not one module');
    if (typeof shape === 'string' ? found.name !== shape : shape.some((name) => !(name in found))) throw new Error(path);
  }
  const { ManagementClient, AuthenticationClient } = await import('auth0');
  const auth0 = require('auth0');
  const all = [[require('auth0/src'), auth0], [require('auth0/src/management'), ManagementClient],
    [require('auth0/src/auth'), AuthenticationClient], [auth0.ManagementClient, ManagementClient]];
  if (all.some(([a, b]) => a !== b)) throw new Error('two copies');
};
main();
`;

const use = (load, domain) => `${load}
const main = async () => {
  const client = new ManagementClient({ domain: '${domain}', clientId: 'a', clientSecret: 'secret-of-check' });
  if ((await client.getUser({ id: 'auth0|1' })).path !== '/api/v2/users/auth0%7C1') throw new Error('get');
  await new Promise((resolve, reject) =>
    client.users.getAll({ page: 0 }, (error, list) => (error || list.path !== '/api/v2/users?page=0' ? reject(error ?? new Error('list')) : resolve())),
  );
  const auth = new AuthenticationClient({ domain: '${domain}', clientId: 'a' });
  if ((await auth.users.getInfo('token')).path !== '/userinfo') throw new Error('getInfo');
};
main();
`;

const consumer = `
import { AuthenticationClient, ManagementClient, type User } from 'auth0';
export const use = async () => {
  const client = new ManagementClient({ domain: 'x', clientId: 'a', clientSecret: 'b' });
  const user: User = await client.getUser({ id: 'a' });
  client.getUsers({ include_totals: true }, (error, page) => error ?? page.total);
  await client.organizations.getMembers({ id: user.user_id });
  await client.clients.create({ name: 'n' });
  const headed = new ManagementClient({ domain: 'x', token: 't', includeResponseHeaders: true });
  (await headed.updateUser({ id: 'a' }, { blocked: true })).data.email?.length;
  await new AuthenticationClient({ domain: 'x', clientId: 'a' }).users.getInfo('t');
  // @ts-expect-error: results are not any
  (await client.getUser({ id: 'a' })).emial;
  // @ts-expect-error: misspelt
  await client.getUsers({ serach: 'a' });
};
`;
const deepConsumer = `${consumer}
import UsersManager from 'auth0/src/management/UsersManager.js';
import TokenProvider from 'auth0/src/management/ManagementTokenProvider';
import { SanitizedError } from 'auth0/src/errors';
export const users = new UsersManager({ baseUrl: 'https://x/api/v2', tokenProvider: new TokenProvider({ domain: 'x', audience: 'a' }) });
export const email = async (): Promise<string | undefined> => (await users.get({ id: 'a' })).email;
export const isRefused = (error: unknown): boolean => error instanceof SanitizedError && error.statusCode === 403;
// @ts-expect-error: an id is required
users.get({});
`;

const typeCheck = (project, name, file, text, compilerOptions) => {
  const at = join(project, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, file), text);
  const options = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2022', ...compilerOptions };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file] }));
  return Number(/Instantiations:\s+(\d+)/.exec(bin('tsc', ['-p', at, '--extendedDiagnostics'], at))?.[1]);
};

const execute = (project, file, text, environment = {}) => {
  writeFileSync(join(project, file), text);
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [file], { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said))));
  });
};

const startServer = async (project) => {
  const { key, cert } = certify(project, ['localhost', '127.0.0.1'], Date.now());
  const server = createServer({ key, cert }, (request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    const isToken = request.url === '/oauth/token';
    response.end(isToken ? '{"access_token":"t","expires_in":60}' : JSON.stringify({ path: request.url }));
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return server;
};

await check('auth0: publint', () => void bin('publint', ['--strict'], folder));
// Not published: only the condition `reeve-source` resolves them.
const isServer = (path) => path.startsWith('./server');
const { exports: entries } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const attw = ['--pack', '.', '--format', 'ascii', '--exclude-entrypoints', ...Object.keys(entries).filter(isServer)];
await check('auth0: attw', () => void bin('attw', attw, folder));
await check('auth0: no dependencies', () => {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (Object.keys(dependencies).length > 0) throw new Error(JSON.stringify(dependencies));
});
await check('auth0: everything, minified and gzipped', async () => {
  const build = await rolldown({ input: join(folder, 'src/modules.js'), platform: 'node', external: /^node:/ });
  const { output } = await build.generate({ format: 'cjs', minify: true });
  await build.close();
  return atMost(gzipSync(output[0].code, { level: 9 }).length, SIZE_LIMIT, 'bytes');
});

const project = install();
const server = await startServer(project);
try {
  const domain = `localhost:${server.address().port}`;
  const trust = { NODE_EXTRA_CA_CERTS: join(project, 'ca.pem') };
  const names = '{ ManagementClient, AuthenticationClient }';
  await check('auth0: nothing else is installed', () => {
    const installed = globSync('node_modules/*', { cwd: project });
    if (installed.length !== 1) throw new Error(installed.join());
  });
  const modules = originalModules();
  await check(`auth0: ${Object.keys(modules).length} modules by their paths`, () =>
    execute(project, 'deep.cjs', deepRequires(modules)),
  );
  await check('auth0: as a module', () =>
    execute(project, 'use.mjs', use(`import ${names} from 'auth0';`, domain), trust),
  );
  await check('auth0: as CommonJS', () =>
    execute(project, 'use.cjs', use(`const ${names} = require('auth0');`, domain), trust),
  );
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'));
  symlinkSync(join(root, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'));
  const node = { types: ['node'], lib: ['es2024'], module: 'nodenext', esModuleInterop: true };
  for (const file of ['use.mts', 'use.cts']) {
    await check(`auth0: types stand alone: ${file}`, () => void typeCheck(project, 'node', file, deepConsumer, node));
  }
  await check('auth0: types are cheap', () => {
    const bundler = { ...node, module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true };
    return atMost(typeCheck(project, 'cost', 'use.ts', consumer, bundler), INSTANTIATION_LIMIT, 'instantiations');
  });
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(project, { recursive: true, force: true });
}

for (const { what, result } of results) console.log(`${what}: ${result}`);
