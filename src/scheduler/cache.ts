/**
 * SchedulerCache: the nodes and placed pods as the scheduler believes them to be, and the snapshot of an attempt.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/cache/cache.go, snapshot.go
 * Differs   the snapshot shares the cache's NodeInfos instead of copying them: an attempt's decision happens
 *           at one instant of virtual time, so nothing can change under it. Node order, image counts and side lists are
 *           refreshed exactly when upstream copies
 * Order     nodes as in NodeTree; the list is rebuilt only when a changed node is new to the snapshot or the
 *           snapshot has more nodes than the cluster, so a change of zone alone does not reorder it
 * Cost      O(changed nodes) per refresh; O(nodes) when the list is rebuilt
 */
import { fail } from '../base/invariant.ts';
import type { ObjectKey } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';
import type { Snapshot } from './framework.ts';
import { type ImageState, NO_IMAGES, NodeInfo } from './node-info.ts';
import { NodeTree } from './node-tree.ts';
import type { PodInfo, PodInfos } from './pod-info.ts';

/**
 * Hears of every change of the cache at once; for evaluators that keep books of their own. Of newer versions of placed pods it
 * hears, as a removal and an addition, when a plugin could tell them from what was there.
 */
export interface CacheObserver {
  podAdded(node: NodeInfo, pod: PodInfo): void;
  podRemoved(node: NodeInfo, pod: PodInfo): void;
  /** The node object came, changed or went. */
  nodeChanged(node: NodeInfo): void;
  /** Numbers of nodes with its images were taken anew, at a refresh, and nothing else told of the node since the last one. */
  imagesCounted(node: NodeInfo): void;
  /** The snapshot's list of nodes was rebuilt. */
  nodesListed(nodes: readonly NodeInfo[]): void;
}

interface PodEntry {
  info: PodInfo;
  node: NodeInfo;
  isAssumed: boolean;
}

/** An image name of the cluster; the size is that of the first node that reported it. */
interface ImageEntry {
  readonly sizeBytes: number;
  readonly nodes: Set<string>;
}

export class SchedulerCache {
  private readonly podInfos: PodInfos;
  private readonly tellsEverything: boolean;
  private readonly nodes: Map<string, NodeInfo>;
  private readonly pods: Map<string, PodEntry>;
  private readonly tree: NodeTree;
  private readonly images: Map<string, ImageEntry>;
  /** Image entries of each node, by image name. */
  private readonly imagesOfNode: Map<string, Map<string, ImageEntry>>;
  private imageGeneration: number;
  /** NodeInfos changed since the last refresh; those that went again since are not `isTouched`. */
  private changed: NodeInfo[];
  private generation: number;
  private readonly taken: CacheSnapshot;
  private readonly observers: CacheObserver[];
  private readonly priorities: PriorityCounts;
  private affinityCount: number;
  private antiAffinityCount: number;

  /** `tellsEverything`: observers hear even of changes of pods that matter to no plugin of this package. */
  constructor(podInfos: PodInfos, tellsEverything = false) {
    this.podInfos = podInfos;
    this.tellsEverything = tellsEverything;
    this.nodes = new Map();
    this.pods = new Map();
    this.tree = new NodeTree();
    this.images = new Map();
    this.imagesOfNode = new Map();
    this.imageGeneration = 0;
    this.changed = [];
    this.generation = 0;
    this.priorities = new PriorityCounts();
    this.taken = new CacheSnapshot(this.priorities);
    this.observers = [];
    this.affinityCount = 0;
    this.antiAffinityCount = 0;
  }

  /** The snapshot as of the last `refresh`; always the same object. */
  get snapshot(): Snapshot {
    return this.taken;
  }

  get nodeCount(): number {
    return this.tree.size;
  }

  get podCount(): number {
    return this.pods.size;
  }

  /** Placed pods with any pod (anti-)affinity, those on unknown nodes included. */
  get podsWithAffinity(): number {
    return this.affinityCount;
  }

  /** Likewise, with required anti-affinity. */
  get podsWithRequiredAntiAffinity(): number {
    return this.antiAffinityCount;
  }

  addObserver(observer: CacheObserver): void {
    this.observers.push(observer);
  }

  /** The entry of a node, even a ghost; undefined when nothing is known of it. */
  nodeInfo(name: string): NodeInfo | undefined {
    return this.nodes.get(name);
  }

