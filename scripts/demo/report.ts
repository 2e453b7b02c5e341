/** What the demo prints, and the tally of its checks: nothing counts as shown unless it went through `check`. */
import { isDeepStrictEqual } from 'node:util';

const isTerminal = process.stdout.isTTY === true;
const paint = (code: number, text: string): string =>
  isTerminal && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text;

export const figure = (number: number): string => number.toLocaleString('en');
export const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(2)} s`;

const LABEL = 86;
const BAR = 32;

export class Report {
  readonly failures: string[] = [];
  checks = 0;
  #step = '';
  #steps = 0;
  #startedAt = performance.now();
  #plainAt = 0;

  /** Begins a step. */
  step(title: string): void {
    this.#step = title;
    this.#startedAt = performance.now();
    console.log(`\n${paint(1, `${String(++this.#steps).padStart(2)}  ${title}`)}`);
  }

  /** Ends a step with its time. */
  done(): void {
    console.log(paint(2, `    ${seconds(this.#startedAt)}`));
  }

  say(text: string): void {
    console.log(`    ${text}`);
  }

  /** Passes if `actual` equals `expected` in every part; says both where it does not. */
  check(label: string, actual: unknown, expected: unknown = true): boolean {
    const isPassed = isDeepStrictEqual(actual, expected);
    this.checks++;
    if (isPassed) {
      console.log(`    ${paint(32, 'ok')}  ${label}`);
    } else {
      const found = differenceOf(actual, expected);
      this.failures.push(`${this.#step}: ${label}: ${found}`);
      console.log(`    ${paint(31, 'FAILED')}  ${label}: ${found}`);
    }
    return isPassed;
  }

  /** The step ended early. */
  broke(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.checks++;
    this.failures.push(`${this.#step}: ${text}`);
    console.log(`    ${paint(31, 'FAILED')}  ${error instanceof Error ? (error.stack ?? text) : text}`);
  }

  /** A bar on a terminal; elsewhere a line now and then. `share` is from 0 to 1. */
  progress(share: number, text: string, isLast: boolean): void {
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    if (isTerminal) {
      const full = Math.round(share * BAR);
      process.stdout.write(
        `\r    ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${percent}  ${text}\u001b[K${isLast ? '\n' : ''}`,
      );
    } else if (isLast || performance.now() - this.#plainAt >= 1000) {
      this.#plainAt = performance.now();
      console.log(`    ${percent}  ${text}`);
    }
  }

  table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
    const cut = (cell: string) => ([...cell].length > LABEL ? `${[...cell].slice(0, LABEL - 1).join('')}…` : cell);
    const cells = [headings, ...rows].map((row) => row.map(cut));
    const widths = headings.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
    for (const [at, row] of cells.entries()) {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      console.log(`    ${at === 0 ? paint(1, line) : line}`);
    }
  }
}

const LONGEST = 300;
const SHOWN = 3;

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

/** Both values; of two lists, what only one of them has. */
function differenceOf(actual: unknown, expected: unknown): string {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return `expected ${short(expected)}, found ${short(actual)}`;
  const beyond = (list: unknown[], other: unknown[]) => {
    const known = new Set(other.map((item) => JSON.stringify(item)));
    return list.filter((item) => !known.has(JSON.stringify(item)));
  };
  const parts = [beyond(expected, actual), beyond(actual, expected)].map(
    (items) => `${items.length}${items.length > 0 ? ` (${items.slice(0, SHOWN).map(short).join(', ')})` : ''}`,
  );
  return `${expected.length} expected, ${actual.length} found; missing ${parts[0]}; not expected ${parts[1]}`;
}
