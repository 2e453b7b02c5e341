/**
 * Runs the measurements that are named, or all of them, one after another; all of them also write RESULTS.md.
 * `node --conditions=reeve-source bench/all.ts get list`
 */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Comparison } from './compare.ts';
import { directory } from './directory.ts';
import { machine } from './machine.ts';
import { scale } from './scale.ts';
import { sdk } from './sdk.ts';
import { password, token } from './secrets.ts';
import { start } from './start.ts';
import { stream } from './streams.ts';

/** A line of the report: what was measured, the result, and whether the aim is met. */
interface Line {
  readonly name: string;
  readonly aim: string;
  readonly result: string;
  readonly isMet: boolean;
  readonly detail: string;
}

const micro = (value: number): string => (Number.isNaN(value) ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} µs`);

function ratioLine(against: string, least: number, compared: Comparison): Line {
  const { name, floor, ours, ratio, spread, floorCpu, oursCpu, p99 } = compared;
  const late = Number.isNaN(p99) ? '' : `, p99 ${p99.toFixed(1)} ms`;
  return {
    name,
    aim: `≥ ${least} × ${against}`,
    result: `${ratio.toFixed(2)} (${spread.map((edge) => edge.toFixed(2)).join('–')})`,
    isMet: ratio >= least,
    detail: `${Math.round(floor)}/s : ${Math.round(ours)}/s, server CPU ${micro(floorCpu)} : ${micro(oursCpu)}${late}`,
  };
}

const requests = ['get', 'list', 'exact', 'search', 'create', 'update'] as const;

async function startLines(): Promise<Line[]> {
  const { ready, fastest, spread, answered, atStart, idle } = await start();
  const mega = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    {
      name: 'ready, 100,000 users',
      aim: '< 200 ms',
      result: `${ready.toFixed(0)} ms`,
      isMet: ready < 200,
      detail: `fastest ${fastest.toFixed(0)} ms, quartiles ${spread.map((edge) => edge.toFixed(0)).join('–')} ms; first answer of the API after ${answered.toFixed(0)} ms`,
    },
    {
      name: 'idle memory',
      aim: '< 120 MB',
      result: mega(idle),
      isMet: idle < 120e6,
      detail: `resident; ${mega(atStart)} when it began to listen`,
    },
  ];
}

async function sdkLines(): Promise<Line[]> {
  const { fetch, sdk: plain, node, sdkRatio, nodeRatio } = await sdk();
  const detail = `client CPU of a call: fetch ${micro(fetch)}, SDK ${micro(plain)}, SDK on node:http ${micro(node)}`;
  return [
    { name: 'SDK call', aim: '≤ 1.15 × bare fetch', result: sdkRatio.toFixed(2), isMet: sdkRatio <= 1.15, detail },
    {
      name: 'SDK call, node transport',
      aim: '≤ 0.6 × bare fetch',
      result: nodeRatio.toFixed(2),
      isMet: nodeRatio <= 0.6,
      detail,
    },
  ];
}

const measurements: Readonly<Record<string, () => Promise<Line[]>>> = {
  ...Object.fromEntries(requests.map((name) => [name, async () => [ratioLine('floor', 0.5, await directory(name))]])),
  password: async () => [ratioLine('bare argon2id', 0.9, await password())],
  token: async () => [ratioLine('oidc-provider alone', 0.5, await token())],
  export: async () => [ratioLine('floor', 0.5, await stream('export'))],
  audit: async () => [ratioLine('floor', 0.5, await stream('audit'))],
  scale: async () =>
    (await scale()).map((compared) =>
      ratioLine('rate at 10,000 users', 0.5, { ...compared, name: `1 M users: ${compared.name}` }),
    ),
  start: startLines,
  sdk: sdkLines,
};

const report = (shape: string, lines: readonly Line[]): string => `# Results

Written by \`npm run bench\`. ${shape}

A ratio is the median of neighbouring rounds (lower and upper quartile in brackets); above the aim is better where the aim
says ≥. Rates and CPU are medians, the other side first. What each compares stands in [README.md](README.md); the import
has its own report.

| | aim | result | | |
|---|---|---|---|---|
${lines.map(({ name, aim, result, isMet, detail }) => `| ${name} | ${aim} | **${result}** | ${isMet ? 'met' : 'missed'} | ${detail} |`).join('\n')}
`;

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in measurements));
if (unknown !== undefined) {
  console.error(`There is no measurement "${unknown}"; there are ${Object.keys(measurements).join(', ')}.`);
  process.exit(1);
}
const lines: Line[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(measurements)) {
  for (const line of await (measurements[name] as () => Promise<Line[]>)()) {
    lines.push(line);
    console.log(
      `${line.name.padEnd(26)} ${line.result.padEnd(18)} ${line.aim.padEnd(28)} ${line.isMet ? 'met   ' : 'MISSED'} ${line.detail}`,
    );
  }
}
if (asked.length === 0) {
  const here = dirname(fileURLToPath(import.meta.url));
  await writeFile(join(here, 'RESULTS.md'), report(machine(), lines));
}
