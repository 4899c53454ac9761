/**
 * taint-eviction-in-time: pods leave a node with a NoExecute taint when their toleration is over, and no pod is evicted for
 * taints that its node does not have.
 *
 * I8 of the oracles (kubernetes/kubernetes#107543, #125332, #110401). A pod has to be on its way within its toleration, 15 s,
 * and 0.2 s for every pod on a tainted node (two requests each, of 20 a second; twice that for good measure).
 *
 * Allowed   - a controller manager that could not see or write counts anew from the end of that
 *           - an eviction whose five deletions were all refused is given up (kubernetes/kubernetes#140639): requests that were
 *             refused, lost or slow let every pod off that was due
 *           - a pod that takes the name of one that was just evicted (kubernetes/kubernetes#107543): timers go by names
 *           - an eviction less than 5 s after the taint has gone
 * Cost      O(pods on the node) when its NoExecute taints change; O(1) per pod bound or gone
 */
import { MINUTE_US, SECOND_US } from '../../engine/units.ts';
import { keyOf, type ObjectKey } from '../../objects/meta.ts';
import type { Node, Taint } from '../../objects/node.ts';
import { isActive, type Pod } from '../../objects/pod.ts';
import { toleratesTaint } from '../../objects/taints.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const EVICTOR = /\/taint-eviction$/;
const SLACK_US = 15 * SECOND_US;
const PER_POD_US = 200_000;
const LAG_US = 5 * SECOND_US;
/** How long the name of a pod that was evicted, or was due, may still have a timer of its own: tolerations are 300 s by default. */
const NAME_US = 10 * MINUTE_US;
/** A pod that follows another of its name this soon may find the old eviction still at work. */
const SUCCESSION_US = 30 * SECOND_US;
/** Faults by which five deletions can fail in a row. */
const REFUSING: ReadonlySet<string> = new Set([
  ...['request-refusal', 'lost-request', 'lost-reply', 'slow-requests', 'etcd-leader-loss', 'api-server-restart'],
]);

export const taintEvictionInTime = defineInvariant({
  name: 'taint-eviction-in-time',
  id: 'I8',
  summary: 'pods leave tainted nodes in time, and others are not evicted for taints',
  create: (probe) => {
    const book = new Evictions(probe);
    probe.onCommit('Node', (_type, old, node) => book.noteNode(old, node));
    probe.onCommit('Pod', (_type, old, pod) => book.notePod(old, pod));
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      if (isDone && verb === 'delete' && kind === 'Pod' && EVICTOR.test(client)) book.noteEviction(key);
    });
    return {};
  },
});

interface Place {
  /** NoExecute only. */
  taints: readonly Taint[];
  /** Since when they are these. */
  sinceUs: number;
  /** By uid. */
  readonly pods: Map<string, Pod>;
}

const NO_TAINTS: readonly Taint[] = [];

class Evictions {
  private readonly probe: Probe;
  private readonly window: FaultWindow;
  private readonly refusals: FaultWindow;
  private readonly places: Map<string, Place>;
  /** Pods that left a tainted node, by key: when. */
  private readonly leftAtUs: Map<ObjectKey, number>;
  /** The pod whose deletion was written last. */
  private going: Pod | undefined;

  constructor(probe: Probe) {
    this.probe = probe;
    const blinds = blinding(probe, /controller-manager/);
    this.window = new FaultWindow(probe, { opens: blinds, graceUs: blindnessUs });
    this.refusals = new FaultWindow(probe, { opens: (fault) => REFUSING.has(fault.kind) && blinds(fault), graceUs: SLACK_US });
    this.places = new Map();
    this.leftAtUs = new Map();
    this.going = undefined;
  }

  noteNode(old: Node | undefined, node: Node | undefined): void {
    if (old !== undefined && old.spec.taints === node?.spec.taints) return;
    const place = this.placeOf((node ?? old)!.metadata.name);
    const taints = node?.spec.taints.filter(({ effect }) => effect === 'NoExecute') ?? NO_TAINTS;
    if (isSameTaints(place.taints, taints)) return;
    place.taints = taints.length === 0 ? NO_TAINTS : taints;
    place.sinceUs = this.probe.nowUs();
    if (taints.length > 0) for (const pod of place.pods.values()) this.expectEviction(place, pod, place.sinceUs, place.sinceUs);
  }

