/**
 * FailureMemo: the verdict "no node fits, and preemption does not help", remembered per pod shape until something
 * changes that could change it.
 *
 * A full cluster wakes thousands of like pods with every pod that ends, and turns all but a few down again. The first
 * of them is evaluated; the others, tried against the same cluster, get its answer. The run is the same event for
 * event with and without this memory, down to the random numbers that preemption would have drawn.
 *
 * Holds     while no pod or node of the cache changed in a way that filters or preemption can see, and no pod is nominated
 * Leaves out  pods with volumes of their own, nominated pods, and profiles with plugins that do not say how far their
 *           verdicts reach
 * Cost      one Map look-up per attempt, O(1) per change of the cache
 * Memory    at most 4,096 failures of about 1 kB
 */
import type { InformerFactory } from '../client/informer.ts';
import type { Kind, ObjectOf } from '../objects/kinds.ts';
import type { CacheObserver, SchedulerCache } from './cache.ts';
import type { Evaluation, NominatedPods, NominatingInfo } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';

export interface RememberedFailure {
  readonly evaluation: Evaluation;
  readonly nominating: NominatingInfo;
  /** Text of the FitError, written out. */
  readonly message: string;
  readonly nodeCount: number;
  /** Nodes that got a verdict, by which the start index moved on; -1 when PreFilter ended the attempt and it did not move. */
  readonly searchedCount: number;
  /** Bounds of the random offsets that preemption drew, in order. */
  readonly offsetBounds: readonly number[];
}

/** Kinds besides pods and nodes that filters of pods without volumes can see: selectors of spreading, labels of namespaces. */
const SEEN_KINDS: readonly Kind[] = ['Namespace', 'Service', 'ReplicationController', 'ReplicaSet', 'StatefulSet'];
/** Past this number of failures they are found out anew: a cluster that stands still may still be asked for everything. */
const FAILURES_MAX = 4096;
const POST_FILTERS: readonly string[] = ['DynamicResources', 'DefaultPreemption'];

interface KnownFailure {
  readonly profile: Profile;
  readonly priority: number;
  readonly policy: string;
  readonly failure: RememberedFailure;
  /** Another one of pods of this shape. */
  readonly next: KnownFailure | undefined;
}

export class FailureMemo implements CacheObserver {
  private readonly nominated: NominatedPods;
  /** By shape. */
  private readonly remembered: Map<number, KnownFailure>;
  private count: number;
  private readonly suitable: Map<Profile, boolean>;
  /** A pod taken off its node, which may come back as a newer version of itself that looks the same. */
  private removedPod: PodInfo | undefined;
  private removedFrom: NodeInfo | undefined;

  constructor(cache: SchedulerCache, informers: InformerFactory, nominated: NominatedPods) {
    this.nominated = nominated;
    this.remembered = new Map();
    this.count = 0;
    this.suitable = new Map();
    this.removedPod = undefined;
    this.removedFrom = undefined;
    cache.addObserver(this);
    for (const kind of SEEN_KINDS) this.watch(informers, kind);
  }

  /** What an attempt for `pod` would find, when it is known. */
  find(profile: Profile, pod: PodInfo): RememberedFailure | undefined {
    if (this.removedPod !== undefined) this.forget();
    if (this.count === 0 || !this.nominated.isEmpty || !this.isSuitable(profile, pod)) return undefined;
    let known = this.remembered.get(pod.shape.id);
    while (known !== undefined && !isAlike(known, profile, pod)) known = known.next;
    return known?.failure;
  }

  /** Remembers an attempt without candidate, made just now. */
  keep(profile: Profile, pod: PodInfo, failure: RememberedFailure): void {
    if (!this.nominated.isEmpty || !this.isSuitable(profile, pod)) return;
    if (this.count >= FAILURES_MAX) this.clear();
    const { id } = pod.shape;
    const { priority } = pod;
    this.remembered.set(id, { profile, priority, policy: pod.pod.spec.preemptionPolicy, failure, next: this.remembered.get(id) });
    this.count++;
  }

  /** Failures that are remembered. */
  get size(): number {
    return this.count;
  }

  podRemoved(node: NodeInfo, pod: PodInfo): void {
    if (this.count === 0) return;
    if (this.removedPod !== undefined) this.forget();
    else {
      this.removedPod = pod;
      this.removedFrom = node;
    }
  }

  podAdded(node: NodeInfo, pod: PodInfo): void {
    const before = this.removedPod;
    if (before !== undefined && this.removedFrom === node && looksAlike(before, pod)) {
      this.removedPod = undefined;
      this.removedFrom = undefined;
    } else this.forget();
  }

  nodeChanged(): void {
    this.forget();
  }

  /** No filter looks at images. */
  imagesCounted(): void {}

  nodesListed(): void {
    this.forget();
  }

  private forget(): void {
    this.removedPod = undefined;
    this.removedFrom = undefined;
    if (this.count > 0) this.clear();
  }

  private clear(): void {
    this.remembered.clear();
    this.count = 0;
  }

  private isSuitable(profile: Profile, { pod }: PodInfo): boolean {
    if (pod.status.nominatedNodeName !== '') return false;
    const { volumes } = pod.spec;
    for (let i = 0; i < volumes.length; i++) if (volumes[i]!.other === '') return false;
    let isKnown = this.suitable.get(profile);
    if (isKnown === undefined) {
      isKnown = hasKnownReach(profile);
      this.suitable.set(profile, isKnown);
    }
    return isKnown;
  }

  private watch<K extends Kind>(informers: InformerFactory, kind: K): void {
    informers.of(kind).addHandlers({
      onAdd: () => this.forget(),
      onUpdate: (old, next) => {
        if (!isStatusUpdate(old, next)) this.forget();
      },
      onDelete: () => this.forget(),
    });
  }
}

function isAlike(known: KnownFailure, profile: Profile, pod: PodInfo): boolean {
  return known.profile === profile && known.priority === pod.priority && known.policy === pod.pod.spec.preemptionPolicy;
}

/** Whether filters, and a preemption that finds no candidate, see no difference. */
function looksAlike(a: PodInfo, b: PodInfo): boolean {
  return (
    a.uid === b.uid &&
    a.shape === b.shape &&
    a.accounted === b.accounted &&
    a.priority === b.priority &&
    a.isTerminating === b.isTerminating &&
    a.pod.spec.volumes === b.pod.spec.volumes
  );
}

/** Plugins that say how far their verdicts reach decide by the shape of the pod and the cluster alone. */
function hasKnownReach(profile: Profile): boolean {
  for (const plugin of profile.filterPlugins) if (plugin.filterReach === undefined) return false;
  for (const plugin of profile.preFilterPlugins) if (plugin.filterReach === undefined) return false;
  return profile.postFilterPlugins.every((plugin) => POST_FILTERS.includes(plugin.name));
}

function isStatusUpdate<T extends ObjectOf<Kind>>(old: T, next: T): boolean {
  return (
    old.metadata.labels === next.metadata.labels &&
    'spec' in old &&
    'spec' in next &&
    (old as { spec: unknown }).spec === (next as { spec: unknown }).spec
  );
}
