/**
 * Profile: the plugins of one scheduler name, and how each extension point runs them.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/runtime/framework.go
 * Differs   one thread; PreBind and Bind are operations in virtual time
 * Order     plugins in the order of the configuration; Unreserve in reverse
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { Op } from '../engine/process.ts';
import { Rng } from '../engine/rng.ts';
import { ACTION, type ClusterEvent, clusterEvent } from './cluster-event.ts';
import type { CycleState } from './cycle-state.ts';
import type { Diagnosis } from './diagnosis.ts';
import {
  type FilterRunner,
  NO_NOMINATION,
  type NominatingInfo,
  type Plugin,
  type PluginDef,
  type PluginHandle,
  type PluginScores,
  type PostFilterResult,
  type QueueItem,
  type QueueingHint,
  SCORE_MAX,
  SCORE_MIN,
  type SchedulerContext,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { ResolvedProfile } from './profile-config.ts';
import { errorStatus, isRejected, isSuccess, messageOf, newStatus, type Status, SUCCESS, unresolvable, unschedulable } from './status.ts';

export { NO_NOMINATION } from './framework.ts';

export interface PreFilterOutcome {
  readonly status: Status;
  /** When present, the only nodes that can fit. */
  readonly nodeNames: ReadonlySet<string> | undefined;
  /** Plugins that narrowed the nodes. */
  readonly narrowers: readonly string[];
}

export interface PermitOutcome {
  readonly status: Status;
  /** With status Wait: who waits, and for how long at most. */
  readonly waiting: readonly { readonly plugin: string; readonly timeoutUs: number }[];
}

export interface HintEntry {
  readonly plugin: string;
  readonly event: ClusterEvent;
  /** Absent: every matching event is worth a retry. */
  readonly hint: QueueingHint | undefined;
}

// 15 minutes: framework/runtime maxTimeout, v1.34.
const PERMIT_TIMEOUT_MAX_US = 15 * 60 * 1_000_000;

/** Beyond so many PreFilter plugins the lists of filters are not remembered. */
const MASK_BITS = 31;
const FILTER_LISTS_MAX = 1024;
const PASSED: PreFilterOutcome = Object.freeze({ status: SUCCESS, nodeNames: undefined, narrowers: Object.freeze([]) });

export class Profile implements FilterRunner {
  readonly schedulerName: string;
  /** 0..100; 0 adapts to the cluster size; undefined takes the scheduler's setting. */
  readonly percentageOfNodesToScore: number | undefined;
  /** Every instance, in the order of first mention. */
  readonly plugins: readonly Plugin[];
  readonly preEnqueuePlugins: readonly Plugin[];
  readonly preFilterPlugins: readonly Plugin[];
  readonly filterPlugins: readonly Plugin[];
  readonly postFilterPlugins: readonly Plugin[];
  readonly preScorePlugins: readonly Plugin[];
  readonly scorePlugins: readonly { readonly plugin: Plugin; readonly weight: number }[];
  readonly reservePlugins: readonly Plugin[];
  readonly permitPlugins: readonly Plugin[];
  readonly preBindPlugins: readonly Plugin[];
  readonly bindPlugins: readonly Plugin[];
  readonly postBindPlugins: readonly Plugin[];
  /** What wakes pods that were rejected by a plugin, implicit registrations included. */
  readonly hints: readonly HintEntry[];
  /** By who left themselves out. */
  private readonly filterLists: Map<number, readonly Plugin[]>;
  private readonly queueSort: Plugin;
  private readonly context: SchedulerContext;

  constructor(config: ResolvedProfile, definitions: readonly PluginDef[], context: SchedulerContext) {
    this.schedulerName = config.schedulerName;
    this.percentageOfNodesToScore = config.percentageOfNodesToScore;
    this.context = context;
    const instances = new Map<string, Plugin>();
    for (const { name, args } of config.plugins) {
      const definition = definitions.find((candidate) => candidate.name === name)!;
      instances.set(name, definition.create(args, pluginHandle(context, this, name)));
    }
    const at = (point: keyof ResolvedProfile['points']): Plugin[] => config.points[point].map(({ name }) => instances.get(name)!);
    this.plugins = [...instances.values()];
    this.filterLists = new Map();
    this.preEnqueuePlugins = at('preEnqueue');
    this.queueSort = at('queueSort')[0]!;
    this.preFilterPlugins = at('preFilter');
    this.filterPlugins = at('filter');
    this.postFilterPlugins = at('postFilter');
    this.scorePlugins = config.points.score.map(({ name, weight }) => ({ plugin: instances.get(name)!, weight }));
    // A user's plugin whose scores are switched off need not prepare them, and no evaluator asks it to.
    const scores = new Set(config.points.score.map(({ name }) => name));
    const isOwn = (name: string): boolean => definitions.find((candidate) => candidate.name === name)?.origin !== undefined;
    this.preScorePlugins = at('preScore').filter(({ name }) => scores.has(name) || !isOwn(name));
    this.reservePlugins = at('reserve');
    this.permitPlugins = at('permit');
    this.preBindPlugins = at('preBind');
    this.bindPlugins = at('bind');
    this.postBindPlugins = at('postBind');
    this.hints = hintsOf(this.plugins);
  }

