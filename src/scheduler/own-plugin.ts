/**
 * Scheduler plugins of one's own: what an author writes, how it is checked, and the guard that stands between it and the scheduler.
 *
 * ```ts
 * import { definePlugin } from 'seatrial';
 *
 * export default definePlugin({
 *   name: 'FewestPods',
 *   points: ['score'],
 *   create: () => ({ scoreNode: (_pod, node) => Math.max(0, 100 - node.pods.length) }),
 * });
 * ```
 *
 * A plugin must answer from what it is given and nothing else: no wall clock, no Math.random, no promises, no files or network
 * while the run goes on, and it must not change nodes, pods or objects. What it draws comes from `handle.rng`.
 * It stands behind the plugins of this package at every extension point (a queue sort plugin takes the place of PrioritySort, a
 * binder is asked before DefaultBinder) and is part of every profile, unless the KubeSchedulerConfiguration says otherwise.
 *
 * What goes wrong inside a plugin is a PluginFailure, which names the plugin, its file and what it was asked.
 */
import { type InputError, type InputProblem, ProblemList } from '../base/input-error.ts';
import type { Op } from '../engine/process.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis } from './diagnosis.ts';
import {
  type ArgumentDef,
  type EventRegistration,
  EXTENSION_POINTS,
  type ExtensionPoint,
  type PermitResult,
  type PluginDef,
  type PluginHandle,
  type PostFilterResult,
  type PreFilterExtensions,
  type PreFilterResult,
  type QueueItem,
  type Reach,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { describe, Guard, guardedPlugin, isObject, type Raw } from './plugin-guard.ts';
import type { PodInfo } from './pod-info.ts';
import type { Status } from './status.ts';
import { KUBERNETES_VERSIONS, type KubernetesVersion } from './versions.ts';

/** A status, or nothing for success. */
// biome-ignore lint/suspicious/noConfusingVoidType: a method without a return statement is a plugin that agrees
export type Answer = Status | undefined | void;

/**
 * What one plugin of a user's does, one method per extension point. `pod` is the pod to place; `state` lives as long as one
 * attempt and carries what a plugin finds out in PreFilter or PreScore to its later methods.
 */
export interface OwnPlugin {
  /** Whether the pod may enter the queue at all. */
  preEnqueue?(pod: PodInfo): Answer;
  /** queueSort: whether `a` is to be tried before `b`. Must be a total order: break ties by `sequence`. */
  less?(a: QueueItem, b: QueueItem): boolean;
  /** Once per attempt, before nodes are looked at. A status of code Skip leaves `filter` out of this attempt. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  preFilter?(state: CycleState, pod: PodInfo): PreFilterResult | Status | undefined | void;
  /** Needed when `preFilter` writes to `state` what pods on a node change: preemption adds and removes pods in thought. */
  readonly preFilterExtensions?: PreFilterExtensions;
  /** Whether the pod may run on the node. */
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Answer;
  /** After no node fitted: a node to free, or nothing. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  postFilter?(state: CycleState, pod: PodInfo, diagnosis: Diagnosis): PostFilterResult | Status | undefined | void;
  /** Once per attempt, with the nodes that passed. A status of code Skip leaves `score` out of this attempt. */
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Answer;
  /** score, one node at a time: a whole number, 0..100 unless there is `normalize`. */
  scoreNode?(pod: PodInfo, node: NodeInfo, state: CycleState): number;
  /** score, all nodes at once: fills `scores[i]` for `nodes[i]`. Instead of `scoreNode`. */
  score?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Answer;
  /** Brings the raw scores of all nodes that passed to 0..100, in place. */
  normalize?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): Answer;
  /** After a node was chosen. */
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Answer;
  /** When anything after `reserve` failed. Must not fail, and must do no harm when it comes twice. */
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** Lets the pod go on, refuses it, or makes it wait (`handle.waiters` lets it go on later). */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  permit?(state: CycleState, pod: PodInfo, nodeName: string): PermitResult | Status | undefined | void;
  /** An operation in simulated time: a generator that may `yield* handle.writer.sleep(us)`. */
  preBind?(state: CycleState, pod: PodInfo, nodeName: string): Op<Answer> | Answer;
  /** Binds the pod (`yield* handle.writer.bindPod(pod, nodeName)`), or answers Skip. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Op<Answer> | Answer;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** What makes a retry of pods that this plugin turned down worth while; every event when absent. */
  readonly events?: readonly EventRegistration[];
  /**
   * A promise that makes large clusters fast: what the verdict depends on beside the pod's shape (its namespace, labels, requests,
   * ports, volumes, affinity, tolerations, constraints and images; not its name, annotations or priority). `static`: the Node object; `node`:
   * the Node object and the pods on it; `cluster` (the default): anything. A promise that does not hold gives wrong decisions.
   */
  readonly filterReach?: Reach;
  /** Likewise for raw scores. */
  readonly scoreReach?: Reach;
  /** PreFilter says and writes the same for every pod of a shape, whatever the cluster. */
  readonly preFilterReach?: 'shape';
  readonly preScoreReach?: 'shape';
}

