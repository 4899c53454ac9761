/**
 * no-hot-loop: nobody writes the same object over and over.
 *
 * Part of I11 of the oracles (kubernetes/kubernetes#106419, #96579, #130429). More than 120 writes of one client to one object
 * within a minute are a loop; an object that stands for many pods may change with each of them, so 10 more are granted for every
 * replica it wants, or 3 for every change of a pod it stands for (a Deployment: of a pod of its ReplicaSets), whichever is more: a
 * controller looks at its object after each of them, and tries again when its cache was behind. A StatefulSet may have two and a half
 * times as many of all: its status is tried five times, those of others twice.
 *
 * Allowed   - a scheduler that wants to preempt a pod whose binding was lost on the way, and which is gone by now, tries again at once
 *             until that binding has timed out: upstream's activates the preemptor likewise
 *           - a pod of a StatefulSet that a kubelet refuses is made anew at once, without back-off, until it runs
 *             (kubernetes/kubernetes#89067)
 * Differs   refused writes count too: a loop of conflicts is a loop
 * Cost      O(1) per write; memory for the objects written within a minute, and for the owners of pods
 */
import { MINUTE_US } from '../../engine/units.ts';
import type { PodDisruptionBudget } from '../../objects/cluster.ts';
import type { AnyObject } from '../../objects/kinds.ts';
import { controllerOf, keyOf, objectKey, type StringMap } from '../../objects/meta.ts';
import { compileLabelSelector } from '../../objects/selectors.ts';
import { defineInvariant, type StoreView } from './invariant.ts';

const WRITES_MAX = 120;
const WRITES_PER_REPLICA = 10;
// A sync, and once more each after a conflict and after a conflict of that.
const WRITES_PER_CHANGE = 3;
// Five tries of the status after conflicts (client-go retry.DefaultRetry), not two.
const TRIES_OF_SET = 2.5;
/** Leases are made to be written; Events count things up. */
const SKIPPED: ReadonlySet<string> = new Set(['Lease', 'Event']);
const VERBS: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'bind', 'evict']);

/** Faults that leave a binding in the air. */
const LOSING: readonly string[] = ['lost-request', 'lost-reply', 'slow-requests', 'partition', 'link-degradation'];

interface Count {
  sinceUs: number;
  writes: number;
  isTold: boolean;
}

/** Changes of the pods that one object controls. */
interface Changes {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  number: number;
  /** Of the pod that changed last. */
  labels: StringMap;
}

/** By client, kind and key. */
type Counts = Map<string, Map<string, Map<string, Count>>>;

