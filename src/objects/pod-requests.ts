/**
 * Pod requests: what a pod takes from a node, in the scheduler's own units.
 *
 * Models    kubernetes v1.34 component-helpers/resource/helpers.go, scheduler framework.Resource
 * Units     cpu in milli, memory and ephemeral storage in bytes, everything else in whole units; all rounded up
 *           after the exact sum, as upstream sums quantities and rounds once
 * Cost      one WeakMap look-up when the pod's template was seen before (pods share their containers with the
 *           template they were stamped from); about 1 us for a new one
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { ResourceList } from './meta.ts';
import { isScalarResource } from './names.ts';
import type { Container, ContainerStatus, Pod, PodCondition, PodSpec, QosClass, ResourceRequirements } from './pod.ts';
import { quantityMilli, quantityNanos, quantityValue } from './quantity.ts';

/** Amounts the scheduler accounts for. */
export interface Resources {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  /** The resource called `pods`: what a node allows; 0 for pods. */
  readonly pods: number;
  /** Extended resources, huge pages and the like, in name order; explicit zeros are kept. */
  readonly scalars: ReadonlyMap<string, number>;
}

/** Requests with the least a pod is taken to use for scoring. */
export interface NonZeroRequests {
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

/** Resource name to 10^9 times the amount, exact. */
export type ExactResources = Map<string, bigint>;

// 100m and 200 MiB: schedutil.DefaultMilliCPURequest and DefaultMemoryRequest, v1.34.
export const DEFAULT_NONZERO_MILLI_CPU = 100;
export const DEFAULT_NONZERO_MEMORY_BYTES = 209_715_200;

const NANO = 1_000_000_000n;
const MICRO_PER_MILLI = 1_000_000n;
const NO_SCALARS: ReadonlyMap<string, number> = new Map();
export const NO_RESOURCES: Resources = { milliCpu: 0, memoryBytes: 0, ephemeralBytes: 0, pods: 0, scalars: NO_SCALARS };

/** The parts of a pod that requests depend on; without `status` nothing is running yet. */
export interface RequestingPod {
  readonly spec: Pick<PodSpec, 'containers' | 'initContainers' | 'overhead' | 'resources'>;
  readonly status?: Pod['status'];
}

export interface RequestOptions {
  /** Count what the runtime reports for running containers (in-place resize): true for accounting on nodes, false for an incoming pod. */
  readonly useStatus?: boolean;
  /** Amounts assumed for resources a container does not mention; an explicit zero is a mention. */
  readonly fill?: ReadonlyMap<string, bigint>;
  /** Honour `spec.resources` of the pod. Default true. */
  readonly podLevel?: boolean;
}

/** What the pod asks for, with init containers, sidecars, overhead and pod-level resources. */
export function podRequests(pod: Pod, useStatus = false): Resources {
  if (useStatus && reportsResources(pod)) return reduceExact(exactPodRequests(pod, { useStatus }));
  return templateOf(pod.spec).requests;
}

/** The same with 100m CPU and 200 MiB for containers that name neither: what LeastAllocated and its kin count. */
export function podNonZeroRequests(pod: Pod, useStatus = false): NonZeroRequests {
  if (useStatus && reportsResources(pod)) return computeNonZero(pod, true);
  return templateOf(pod.spec).nonZero;
}

/** A resource list in scheduler units: capacities and allocatable amounts of nodes. */
export function reduceResourceList(list: ResourceList): Resources {
  let milliCpu = 0;
  let memoryBytes = 0;
  let ephemeralBytes = 0;
  let pods = 0;
  const scalars: [string, number][] = [];
  for (const name of Object.keys(list)) {
    const text = list[name]!;
    if (name === 'cpu') milliCpu = quantityMilli(text);
    else if (name === 'memory') memoryBytes = quantityValue(text);
    else if (name === 'ephemeral-storage') ephemeralBytes = quantityValue(text);
    else if (name === 'pods') pods = quantityValue(text);
    else if (isScalarResource(name)) scalars.push([name, quantityValue(text)]);
  }
  return { milliCpu, memoryBytes, ephemeralBytes, pods, scalars: inNameOrder(scalars) };
}

/** Guaranteed, Burstable or BestEffort, from cpu and memory of all containers or of the pod as a whole. */
export function qosClassOf(spec: PodSpec): QosClass {
  const parts = isPodLevel(spec.resources) ? [spec.resources] : [...spec.containers, ...spec.initContainers].map(resourcesOf);
  let asksForAny = false;
  let limitsAll = true;
  let sameTexts = true;
  for (const { requests, limits } of parts) {
    for (const name of COMPUTE_RESOURCES) {
      const isLimited = isPositive(limits[name]);
      asksForAny ||= isLimited || isPositive(requests[name]);
      limitsAll &&= isLimited;
      sameTexts &&= requests[name] === limits[name];
    }
  }
  if (!asksForAny) return 'BestEffort';
  if (!limitsAll) return 'Burstable';
  return sameTexts || sumsAreEqual(parts) ? 'Guaranteed' : 'Burstable';
}

const COMPUTE_RESOURCES = ['cpu', 'memory'] as const;

/** Requests and limits written differently, or spread differently over the containers, may still be the same in sum. */
function sumsAreEqual(parts: readonly ResourceRequirements[]): boolean {
  return COMPUTE_RESOURCES.every((name) => {
    let difference = 0n;
    for (const { requests, limits } of parts) difference += quantityNanos(requests[name] ?? '0') - quantityNanos(limits[name] ?? '0');
    return difference === 0n;
  });
}

function resourcesOf(container: Container): ResourceRequirements {
  return container.resources;
}

function isPositive(text: string | undefined): boolean {
  if (text === undefined) return false;
  const first = text.charCodeAt(0);
  return (first >= 49 && first <= 57) || quantityNanos(text) > 0n;
}

/** The exact effective requests, resource by resource; missing means not asked for. */
export function exactPodRequests(pod: RequestingPod, options: RequestOptions = {}): ExactResources {
  const { spec } = pod;
  const useStatus = options.useStatus ?? false;
  const total: ExactResources = new Map();
  const sidecars: ExactResources = new Map();
  const initPeak: ExactResources = new Map();
  for (const container of spec.containers) {
    addTo(
      total,
      containerRequests(pod, container, useStatus ? statusOf(pod.status?.containerStatuses, container) : undefined, options.fill),
    );
  }
  for (const container of spec.initContainers) {
    if (container.restartPolicy === 'Always') {
      const status = useStatus ? statusOf(pod.status?.initContainerStatuses, container) : undefined;
      const own = containerRequests(pod, container, status, options.fill);
      addTo(total, own);
      addTo(sidecars, own);
      raiseTo(initPeak, sidecars);
    } else {
      // The sidecars started before this one run beside it.
      const beside = containerRequests(pod, container, undefined, options.fill);
      addTo(beside, sidecars);
      raiseTo(initPeak, beside);
    }
  }
  raiseTo(total, initPeak);
  if (options.podLevel ?? true) {
    const podLevel = spec.resources?.requests;
    if (podLevel !== undefined) {
      for (const name of Object.keys(podLevel)) if (isPodLevelResource(name)) total.set(name, quantityNanos(podLevel[name]!));
    }
  }
  addTo(total, exactList(spec.overhead));
  return total;
}

export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** A resource list with exact amounts. */
export function exactList(list: ResourceList): ExactResources {
  const result: ExactResources = new Map();
  for (const name of Object.keys(list)) result.set(name, quantityNanos(list[name]!));
  return result;
}

export function reduceExact(exact: ExactResources): Resources {
  let milliCpu = 0;
  let memoryBytes = 0;
  let ephemeralBytes = 0;
  let pods = 0;
  const scalars: [string, number][] = [];
  for (const [name, nanos] of exact) {
    if (name === 'cpu') milliCpu = ceilTo(nanos, MICRO_PER_MILLI);
    else if (name === 'memory') memoryBytes = ceilTo(nanos, NANO);
    else if (name === 'ephemeral-storage') ephemeralBytes = ceilTo(nanos, NANO);
    else if (name === 'pods') pods = ceilTo(nanos, NANO);
    else if (isScalarResource(name)) scalars.push([name, ceilTo(nanos, NANO)]);
  }
  return { milliCpu, memoryBytes, ephemeralBytes, pods, scalars: inNameOrder(scalars) };
}

// Templates -----------------------------------------------------------------------------------------

interface TemplateRequests {
  readonly initContainers: readonly Container[];
  readonly overhead: ResourceList;
  readonly podResources: ResourceRequirements | undefined;
  readonly requests: Resources;
  readonly nonZero: NonZeroRequests;
}

/**
 * Results by the identity of a pod's container list. Objects are immutable, so an entry can never go stale:
 * the cache changes how long an answer takes, never the answer.
 */
const templates = new WeakMap<readonly Container[], TemplateRequests>();

function templateOf(spec: PodSpec): TemplateRequests {
  const known = templates.get(spec.containers);
  if (
    known !== undefined &&
    known.initContainers === spec.initContainers &&
    known.overhead === spec.overhead &&
    known.podResources === spec.resources
  ) {
    return known;
  }
  const computed = computeTemplate(spec);
  templates.set(spec.containers, computed);
  return computed;
}

function computeTemplate(spec: PodSpec): TemplateRequests {
  const { initContainers, overhead, resources: podResources, containers } = spec;
  const only = containers[0];
  if (containers.length === 1 && only !== undefined && initContainers.length === 0 && podResources === undefined && isEmpty(overhead)) {
    // One container: nothing is added up, so rounding each amount is exact.
    const list = only.resources.requests;
    const requests = reduceResourceList(list);
    const nonZero = {
      milliCpu: list['cpu'] === undefined ? DEFAULT_NONZERO_MILLI_CPU : requests.milliCpu,
      memoryBytes: list['memory'] === undefined ? DEFAULT_NONZERO_MEMORY_BYTES : requests.memoryBytes,
    };
    return { initContainers, overhead, podResources, requests, nonZero };
  }
  return {
    initContainers,
    overhead,
    podResources,
    requests: reduceExact(exactPodRequests({ spec })),
    nonZero: computeNonZero({ spec }, false),
  };
}

function computeNonZero(pod: RequestingPod, useStatus: boolean): NonZeroRequests {
  const fill = new Map([
    ['cpu', BigInt(DEFAULT_NONZERO_MILLI_CPU) * MICRO_PER_MILLI],
    ['memory', BigInt(DEFAULT_NONZERO_MEMORY_BYTES) * NANO],
  ]);
  if (isPodLevel(pod.spec.resources) && !isEmpty(pod.spec.resources.requests)) {
    // What the pod as a whole asks for is not filled in container by container.
    const plain = exactPodRequests(pod, { useStatus });
    for (const name of ['cpu', 'memory']) if (plain.has(name)) fill.delete(name);
  }
  const exact = exactPodRequests(pod, { useStatus, fill });
  return { milliCpu: ceilTo(exact.get('cpu') ?? 0n, MICRO_PER_MILLI), memoryBytes: ceilTo(exact.get('memory') ?? 0n, NANO) };
}

function reportsResources(pod: Pod): boolean {
  return pod.status.containerStatuses.some(hasResources) || pod.status.initContainerStatuses.some(hasResources);
}

function isInfeasibleResize(condition: PodCondition): boolean {
  return condition.type === 'PodResizePending' && condition.reason === 'Infeasible';
}

function hasResources(status: ContainerStatus): boolean {
  return status.resources !== undefined;
}

function statusOf(statuses: readonly ContainerStatus[] | undefined, container: Container): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === container.name);
}

