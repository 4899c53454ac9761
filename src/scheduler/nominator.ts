/**
 * Nominator: which pending pods have been promised room on which node.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/queue/nominator.go
 * Order     pods of a node in order of nomination; an update of a nominated pod moves it to the end
 *
 * A nomination is a promise of the scheduler to itself, kept in memory first and written to
 * `status.nominatedNodeName` afterwards. It outlives its node: nothing here looks at nodes.
 */
import type { ObjectKey } from '../objects/meta.ts';
import { keyOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { NO_QUIRKS, type Quirks } from '../objects/quirks.ts';
import type { NominatedPods, NominatingInfo } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

interface Entry {
  readonly uid: string;
  readonly key: ObjectKey;
  /** As it was when it was nominated: names it when no queue holds it. */
  readonly pod: Pod;
}

/** Nothing is said about the nomination: the pod's status counts. */
export const AS_IN_STATUS: NominatingInfo = Object.freeze({ mode: 'noop' });
const NO_PODS: readonly PodInfo[] = Object.freeze([]);

export class Nominator implements NominatedPods {
  private readonly byNode: Map<string, Entry[]>;
  private readonly nodeOf: Map<string, string>;
  private readonly pendingPod: (key: ObjectKey) => Pod | undefined;
  private readonly queuedPod: (key: ObjectKey) => PodInfo | undefined;
  private readonly infoOf: (pod: Pod) => PodInfo;
  private readonly quirks: Quirks;

  /**
   * `pendingPod` reads the pod informer: a pod that is gone or has a node is not nominated again.
   * `queuedPod` is the version of the pod in the scheduling queue, undefined while it is in flight.
   */
  constructor(
    pendingPod: (key: ObjectKey) => Pod | undefined,
    queuedPod: (key: ObjectKey) => PodInfo | undefined,
    infoOf: (pod: Pod) => PodInfo,
    quirks: Quirks = NO_QUIRKS,
  ) {
    this.byNode = new Map();
    this.nodeOf = new Map();
    this.pendingPod = pendingPod;
    this.queuedPod = queuedPod;
    this.infoOf = infoOf;
    this.quirks = quirks;
  }

  get isEmpty(): boolean {
    return this.nodeOf.size === 0;
  }

  /** Number of nominated pods. */
  get size(): number {
    return this.nodeOf.size;
  }

  /** Records the nomination of `pod`, replacing an earlier one. */
  add(pod: Pod, info: NominatingInfo): void {
    const uid = pod.metadata.uid;
    if (this.nodeOf.size > 0) this.remove(uid);
    const nodeName = info.mode === 'override' ? info.nodeName : pod.status.nominatedNodeName;
    // Upstream files a cleared nomination under the node "", which nothing ever asks for.
    if (nodeName === '') return;
    const key = keyOf(pod);
    if (!this.quirks.has('scheduler-nominates-deleted-pods')) {
      const current = this.pendingPod(key);
      // The informer may already know that the pod is gone or placed: its entry would never be removed.
      if (current === undefined || current.spec.nodeName !== '') return;
    }
    this.nodeOf.set(uid, nodeName);
    const entry: Entry = { uid, key, pod };
    const entries = this.byNode.get(nodeName);
    if (entries === undefined) this.byNode.set(nodeName, [entry]);
    else entries.push(entry);
  }

  /** The pod changed. A nomination made here but not yet visible in its status is kept. */
  update(old: Pod, next: Pod): void {
    let info = AS_IN_STATUS;
    if (old.status.nominatedNodeName === '' && next.status.nominatedNodeName === '') {
      const nodeName = this.nodeOf.get(old.metadata.uid);
      if (nodeName !== undefined) info = { mode: 'override', nodeName };
    }
    if (this.nodeOf.size > 0) this.remove(old.metadata.uid);
    this.add(next, info);
  }

  remove(uid: string): void {
    const nodeName = this.nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.nodeOf.delete(uid);
    const entries = this.byNode.get(nodeName)!;
    if (entries.length === 1) {
      this.byNode.delete(nodeName);
      return;
    }
    entries.splice(
      entries.findIndex((entry) => entry.uid === uid),
      1,
    );
  }

  /** The node promised to the pod; undefined when there is none. */
  nodeNameOf(uid: string): string | undefined {
    return this.nodeOf.get(uid);
  }

  /**
   * The pods promised room on `nodeName`, in order of nomination. A pod that is in flight appears as a
   * stub without priority and requests, because no queue holds it then.
   */
  onNode(nodeName: string): readonly PodInfo[] {
    if (this.nodeOf.size === 0) return NO_PODS;
    const entries = this.byNode.get(nodeName);
    if (entries === undefined) return NO_PODS;
    // Releases with that bug kept the pod itself, not a reference to it.
    const keepsPods = this.quirks.has('scheduler-nominates-deleted-pods');
    return entries.map((entry) => this.queuedPod(entry.key) ?? this.infoOf(keepsPods ? entry.pod : stubOf(entry.pod)));
  }

  /** Names of the nodes that have nominated pods, in order of first nomination. */
  nodeNames(): IterableIterator<string> {
    return this.byNode.keys();
  }
}

/** A pod that has only its name, namespace and uid. */
function stubOf(pod: Pod): Pod {
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: {}, annotations: {}, ownerReferences: [], deletionTimestamp: undefined },
    spec: {
      ...pod.spec,
      priority: undefined,
      containers: [],
      initContainers: [],
      overhead: {},
      resources: undefined,
      affinity: undefined,
      nodeSelector: undefined,
      tolerations: [],
      topologySpreadConstraints: [],
      volumes: [],
      resourceClaims: [],
    },
    status: { ...pod.status, nominatedNodeName: '' },
  };
}