  // Queue -----------------------------------------------------------------------------------------------

  less(a: QueueItem, b: QueueItem): boolean {
    return this.queueSort.less!(a, b);
  }

  /** The first refusal, asking `first` (the plugin that gated the pod last) before the others; Success when all agree. */
  runPreEnqueue(pod: PodInfo, first = ''): Status {
    for (const plugin of this.preEnqueuePlugins) {
      if (plugin.name !== first) continue;
      const status = plugin.preEnqueue!(pod);
      if (!isSuccess(status)) return status;
    }
    for (const plugin of this.preEnqueuePlugins) {
      if (plugin.name === first) continue;
      const status = plugin.preEnqueue!(pod);
      if (!isSuccess(status)) return status;
    }
    return SUCCESS;
  }

  // Filter ----------------------------------------------------------------------------------------------

  runPreFilter(state: CycleState, pod: PodInfo): PreFilterOutcome {
    let narrowers: string[] | undefined;
    let nodeNames: ReadonlySet<string> | undefined;
    let rejection: Status | undefined;
    const { preFilterPlugins } = this;
    // One bit per plugin.
    let skipped = 0;
    for (let i = 0; i < preFilterPlugins.length; i++) {
      const plugin = preFilterPlugins[i]!;
      const result = plugin.preFilter!(state, pod);
      const { status } = result;
      switch (status.code) {
        case 'Success':
          break;
        case 'Skip':
          state.skipFilter.add(plugin.name);
          skipped |= 1 << i;
          continue;
        case 'UnschedulableAndUnresolvable':
          return { status: by(plugin, status), nodeNames: undefined, narrowers: [] };
        case 'Unschedulable':
        case 'Pending':
          // The others still run, so that preemption finds their state.
          rejection = by(plugin, status);
          continue;
        default:
          return {
            status: errorStatus(plugin.name, `running PreFilter plugin "${plugin.name}": ${messageOf(status)}`),
            nodeNames: undefined,
            narrowers: [],
          };
      }
      if (result.nodeNames === undefined) continue;
      narrowers ??= [];
      narrowers.push(plugin.name);
      nodeNames = nodeNames === undefined ? result.nodeNames : intersect(nodeNames, result.nodeNames);
      if (nodeNames.size === 0) return { status: conflictOf(narrowers), nodeNames, narrowers };
    }
    state.filters = this.filtersWithout(skipped, state.skipFilter);
    return rejection === undefined && narrowers === undefined
      ? PASSED
      : { status: rejection ?? SUCCESS, nodeNames, narrowers: narrowers ?? [] };
  }

  /** The filters that take part when these plugins left themselves out; the same lists again and again. */
  private filtersWithout(skipped: number, names: ReadonlySet<string>): readonly Plugin[] {
    let filters = this.preFilterPlugins.length < MASK_BITS ? this.filterLists.get(skipped) : undefined;
    if (filters === undefined) {
      filters = this.filterPlugins.filter((plugin) => !names.has(plugin.name));
      if (this.filterLists.size < FILTER_LISTS_MAX) this.filterLists.set(skipped, filters);
    }
    return filters;
  }

  /** The first refusal of a node, in plugin order. */
  runFilters(state: CycleState, pod: PodInfo, node: NodeInfo): Status {
    const filters = state.filters ?? this.filterPlugins;
    for (let i = 0; i < filters.length; i++) {
      const plugin = filters[i]!;
      const status = plugin.filter!(state, pod, node);
      if (status.code === 'Success') continue;
      if (isRejected(status)) return by(plugin, status);
      return errorStatus(plugin.name, `running "${plugin.name}" filter plugin: ${messageOf(status)}`);
    }
    return SUCCESS;
  }

  runFiltersWithNominated(state: CycleState, pod: PodInfo, node: NodeInfo): Status {
    const { nominated } = this.context;
    if (nominated.isEmpty) return this.runFilters(state, pod, node);
    const promised = nominated.onNode(node.name).filter((other) => other.priority >= pod.priority && other.uid !== pod.uid);
    if (promised.length === 0) return this.runFilters(state, pod, node);
    // With them, because they will most likely run here; without, because they might not.
    const fuller = node.clone();
    const fullerState = state.clone();
    for (const other of promised) {
      fuller.addPod(other);
      const status = this.runAddPod(fullerState, pod, other, fuller);
      if (!isSuccess(status)) return status;
    }
    const status = this.runFilters(fullerState, pod, fuller);
    return isSuccess(status) ? this.runFilters(state, pod, node) : status;
  }

  runAddPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): Status {
    for (const plugin of this.preFilterPlugins) {
      if (plugin.preFilterExtensions === undefined || state.skipFilter.has(plugin.name)) continue;
      const status = plugin.preFilterExtensions.addPod(state, pod, added, node);
      if (!isSuccess(status)) return errorStatus(plugin.name, `running AddPod on PreFilter plugin "${plugin.name}": ${messageOf(status)}`);
    }
    return SUCCESS;
  }

  runRemovePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): Status {
    for (const plugin of this.preFilterPlugins) {
      if (plugin.preFilterExtensions === undefined || state.skipFilter.has(plugin.name)) continue;
      const status = plugin.preFilterExtensions.removePod(state, pod, removed, node);
      if (!isSuccess(status)) {
        return errorStatus(plugin.name, `running RemovePod on PreFilter plugin "${plugin.name}": ${messageOf(status)}`);
      }
    }
    return SUCCESS;
  }

  /** The answer after a FitError: a node to free, or why preemption does not help. */
  runPostFilter(state: CycleState, pod: PodInfo, diagnosis: Diagnosis): PostFilterResult {
    let nominating: NominatingInfo = NO_NOMINATION;
    const reasons: string[] = [];
    let rejector = '';
    for (const plugin of this.postFilterPlugins) {
      const result = plugin.postFilter!(state, pod, diagnosis);
      const { status } = result;
      if (isSuccess(status)) return result;
      if (status.code === 'UnschedulableAndUnresolvable') return { ...result, status: by(plugin, status) };
      if (!isRejected(status)) return { status: by(plugin, status), nominating: NO_NOMINATION };
      if (result.nominating.mode !== 'noop') nominating = result.nominating;
      reasons.push(...status.reasons);
      if (rejector === '') rejector = plugin.name;
    }
    return { status: unschedulable(rejector, ...reasons), nominating };
  }

  // Score -----------------------------------------------------------------------------------------------

  runPreScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status {
    for (const plugin of this.preScorePlugins) {
      const status = plugin.preScore!(state, pod, nodes);
      if (status.code === 'Skip') state.skipScore.add(plugin.name);
      else if (!isSuccess(status)) return errorStatus(plugin.name, `running PreScore plugin "${plugin.name}": ${messageOf(status)}`);
    }
    return SUCCESS;
  }

  /** Raw and normalized scores of every plugin that did not leave itself out; a status when one fails. */
  runScores(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): PluginScores[] | Status {
    const all: PluginScores[] = [];
    for (const { plugin, weight } of this.scorePlugins) {
      if (state.skipScore.has(plugin.name)) continue;
      const raw = new Float64Array(nodes.length);
      const status = plugin.score!(state, pod, nodes, raw);
      if (!isSuccess(status)) return errorStatus(plugin.name, `running Score plugins: ${messageOf(status)}`);
      all.push({ plugin: plugin.name, weight, raw, normalized: raw });
    }
    for (let i = 0; i < all.length; i++) {
      const entry = all[i]!;
      const { plugin } = this.scorePlugins.find((candidate) => candidate.plugin.name === entry.plugin)!;
      if (plugin.normalize !== undefined) {
        const normalized = entry.raw.slice();
        const status = plugin.normalize(state, pod, nodes, normalized);
        if (!isSuccess(status)) return errorStatus(plugin.name, `running Normalize on Score plugins: ${messageOf(status)}`);
        all[i] = { ...entry, normalized };
      }
      const outside = all[i]!.normalized.find((score) => score < SCORE_MIN || score > SCORE_MAX);
      if (outside !== undefined) {
        return errorStatus(
          plugin.name,
          `plugin "${plugin.name}" returns an invalid score ${outside}, it should in the range of [0, 100] after normalizing`,
        );
      }
    }
    return all;
  }

  // Reserve to bind -------------------------------------------------------------------------------------

  /** The first failure; the caller then runs Unreserve. */
  runReserve(state: CycleState, pod: PodInfo, nodeName: string): Status {
    for (const plugin of this.reservePlugins) {
      const status = plugin.reserve!(state, pod, nodeName);
      if (isSuccess(status)) continue;
      if (isRejected(status)) return by(plugin, status);
      return errorStatus(plugin.name, `running Reserve plugin "${plugin.name}": ${messageOf(status)}`);
    }
    return SUCCESS;
  }

  runUnreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (let i = this.reservePlugins.length - 1; i >= 0; i--) this.reservePlugins[i]!.unreserve?.(state, pod, nodeName);
  }

  runPermit(state: CycleState, pod: PodInfo, nodeName: string): PermitOutcome {
    const waiting: { plugin: string; timeoutUs: number }[] = [];
    for (const plugin of this.permitPlugins) {
      const { status, timeoutUs } = plugin.permit!(state, pod, nodeName);
      if (isSuccess(status)) continue;
      if (status.code === 'Wait') waiting.push({ plugin: plugin.name, timeoutUs: Math.min(timeoutUs, PERMIT_TIMEOUT_MAX_US) });
      else if (isRejected(status)) return { status: by(plugin, status), waiting: [] };
      else return { status: errorStatus(plugin.name, `running Permit plugin "${plugin.name}": ${messageOf(status)}`), waiting: [] };
    }
    return { status: waiting.length > 0 ? newStatus('Wait', '') : SUCCESS, waiting };
  }

  /** Whether some plugin has something to do before the binding. */
  needsPreBind(state: CycleState, nodeName: string): boolean {
    const plugins = this.preBindPlugins;
    for (let i = 0; i < plugins.length; i++) if (plugins[i]!.preBindPreFlight?.(state, nodeName) !== false) return true;
    return false;
  }

  *runPreBind(state: CycleState, pod: PodInfo, nodeName: string): Op<Status> {
    for (const plugin of this.preBindPlugins) {
      const status = yield* plugin.preBind!(state, pod, nodeName);
      if (isSuccess(status)) continue;
      if (isRejected(status)) return by(plugin, status);
      return errorStatus(plugin.name, `running PreBind plugin "${plugin.name}": ${messageOf(status)}`);
    }
    return SUCCESS;
  }

  /** The first binder that does not skip decides. */
  *runBind(state: CycleState, pod: PodInfo, nodeName: string): Op<Status> {
    for (const plugin of this.bindPlugins) {
      const status = yield* plugin.bind!(state, pod, nodeName);
      if (status.code === 'Skip') continue;
      if (isSuccess(status)) return status;
      if (isRejected(status)) return by(plugin, status);
      return errorStatus(plugin.name, `running Bind plugin "${plugin.name}": ${messageOf(status)}`);
    }
    return newStatus('Skip', '');
  }

  runPostBind(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.postBindPlugins) plugin.postBind!(state, pod, nodeName);
  }
}

