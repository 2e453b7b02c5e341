/**
 * The peer of an import: OpenLDAP's offline loader (`slapadd -q`, which neither syncs nor checks), no server beside it, on the same
 * people. Once with indexes for equality only, once with those for substrings on what Reeve's search covers, too. Needs Debian's
 * package `slapd`. `node --conditions=reeve-source bench/import/openldap.ts [rows]`
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { person } from '../people.ts';

const SUFFIX = 'dc=example,dc=com';
const SEARCHED = 'cn,givenName,sn,mail';
const MAP_BYTES = 16 * 2 ** 30;

const line = (name: string, value: string): string =>
  /^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(value)
    ? `${name}: ${value}\n`
    : `${name}:: ${Buffer.from(value).toString('base64')}\n`;

function* ldif(rows: number): Generator<string> {
  yield `dn: ${SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n`;
  for (let n = 0; n < rows; n++) {
    const { email, name, given_name, family_name, user_metadata, app_metadata } = person(n);
    yield `dn: uid=${n},${SUFFIX}\nobjectClass: inetOrgPerson\n${line('uid', String(n))}${line('cn', name)}${line('givenName', given_name)}${line('sn', family_name)}${line('mail', email)}${line('l', String(user_metadata.city))}${line('employeeType', String(app_metadata.plan))}\n`;
  }
}

const configuration = (directory: string, indexes: readonly string[]): string =>
  `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
tool-threads 2
database mdb
maxsize ${MAP_BYTES}
suffix ${SUFFIX}
directory ${directory}
${indexes.map((index) => `index ${index}`).join('\n')}
`;

function load(config: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('slapadd', ['-q', '-f', config, '-l', file], {
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', () => reject(new Error('slapadd is not here; install slapd.')));
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`slapadd ended (${code}).`))));
  });
}

const rows = Number(process.argv[2] ?? 1_000_000);
const dir = await mkdtemp(join(tmpdir(), 'reeve-bench-openldap-'));
try {
  const file = join(dir, 'people.ldif');
  await pipeline(Readable.from(ldif(rows)), createWriteStream(file));
  for (const [name, indexes] of Object.entries({
    'equality only': ['objectClass,uid eq', `${SEARCHED} eq`],
    'substrings, too': ['objectClass,uid eq', `${SEARCHED} eq,sub`],
  })) {
    const directory = join(dir, name.replaceAll(/\W+/g, '-'));
    await mkdir(directory);
    await writeFile(`${directory}.conf`, configuration(directory, indexes));
    const began = performance.now();
    await load(`${directory}.conf`, file);
    const seconds = (performance.now() - began) / 1000;
    console.log(`${rows} entries, indexes for ${name}: ${Math.round(rows / seconds)} entries/s`);
    await rm(directory, { recursive: true });
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
