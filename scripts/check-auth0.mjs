/**
 * Judges @reeve/auth0 the way its users meet it: packed, installed under the vendor's name, imported and required (every
 * module by its path, too), called over https, type-checked. Run after scripts/build-clients.mjs.
 *
 *     node --conditions=reeve-source scripts/check-auth0.mjs
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { certify } from '../packages/server/src/tls/authority.ts';
import {
  check,
  checkNoDependencies,
  checkPackage,
  checkSize,
  checkTypeCost,
  execute,
  linkNodeTypes,
  pack,
  report,
  root,
  run,
  typeCheck,
} from './package-checks.mjs';

const folder = join(root, 'packages/dialects/auth0');
/** Bytes of everything, minified and gzipped. */
const SIZE_LIMIT = 16_000;
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

/** Installs under the vendor's name into an otherwise empty project. */
const install = () => {
  const project = mkdtempSync(join(tmpdir(), 'reeve-auth0-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }');
  const options = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  run('npm', ['install', ...options, `auth0@file:${pack(folder, project)}`], { cwd: project });
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

// Not published: only the condition `reeve-source` resolves them.
const isServer = (path) => path.startsWith('./server');
const { exports: entries } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
await checkPackage('auth0', folder, Object.keys(entries).filter(isServer));
await checkNoDependencies('auth0', folder);
await check('auth0: everything, minified and gzipped', async () => {
  const build = await rolldown({ input: join(folder, 'src/modules.js'), platform: 'node', external: /^node:/ });
  const { output } = await build.generate({ format: 'cjs', minify: true });
  await build.close();
  return checkSize(output[0].code, SIZE_LIMIT);
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
  linkNodeTypes(project);
  const node = { types: ['node'], lib: ['es2024'], module: 'nodenext', esModuleInterop: true };
  for (const file of ['use.mts', 'use.cts']) {
    await check(`auth0: types stand alone: ${file}`, () => void typeCheck(project, 'node', file, deepConsumer, node));
  }
  const bundler = { ...node, module: 'esnext', moduleResolution: 'bundler' };
  await checkTypeCost('auth0: types are cheap', project, consumer, bundler);
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(project, { recursive: true, force: true });
}

report();
