/**
 * Kubelet admission: whether a node takes a pod that was bound to it.
 *
 * Models    kubernetes v1.34 pkg/kubelet/lifecycle/predicate.go and preemption/preemption.go
 * Differs   no sysctl, device, topology, operating-system or AppArmor checks; static pods are not modelled
 * Units     milli-CPU and bytes
 * Order     reasons as upstream tries them: cpu, memory, ephemeral storage and extended resources within the fit check after the
 *           pod count, then node affinity, node name and ports, then NoExecute taints; the first is reported
 * Cost      O(extended resources) per pod without affinity and host ports
 */
import type { Node } from '../objects/node.ts';
import type { Container, Pod } from '../objects/pod.ts';
import { podRequests, qosClassOf, type Resources, reduceResourceList } from '../objects/pod-requests.ts';
import { compileNodeSelector, labelsContain } from '../objects/selectors.ts';
import { findUntolerated } from '../objects/taints.ts';

/** What the pods a kubelet counts take together. */
export class NodeLoad {
  podCount: number;
  milliCpu: number;
  memoryBytes: number;
  ephemeralBytes: number;
  readonly scalars: Map<string, number>;

  constructor() {
    this.podCount = 0;
    this.milliCpu = 0;
    this.memoryBytes = 0;
    this.ephemeralBytes = 0;
    this.scalars = new Map();
  }

  add(requests: Resources): void {
    this.change(requests, 1);
  }

  remove(requests: Resources): void {
    this.change(requests, -1);
  }

  private change(requests: Resources, sign: number): void {
    this.podCount += sign;
    this.milliCpu += sign * requests.milliCpu;
    this.memoryBytes += sign * requests.memoryBytes;
    this.ephemeralBytes += sign * requests.ephemeralBytes;
    for (const [name, amount] of requests.scalars) this.scalars.set(name, (this.scalars.get(name) ?? 0) + sign * amount);
  }
}

/** A shortage: how much of which resource is missing. */
export interface Shortage {
  readonly resource: string;
  readonly missing: number;
}

export interface Refusal {
  /** `OutOfcpu`, `NodeAffinity`, ...: the pod's status.reason. */
  readonly reason: string;
  readonly message: string;
  /** Resources that are short, when that is the only reason; a critical pod may preempt for them. */
  readonly shortages: readonly Shortage[];
}

/** Why `node` with `load` already on it does not take `pod`, or undefined when it does. `portsInUse` are the host ports of its pods. */
export function checkAdmission(
  pod: Pod,
  requests: Resources,
  node: Node,
  allocatable: Resources,
  load: NodeLoad,
  portsInUse: () => readonly HostPort[],
): Refusal | undefined {
  const shortages = findShortages(requests, allocatable, load);
  const first = shortages[0];
  if (first !== undefined) {
    const message = `Pod was rejected: Node didn't have enough resource: ${first.resource}`;
    return { reason: `OutOf${first.resource}`, message, shortages };
  }
  if (!matchesNode(pod, node))
    return refusal('NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  if (pod.spec.nodeName !== '' && pod.spec.nodeName !== node.metadata.name) {
    return refusal('NodeName', "Predicate NodeName failed: node(s) didn't match the requested node name");
  }
  const ports = hostPortsOf(pod);
  if (ports.length > 0) {
    const taken = portsInUse();
    if (ports.some((port) => taken.some((other) => portsConflict(port, other)))) {
      return refusal('NodePorts', "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
    }
  }
  const taint = findUntolerated(node.spec.taints, pod.spec.tolerations, (effect) => effect === 'NoExecute');
  if (taint !== undefined)
    return refusal('TaintToleration', 'Predicate TaintToleration failed: node(s) had taints that the pod did not tolerate');
  return undefined;
}

function refusal(reason: string, message: string): Refusal {
  return { reason, message: `Pod was rejected: ${message}`, shortages: [] };
}

/** All shortages, in the order of the fit check. Extended resources the node does not know are ignored. */
export function findShortages(requests: Resources, allocatable: Resources, load: NodeLoad): Shortage[] {
  const found: Shortage[] = [];
  const check = (resource: string, used: number, wanted: number, total: number): void => {
    if (used + wanted > total) found.push({ resource, missing: used + wanted - total });
  };
  check('pods', load.podCount, 1, allocatable.pods);
  if (requests.milliCpu > 0) check('cpu', load.milliCpu, requests.milliCpu, allocatable.milliCpu);
  if (requests.memoryBytes > 0) check('memory', load.memoryBytes, requests.memoryBytes, allocatable.memoryBytes);
  // A node that says nothing of local storage does not limit it.
  if (requests.ephemeralBytes > 0 && allocatable.ephemeralBytes > 0) {
    check('ephemeral-storage', load.ephemeralBytes, requests.ephemeralBytes, allocatable.ephemeralBytes);
  }
  for (const [name, amount] of requests.scalars) {
    const total = allocatable.scalars.get(name);
    if (amount > 0 && total !== undefined) check(name, load.scalars.get(name) ?? 0, amount, total);
  }
  return found;
}

/** Whether the node has what the pod's node selector and required node affinity ask for. */
export function matchesNode(pod: Pod, node: Node): boolean {
  const { nodeSelector, affinity } = pod.spec;
  if (nodeSelector !== undefined && !labelsContain(node.metadata.labels, nodeSelector)) return false;
  const required = affinity?.nodeAffinity?.required;
  return required === undefined || compileNodeSelector(required).matches(node.metadata.labels, node.metadata.name);
}

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** The host ports of the pod's containers and sidecars. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const found: HostPort[] = [];
  for (const container of pod.spec.containers) addHostPorts(container, found);
  for (const container of pod.spec.initContainers) if (container.restartPolicy === 'Always') addHostPorts(container, found);
  return found;
}

