/**
 * PlacementOracle: whether pods fit nodes, by the filters of the scenario's own schedulers over what the store really holds.
 *
 * It keeps a mirror of nodes and placed pods that has nothing to do with any scheduler's cache: fed with every write, or
 * filled at once for a single question. Every node is asked, plugin by plugin.
 *
 * Differs   schedulers with plugins of the user's are not judged: their filters may know more than the store
 * Cost      one Map entry per pod; a question costs PreFilter, and the filters once per node asked
 */
import { ProblemList } from '../base/input-error.ts';
import type { KindMap } from '../objects/kinds.ts';
import type { Node } from '../objects/node.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { SchedulerCache } from '../scheduler/cache.ts';
import { readConfiguration } from '../scheduler/configuration.ts';
import { CycleState } from '../scheduler/cycle-state.ts';
import type { SchedulerContext } from '../scheduler/framework.ts';
import { schedulerPlugins } from '../scheduler/plugins/registry.ts';
import { PodInfos } from '../scheduler/pod-info.ts';
import { Profile } from '../scheduler/profile.ts';
import { isSuccess, messageOf } from '../scheduler/status.ts';
import { behaviourOf } from '../scheduler/versions.ts';
import type { StoreView } from './invariants/invariant.ts';

const NOBODY_NOMINATED = Object.freeze({ onNode: () => [], nodeNames: () => [], isEmpty: true });

export interface Misfit {
  readonly plugin: string;
  readonly reason: string;
}

export class PlacementOracle {
  private readonly cache: SchedulerCache;
  private readonly podInfos: PodInfos;
  private readonly profiles: Map<string, Profile>;
  private nowUs: number;

  constructor(spec: ScenarioSpec, store: StoreView) {
    const behaviour = behaviourOf(spec.kubernetesVersion);
    this.podInfos = new PodInfos(behaviour);
    this.cache = new SchedulerCache(this.podInfos);
    this.profiles = new Map();
    this.nowUs = 0;
    const context: SchedulerContext = {
      behaviour,
      lister: {
        get: (kind, key) => store.get(kind, key) as KindMap[typeof kind] | undefined,
        list: (kind) => store.list(kind) as KindMap[typeof kind][],
        inNamespace: (kind, namespace) => store.list(kind, namespace) as KindMap[typeof kind][],
      },
      snapshot: this.cache.snapshot,
      podInfos: this.podInfos,
      nominated: NOBODY_NOMINATED,
      writer: undefined,
      nowUs: () => this.nowUs,
      isPreempting: () => false,
      preemptionOffset: () => 0,
    };
    for (const scheduler of spec.schedulers) {
      if (scheduler.plugins.length > 0) continue;
      const problems = new ProblemList();
      const config = readConfiguration(scheduler.config?.value, schedulerPlugins, spec.kubernetesVersion, problems);
      if (!problems.isEmpty) continue;
      for (const profile of config.profiles) this.profiles.set(profile.schedulerName, new Profile(profile, schedulerPlugins, context));
    }
  }

  /** Whether a scheduler that can be judged looks after this pod. */
  knows(pod: Pod): boolean {
    return this.profiles.has(pod.spec.schedulerName);
  }

  // What the mirror is told

  putNode(node: Node): void {
    this.cache.updateNode(node);
  }

  removeNode(name: string): void {
    this.cache.removeNode(name);
  }

  /** Unfinished pods with a node name take their place; others give it up. */
  putPod(pod: Pod): void {
    if (pod.spec.nodeName === '' || isTerminal(pod)) this.cache.removePod(pod);
    else this.cache.updatePod(pod);
  }

  removePod(pod: Pod): void {
    this.cache.removePod(pod);
  }

  // What it is asked

  /** Why the pod, which must not be in the mirror, does not fit the node; undefined when it does. */
  misfit(pod: Pod, nodeName: string, nowUs: number): Misfit | undefined {
    return this.search(pod, nowUs, nodeName).misfit;
  }

  /** A node that the pod fits; undefined when there is none, or its scheduler is not known. */
  nodeFor(pod: Pod, nowUs: number): string | undefined {
    return this.search(pod, nowUs, undefined).nodeName;
  }

  private search(
    pod: Pod,
    nowUs: number,
    wanted: string | undefined,
  ): { readonly nodeName: string | undefined; readonly misfit: Misfit | undefined } {
    const profile = this.profiles.get(pod.spec.schedulerName);
    if (profile === undefined) return { nodeName: undefined, misfit: undefined };
    this.nowUs = nowUs;
    const snapshot = this.cache.refresh();
    const info = this.podInfos.of(pod);
    const state = new CycleState();
    const { status, nodeNames } = profile.runPreFilter(state, info);
    if (!isSuccess(status)) return { nodeName: undefined, misfit: { plugin: status.plugin, reason: messageOf(status) } };
    const candidates = wanted === undefined ? snapshot.nodes : [snapshot.get(wanted)];
    let misfit: Misfit | undefined;
    for (const node of candidates) {
      if (node === undefined) return { nodeName: undefined, misfit: { plugin: '', reason: 'the node does not exist' } };
      if (nodeNames !== undefined && !nodeNames.has(node.name)) {
        misfit = { plugin: 'PreFilter', reason: 'the node is none of those that can fit' };
        continue;
      }
      const verdict = profile.runFilters(state, info, node);
      if (isSuccess(verdict)) return { nodeName: node.name, misfit: undefined };
      misfit = { plugin: verdict.plugin, reason: messageOf(verdict) };
    }
    return { nodeName: undefined, misfit };
  }
}

/** An oracle over the store as it is now. */
export function oracleOf(spec: ScenarioSpec, store: StoreView): PlacementOracle {
  const oracle = new PlacementOracle(spec, store);
  for (const node of store.list('Node')) oracle.putNode(node);
  for (const pod of store.list('Pod')) if (pod.spec.nodeName !== '') oracle.putPod(pod);
  return oracle;
}
