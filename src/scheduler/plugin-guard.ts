/**
 * The guard between a user's plugin and the scheduler: checks what the plugin is and what it answers, fills in what may be left
 * out, and turns what it throws into a PluginFailure that names it.
 */
import { nearestName } from '../base/nearest-name.ts';
import type { Op } from '../engine/process.ts';
import {
  EXTENSION_POINTS,
  type ExtensionPoint,
  NO_NOMINATION,
  type PermitResult,
  type Plugin,
  type PostFilterResult,
  type PreFilterResult,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { Answer, OwnPlugin } from './own-plugin.ts';
import { type Status, type StatusCode, SUCCESS, unschedulable } from './status.ts';

/** Something went wrong inside a plugin of a user's. */
export class PluginFailure extends Error {
  readonly plugin: string;
  /** Its file or package; empty when it did not come from one. */
  readonly origin: string;

  constructor(plugin: string, origin: string, message: string, options?: ErrorOptions) {
    super(`plugin ${plugin}${origin === '' ? '' : ` (${origin})`}: ${message}`, options);
    this.name = 'PluginFailure';
    this.plugin = plugin;
    this.origin = origin;
  }
}

// What was found ------------------------------------------------------------------------------------------

export type Raw = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === undefined) return 'nothing';
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (isPromise(value)) return 'a promise';
  try {
    const text = JSON.stringify(value) ?? typeof value;
    return text.length > 80 ? `${text.slice(0, 80)}...` : text;
  } catch {
    return 'an object';
  }
}

export function isPromise(value: unknown): boolean {
  return isObject(value) && typeof value['then'] === 'function';
}

// Guarding an instance ------------------------------------------------------------------------------------

const METHODS: Readonly<Record<ExtensionPoint, readonly string[]>> = {
  preEnqueue: ['preEnqueue'],
  queueSort: ['less'],
  preFilter: ['preFilter'],
  filter: ['filter'],
  postFilter: ['postFilter'],
  preScore: ['preScore'],
  score: ['score', 'scoreNode'],
  reserve: ['reserve', 'unreserve'],
  permit: ['permit'],
  preBind: ['preBind'],
  bind: ['bind'],
  postBind: ['postBind'],
};
const OTHER_KEYS = ['preFilterExtensions', 'normalize', 'events', 'filterReach', 'scoreReach', 'preFilterReach', 'preScoreReach', 'name'];
const KNOWN_KEYS = [...new Set([...Object.values(METHODS).flat(), ...OTHER_KEYS])];
const CODES: readonly StatusCode[] = ['Success', 'Error', 'Unschedulable', 'UnschedulableAndUnresolvable', 'Wait', 'Skip', 'Pending'];

export class Guard {
  readonly plugin: string;
  readonly origin: string;

  constructor(plugin: string, origin: string) {
    this.plugin = plugin;
    this.origin = origin;
  }

  fail(message: string): never {
    throw new PluginFailure(this.plugin, this.origin, message);
  }