function containerRequests(
  pod: RequestingPod,
  container: Container,
  status: ContainerStatus | undefined,
  fill: ReadonlyMap<string, bigint> | undefined,
): ExactResources {
  let own = exactList(container.resources.requests);
  if (status?.resources !== undefined) {
    // A resize that can never be granted does not count; any other counts at the larger of wanted and given.
    if (pod.status?.conditions.some(isInfeasibleResize)) own = new Map();
    raiseTo(own, exactList(status.resources.requests));
    raiseTo(own, exactList(status.allocatedResources ?? {}));
  }
  if (fill !== undefined) for (const [name, amount] of fill) if (!own.has(name)) own.set(name, amount);
  return own;
}

function isPodLevel(resources: ResourceRequirements | undefined): resources is ResourceRequirements {
  if (resources === undefined) return false;
  return Object.keys(resources.requests).some(isPodLevelResource) || Object.keys(resources.limits).some(isPodLevelResource);
}

function addTo(target: ExactResources, amounts: ExactResources): void {
  for (const [name, amount] of amounts) target.set(name, (target.get(name) ?? 0n) + amount);
}

function raiseTo(target: ExactResources, amounts: ExactResources): void {
  for (const [name, amount] of amounts) {
    const present = target.get(name);
    if (present === undefined || amount > present) target.set(name, amount);
  }
}

function ceilTo(nanos: bigint, unit: bigint): number {
  const whole = nanos / unit;
  return Number(nanos > 0n && whole * unit !== nanos ? whole + 1n : whole);
}

function inNameOrder(entries: [string, number][]): ReadonlyMap<string, number> {
  return entries.length === 0 ? NO_SCALARS : new Map(entries.sort((a, b) => compareCodeUnits(a[0], b[0])));
}

function isEmpty(list: ResourceList): boolean {
  for (const _ in list) return false;
  return true;
}