/** A plugin of a user's: its name, where it takes part, its arguments, and how to make an instance. */
export interface OwnPluginDef<Args> {
  /** As in KubeSchedulerConfiguration, such as `EnergyScore`. */
  readonly name: string;
  /** The extension points it has methods for. */
  readonly points: readonly ExtensionPoint[];
  /** Weight of its scores when the configuration gives none: a whole number, 1..100. Default 1. */
  readonly weight?: number;
  /** Whether it is part of profiles that do not name it. Default true. */
  readonly isEnabledByDefault?: boolean;
  /** Releases of Kubernetes it is there for; all when absent. */
  readonly versions?: readonly KubernetesVersion[];
  /** What `pluginConfig` may set; see integerArgument and its neighbours. */
  readonly args?: readonly ArgumentDef[];
  /** What no single argument can check. */
  validate?(args: Args, path: string, problems: ProblemList): void;
  /** Once per profile and life of the scheduler process. */
  create(args: Args, handle: PluginHandle): OwnPlugin;
}

/** Known under the same name to every copy of this package. */
const WRITTEN: unique symbol = Symbol.for('seatrial.plugin') as never;

/** A checked definition; the type of its arguments is the author's business. Throws an InputError that says all that is wrong. */
export function definePlugin<Args = Readonly<Record<string, unknown>>>(definition: OwnPluginDef<Args>): PluginDef {
  return ownPlugin(definition, 'definePlugin');
}

/** `value` (what `definePlugin` gave, or a plain object like what it takes) as a plugin from `origin`. Throws an InputError. */
export function ownPlugin(value: unknown, origin: string): PluginDef {
  const problems = new ProblemList();
  const written = writtenOf(value);
  if (written === undefined) problems.add('', `expected a plugin as definePlugin makes it, found ${describe(value)}`);
  else checkDefinition(written, problems);
  problems.throwIfAny();
  return build(written as unknown as OwnPluginDef<Readonly<Record<string, unknown>>>, origin);
}

/** Problems of a list of plugins that are to stand beside `builtIn`: names that are taken. */
export function checkPluginNames(plugins: readonly PluginDef[], builtIn: readonly PluginDef[]): InputProblem[] {
  const problems: InputProblem[] = [];
  const seen = new Map<string, PluginDef>();
  for (const plugin of plugins) {
    const file = plugin.origin ?? '';
    const first = seen.get(plugin.name);
    if (builtIn.some(({ name }) => name === plugin.name)) {
      problems.push({ file, path: 'name', message: `there is a plugin ${plugin.name} in Kubernetes already`, hint: 'choose another name' });
    } else if (first !== undefined && first !== plugin) {
      problems.push({ file, path: 'name', message: `a plugin ${plugin.name} comes from ${first.origin ?? 'elsewhere'} already` });
    }
    seen.set(plugin.name, plugin);
  }
  return problems;
}

// Checking a definition --------------------------------------------------------------------------------

const DEFINITION_KEYS = ['name', 'points', 'weight', 'isEnabledByDefault', 'versions', 'args', 'validate', 'create'];

