/**
 * What a plugin's file finds under the names of JavaScript's and Node's globals: whatever gives another answer in another run, on
 * another machine or in another JavaScript engine is replaced by something that says what to use instead.
 *
 * Names that a file reaches through `globalThis`, and what npm packages do inside, are not seen here: `seatrial run --check`
 * runs twice and finds what differs.
 */
import { Console } from 'node:console';
import { exp, ln, pow } from '../engine/portable-math.ts';

/** Global names of plugin files, by name. Things written with `console` go to standard error. */
export function pluginGlobals(): Readonly<Record<string, unknown>> {
  return {
    Math: guardedMath(),
    Date: guardedDate(),
    performance: forbiddenObject('performance', CLOCK),
    crypto: forbiddenObject('crypto', RANDOM),
    process: forbiddenObject('process', 'a plugin knows only what it is given; settings come as arguments (pluginConfig)'),
    fetch: forbiddenFunction('fetch', 'a plugin reads nothing while the run goes on; tables can be imported as JSON'),
    setTimeout: forbiddenFunction('setTimeout', WAIT),
    setInterval: forbiddenFunction('setInterval', WAIT),
    setImmediate: forbiddenFunction('setImmediate', WAIT),
    queueMicrotask: forbiddenFunction('queueMicrotask', WAIT),
    console: new Console(process.stderr),
  };
}

const CLOCK = 'the simulated clock is handle.nowUs()';
const RANDOM = 'random numbers come from handle.rng.fork(name)';
const WAIT = 'simulated time passes in preBind and bind, with yield* handle.writer.sleep(us)';
const PORTABLE: Readonly<Record<string, unknown>> = { log: ln, exp, pow };
/** Right in every engine: exact, or prescribed to the last bit. */
const EXACT = ['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc'];

function forbid(name: string, instead: string): never {
  throw new Error(`${name} must not be used in a plugin, because a run depends on nothing but scenario, seed and code: ${instead}`);
}

function forbiddenFunction(name: string, instead: string): () => never {
  return () => forbid(name, instead);
}

function forbiddenObject(name: string, instead: string): object {
  return new Proxy({}, { get: (_target, key) => forbid(`${name}.${String(key)}`, instead) });
}

function guardedMath(): object {
  const guarded: Record<string, unknown> = { ...PORTABLE };
  for (const key of Object.getOwnPropertyNames(Math)) {
    const value = (Math as unknown as Record<string, unknown>)[key];
    if (typeof value !== 'function' || EXACT.includes(key)) guarded[key] = value;
    else if (key === 'random') guarded[key] = forbiddenFunction('Math.random', RANDOM);
    else guarded[key] ??= forbiddenFunction(`Math.${key}`, 'its last bits differ between JavaScript engines; log, exp and pow do not here');
  }
  return Object.freeze(guarded);
}

/** Dates of given moments are as good as numbers; the present one is not. */
function guardedDate(): object {
  return new Proxy(Date, {
    construct: (target, args: unknown[], newTarget) => {
      if (args.length === 0) forbid('new Date()', CLOCK);
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: () => forbid('Date()', CLOCK),
    get: (target, key) => (key === 'now' ? forbiddenFunction('Date.now', CLOCK) : (Reflect.get(target, key) as unknown)),
  });
}
