/**
 * Completes package-lock.json: npm leaves optional packages for other platforms out of the lock where it can't read
 * their metadata, and `npm ci` then refuses the lock. Run it after `npm install` changed the lock.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const { packages } = lock;

const PLATFORMS = ['android', 'darwin', 'win32', 'freebsd', 'openharmony', 'linux'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32', 'loong64', 'arm'];

/** Where `name` is found from the package at `from`, as Node resolves it. */
function locate(from, name) {
  for (
    let base = from;
    ;
    base = base.includes('/node_modules/') ? base.slice(0, base.lastIndexOf('/node_modules/')) : ''
  ) {
    const place = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
    if (packages[place]) return place;
    if (base === '') return undefined;
  }
}

function entryOf(name, version, dev) {
  const words = name.replace('gnueabihf', '').split(/[^a-z0-9]+/);
  const cpu = PROCESSORS.find((word) => words.includes(word));
  const os = PLATFORMS.find((word) => words.includes(word));
  const libc = words.includes('musl') ? 'musl' : os === 'linux' && words.includes('gnu') ? 'glibc' : undefined;
  return {
    version,
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(dev ? { dev } : {}),
    ...(libc ? { libc: [libc] } : {}),
    optional: true,
    ...(os ? { os: [os] } : {}),
  };
}

let added = 0;
for (const [place, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const known = locate(place, name);
    if (known && (packages[known].version === version || !/^\d/.test(version))) continue;
    packages[known ? `${place}/node_modules/${name}` : `node_modules/${name}`] = entryOf(name, version, dev);
    added++;
  }
}
const { '': root, ...rest } = packages;
lock.packages = { '': root, ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) };
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages added`);