  /** What `ask` gives; what it throws becomes a PluginFailure. */
  call<T>(method: string, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw this.explain(method, error);
    }
  }

  explain(method: string, error: unknown): PluginFailure {
    if (error instanceof PluginFailure) return error;
    const what = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${describe(error)}`;
    return new PluginFailure(this.plugin, this.origin, `${method} failed: ${what}`, { cause: error });
  }

  /** Every point has its method, and every method its point. */
  checkMethods(made: unknown, points: readonly ExtensionPoint[]): void {
    if (!isObject(made)) this.fail(`create gave ${describe(made)}, expected an object with a method for ${points.join(', ')}`);
    // Methods of a class are found on its prototype.
    const keys = new Set(Object.keys(made));
    for (let at = Object.getPrototypeOf(made) as object | null; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      for (const key of KNOWN_KEYS) if (Object.hasOwn(at, key)) keys.add(key);
    }
    const isPlain = Object.getPrototypeOf(made) === Object.prototype || Object.getPrototypeOf(made) === null;
    for (const key of keys) {
      if (KNOWN_KEYS.includes(key) || !isPlain) continue;
      const nearest = nearestName(key, KNOWN_KEYS);
      this.fail(`create gave an unknown method "${key}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}`);
    }
    for (const point of EXTENSION_POINTS) {
      const methods = METHODS[point].filter((method) => typeof made[method] === 'function');
      if (points.includes(point) && methods.length === 0) {
        this.fail(`points names ${point}, but create gave no method ${METHODS[point].join(' or ')}`);
      }
      if (!points.includes(point) && methods.length > 0) {
        this.fail(`create gave a method ${methods[0]}, but points does not name ${point}`);
      }
    }
    if (typeof made['score'] === 'function' && typeof made['scoreNode'] === 'function')
      this.fail('expected score or scoreNode, found both');
  }

  /** A status; nothing counts as success. */
  status(method: string, answer: unknown): Status {
    if (answer === undefined) return SUCCESS;
    if (isObject(answer) && CODES.includes(answer['code'] as StatusCode)) return answer as unknown as Status;
    const why = isPromise(answer) ? ': plugins must not be asynchronous' : '';
    return this.fail(
      `${method} gave ${describe(answer)}, expected nothing or a status such as unschedulable('${this.plugin}', 'why')${why}`,
    );
  }

  checkScores(method: string, nodes: readonly NodeInfo[], scores: Float64Array): void {
    for (let i = 0; i < scores.length; i++) {
      if (Number.isSafeInteger(scores[i])) continue;
      // Whoever normalizes need not be given the nodes.
      this.fail(`${method} gave ${scores[i]}${nodes[i] === undefined ? '' : ` for node ${nodes[i]!.name}`}, expected a whole number`);
    }
  }

  *operation(method: string, ask: () => unknown): Op<Status> {
    const answer = this.call(method, ask);
    if (!isObject(answer) || typeof answer['next'] !== 'function') return this.status(method, answer);
    const op = answer as unknown as Op<Answer>;
    let step = this.call(method, () => op.next());
    while (step.done !== true) {
      const sent = yield step.value;
      step = this.call(method, () => op.next(sent));
    }
    return this.status(method, step.value);
  }
}

/** What `create` gave, as the framework knows it: only what it implements, each method under guard. */
export function guardedPlugin(made: unknown, points: readonly ExtensionPoint[], guard: Guard): Plugin {
  guard.checkMethods(made, points);
  const own = made as OwnPlugin;
  const ask = (method: string, run: () => unknown): Status => guard.status(method, guard.call(method, run));
  const extensions = own.preFilterExtensions;
  return {
    name: guard.plugin,
    ...(own.preEnqueue === undefined ? {} : { preEnqueue: (pod) => ask('preEnqueue', () => own.preEnqueue!(pod)) }),
    ...(own.less === undefined ? {} : { less: (a, b) => guard.call('less', () => own.less!(a, b)) === true }),
    ...(own.preFilter === undefined
      ? {}
      : {
          preFilter: (state, pod) =>
            preFilterResult(
              guard,
              guard.call('preFilter', () => own.preFilter!(state, pod)),
            ),
        }),
    ...(extensions === undefined
      ? {}
      : {
          preFilterExtensions: {
            addPod: (state, pod, added, node) => ask('addPod', () => extensions.addPod(state, pod, added, node)),
            removePod: (state, pod, removed, node) => ask('removePod', () => extensions.removePod(state, pod, removed, node)),
          },
        }),
    ...(own.filter === undefined ? {} : { filter: (state, pod, node) => ask('filter', () => own.filter!(state, pod, node)) }),
    ...(own.postFilter === undefined
      ? {}
      : {
          postFilter: (state, pod, diagnosis) =>
            postFilterResult(
              guard,
              guard.call('postFilter', () => own.postFilter!(state, pod, diagnosis)),
            ),
        }),
    ...(own.preScore === undefined ? {} : { preScore: (state, pod, nodes) => ask('preScore', () => own.preScore!(state, pod, nodes)) }),
    ...(own.score === undefined && own.scoreNode === undefined ? {} : { score: guardedScore(own, guard) }),
    ...(own.normalize === undefined ? {} : { normalize: guardedNormalize(own, guard) }),
    ...(own.reserve === undefined && own.unreserve === undefined
      ? {}
      : { reserve: (state, pod, nodeName) => ask('reserve', () => own.reserve?.(state, pod, nodeName)) }),
    ...(own.unreserve === undefined
      ? {}
      : { unreserve: (state, pod, nodeName) => guard.call('unreserve', () => own.unreserve!(state, pod, nodeName)) }),
    ...(own.permit === undefined
      ? {}
      : {
          permit: (state, pod, nodeName) =>
            permitResult(
              guard,
              guard.call('permit', () => own.permit!(state, pod, nodeName)),
            ),
        }),
    ...(own.preBind === undefined
      ? {}
      : { preBind: (state, pod, nodeName) => guard.operation('preBind', () => own.preBind!(state, pod, nodeName)) }),
    ...(own.bind === undefined ? {} : { bind: (state, pod, nodeName) => guard.operation('bind', () => own.bind!(state, pod, nodeName)) }),
    ...(own.postBind === undefined
      ? {}
      : { postBind: (state, pod, nodeName) => guard.call('postBind', () => own.postBind!(state, pod, nodeName)) }),
    ...(own.events === undefined ? {} : { events: own.events }),
    ...(own.filterReach === undefined ? {} : { filterReach: own.filterReach }),
    ...(own.scoreReach === undefined ? {} : { scoreReach: own.scoreReach }),
    ...(own.preFilterReach === undefined ? {} : { preFilterReach: own.preFilterReach }),
    ...(own.preScoreReach === undefined ? {} : { preScoreReach: own.preScoreReach }),
  };
}