export const noHotLoop = defineInvariant({
  name: 'no-hot-loop',
  id: 'I11',
  summary: 'no client writes the same object over and over',
  create: (probe) => {
    let counts: Counts = new Map();
    /** Those of the minute before are looked at once more, then forgotten. */
    let older: Counts = new Map();
    let turnUs = 0;
    const losesBindings = !probe.isStrict && LOSING.some((fault) => probe.circumstances.strikes(fault));

    /** Changes of pods of this minute and the one before, by the uid of what controls them. */
    let changes = new Map<string, Changes>();
    let olderChanges = new Map<string, Changes>();
    /** Pods of StatefulSets that were refused, and have not run since. */
    const refused = new Set<string>();
    probe.onCommit('Pod', (_type, old, pod) => {
      const { metadata, status } = (pod ?? old)!;
      const owner = controllerOf((pod ?? old)!);
      if (owner === undefined) return;
      const known = changes.get(owner.uid);
      if (known === undefined) {
        changes.set(owner.uid, { kind: owner.kind, namespace: metadata.namespace, name: owner.name, number: 1, labels: metadata.labels });
      } else {
        known.number++;
        known.labels = metadata.labels;
      }
      if (owner.kind !== 'StatefulSet' || probe.isStrict) return;
      // A pod that ended otherwise has containers that did.
      const isUnstarted = status.containerStatuses.every(({ current }) => current.state === 'waiting');
      if (status.phase === 'Failed' && isUnstarted) refused.add(keyOf((pod ?? old)!));
      else if (status.phase === 'Running') refused.delete(keyOf((pod ?? old)!));
    });
    const changesOf = (kind: string, key: string, object: AnyObject | undefined): number => {
      const isMeant = isAbout(probe.store, kind, key, object);
      let sum = 0;
      for (const minute of [changes, olderChanges]) {
        for (const change of minute.values()) if (isMeant(change)) sum += change.number;
      }
      return sum;
    };

    probe.onWrite(({ client, verb, kind, key }) => {
      if (SKIPPED.has(kind) || !VERBS.has(verb)) return;
      // The victim is gone, and the preemptor still has no node: both are written at every try.
      if (losesBindings && kind === 'Pod' && client.includes('scheduler') && !probe.store.get('Pod', key)?.spec.nodeName) return;
      if (kind === 'Pod' && refused.has(key)) return;
      const nowUs = probe.nowUs();
      if (nowUs - turnUs > MINUTE_US) {
        older = nowUs - turnUs > 2 * MINUTE_US ? new Map() : counts;
        counts = new Map();
        olderChanges = nowUs - turnUs > 2 * MINUTE_US ? new Map() : changes;
        changes = new Map();
        turnUs = nowUs;
      }
      let count = countOf(counts, client, kind, key);
      if (count === undefined) {
        count = countOf(older, client, kind, key) ?? { sinceUs: nowUs, writes: 0, isTold: false };
        setCount(counts, client, kind, key, count);
      }
      if (nowUs - count.sinceUs > MINUTE_US) {
        count.sinceUs = nowUs;
        count.writes = 0;
      }
      const scale = kind === 'StatefulSet' ? TRIES_OF_SET : 1;
      if (++count.writes <= scale * WRITES_MAX || count.isTold) return;
      const object = probe.store.get(kind, key) as AnyObject | undefined;
      const granted = Math.max(WRITES_PER_REPLICA * replicasOf(object), WRITES_PER_CHANGE * changesOf(kind, key, object));
      if (count.writes <= scale * (WRITES_MAX + granted)) return;
      count.isTold = true;
      const what = `${kind.toLowerCase()}/${key}`;
      probe.report(`${client} wrote ${what} ${count.writes} times within a minute`, [what]);
    });
    return {};
  },
});

function countOf(counts: Counts, client: string, kind: string, key: string): Count | undefined {
  return counts.get(client)?.get(kind)?.get(key);
}

function setCount(counts: Counts, client: string, kind: string, key: string, count: Count): void {
  let ofClient = counts.get(client);
  if (ofClient === undefined) {
    ofClient = new Map();
    counts.set(client, ofClient);
  }
  let ofKind = ofClient.get(kind);
  if (ofKind === undefined) {
    ofKind = new Map();
    ofClient.set(kind, ofKind);
  }
  ofKind.set(key, count);
}

/** Which pods the object stands for: those it controls, or those a budget selects. */
function isAbout(store: StoreView, kind: string, key: string, object: AnyObject | undefined): (change: Changes) => boolean {
  if (kind === 'Deployment') {
    return (change) => {
      if (change.kind !== 'ReplicaSet') return false;
      const set = store.get('ReplicaSet', objectKey(change.namespace, change.name));
      const owner = set === undefined ? undefined : controllerOf(set);
      return owner !== undefined && objectKey(change.namespace, owner.name) === key;
    };
  }
  if (kind !== 'PodDisruptionBudget' || object === undefined) {
    return (change) => change.kind === kind && objectKey(change.namespace, change.name) === key;
  }
  const { spec, metadata } = object as PodDisruptionBudget;
  const selector = compileLabelSelector(spec.selector);
  return ({ namespace, labels }) => namespace === metadata.namespace && selector.matches(labels);
}

function replicasOf(object: AnyObject | undefined): number {
  const { replicas, parallelism } = (object as { spec?: { replicas?: unknown; parallelism?: unknown } } | undefined)?.spec ?? {};
  if (typeof replicas === 'number') return replicas;
  return typeof parallelism === 'number' ? parallelism : 0;
}
