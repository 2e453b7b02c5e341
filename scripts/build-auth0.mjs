/**
 * Builds @reeve/auth0 the way that the package it stands for is laid out: real CommonJS files below `src/`, each
 * requirable by its path. They are one line each over one bundle. `src/` is generated whole and not committed; the
 * sources are in `client/`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/** The paths of the modules, and those of the managers with the property that holds each. */
const namesOf = (root, client) => {
  const moduleUrl = (name) => JSON.stringify(pathToFileURL(join(root, client, `${name}.ts`)));
  const code = `
    import { modules } from ${moduleUrl('modules')};
    import { tables } from ${moduleUrl('rows')};
    const managers = Object.entries(tables).map(([property, { name }]) => ['management/' + name, property]);
    process.stdout.write(JSON.stringify({ paths: Object.keys(modules), managers: Object.fromEntries(managers) }));`;
  const args = ['--conditions=reeve-source', '--input-type=module', '--eval', code];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
};

/** The declarations of a module that is a class: its name as value and as type. */
const classTypes = (path, property, up) => {
  const name = path.split('/').at(-1);
  if (property) {
    return `import type { ManagerClass } from '${up}types/managers.js';
import type { Managers } from '${up}types/types/client.js';
declare const ${name}: ManagerClass<'${property}'>;
type ${name}<IsWithHeaders extends boolean = false> = Managers<IsWithHeaders>['${property}'];
export = ${name};
`;
  }
  const homes = {
    'auth/index': ['AuthenticationClient', 'auth/client'],
    'auth/TokensManager': ['TokensManager', 'auth/tokens'],
    'auth/UsersManager': ['UsersManager', 'auth/users'],
    'management/index': ['ManagementClient', 'management'],
    'management/BaseManager': ['BaseManager', 'manager'],
    'management/ManagementTokenProvider': ['ManagementTokenProvider', 'token'],
    Auth0RestClient: ['Auth0RestClient', 'rest'],
    RetryRestClient: ['RetryRestClient', 'rest'],
  };
  const [exported, home] = homes[path] ?? [name, 'auth/authenticators'];
  return `import { ${exported} } from '${up}types/${home}.js';\nexport = ${exported};\n`;
};

const typesOf = (path, property) => {
  const up = path.includes('/') ? '../' : './';
  if (path === 'index') return `export * from './types/index.js';\n`;
  if (path === 'errors') {
    return `export { ArgumentError, SanitizedError, sanitizeErrorRequestData } from './types/errors.js';\n`;
  }
  if (path === 'utils') {
    return `import { utilities } from './types/utilities.js';\nexport = utilities;\n`;
  }
  return classTypes(path, property, up);
};

/** Writes `src/` of the package; its declarations come after, into `src/types/`. */
export const buildAuth0 = async (root, folder) => {
  const src = join(root, folder, 'src');
  rmSync(src, { recursive: true, force: true });
  mkdirSync(src, { recursive: true });
  const build = await rolldown({
    input: { modules: join(root, folder, 'client/modules.ts') },
    platform: 'node',
    external: /^node:/,
    resolve: { conditionNames: ['reeve-source', 'node', 'default'] },
  });
  await build.write({ dir: src, format: 'cjs', entryFileNames: '[name].js', exports: 'named' });
  await build.close();
  writeFileSync(join(src, 'package.json'), '{ "type": "commonjs" }\n');
  const { paths, managers } = namesOf(root, join(folder, 'client'));
  for (const path of paths) {
    const file = join(src, path);
    mkdirSync(dirname(file), { recursive: true });
    const bundle = posix.relative(posix.dirname(path), 'modules.js');
    const from = bundle.startsWith('.') ? bundle : `./${bundle}`;
    writeFileSync(`${file}.js`, `'use strict';\nmodule.exports = require('${from}').modules['${path}'];\n`);
    writeFileSync(`${file}.d.ts`, typesOf(path, managers[path]));
  }
  // One copy of the classes for both kinds of module. A loader cannot see through the lines above, so it is told.
  const names = 'ManagementClient, AuthenticationClient';
  writeFileSync(join(src, 'index.mjs'), `import index from './index.js';\nexport const { ${names} } = index;\n`);
  writeFileSync(
    join(src, 'index.js'),
    `'use strict';\nconst { ${names} } = require('./modules.js').modules.index;\nexports.ManagementClient = ManagementClient;\nexports.AuthenticationClient = AuthenticationClient;\n`,
  );
  writeFileSync(join(src, 'index.d.mts'), `export * from './index.js';\n`);
};
