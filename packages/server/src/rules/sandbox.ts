/**
 * One JavaScript engine in WebAssembly, without any function of the host: text goes in, text comes out. Each rule gets a
 * runtime and globals of its own, so that it finds nothing of what another one left. Owns the bounds in time, memory,
 * stack and output. An engine that a script brought to its limits is thrown away whole; so is one whose memory served
 * another tenant: a fault of the engine that lets a script read freed memory shows it nothing but its own tenant's.
 */
import engine from '@jitl/quickjs-singlefile-mjs-release-sync';
import type { RuleOutcome, RuleScript, RuleTask, ScriptFault } from '@reeve/core';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { HARNESS } from './harness.ts';
import { TIMED_OUT } from './messages.ts';

/** As far as it is used here; Node's types leave it out. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WasmMemory;
};

/** CPU time of one rule, and of all rules of a sign-in. Milliseconds. */
const RULE_MILLISECONDS = 1000;
const TOTAL_MILLISECONDS = 5000;
const PAGE = 65_536;
const FIRST_PAGES = 256;
/** 32 MiB: the engine, the rule and all that it makes. The engine's own bound counts only single pieces, so the memory itself ends. */
const MOST_PAGES = 512;
const STACK_BYTES = 262_144;
/** What a rule gives back, as JSON. */
const OUTPUT_CHARACTERS = 65_536;
const MESSAGE_CHARACTERS = 500;
const JOBS_AT_ONCE = 100;
const FILE = 'rule.js';

/** CPU time of this thread: a rule is not to blame for a machine that is busy. */
const cpuMilliseconds = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

type Verdict = { readonly user: string; readonly context: string } | { readonly denied: string };

interface Dumped {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly lineNumber?: unknown;
}

/** A message may be anything: control characters go, and what is too long is cut. */
const visible = (text: string): string =>
  text
    .slice(0, MESSAGE_CHARACTERS)
    .toWellFormed()
    .replace(/[\p{C}"\\]+/gu, ' ')
    .trim();

/** A function may end with a semicolon; as an expression it may not. By hand: an expression for it would take quadratic time. */
function expressionOf(script: string): string {
  let end = script.length;
  while (end > 0 && /[\s;]/.test(script.charAt(end - 1))) end--;
  return `(${script.slice(0, end)}\n)`;
}

export interface Sandbox {
  check(script: string): Promise<ScriptFault | undefined>;
  run(task: RuleTask, begins: (place: number) => void): Promise<RuleOutcome>;
}

interface Instance {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
  /** Whose rules have run in it; undefined where none has. */
  owner: number | typeof NOBODY_KNOWN | undefined;
}

/** A script that is judged before it is anybody's rule. */
const NOBODY_KNOWN = Symbol('nobody known');

async function newInstance(): Promise<Instance> {
  const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES });
  const silent = () => {};
  const variant = newVariant(engine, {
    wasmMemory: memory,
    emscriptenModule: { print: silent, printErr: silent } as never,
  });
  return { module: await newQuickJSWASMModuleFromVariant(variant), memory, owner: undefined };
}

export async function createSandbox(): Promise<Sandbox> {
  let instance: Instance | undefined = await newInstance();

  /** A new engine costs about four times what a small rule does. */
  async function instanceOf(owner: number | typeof NOBODY_KNOWN): Promise<Instance> {
    const isOthers = instance?.owner !== undefined && (owner === NOBODY_KNOWN || owner !== instance.owner);
    if (!instance || isOthers) instance = await newInstance();
    instance.owner = owner;
    return instance;
  }

  /** Runs `act` in fresh globals; where it overran or broke the engine, `ended` says why. */
  async function within<T>(
    owner: number | typeof NOBODY_KNOWN,
    milliseconds: number,
    act: (context: QuickJSContext, runtime: QuickJSRuntime, isOver: () => boolean) => T,
  ): Promise<{ value: T } | { ended: string }> {
    const { module, memory } = await instanceOf(owner);
    const end = cpuMilliseconds() + milliseconds;
    let overran = false;
    const isOver = () => (overran ||= cpuMilliseconds() > end);
    try {
      const runtime = module.newRuntime();
      runtime.setMaxStackSize(STACK_BYTES);
      runtime.setInterruptHandler(isOver);
      const context = runtime.newContext();
      const value = act(context, runtime, isOver);
      if (overran) throw new Error(TIMED_OUT);
      context.dispose();
      runtime.dispose();
      if (memory.buffer.byteLength > FIRST_PAGES * PAGE) instance = undefined;
      return { value };
    } catch (error) {
      // Whatever broke, the host's stack, the engine's memory or its patience: nothing of this engine is used again.
      instance = undefined;
      if (overran) return { ended: TIMED_OUT };
      if (error instanceof RangeError) return { ended: 'the rule nests too deep' };
      return { ended: error instanceof ScriptError ? error.message : 'the rule broke its sandbox' };
    }
  }

  async function judge(
    tenantId: number,
    rule: RuleScript,
    input: { user: string; context: string },
    milliseconds: number,
  ) {
    const outcome = await within(tenantId, milliseconds, (context, runtime, isOver): Verdict => {
      const harness = evaluated(context, HARNESS, 'harness.js');
      const script = context.evalCode(expressionOf(rule.script), FILE, { type: 'global' });
      if ('error' in script && script.error) {
        const fault = faultOf(taken(context, script.error));
        harness.dispose();
        return { denied: fault.message };
      }
      const texts = [context.newString(input.user), context.newString(input.context)];
      const poll = called(context, harness, [script.value, ...texts]);
      let told = textOf(context, called(context, poll, []));
      while (told === undefined && runtime.hasPendingJob() && !isOver()) {
        const done = runtime.executePendingJobs(JOBS_AT_ONCE);
        if ('error' in done && done.error) done.error.dispose();
        told = textOf(context, called(context, poll, []));
      }
      for (const handle of [harness, script.value, ...texts, poll]) handle.dispose();
      // Nothing is left that could call it: waiting for the bound would not help.
      if (told === undefined) return { denied: `${TIMED_OUT}: it did not call its callback` };
      return verdictOf(told);
    });
    return 'ended' in outcome ? { denied: outcome.ended } : outcome.value;
  }

  return {
    async check(script) {
      const outcome = await within(NOBODY_KNOWN, RULE_MILLISECONDS, (context): ScriptFault | undefined => {
        const result = context.evalCode(expressionOf(script), FILE, { type: 'global' });
        if ('error' in result && result.error) return faultOf(taken(context, result.error));
        const kind = context.typeof(result.value);
        result.value.dispose();
        if (kind !== 'function') return { message: 'must be a function expression', line: undefined };
        return undefined;
      });
      return 'ended' in outcome ? { message: outcome.ended, line: undefined } : outcome.value;
    },
    async run({ tenantId, rules, user, context }, begins) {
      const end = cpuMilliseconds() + TOTAL_MILLISECONDS;
      let input = { user: JSON.stringify(user), context: JSON.stringify(context) };
      for (const [place, rule] of rules.entries()) {
        begins(place);
        const left = end - cpuMilliseconds();
        const verdict: Verdict =
          left <= 0 ? { denied: TIMED_OUT } : await judge(tenantId, rule, input, Math.min(RULE_MILLISECONDS, left));
        if ('denied' in verdict) return { denied: visible(verdict.denied) || 'the rule refused', rule: rule.name };
        input = verdict;
      }
      return { context: JSON.parse(input.context) as Record<string, unknown> };
    },
  };
}

