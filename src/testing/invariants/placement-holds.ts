/**
 * placement-holds: whenever a scheduler decides, the pod fits its node by everything that is required: resources, ports,
 * taints, selectors, (anti-)affinity, spreading, volumes.
 *
 * I12 of the oracles. Judged at the moment of the decision, by the plain filters over the store and over what the scheduler
 * has decided and not yet written (kubernetes/kubernetes#65257, #63262); and at the binding, which must be to that node.
 *
 * Allowed   - what others changed less than 2 s before: the node itself for its own filters; pods that ended, moved or changed
 *             labels for (anti-)affinity and spreading; volumes and claims for those
 *           - a scheduler whose watch is late, or that crashed less than 70 s or lost requests less than 130 s ago
 *           - schedulers with plugins of the user's
 * Cost      the filters on one node per decision; O(1) per other write of a pod or node
 */
import { SECOND_US } from '../../engine/units.ts';
import { faultTopic } from '../../faults/injector.ts';
import { copyPod, copyPodSpec } from '../../objects/copies.ts';
import { keyOf } from '../../objects/meta.ts';
import type { Node } from '../../objects/node.ts';
import { isTerminal, type Pod } from '../../objects/pod.ts';
import { type AttemptRecord, bindingTopic, schedulingAttemptTopic } from '../../scheduler/attempts.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { PlacementOracle } from '../placement-oracle.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const LAG_US = 2 * SECOND_US;
/** Filters whose verdict depends on pods of other nodes. */
const CLUSTER_FILTERS: ReadonlySet<string> = new Set(['InterPodAffinity', 'PodTopologySpread', 'PreFilter']);
const VOLUME_KINDS = ['PersistentVolume', 'PersistentVolumeClaim', 'StorageClass', 'CSINode', 'Namespace'] as const;

export const placementHolds = defineInvariant({
  name: 'placement-holds',
  id: 'I12',
  summary: 'every pod fits the node that a scheduler chooses for it',
  excusedBy: ({ activeSchedulers }) =>
    activeSchedulers > 1 ? 'schedulers that know nothing of each other give away the same room (kubernetes/kubernetes#136782)' : undefined,
  create: (probe) => {
    const book = new Decisions(probe);
    probe.onCommit('Node', (_type, old, node) => book.noteNode(old, node));
    probe.onCommit('Pod', (_type, old, pod) => book.notePod(old, pod));
    for (const kind of VOLUME_KINDS) probe.onCommit(kind, () => book.noteOther());
    probe.on(schedulingAttemptTopic, (attempt) => {
      if (attempt.result === 'scheduled') book.decide(attempt);
    });
    probe.on(bindingTopic, ({ podUid, isBound }) => {
      if (!isBound) book.takeBack(podUid);
    });
    return {};
  },
});

class Decisions {
  private readonly probe: Probe;
  private readonly oracle: PlacementOracle;
  private readonly window: FaultWindow;
  /** Pods with a node that the store does not know yet, by uid; as they are with that node. */
  private readonly decided: Map<string, Pod>;
  private readonly nodeChangedUs: Map<string, number>;
  private podsChangedUs: number;
  private othersChangedUs: number;

  constructor(probe: Probe) {
    this.probe = probe;
    this.oracle = new PlacementOracle(probe.spec, probe.store);
    const isBlinding = blinding(probe, /scheduler/);
    this.window = new FaultWindow(probe, { opens: isBlinding, graceUs: blindnessUs });
    this.decided = new Map();
    this.nodeChangedUs = new Map();
    this.podsChangedUs = -Infinity;
    this.othersChangedUs = -Infinity;
    // A scheduler that forgets takes back what it has not written.
    probe.on(faultTopic, (fault) => {
      if (isBlinding(fault)) for (const uid of [...this.decided.keys()]) this.takeBack(uid);
    });
  }

  noteNode(old: Node | undefined, node: Node | undefined): void {
    const { name } = (node ?? old)!.metadata;
    if (node === undefined) {
      this.oracle.removeNode(name);
    } else {
      if (old !== undefined && isSameToFilters(old, node)) return;
      this.oracle.putNode(node);
    }
    if (this.probe.nowUs() > 0) this.nodeChangedUs.set(name, this.probe.nowUs());
  }

