/**
 * PodTally: how many pods each controller has, how many of them are active and how many ready, kept as pods change, so that a
 * controller with thousands of alike pods need not look at all of them whenever one changes.
 *
 * HOT       `change` once per pod event
 * Oracle    counting over all pods, in pod-tally.test.ts
 */
import { controllerOf, type StringMap } from '../objects/meta.ts';
import { isActive, isPodReady, type Pod } from '../objects/pod.ts';

export interface OwnerTally {
  /** Of the pod that came first; all others have equal ones, unless `isMixed`. */
  readonly labels: StringMap;
  readonly isMixed: boolean;
  readonly active: number;
  /** Active and ready. */
  readonly ready: number;
}

class Tally implements OwnerTally {
  readonly labels: StringMap;
  /** Another object of the same labels, met last. */
  private twin: StringMap;
  pods: number;
  active: number;
  ready: number;
  /** Pods with other labels. */
  strays: number;

  constructor(labels: StringMap) {
    this.labels = labels;
    this.twin = labels;
    this.pods = 0;
    this.active = 0;
    this.ready = 0;
    this.strays = 0;
  }

  get isMixed(): boolean {
    return this.strays > 0;
  }

  count(pod: Pod, by: 1 | -1): void {
    this.pods += by;
    const { labels } = pod.metadata;
    if (!this.hasLabels(labels)) this.strays += by;
    if (!isActive(pod)) return;
    this.active += by;
    if (isPodReady(pod)) this.ready += by;
  }

  private hasLabels(labels: StringMap): boolean {
    if (labels === this.labels || labels === this.twin) return true;
    if (!isSameMap(labels, this.labels)) return false;
    this.twin = labels;
    return true;
  }
}

export class PodTally {
  /** By the uid of the controller; only of those that have pods. */
  private readonly byOwner: Map<string, Tally>;

  constructor() {
    this.byOwner = new Map();
  }

  /** A pod came (`old` undefined), changed or went (`next` undefined). */
  change(old: Pod | undefined, next: Pod | undefined): void {
    if (old !== undefined && next !== undefined && countsAlike(old, next)) return;
    if (old !== undefined) this.drop(old);
    if (next !== undefined) this.add(next);
  }

  /** undefined for a controller without pods. */
  of(ownerUid: string): OwnerTally | undefined {
    return this.byOwner.get(ownerUid);
  }

  private add(pod: Pod): void {
    const owner = controllerOf(pod);
    if (owner === undefined) return;
    let tally = this.byOwner.get(owner.uid);
    if (tally === undefined) {
      tally = new Tally(pod.metadata.labels);
      this.byOwner.set(owner.uid, tally);
    }
    tally.count(pod, 1);
  }

  private drop(pod: Pod): void {
    const owner = controllerOf(pod);
    if (owner === undefined) return;
    const tally = this.byOwner.get(owner.uid);
    if (tally === undefined) return;
    tally.count(pod, -1);
    if (tally.pods === 0) this.byOwner.delete(owner.uid);
  }
}

/** Whether `next` counts as `old` did, as after most changes. */
function countsAlike(old: Pod, next: Pod): boolean {
  const a = old.metadata;
  const b = next.metadata;
  if (a.labels !== b.labels || a.ownerReferences !== b.ownerReferences) return false;
  const active = isActive(old);
  return active === isActive(next) && (!active || isPodReady(old) === isPodReady(next));
}

function isSameMap(a: StringMap, b: StringMap): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