  // Pods ----------------------------------------------------------------------------------------------

  /** A pod that was seen with a node name; confirms an assumed one. */
  addPod(pod: Pod): void {
    this.updatePod(pod);
  }

  /** A newer version of a placed pod; the pod moves to the end of its node's list. */
  updatePod(pod: Pod): void {
    const entry = this.pods.get(uidOf(pod));
    if (entry === undefined) this.insert(this.podInfos.of(pod), false);
    else {
      entry.isAssumed = false;
      this.renew(entry, pod);
    }
  }

  /** Puts a newer version of a pod in the place of the one before. */
  private renew(entry: PodEntry, pod: Pod): void {
    const { info: old, node } = entry;
    const next = this.podInfos.newer(pod, old);
    if (this.tellsEverything || pod.spec.nodeName !== node.name || !isAlikeOnNode(old, next)) {
      this.detach(entry);
      this.insert(next, false);
      return;
    }
    node.replacePod(old, next);
    entry.info = next;
    this.touch(node, true);
  }

  /** The pod is gone or has finished. Unknown pods are no mistake. */
  removePod(pod: Pod): void {
    const entry = this.pods.get(uidOf(pod));
    if (entry !== undefined) this.detach(entry);
  }

  /** Takes the pod as placed on its spec.nodeName before anybody else knows. */
  assumePod(pod: Pod, info: PodInfo = this.podInfos.of(pod)): void {
    if (this.pods.has(uidOf(pod))) fail(`pod ${uidOf(pod)} is assumed twice`);
    this.insert(info, true);
  }

  /** Takes an assumption back; nothing happens when the pod was confirmed or is gone. */
  forgetPod(pod: Pod): void {
    const entry = this.pods.get(uidOf(pod));
    if (entry?.isAssumed === true) this.detach(entry);
  }

  isAssumed(pod: Pod): boolean {
    return this.pods.get(uidOf(pod))?.isAssumed === true;
  }

  hasPod(pod: Pod): boolean {
    return this.pods.has(uidOf(pod));
  }

  /** The pod as the cache has it; undefined when it is not placed. */
  placedPod(uid: string): PodInfo | undefined {
    return this.pods.get(uid)?.info;
  }

  private insert(info: PodInfo, isAssumed: boolean): void {
    const node = this.nodeOf(info.pod.spec.nodeName);
    node.addPod(info);
    this.pods.set(info.uid === '' ? info.key : info.uid, { info, node, isAssumed });
    this.touch(node);
    this.priorities.add(info.priority, 1);
    if (info.shape.hasAffinity) this.affinityCount++;
    if (info.shape.requiredAntiAffinity.length > 0) this.antiAffinityCount++;
    for (const observer of this.observers) observer.podAdded(node, info);
  }

  private detach(entry: PodEntry): void {
    const { node, info } = entry;
    node.remove(info);
    this.pods.delete(info.uid === '' ? info.key : info.uid);
    this.priorities.add(info.priority, -1);
    if (info.shape.hasAffinity) this.affinityCount--;
    if (info.shape.requiredAntiAffinity.length > 0) this.antiAffinityCount--;
    for (const observer of this.observers) observer.podRemoved(node, info);
    if (!node.hasNode && node.pods.length === 0) {
      this.nodes.delete(node.name);
      node.isTouched = false;
    } else {
      this.touch(node);
    }
  }

  // Nodes ---------------------------------------------------------------------------------------------

  addNode(node: Node): void {
    const info = this.nodeOf(node.metadata.name);
    if (info.hasNode) {
      this.updateNode(node);
      return;
    }
    this.tree.add(node);
    this.listImages(node);
    info.setNode(node);
    this.touch(info);
    for (const observer of this.observers) observer.nodeChanged(info);
  }

  updateNode(node: Node): void {
    const info = this.nodeOf(node.metadata.name);
    if (!info.hasNode) {
      this.addNode(node);
      return;
    }
    const before = info.node;
    this.tree.update(before, node);
    if (before.status.images !== node.status.images || this.wouldResizeImages(node)) {
      this.unlistImages(node.metadata.name);
      this.listImages(node);
    }
    info.setNode(node);
    this.touch(info);
    for (const observer of this.observers) observer.nodeChanged(info);
  }

