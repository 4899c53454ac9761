/**
 * ConformanceCluster: a scheduler's view of a recorded cluster, without a world around it: plain lists instead
 * of informers, nothing is ever written, and the clock stands still.
 */
import type { ProblemList } from '../base/input-error.ts';
import { Rng } from '../engine/rng.ts';
import { decodeAs } from '../objects/decode.ts';
import type { RawObject } from '../objects/decode-reader.ts';
import { itemPath } from '../objects/document-path.ts';
import type { BuiltInKind, KindMap } from '../objects/kinds.ts';
import { keyOf, type ObjectKey, type TimeUs } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import { parseRfc3339 } from '../objects/rfc3339.ts';
import { SchedulerCache } from './cache.ts';
import { CLUSTER_LISTS, type ConformanceCase } from './conformance-case.ts';
import type { ClusterLister, NominatedPods, PluginHandle, SchedulerContext } from './framework.ts';
import { type PodInfo, PodInfos } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { Behaviour } from './versions.ts';

/** Later than any start time in a vector: pods without one count as started now. */
const NOW_US: TimeUs = parseRfc3339('2100-01-01T00:00:00Z')!;

export class ConformanceCluster implements ClusterLister {
  readonly podInfos: PodInfos;
  readonly cache: SchedulerCache;
  readonly context: SchedulerContext;
  private readonly objects: Map<BuiltInKind, Map<ObjectKey, KindMap[BuiltInKind]>>;
  private readonly nominated: NominatedList;

  constructor(behaviour: Behaviour) {
    this.podInfos = new PodInfos(behaviour);
    this.cache = new SchedulerCache(this.podInfos);
    this.objects = new Map();
    this.nominated = new NominatedList();
    const { cache, nominated, podInfos } = this;
    this.context = {
      behaviour,
      lister: this,
      snapshot: cache.snapshot,
      podInfos,
      nominated,
      writer: undefined,
      nowUs: () => NOW_US,
      isPreempting: () => false,
      preemptionOffset: () => 0,
    };
  }

  /** What a plugin of `profile` gets; for looking into its decisions. */
  handleOf(profile: Profile): PluginHandle {
    return { ...this.context, filters: profile, rng: Rng.root('plugins') };
  }

  /** Decodes the objects of a case and takes them in, in the order of its lists. */
  load(source: ConformanceCase, problems: ProblemList): void {
    for (const [list, kind] of Object.entries(CLUSTER_LISTS)) {
      const raw = source.cluster[list] ?? [];
      for (let i = 0; i < raw.length; i++) {
        const object = decodeRaw(kind, raw[i]!, itemPath(`cluster.${list}`, i), problems);
        if (object !== undefined) this.add(kind, object);
      }
    }
  }

  private add(kind: BuiltInKind, object: KindMap[BuiltInKind]): void {
    if (kind === 'Node') this.putNode(object as Node);
    else if (kind === 'Pod') this.putPod(object as Pod);
    else this.store(kind, object);
  }

  // Changes ---------------------------------------------------------------------------------------------

  putNode(node: Node): void {
    this.store('Node', node);
    this.cache.addNode(node);
  }

  /** Removes the node and its pods; returns the pods' keys in order. */
  deleteNode(name: string): ObjectKey[] {
    const pods = (this.cache.nodeInfo(name)?.pods ?? []).map((pod) => pod.pod);
    for (const pod of pods) this.deletePod(keyOf(pod));
    this.cache.removeNode(name);
    this.objects.get('Node')?.delete(name);
    return pods.map(keyOf);
  }

  /** A pod as the API server has it now: placed, pending, or finished (which the scheduler does not see). */
  putPod(pod: Pod): void {
    this.nominated.remove(pod.metadata.uid);
    if (isTerminal(pod)) {
      this.deletePod(keyOf(pod));
      return;
    }
    this.store('Pod', pod);
    if (pod.spec.nodeName !== '') this.cache.addPod(pod);
    else if (pod.status.nominatedNodeName !== '') this.nominated.add(this.podInfos.of(pod));
  }

  /** Forgets a pod; returns it as it was, or undefined when it was not there. */
  deletePod(key: ObjectKey): Pod | undefined {
    const pod = this.get('Pod', key);
    if (pod === undefined) return undefined;
    this.objects.get('Pod')!.delete(key);
    this.cache.removePod(pod);
    this.nominated.remove(pod.metadata.uid);
    return pod;
  }

  /** The incoming pod: known to the API server, in no queue. */
  putIncoming(pod: Pod): void {
    this.store('Pod', pod);
  }

  private store(kind: BuiltInKind, object: KindMap[BuiltInKind]): void {
    let objects = this.objects.get(kind);
    if (objects === undefined) {
      objects = new Map();
      this.objects.set(kind, objects);
    }
    objects.set(keyOf(object), object);
  }

  // ClusterLister ---------------------------------------------------------------------------------------

  get<K extends BuiltInKind>(kind: K, key: ObjectKey): KindMap[K] | undefined {
    return this.objects.get(kind)?.get(key) as KindMap[K] | undefined;
  }

  list<K extends BuiltInKind>(kind: K): readonly KindMap[K][] {
    return [...(this.objects.get(kind)?.values() ?? [])] as KindMap[K][];
  }

  inNamespace<K extends BuiltInKind>(kind: K, namespace: string): readonly KindMap[K][] {
    return this.list(kind).filter((object) => object.metadata.namespace === namespace);
  }
}

/** Decodes leniently: recorded objects were accepted by a real API server. Pods without a uid get one of their name. */
export function decodeRaw<K extends BuiltInKind>(kind: K, raw: RawObject, path: string, problems: ProblemList): KindMap[K] | undefined {
  const object = decodeAs(kind, raw, path, problems, { validate: false }) as KindMap[K] | undefined;
  if (kind !== 'Pod' || object === undefined || object.metadata.uid !== '') return object;
  return { ...object, metadata: { ...object.metadata, uid: keyOf(object) } };
}

class NominatedList implements NominatedPods {
  private readonly byNode: Map<string, PodInfo[]>;
  private count: number;

  constructor() {
    this.byNode = new Map();
    this.count = 0;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  onNode(nodeName: string): readonly PodInfo[] {
    return this.byNode.get(nodeName) ?? [];
  }

  nodeNames(): Iterable<string> {
    return this.byNode.keys();
  }

  add(pod: PodInfo): void {
    const { nominatedNodeName } = pod.pod.status;
    this.byNode.set(nominatedNodeName, [...this.onNode(nominatedNodeName), pod]);
    this.count++;
  }

  remove(uid: string): void {
    for (const [nodeName, pods] of this.byNode) {
      const left = pods.filter((pod) => pod.uid !== uid);
      this.count -= pods.length - left.length;
      this.byNode.set(nodeName, left);
    }
  }
}