/** What is wrong with a script, in words for its author. */
class ScriptError extends Error {}

function evaluated(context: QuickJSContext, code: string, file: string): QuickJSHandle {
  const result = context.evalCode(code, file, { type: 'global' });
  if ('error' in result && result.error) throw new ScriptError(faultOf(taken(context, result.error)).message);
  return result.value;
}

function called(context: QuickJSContext, callee: QuickJSHandle, args: QuickJSHandle[]): QuickJSHandle {
  const result = context.callFunction(callee, context.undefined, ...args);
  if ('error' in result && result.error) throw new ScriptError(faultOf(taken(context, result.error)).message);
  return result.value;
}

function taken(context: QuickJSContext, error: QuickJSHandle): Dumped {
  const dumped = context.dump(error) as unknown;
  error.dispose();
  return dumped !== null && typeof dumped === 'object' ? dumped : { message: dumped };
}

/** An engine that is out of memory has none for a message either. */
function faultOf({ name, message, lineNumber, stack }: Dumped): ScriptFault {
  const text = typeof message === 'string' && message !== '' ? message : 'out of memory';
  const [, fromStack] = /rule\.js:(\d+)/.exec(typeof stack === 'string' ? stack : '') ?? [];
  const line = typeof lineNumber === 'number' ? lineNumber : fromStack === undefined ? undefined : Number(fromStack);
  return { message: visible(typeof name === 'string' && name !== 'Error' ? `${name}: ${text}` : text), line };
}

function textOf(context: QuickJSContext, handle: QuickJSHandle): string | undefined {
  const text = context.typeof(handle) === 'string' ? context.getString(handle) : undefined;
  handle.dispose();
  return text;
}

/** The harness's words. It runs beside the rule, so they are judged as a stranger's. */
function verdictOf(told: string): Verdict {
  if (told.length > OUTPUT_CHARACTERS)
    return { denied: `the rule gives back more than ${OUTPUT_CHARACTERS} characters` };
  let answer: { denied?: unknown; user?: unknown; context?: unknown } | null;
  try {
    answer = JSON.parse(told) as typeof answer;
  } catch {
    return { denied: 'the rule gives back what is not JSON' };
  }
  if (typeof answer?.denied === 'string') return { denied: answer.denied };
  const { user, context } = answer ?? {};
  if (!isObject(user) || !isObject(context))
    return { denied: 'the rule must call callback(null, user, context) with two objects' };
  const unmet = unmetIn(context);
  return unmet === undefined ? { user: JSON.stringify(user), context: JSON.stringify(context) } : { denied: unmet };
}

/** What a context asks for that nobody here does: a sign-in without it is not the one that the rule allows. */
function unmetIn(context: object): string | undefined {
  const { multifactor, redirect, accessToken } = context as Readonly<Record<string, unknown>>;
  if (isAsked(multifactor)) return 'the rule asks for a second factor (context.multifactor); no page here asks for one';
  if (isAsked(redirect)) return 'the rule sends the person elsewhere (context.redirect); no page here does so';
  const { scope } = (accessToken ?? {}) as { readonly scope?: unknown };
  const isList = Array.isArray(scope) && scope.every((name) => typeof name === 'string');
  if (isAsked(scope) && typeof scope !== 'string' && !isList)
    return 'the rule sets context.accessToken.scope to neither a text nor a list of texts';
  return undefined;
}

const isAsked = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

const isObject = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