  /** The node is gone; its pods stay on a ghost until they go too. */
  removeNode(name: string): void {
    const info = this.nodes.get(name);
    if (info === undefined || !info.hasNode) return;
    this.tree.remove(info.node);
    this.unlistImages(name);
    info.setNode(undefined);
    if (info.pods.length === 0) {
      this.nodes.delete(name);
      info.isTouched = false;
    } else {
      this.touch(info);
    }
    for (const observer of this.observers) observer.nodeChanged(info);
  }

  private nodeOf(name: string): NodeInfo {
    let info = this.nodes.get(name);
    if (info === undefined) {
      info = new NodeInfo(name);
      this.nodes.set(name, info);
    }
    return info;
  }

  /** `isQuiet`: no observer is told. */
  private touch(node: NodeInfo, isQuiet = false): void {
    node.generation = ++this.generation;
    if (!isQuiet) node.isQuiet = false;
    if (node.isTouched) return;
    node.isTouched = true;
    node.isQuiet = isQuiet;
    this.changed.push(node);
  }

  // Images --------------------------------------------------------------------------------------------

  private listImages(node: Node): void {
    if (node.status.images.length === 0) return;
    const { name } = node.metadata;
    const own = new Map<string, ImageEntry>();
    for (const image of node.status.images) {
      for (const imageName of image.names) {
        let entry = this.images.get(imageName);
        if (entry === undefined) {
          entry = { sizeBytes: image.sizeBytes, nodes: new Set() };
          this.images.set(imageName, entry);
        }
        entry.nodes.add(name);
        if (!own.has(imageName)) own.set(imageName, entry);
      }
    }
    this.imagesOfNode.set(name, own);
    this.imageGeneration++;
  }

  private unlistImages(name: string): void {
    const own = this.imagesOfNode.get(name);
    if (own === undefined) return;
    for (const [imageName, entry] of own) {
      entry.nodes.delete(name);
      if (entry.nodes.size === 0) this.images.delete(imageName);
    }
    this.imagesOfNode.delete(name);
    this.imageGeneration++;
  }

  /** Whether listing the same images again changes a size: the node alone has an image, and another node told its size. */
  private wouldResizeImages(node: Node): boolean {
    for (const image of node.status.images) {
      for (const imageName of image.names) {
        const entry = this.images.get(imageName);
        if (entry !== undefined && entry.nodes.size === 1 && entry.sizeBytes !== image.sizeBytes) return true;
      }
    }
    return false;
  }

  // Snapshot ------------------------------------------------------------------------------------------

  /** Brings the snapshot up to date; called at the start of every attempt. */
  refresh(): Snapshot {
    const { taken, changed } = this;
    if (changed.length === 0 && taken.nodeCount === this.tree.size) return taken;
    let hasNewNode = false;
    for (let i = 0; i < changed.length; i++) {
      const info = changed[i]!;
      if (!info.isTouched) continue;
      info.isTouched = false;
      if (!info.hasNode) continue;
      const hasOtherImages = this.countImages(info);
      if (!taken.update(info)) hasNewNode = true;
      else if (hasOtherImages && info.isQuiet) for (const observer of this.observers) observer.imagesCounted(info);
    }
    changed.length = 0;
    if (hasNewNode || taken.nodeCount > this.tree.size) {
      const names = this.tree.list();
      taken.rebuild(names.map((name) => this.nodes.get(name) ?? fail(`node ${name} is listed but unknown`)));
      for (const observer of this.observers) observer.nodesListed(taken.nodes);
    }
    return taken;
  }

  /** Takes down how many nodes have each image of a changed node; unchanged nodes keep their old counts. Whether they were taken anew. */
  private countImages(info: NodeInfo): boolean {
    const own = this.imagesOfNode.size === 0 ? undefined : this.imagesOfNode.get(info.name);
    if (own === undefined) {
      if (info.images === NO_IMAGES) return false;
      info.images = NO_IMAGES;
      return true;
    }
    if (info.imagesGeneration === this.imageGeneration) return false;
    const images = new Map<string, ImageState>();
    for (const [name, entry] of own) images.set(name, { sizeBytes: entry.sizeBytes, nodeCount: entry.nodes.size });
    info.images = images;
    info.imagesGeneration = this.imageGeneration;
    return true;
  }
}

