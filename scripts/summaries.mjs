/**
 * Writes packages/contract/src/summaries.ts: the doc comment of every route, by `<resource>.<operation>`, for documents
 * that are made at run time, when comments are gone. `--check` only says whether the file is current.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../packages/contract/src/', import.meta.url);
const target = new URL('summaries.ts', source);
const ROUTE = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export )?const (\w+) = route\(/g;

/** The text of a doc comment on one line. */
const textOf = (comment) =>
  comment
    .replace(/^\s*\*/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/** The module as it should be. */
export function summariesModule() {
  const lines = [];
  for (const file of readdirSync(new URL('resources/', source)).sort()) {
    const text = readFileSync(new URL(`resources/${file}`, source), 'utf8');
    const exported = new Map([...text.matchAll(/export \{ (\w+) as (\w+) \}/g)].map(([, name, as]) => [name, as]));
    for (const [, comment, name] of text.matchAll(ROUTE)) {
      const resource = file.replace('.ts', '').replace(/-./g, (hyphenated) => hyphenated.slice(1).toUpperCase());
      const id = `${resource}.${exported.get(name) ?? name}`;
      const value = textOf(comment);
      const quoted = value.includes("'") ? JSON.stringify(value) : `'${value.replaceAll('\\', '\\\\')}'`;
      const line = `  '${id}': ${quoted},`;
      lines.push(line.length <= 120 ? line : `  '${id}':\n    ${quoted},`);
    }
  }
  return [
    '/** Made by scripts/summaries.mjs from the doc comments of the routes; do not edit. */',
    'export const summaries: Readonly<Record<string, string>> = {',
    ...lines,
    '};',
    '',
  ].join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const wanted = summariesModule();
  if (!process.argv.includes('--check')) writeFileSync(target, wanted);
  else if (readFileSync(target, 'utf8') !== wanted) {
    console.error('packages/contract/src/summaries.ts is out of date: run node scripts/summaries.mjs');
    process.exitCode = 1;
  }
}