/** The status with its plugin's name; the same object where the plugin gave it one. */
function by(plugin: Plugin, status: Status): Status {
  return status.plugin === plugin.name ? status : newStatus(status.code, plugin.name, ...status.reasons);
}

function intersect(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

function conflictOf(narrowers: readonly string[]): Status {
  const text =
    narrowers.length === 1
      ? `node(s) didn't satisfy plugin ${narrowers[0]}`
      : `node(s) didn't satisfy plugin(s) [${[...narrowers].sort(compareCodeUnits).join(' ')}] simultaneously`;
  return unresolvable('', text);
}

function pluginHandle(context: SchedulerContext, filters: FilterRunner, name: string): PluginHandle {
  return {
    behaviour: context.behaviour,
    lister: context.lister,
    snapshot: context.snapshot,
    podInfos: context.podInfos,
    nominated: context.nominated,
    writer: context.writer,
    waiters: context.waiters,
    nowUs: () => context.nowUs(),
    isPreempting: (podUid) => context.isPreempting(podUid),
    preemptionOffset: (count) => context.preemptionOffset(count),
    filters,
    rng: (context.pluginRng ?? Rng.root('plugins')).fork(name),
  };
}

/**
 * A plugin that can reject pods but names no events is woken by all of them. One that registers the arrival of
 * nodes but not their taints is woken by every taint change too: a new node may have come with taints that kept it out of sight.
 */
function hintsOf(plugins: readonly Plugin[]): HintEntry[] {
  const hints: HintEntry[] = [];
  for (const plugin of plugins) {
    const { events } = plugin;
    if (events === undefined) {
      if (canReject(plugin)) hints.push({ plugin: plugin.name, event: clusterEvent('*', ACTION.ALL), hint: undefined });
      continue;
    }
    let nodeActions = 0;
    for (const { event, hint } of events) {
      hints.push({ plugin: plugin.name, event, hint });
      if (event.resource === 'Node') nodeActions |= event.action;
    }
    if ((nodeActions & ACTION.ADD) !== 0 && (nodeActions & ACTION.UPDATE_NODE_TAINT) === 0) {
      hints.push({ plugin: plugin.name, event: clusterEvent('Node', ACTION.UPDATE_NODE_TAINT), hint: undefined });
    }
  }
  return hints;
}

function canReject(plugin: Plugin): boolean {
  return (
    plugin.preEnqueue !== undefined ||
    plugin.preFilter !== undefined ||
    plugin.filter !== undefined ||
    plugin.reserve !== undefined ||
    plugin.permit !== undefined
  );
}
