/**
 * statefulset-order: a StatefulSet in order makes a pod only above one that is ready, and whatever its policy it replaces pods for an
 * update one after the other, from the highest down: the next one only when those above are back and ready.
 *
 * What pkg/controller/statefulset/stateful_set_control.go promises (v1.34): Parallel concerns the making and removing of pods, not updates.
 * Judged when the controller makes or deletes a pod. A pod that the controller has deleted itself counts as away from that moment on; of
 * everything else it may hear late.
 *
 * Allowed   - what happened less than 5 s ago
 *           - a controller manager that cannot see, has forgotten, or started anew, until its watch is back and requests without answer are given up
 *           - a set that was scaled less than 5 s ago: a pod may go as surplus, and not for an update
 * Cost      O(1) per write of a pod of a StatefulSet; O(pods of the set) per pod its controller makes or deletes
 */
import { ordinalOf } from '../../controllers/statefulset-plan.ts';
import { SECOND_US } from '../../engine/units.ts';
import { controllerOf, isDeleting, keyOf } from '../../objects/meta.ts';
import { isPodReady, isTerminal, type Pod } from '../../objects/pod.ts';
import type { StatefulSet } from '../../objects/workloads.ts';
import { blinding, blindnessUs, FaultWindow } from '../fault-window.ts';
import { RecentExtreme } from '../recent-extreme.ts';
import { defineInvariant, type Probe } from './invariant.ts';

const LAG_US = 5 * SECOND_US;

export const statefulSetOrder = defineInvariant({
  name: 'statefulset-order',
  id: 'I15',
  summary: 'StatefulSets make and replace their pods one after the other',
  create: (probe) => {
    const book = new Orders(probe);
    probe.onCommit('StatefulSet', (_type, old, set) => book.noteSet(old, set));
    probe.onCommit('Pod', (_type, old, pod) => book.notePod(old, pod));
    probe.onWrite(({ client, verb, kind, key, isDone }) => {
      if (!isDone || kind !== 'Pod' || !client.endsWith('/statefulset')) return;
      if (verb === 'create') book.noteMade(key);
      else if (verb === 'delete') book.noteDeleted(key);
    });
    return {};
  },
});

/** The pod of one ordinal. */
interface Place {
  isUp: boolean;
  /** When it was up last; -Infinity when it never was. */
  lastUpUs: number;
  /** The controller has deleted it, and it has not been up since. */
  isReplaced: boolean;
}

interface Row {
  /** By ordinal. */
  readonly places: Map<number, Place>;
  /** Smallest size of late. */
  readonly size: RecentExtreme;
}

class Orders {
  private readonly probe: Probe;
  private readonly window: FaultWindow;
  private readonly rows: Map<string, Row>;
  /** As it was before the last write: the one whose author is about to be told. */
  private before: Pod | undefined;

  constructor(probe: Probe) {
    this.probe = probe;
    this.window = new FaultWindow(probe, { opens: blinding(probe, /controller-manager/), graceUs: blindnessUs });
    this.rows = new Map();
    this.before = undefined;
  }

  noteSet(old: StatefulSet | undefined, set: StatefulSet | undefined): void {
    if (set === undefined) {
      this.rows.delete(old!.metadata.uid);
      return;
    }
    const row = this.rowOf(set.metadata.uid);
    if (old?.spec.replicas === set.spec.replicas) return;
    row.size.set(this.probe.nowUs(), set.spec.replicas);
    const end = set.spec.firstOrdinal + set.spec.replicas;
    // Surplus pods do not come back.
    for (const [ordinal, place] of row.places) if (ordinal >= end) place.isReplaced = false;
  }

  notePod(old: Pod | undefined, pod: Pod | undefined): void {
    this.before = old;
    const owner = controllerOf((pod ?? old)!);
    if (owner?.kind !== 'StatefulSet') return;
    const row = this.rows.get(owner.uid);
    if (row === undefined) return;
    const { name } = (pod ?? old)!.metadata;
    const ordinal = Number(name.slice(name.lastIndexOf('-') + 1));
    let place = row.places.get(ordinal);
    if (place === undefined) {
      place = { isUp: false, lastUpUs: -Infinity, isReplaced: false };
      row.places.set(ordinal, place);
    }
    const isUp = pod !== undefined && pod.status.phase === 'Running' && isPodReady(pod) && !isDeleting(pod);
    if (place.isUp && !isUp) place.lastUpUs = this.probe.nowUs();
    place.isUp = isUp;
    if (isUp) place.isReplaced = false;
  }

  noteMade(key: string): void {
    const pod = this.probe.store.get('Pod', key);
    const set = pod === undefined ? undefined : this.setOf(pod);
    if (pod === undefined || set === undefined || this.window.isOpen || set.spec.podManagementPolicy === 'Parallel') return;
    const ordinal = ordinalOf(set, pod);
    if (ordinal <= set.spec.firstOrdinal) return;
    const below = this.rowOf(set.metadata.uid).places.get(ordinal - 1);
    if (below !== undefined && this.wasUpLately(below)) return;
    const name = `statefulset/${keyOf(set)}`;
    this.probe.report(`${name} makes ${key} while the pod below it is not ready`, [name, `pod/${key}`]);
  }

  noteDeleted(key: string): void {
    const pod = this.before;
    const set = pod === undefined || keyOf(pod) !== key ? undefined : this.setOf(pod);
    if (pod === undefined || set === undefined || isTerminal(pod)) return;
    const ordinal = ordinalOf(set, pod);
    const row = this.rowOf(set.metadata.uid);
    const end = set.spec.firstOrdinal + (row.size.at(this.probe.nowUs()) ?? 0);
    if (ordinal >= end) return;
    const place = row.places.get(ordinal);
    // Deleted once more.
    if (place === undefined || (place.isReplaced && isDeleting(pod))) return;
    if (!this.window.isOpen) this.checkAbove(set, row, key, ordinal, end);
    place.isReplaced = true;
  }

  private checkAbove(set: StatefulSet, row: Row, key: string, ordinal: number, end: number): void {
    for (const [other, place] of row.places) {
      if (other <= ordinal || other >= end || place.isUp) continue;
      if (!place.isReplaced && this.wasUpLately(place)) continue;
      const name = `statefulset/${keyOf(set)}`;
      this.probe.report(`${name} replaces ${key} while ${set.metadata.name}-${other} is not ready`, [name, `pod/${key}`]);
      return;
    }
  }

  private wasUpLately({ isUp, lastUpUs }: Place): boolean {
    return isUp || (!this.probe.isStrict && this.probe.nowUs() - lastUpUs < LAG_US);
  }

  private setOf(pod: Pod): StatefulSet | undefined {
    const owner = controllerOf(pod);
    const set = owner === undefined ? undefined : this.probe.store.get('StatefulSet', `${pod.metadata.namespace}/${owner.name}`);
    return set?.metadata.uid === owner?.uid && set?.metadata.deletionTimestamp === undefined ? set : undefined;
  }

  private rowOf(uid: string): Row {
    let row = this.rows.get(uid);
    if (row === undefined) {
      row = { places: new Map(), size: new RecentExtreme(LAG_US, 'smallest') };
      this.rows.set(uid, row);
    }
    return row;
  }
}