  notePod(old: Pod | undefined, pod: Pod | undefined): void {
    if (old !== undefined && (pod === undefined || isGoing(old, pod))) this.going = old;
    const before = old?.spec.nodeName ?? '';
    const after = pod?.spec.nodeName ?? '';
    if (before !== '' && pod === undefined) {
      const place = this.placeOf(before);
      place.pods.delete(old!.metadata.uid);
      if (place.taints.length > 0 || this.probe.nowUs() - place.sinceUs < NAME_US) this.leftAtUs.set(keyOf(old!), this.probe.nowUs());
    }
    if (after === '' || pod === undefined) return;
    const place = this.placeOf(after);
    place.pods.set(pod.metadata.uid, pod);
    if (before === '' && place.taints.length > 0) this.expectEviction(place, pod, place.sinceUs, this.probe.nowUs());
  }

  noteEviction(key: ObjectKey): void {
    const pod = this.going;
    this.going = undefined;
    if (pod === undefined || keyOf(pod) !== key || this.window.isOpen) return;
    const place = this.placeOf(pod.spec.nodeName);
    if (toleratedUs(place.taints, pod) < Infinity) return;
    const nowUs = this.probe.nowUs();
    if (nowUs - place.sinceUs < LAG_US || (!this.probe.isStrict && nowUs - (this.leftAtUs.get(key) ?? -Infinity) < NAME_US)) return;
    const { nodeName } = pod.spec;
    const why = place.taints.length === 0 ? 'has no NoExecute taint' : 'has only taints that the pod tolerates';
    this.probe.report(`${key} was evicted from ${nodeName}, which ${why}`, [`pod/${key}`, `node/${nodeName}`]);
  }

  /** Looks again when the pod must be on its way, counted from `fromUs`. */
  private expectEviction(place: Place, pod: Pod, taintsSinceUs: number, fromUs: number, firstUs = fromUs): void {
    const allowedUs = toleratedUs(place.taints, pod);
    if (allowedUs === Infinity) return;
    const dueUs = fromUs + allowedUs + SLACK_US + this.duePodCount() * PER_POD_US;
    this.probe.at(dueUs, () => this.check(place, pod, taintsSinceUs, fromUs, firstUs));
  }

  private check(place: Place, { metadata }: Pod, taintsSinceUs: number, fromUs: number, firstUs: number): void {
    const pod = place.pods.get(metadata.uid);
    // The taints have changed since: that began another count.
    if (pod === undefined || !isActive(pod) || place.sinceUs !== taintsSinceUs) return;
    if (this.refusals.wasOpenSince(firstUs)) return;
    if (this.window.wasOpenSince(fromUs)) {
      this.expectEviction(place, pod, taintsSinceUs, this.probe.nowUs(), firstUs);
      return;
    }
    const key = keyOf(pod);
    const predecessorUs = this.leftAtUs.get(key) ?? -Infinity;
    if (!this.probe.isStrict && Math.abs(pod.metadata.creationTimestamp - predecessorUs) < SUCCESSION_US) return;
    const since = Math.floor((this.probe.nowUs() - firstUs) / SECOND_US);
    const keys = place.taints.map((taint) => taint.key).join(', ');
    this.probe.report(`${key} is still on ${pod.spec.nodeName}, ${since} s after it was tainted ${keys}`, [
      `pod/${key}`,
      `node/${pod.spec.nodeName}`,
    ]);
  }

  private duePodCount(): number {
    let count = 0;
    for (const { taints, pods } of this.places.values()) if (taints.length > 0) count += pods.size;
    return count;
  }

  private placeOf(nodeName: string): Place {
    let place = this.places.get(nodeName);
    if (place === undefined) {
      place = { taints: NO_TAINTS, sinceUs: -Infinity, pods: new Map() };
      this.places.set(nodeName, place);
    }
    return place;
  }
}

/** How long the pod may stay with these taints. */
function toleratedUs(taints: readonly Taint[], { spec }: Pod): number {
  let leastUs = Infinity;
  for (const taint of taints) {
    const match = spec.tolerations.find((toleration) => toleratesTaint(toleration, taint));
    if (match === undefined) return 0;
    if (match.tolerationSeconds !== undefined) leastUs = Math.min(leastUs, Math.max(0, match.tolerationSeconds) * SECOND_US);
  }
  return leastUs;
}

function isSameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  return a.length === b.length && a.every((taint) => b.some(({ key, value }) => key === taint.key && value === taint.value));
}

function isGoing(old: Pod, pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && old.metadata.deletionTimestamp === undefined;
}