function guardedScore(own: OwnPlugin, guard: Guard): NonNullable<Plugin['score']> {
  if (own.score !== undefined) {
    return (state, pod, nodes, scores) => {
      const status = guard.status(
        'score',
        guard.call('score', () => own.score!(state, pod, nodes, scores)),
      );
      guard.checkScores('score', nodes, scores);
      return status;
    };
  }
  return (state, pod, nodes, scores) => {
    guard.call('scoreNode', () => {
      for (let i = 0; i < nodes.length; i++) scores[i] = own.scoreNode!(pod, nodes[i]!, state);
    });
    guard.checkScores('scoreNode', nodes, scores);
    return SUCCESS;
  };
}

function guardedNormalize(own: OwnPlugin, guard: Guard): NonNullable<Plugin['normalize']> {
  return (state, pod, nodes, scores) => {
    const status = guard.status(
      'normalize',
      guard.call('normalize', () => own.normalize!(state, pod, nodes, scores)),
    );
    guard.checkScores('normalize', nodes, scores);
    return status;
  };
}

function preFilterResult(guard: Guard, answer: unknown): PreFilterResult {
  if (!isObject(answer) || !('status' in answer)) return { status: guard.status('preFilter', answer) };
  const { nodeNames } = answer;
  if (nodeNames !== undefined && !(nodeNames instanceof Set)) {
    guard.fail(`preFilter gave nodeNames ${describe(nodeNames)}, expected a Set of names of nodes`);
  }
  const status = guard.status('preFilter', answer['status']);
  return nodeNames === undefined ? { status } : { status, nodeNames: nodeNames as ReadonlySet<string> };
}

function postFilterResult(guard: Guard, answer: unknown): PostFilterResult {
  if (answer === undefined) return { status: unschedulable(guard.plugin), nominating: NO_NOMINATION };
  if (!isObject(answer) || !('status' in answer)) return { status: guard.status('postFilter', answer), nominating: NO_NOMINATION };
  const status = guard.status('postFilter', answer['status']);
  return {
    ...(answer as unknown as PostFilterResult),
    status,
    nominating: (answer as unknown as PostFilterResult).nominating ?? NO_NOMINATION,
  };
}

function permitResult(guard: Guard, answer: unknown): PermitResult {
  if (!isObject(answer) || !('status' in answer)) {
    const status = guard.status('permit', answer);
    if (status.code === 'Wait') guard.fail('permit gave Wait without a time, expected { status, timeoutUs }');
    return { status, timeoutUs: 0 };
  }
  const status = guard.status('permit', answer['status']);
  const timeoutUs = answer['timeoutUs'] ?? 0;
  if (status.code === 'Wait' && !(Number.isSafeInteger(timeoutUs) && (timeoutUs as number) > 0)) {
    guard.fail(`permit gave timeoutUs ${describe(timeoutUs)}, expected microseconds above 0`);
  }
  return { status, timeoutUs: timeoutUs as number };
}