function addHostPorts(container: Container, found: HostPort[]): void {
  for (const { hostPort, protocol, hostIP } of container.ports) {
    if (hostPort > 0) found.push({ protocol: protocol || 'TCP', ip: hostIP || ANY_IP, port: hostPort });
  }
}

const ANY_IP = '0.0.0.0';

function portsConflict(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY_IP || b.ip === ANY_IP);
}

/** Allocatable in the units of the fit check. */
export function allocatableResources(node: Node): Resources {
  return reduceResourceList(node.status.allocatable);
}

// Preemption for critical pods -----------------------------------------------------------------------

/** scheduling.SystemCriticalPriority, v1.34. */
const CRITICAL_PRIORITY = 2_000_000_000;

export function isCriticalPod(pod: Pod): boolean {
  return (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY;
}

/**
 * The pods a critical pod may push off a node so that `shortages` are met, fewest and cheapest first by upstream's rules; undefined when
 * even all of them would not do. `pods` are the running candidates in a fixed order.
 */
export function planPreemption(preemptor: Pod, shortages: readonly Shortage[], pods: readonly Pod[]): Pod[] | undefined {
  const priority = preemptor.spec.priority ?? 0;
  const candidates = pods.filter((pod) => !isCriticalPod(pod) || (pod.spec.priority ?? 0) < priority);
  const byQos = (qos: string): Pod[] => candidates.filter((pod) => qosClassOf(pod.spec) === qos);
  const bestEffort = byQos('BestEffort');
  const burstable = byQos('Burstable');
  const guaranteed = byQos('Guaranteed');
  const needed = new Map(shortages.map((shortage) => [shortage.resource, shortage.missing] as const));
  if (subtracted(needed, candidates).size > 0) return undefined;
  // Guaranteed victims only for what all others together do not free, and so on down the classes.
  const fromGuaranteed = pickNearest(guaranteed, subtracted(needed, [...bestEffort, ...burstable]));
  const fromBurstable = pickNearest(burstable, subtracted(needed, [...bestEffort, ...fromGuaranteed]));
  const fromBestEffort = pickNearest(bestEffort, subtracted(needed, [...fromBurstable, ...fromGuaranteed]));
  return [...fromBestEffort, ...fromBurstable, ...fromGuaranteed];
}

/** What is still needed after taking away what `pods` hold. */
function subtracted(needed: ReadonlyMap<string, number>, pods: readonly Pod[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const [resource, amount] of needed) {
    let rest = amount;
    for (const pod of pods) rest -= amountOf(pod, resource);
    if (rest > 0) left.set(resource, rest);
  }
  return left;
}

/** Repeatedly the pod nearest to what is needed, the smaller on a tie, until nothing is. */
function pickNearest(pods: readonly Pod[], needed: Map<string, number>): Pod[] {
  const rest = [...pods];
  const picked: Pod[] = [];
  let open = needed;
  while (open.size > 0 && rest.length > 0) {
    let bestIndex = 0;
    for (let i = 1; i < rest.length; i++) if (isNearer(rest[i]!, rest[bestIndex]!, open)) bestIndex = i;
    const best = rest[bestIndex]!;
    rest.splice(bestIndex, 1);
    picked.push(best);
    open = subtracted(open, [best]);
  }
  return picked;
}

function isNearer(a: Pod, b: Pod, needed: ReadonlyMap<string, number>): boolean {
  const difference = distance(a, needed) - distance(b, needed);
  if (difference !== 0) return difference < 0;
  const memory = amountOf(a, 'memory') - amountOf(b, 'memory');
  return memory !== 0 ? memory < 0 : amountOf(a, 'cpu') < amountOf(b, 'cpu');
}

/** Sum of squares of the share of each need the pod would leave open. */
function distance(pod: Pod, needed: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [resource, amount] of needed) {
    const open = Math.max(0, amount - amountOf(pod, resource)) / amount;
    sum += open * open;
  }
  return sum;
}

function amountOf(pod: Pod, resource: string): number {
  const requests = podRequests(pod);
  switch (resource) {
    case 'pods':
      return 1;
    case 'cpu':
      return requests.milliCpu;
    case 'memory':
      return requests.memoryBytes;
    case 'ephemeral-storage':
      return requests.ephemeralBytes;
    default:
      return requests.scalars.get(resource) ?? 0;
  }
}