  notePod(old: Pod | undefined, pod: Pod | undefined): void {
    if (pod === undefined) {
      this.oracle.removePod(old!);
      const wasDecided = this.decided.delete(old!.metadata.uid);
      if (wasDecided || old!.spec.nodeName !== '') this.podsChangedUs = this.probe.nowUs();
      return;
    }
    if (old !== undefined && isSamePlace(old, pod)) return;
    const { uid } = pod.metadata;
    if (pod.spec.nodeName !== '' && (old === undefined || old.spec.nodeName === '')) {
      const placed = this.noteBinding(pod);
      // As it was decided: it is in its place already.
      if (placed !== undefined && isSamePlace(placed, pod) && placed.spec.containers === pod.spec.containers) return;
    } else if (old !== undefined) {
      this.podsChangedUs = this.probe.nowUs();
    }
    const decided = this.decided.get(uid);
    // Until it is written, a decision stands, whatever else changes.
    this.oracle.putPod(decided === undefined ? pod : placedOn(decided.spec.nodeName, pod));
  }

  noteOther(): void {
    if (this.probe.nowUs() > 0) this.othersChangedUs = this.probe.nowUs();
  }

  decide({ podKey, podUid, nodeName, timeUs, schedulerName }: AttemptRecord): void {
    const pod = this.probe.store.get('Pod', podKey);
    if (pod?.metadata.uid !== podUid || pod.spec.nodeName !== '') return;
    this.takeBack(podUid);
    const misfit = this.oracle.misfit(pod, nodeName, this.probe.nowUs());
    const placed = placedOn(nodeName, pod);
    this.decided.set(podUid, placed);
    this.oracle.putPod(placed);
    if (misfit === undefined || this.window.isOpen) return;
    if (this.lastChangeUs(misfit.plugin, nodeName) > timeUs - LAG_US) return;
    this.probe.report(`${schedulerName} chose ${nodeName} for ${podKey}, which does not fit (${misfit.plugin}: ${misfit.reason})`, [
      `pod/${podKey}`,
      `node/${nodeName}`,
    ]);
  }

  takeBack(uid: string): void {
    const placed = this.decided.get(uid);
    if (placed === undefined) return;
    this.decided.delete(uid);
    const stored = this.probe.store.get('Pod', keyOf(placed));
    if (stored?.metadata.uid === uid) this.oracle.putPod(stored);
    else this.oracle.removePod(placed);
  }

  /** Gives what was decided, if anything was. */
  private noteBinding(pod: Pod): Pod | undefined {
    const decided = this.decided.get(pod.metadata.uid);
    if (decided === undefined) {
      // Bound by somebody else: a scheduler may not know yet.
      this.podsChangedUs = this.probe.nowUs();
      this.nodeChangedUs.set(pod.spec.nodeName, this.probe.nowUs());
      return undefined;
    }
    this.decided.delete(pod.metadata.uid);
    if (decided.spec.nodeName === pod.spec.nodeName || this.window.isOpen) return decided;
    const key = keyOf(pod);
    this.probe.report(`${key} was meant for ${decided.spec.nodeName} and bound to ${pod.spec.nodeName}`, [
      `pod/${key}`,
      `node/${decided.spec.nodeName}`,
      `node/${pod.spec.nodeName}`,
    ]);
    return decided;
  }

  /** When anything last changed, other than by schedulers, that this filter heeds. */
  private lastChangeUs(plugin: string, nodeName: string): number {
    let lastUs = Math.max(this.nodeChangedUs.get(nodeName) ?? -Infinity, this.othersChangedUs);
    if (!CLUSTER_FILTERS.has(plugin)) return lastUs;
    lastUs = Math.max(lastUs, this.podsChangedUs);
    for (const timeUs of this.nodeChangedUs.values()) lastUs = Math.max(lastUs, timeUs);
    return lastUs;
  }
}

function placedOn(nodeName: string, pod: Pod): Pod {
  const spec = copyPodSpec(pod.spec);
  spec.nodeName = nodeName;
  const placed = copyPod(pod);
  placed.spec = spec;
  return placed;
}

function isSameToFilters(old: Node, node: Node): boolean {
  return old.spec === node.spec && old.metadata.labels === node.metadata.labels && old.status.allocatable === node.status.allocatable;
}

function isSamePlace(old: Pod, pod: Pod): boolean {
  return (
    old.spec.nodeName === pod.spec.nodeName &&
    old.metadata.labels === pod.metadata.labels &&
    (old.metadata.deletionTimestamp === undefined) === (pod.metadata.deletionTimestamp === undefined) &&
    isTerminal(old) === isTerminal(pod)
  );
}
