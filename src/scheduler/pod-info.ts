/**
 * PodInfo: a pod as plugins and caches see it; PodInfos: where shapes are shared.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (PodInfo)
 * Cost      one Map look-up and a comparison for a newer version of a pod seen lately, two for a pod stamped from a known
 *           template; one JSON text for a pod that is alike but does not share its parts; about 5 us for a new shape
 * Memory    the texts and shapes of at most 8,192 shapes (about 3 kB each), and of 16,384 sets of parts; a shape lives on as
 *           long as a pod has it
 */

import { RecentMap } from '../base/recent-map.ts';
import { controllerOf, keyOf, type ObjectKey, type OwnerReference, type StringMap } from '../objects/meta.ts';
import { type Pod, priorityOf, type Toleration } from '../objects/pod.ts';
import { podAmounts, reportsResources } from './pod-requests.ts';
import { buildPodShape, type PodShape, relabelled } from './pod-shape.ts';
import type { Amount, Amounts } from './resources.ts';
import type { Behaviour } from './versions.ts';

export class PodInfo {
  readonly pod: Pod;
  readonly shape: PodShape;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly priority: number;
  /** What the pod takes from its node, and the same with defaults for containers that request nothing. */
  readonly accounted: Amounts;
  readonly nonZeroCpuMilli: Amount;
  readonly nonZeroMemBytes: Amount;

  /** Use `PodInfos.of`. */
  constructor(pod: Pod, shape: PodShape, behaviour: Behaviour, key: ObjectKey) {
    // A running container's status counts for this pod alone, so it is no part of the shape.
    const amounts = behaviour.usesStatusResources && reportsResources(pod) ? podAmounts(pod, behaviour, true) : shape.amounts;
    this.pod = pod;
    this.shape = shape;
    this.key = key;
    this.uid = pod.metadata.uid;
    this.priority = priorityOf(pod);
    this.accounted = amounts.accounted;
    this.nonZeroCpuMilli = amounts.nonZeroCpuMilli;
    this.nonZeroMemBytes = amounts.nonZeroMemBytes;
  }

  get namespace(): string {
    return this.shape.namespace;
  }

  get labels(): StringMap {
    return this.shape.labels;
  }

  get isTerminating(): boolean {
    return this.pod.metadata.deletionTimestamp !== undefined;
  }
}

/** Past twice these numbers the older half is forgotten: only memory depends on it, never an answer. */
const SHAPES_MAX = 4096;
const PARTS_MAX = 8192;
const RECENT_MAX = 512;

export class PodInfos {
  readonly behaviour: Behaviour;
  /** By uid: what was parsed last of each pod. */
  private readonly recent: RecentMap<string, PodInfo>;
  /** The shape last seen with a container list, with what else has to be identical. */
  private readonly byTemplate: WeakMap<Pod['spec']['containers'], TemplateEntry>;
  private readonly byText: RecentMap<string, PodShape>;
  /** Ids of what shapes share that differ in labels and the like. */
  private readonly byParts: RecentMap<string, number>;
  private nextShapeId: number;
  private nextPartsId: number;

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    this.recent = new RecentMap(RECENT_MAX);
    this.byTemplate = new WeakMap();
    this.byText = new RecentMap(SHAPES_MAX);
    this.byParts = new RecentMap(PARTS_MAX);
    this.nextShapeId = 0;
    this.nextPartsId = 0;
  }

  /** Ids of shapes are below this. */
  get shapeIdCount(): number {
    return this.nextShapeId;
  }

  /** Shapes that are kept for pods to come; never more than twice SHAPES_MAX. */
  get keptShapeCount(): number {
    return this.byText.size;
  }

  of(pod: Pod): PodInfo {
    const { uid } = pod.metadata;
    const known = this.recent.get(uid);
    if (known !== undefined && known.pod === pod) return known;
    const info = new PodInfo(pod, this.shapeOf(pod, known), this.behaviour, known === undefined ? keyOf(pod) : known.key);
    this.recent.set(uid, info);
    return info;
  }

  /** The same for what is most likely a newer version of a pod that the caller knows. */
  newer(pod: Pod, before: PodInfo): PodInfo {
    const { pod: old, shape } = before;
    if (old === pod) return before;
    if (before.uid === '' || before.uid !== pod.metadata.uid || old.spec.containers !== pod.spec.containers) return this.of(pod);
    const isSame = isSameTemplate(old, shape, pod) && isSameMap(old.metadata.labels, pod.metadata.labels);
    return isSame ? new PodInfo(pod, shape, this.behaviour, before.key) : this.of(pod);
  }

  private shapeOf(pod: Pod, before: PodInfo | undefined): PodShape {
    const { spec, metadata } = pod;
    const { containers } = spec;
    // Most often a newer version of the same pod.
    if (
      before !== undefined &&
      before.pod.spec.containers === containers &&
      isSameTemplate(before.pod, before.shape, pod) &&
      isSameMap(before.pod.metadata.labels, metadata.labels)
    ) {
      return before.shape;
    }
    const entry = this.byTemplate.get(containers);
    if (entry !== undefined && isSameTemplate(entry.pod, entry.shape, pod)) {
      return isSameMap(entry.pod.metadata.labels, metadata.labels) ? entry.shape : this.siblingOf(entry.shape, pod);
    }
    const text = shapeText(pod);
    let shape = this.byText.get(text);
    if (shape === undefined) {
      const partsText = nodePartsText(pod);
      let partsId = this.byParts.get(partsText);
      if (partsId === undefined) {
        partsId = this.nextPartsId++;
        this.byParts.set(partsText, partsId);
      }
      shape = buildPodShape(pod, this.nextShapeId++, partsId, this.behaviour);
      this.byText.set(text, shape);
    }
    this.byTemplate.set(containers, { pod: { spec, metadata: { namespace: metadata.namespace, labels: metadata.labels } }, shape });
    return shape;
  }

  /** The shape of pods of the same template with labels of their own, as those of a StatefulSet have. */
  private siblingOf(first: PodShape, pod: Pod): PodShape {
    const text = `${first.id}${JSON.stringify(pod.metadata.labels)}`;
    let shape = this.byText.get(text);
    if (shape === undefined) {
      shape = relabelled(first, pod, this.nextShapeId++);
      this.byText.set(text, shape);
    }
    return shape;
  }
}