/** Whether no plugin of this package that looks at a node and its pods can tell the two from each other. */
function isAlikeOnNode(a: PodInfo, b: PodInfo): boolean {
  return (
    a.shape === b.shape &&
    a.accounted === b.accounted &&
    a.nonZeroCpuMilli === b.nonZeroCpuMilli &&
    a.nonZeroMemBytes === b.nonZeroMemBytes &&
    a.priority === b.priority &&
    a.isTerminating === b.isTerminating &&
    a.uid === b.uid &&
    a.pod.spec.volumes === b.pod.spec.volumes
  );
}

function uidOf(pod: Pod): string {
  const { uid, namespace, name } = pod.metadata;
  return uid === '' ? `${namespace}/${name}` : uid;
}

/** How many placed pods there are of each priority. */
class PriorityCounts {
  private readonly counts: Map<number, number>;
  least: number;

  constructor() {
    this.counts = new Map();
    this.least = Infinity;
  }

  add(priority: number, change: number): void {
    const count = (this.counts.get(priority) ?? 0) + change;
    if (count > 0) {
      this.counts.set(priority, count);
      if (priority < this.least) this.least = priority;
      return;
    }
    this.counts.delete(priority);
    if (priority !== this.least) return;
    this.least = Infinity;
    for (const other of this.counts.keys()) if (other < this.least) this.least = other;
  }
}

/** The snapshot of one cache. */
class CacheSnapshot implements Snapshot {
  private readonly priorities: PriorityCounts;
  private list: NodeInfo[];
  private byName: Map<string, NodeInfo>;
  private withAffinity: NodeInfo[] | undefined;
  private withRequiredAntiAffinity: NodeInfo[] | undefined;

  constructor(priorities: PriorityCounts) {
    this.priorities = priorities;
    this.list = [];
    this.byName = new Map();
    this.withAffinity = [];
    this.withRequiredAntiAffinity = [];
  }

  get nodes(): readonly NodeInfo[] {
    return this.list;
  }

  get nodeCount(): number {
    return this.list.length;
  }

  get leastPriority(): number {
    return this.priorities.least;
  }

  get(nodeName: string): NodeInfo | undefined {
    return this.byName.get(nodeName);
  }

  get nodesWithAffinity(): readonly NodeInfo[] {
    this.withAffinity ??= this.list.filter((node) => node.podsWithAffinity.length > 0);
    return this.withAffinity;
  }

  get nodesWithRequiredAntiAffinity(): readonly NodeInfo[] {
    this.withRequiredAntiAffinity ??= this.list.filter((node) => node.podsWithRequiredAntiAffinity.length > 0);
    return this.withRequiredAntiAffinity;
  }

  isClaimUsed(key: ObjectKey): boolean {
    return this.list.some((node) => node.claimCounts.has(key));
  }

  /** Takes over a changed entry in its old place; false when its name is new. */
  update(info: NodeInfo): boolean {
    const known = info.position >= 0 && this.list[info.position] === info ? info : this.byName.get(info.name);
    if (known === undefined) return false;
    if (known !== info) {
      // The node went and came back between two attempts: it keeps its place.
      info.position = known.position;
      known.position = -1;
      this.list[info.position] = info;
      this.byName.set(info.name, info);
    }
    if (known !== info || info.isListedWithAffinity !== info.podsWithAffinity.length > 0) {
      info.isListedWithAffinity = info.podsWithAffinity.length > 0;
      this.withAffinity = undefined;
    }
    if (known !== info || info.isListedWithAntiAffinity !== info.podsWithRequiredAntiAffinity.length > 0) {
      info.isListedWithAntiAffinity = info.podsWithRequiredAntiAffinity.length > 0;
      this.withRequiredAntiAffinity = undefined;
    }
    return true;
  }

  rebuild(nodes: NodeInfo[]): void {
    for (const node of this.list) node.position = -1;
    this.list = nodes;
    this.byName = new Map();
    for (let i = 0; i < nodes.length; i++) {
      const info = nodes[i]!;
      info.position = i;
      info.isListedWithAffinity = info.podsWithAffinity.length > 0;
      info.isListedWithAntiAffinity = info.podsWithRequiredAntiAffinity.length > 0;
      this.byName.set(info.name, info);
    }
    this.withAffinity = undefined;
    this.withRequiredAntiAffinity = undefined;
  }
}