function writtenOf(value: unknown): Raw | undefined {
  if (!isObject(value)) return undefined;
  const written = (value as { readonly [WRITTEN]?: unknown })[WRITTEN];
  return isObject(written) ? written : value;
}

function checkDefinition(raw: Raw, problems: ProblemList): void {
  for (const key of Object.keys(raw)) {
    if (!DEFINITION_KEYS.includes(key)) problems.addUnknown(key, 'field of a plugin', key, DEFINITION_KEYS);
  }
  const { name, points, weight, isEnabledByDefault, versions, args, validate, create } = raw;
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) {
    problems.add('name', `expected a name such as EnergyScore, found ${describe(name)}`);
  }
  checkPoints(points, problems);
  if (weight !== undefined && !(Number.isSafeInteger(weight) && (weight as number) >= 1 && (weight as number) <= 100)) {
    problems.add('weight', `expected a whole number, 1..100, found ${describe(weight)}`);
  }
  if (isEnabledByDefault !== undefined && typeof isEnabledByDefault !== 'boolean') {
    problems.add('isEnabledByDefault', `expected true or false, found ${describe(isEnabledByDefault)}`);
  }
  for (const version of listOf(versions, 'versions', problems)) {
    if (!(KUBERNETES_VERSIONS as readonly unknown[]).includes(version)) {
      problems.addUnknown('versions', 'release', String(version), KUBERNETES_VERSIONS);
    }
  }
  for (const [index, argument] of listOf(args, 'args', problems).entries()) {
    const isArgument = isObject(argument) && typeof argument['name'] === 'string' && typeof argument['read'] === 'function';
    if (!isArgument)
      problems.add(`args[${index}]`, `expected an argument such as integerArgument('x', 1, 0, 9), found ${describe(argument)}`);
  }
  if (validate !== undefined && typeof validate !== 'function')
    problems.add('validate', `expected a function, found ${describe(validate)}`);
  if (typeof create !== 'function') problems.add('create', `expected a function that makes the plugin, found ${describe(create)}`);
}

function checkPoints(points: unknown, problems: ProblemList): void {
  if (!Array.isArray(points) || points.length === 0) {
    problems.add('points', `expected a list of extension points such as ['score'], found ${describe(points)}`);
    return;
  }
  points.forEach((point: unknown, index) => {
    if (!(EXTENSION_POINTS as readonly unknown[]).includes(point)) {
      problems.addUnknown(`points[${index}]`, 'extension point', String(point), EXTENSION_POINTS);
    }
  });
  if (points.includes('preScore') && !points.includes('score')) problems.add('points', 'preScore prepares score, which is not there');
}

function listOf(value: unknown, path: string, problems: ProblemList): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  problems.add(path, `expected a list, found ${describe(value)}`);
  return [];
}

// Building --------------------------------------------------------------------------------------------------

function build(written: OwnPluginDef<Readonly<Record<string, unknown>>>, origin: string): PluginDef {
  const { name, validate, versions, isEnabledByDefault } = written;
  const def: PluginDef = {
    name,
    points: [...new Set(written.points)],
    defaultWeight: written.points.includes('score') ? (written.weight ?? 1) : 0,
    isEnabledByDefault: isEnabledByDefault ?? true,
    origin,
    args: written.args ?? [],
    ...(versions === undefined ? {} : { versions }),
    ...(validate === undefined ? {} : { validate: (args, path, problems) => validate.call(written, args, path, problems) }),
    create: (args, handle) => {
      const guard = new Guard(name, origin === 'definePlugin' ? '' : origin);
      const made: unknown = guard.call('create', () => written.create(args, handle));
      return guardedPlugin(made, written.points, guard);
    },
  };
  Object.defineProperty(def, WRITTEN, { value: written });
  return Object.freeze(def);
}

/** Problems of an InputError, said of `file`. */
export function problemsIn(file: string, error: InputError): InputProblem[] {
  return error.problems.map((problem) => (problem.file === undefined ? { ...problem, file } : problem));
}