interface Template {
  readonly spec: Pod['spec'];
  readonly metadata: { readonly namespace: string; readonly labels: StringMap };
}

interface TemplateEntry {
  readonly pod: Template;
  readonly shape: PodShape;
}

/**
 * Whether the pod was stamped from the template of the entry, whatever its labels. Large parts are shared then; what admission and
 * controllers make anew for each pod is compared piece by piece.
 */
function isSameTemplate(known: Template, shape: PodShape, pod: Pod): boolean {
  const a = known.spec;
  const b = pod.spec;
  return (
    a.initContainers === b.initContainers &&
    a.affinity === b.affinity &&
    a.nodeSelector === b.nodeSelector &&
    a.topologySpreadConstraints === b.topologySpreadConstraints &&
    a.volumes === b.volumes &&
    a.overhead === b.overhead &&
    a.resources === b.resources &&
    shape.namespace === pod.metadata.namespace &&
    isSameOwner(shape.controller, controllerOf(pod)) &&
    isSameTolerations(a.tolerations, b.tolerations)
  );
}

function isSameOwner(a: OwnerReference | undefined, b: OwnerReference | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.name === b.name && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

function isSameMap(a: StringMap, b: StringMap): boolean {
  if (a === b) return true;
  let count = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function isSameTolerations(a: readonly Toleration[], b: readonly Toleration[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x !== y && (x.key !== y.key || x.operator !== y.operator || x.value !== y.value || x.effect !== y.effect)) return false;
  }
  return true;
}

/** Equal for pods of one shape. */
function shapeText(pod: Pod): string {
  const { spec, metadata } = pod;
  const owner = controllerOf(pod);
  return JSON.stringify([
    metadata.namespace,
    metadata.labels,
    owner === undefined ? 0 : [owner.apiVersion, owner.kind, owner.name],
    spec.containers.map(containerParts),
    spec.initContainers.map(containerParts),
    spec.overhead,
    spec.resources ?? 0,
    spec.nodeSelector ?? 0,
    spec.affinity ?? 0,
    spec.tolerations,
    spec.topologySpreadConstraints,
    spec.volumes.map((volume) => (volume.other === '' ? volume : volume.other)),
  ]);
}

/** Equal for pods that are alike to plugins that look at nothing but the pod's parts for nodes. */
function nodePartsText({ spec }: Pod): string {
  return JSON.stringify([
    spec.containers.map(containerParts),
    spec.initContainers.map(containerParts),
    spec.overhead,
    spec.resources ?? 0,
    spec.nodeSelector ?? 0,
    spec.affinity?.nodeAffinity ?? 0,
    spec.tolerations,
    spec.volumes.map((volume) => (volume.other === '' ? volume : volume.other)),
  ]);
}

function containerParts(container: Pod['spec']['containers'][number]): unknown {
  return [container.image, container.resources.requests, container.ports, container.restartPolicy ?? ''];
}
