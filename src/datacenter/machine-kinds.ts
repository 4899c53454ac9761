/**
 * MachineKind: what a machine has, what it keeps for itself, what it costs and draws.
 *
 * Models    allocatable = capacity - reserved, where reserved is kube-reserved + system-reserved + the hard eviction threshold
 *           (kubernetes v1.34 pkg/kubelet/cm/node_container_manager_linux.go: memory and ephemeral storage have a threshold, cpu has none)
 * Units     quantities as Kubernetes writes them; US dollars per hour; watts
 * Sources   sizes and on-demand list prices: AWS EC2, us-east-1, Linux, and Google Compute Engine, us-central1, as published in 2024.
 *           watts: Cloud Carbon Footprint's mean coefficients of AWS and GCP, 0.74 and 0.71 W idle, 3.5 and 4.26 W busy per vCPU.
 *           reserved amounts of the built-in kinds: the formula Google publishes for its clusters
 *           (cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes), which other providers follow closely
 */
import type { ResourceList } from '../objects/meta.ts';
import { bytesQuantity, milliQuantity, quantityMilli, quantityValue } from '../objects/quantity.ts';

export interface MachineKind {
  readonly name: string;
  readonly capacity: ResourceList;
  readonly reserved: ResourceList;
  /** 0 when not known. */
  readonly pricePerHour: number;
  readonly idleWatts: number;
  readonly busyWatts: number;
}

const MEBIBYTE = 1_048_576;
const GIBIBYTE = 1_073_741_824;

/** Pods a node runs at most unless configured otherwise: kubelet --max-pods, v1.34. */
const MAX_PODS_DEFAULT = 110;
/** Memory below which a kubelet evicts, and which is therefore not handed out: memory.available<100Mi. */
const EVICTION_HARD_MEMORY = '100Mi';

/** What a kubelet without any reservations keeps back. */
export const DEFAULT_RESERVED: ResourceList = Object.freeze({ memory: EVICTION_HARD_MEMORY });

/** A kind with the given sizes and the kubelet's defaults for everything else. */
export function machineKind(name: string, capacity: ResourceList, rest: Partial<Omit<MachineKind, 'name' | 'capacity'>> = {}): MachineKind {
  return {
    name,
    capacity: capacity['pods'] === undefined ? { ...capacity, pods: String(MAX_PODS_DEFAULT) } : capacity,
    reserved: rest.reserved ?? DEFAULT_RESERVED,
    pricePerHour: rest.pricePerHour ?? 0,
    idleWatts: rest.idleWatts ?? 0,
    busyWatts: rest.busyWatts ?? 0,
  };
}

/** What is left for pods; an amount reserved in full or beyond leaves `0`. */
export function allocatableOf(capacity: ResourceList, reserved: ResourceList): ResourceList {
  const result: Record<string, string> = {};
  for (const name of Object.keys(capacity)) {
    const total = capacity[name]!;
    const kept = reserved[name];
    result[name] = kept === undefined ? total : subtract(name, total, kept);
  }
  return result;
}

function subtract(name: string, total: string, kept: string): string {
  if (name === 'cpu') return milliQuantity(Math.max(0, quantityMilli(total) - quantityMilli(kept)));
  const left = Math.max(0, quantityValue(total) - quantityValue(kept));
  return name === 'pods' ? String(left) : bytesQuantity(left);
}

/** kube-reserved of a cloud node, plus the eviction threshold, for `vcpus` and `memoryBytes` of capacity. */
export function cloudReserved(vcpus: number, memoryBytes: number): ResourceList {
  // 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest; in milli-CPU.
  const cpuMilli = 60 * atMost(vcpus, 1) + 10 * atMost(vcpus - 1, 1) + 5 * atMost(vcpus - 2, 2) + 2.5 * Math.max(0, vcpus - 4);
  const gib = memoryBytes / GIBIBYTE;
  // 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of the rest; 255 MiB below 1 GiB.
  const reservedGib =
    0.25 * atMost(gib, 4) +
    0.2 * atMost(gib - 4, 4) +
    0.1 * atMost(gib - 8, 8) +
    0.06 * atMost(gib - 16, 112) +
    0.02 * Math.max(0, gib - 128);
  const memoryMib = gib < 1 ? 255 : Math.ceil(reservedGib * 1024);
  return { cpu: milliQuantity(Math.ceil(cpuMilli)), memory: bytesQuantity((memoryMib + 100) * MEBIBYTE) };
}

function atMost(amount: number, limit: number): number {
  return Math.max(0, Math.min(amount, limit));
}

const AWS_WATTS = { idle: 0.74, busy: 3.5 };
const GCP_WATTS = { idle: 0.71, busy: 4.26 };

function cloudKind(
  name: string,
  vcpus: number,
  memoryGib: number,
  pricePerHour: number,
  watts: { readonly idle: number; readonly busy: number },
  extra: ResourceList = {},
): MachineKind {
  const capacity = { cpu: String(vcpus), memory: `${memoryGib}Gi`, pods: String(MAX_PODS_DEFAULT), ...extra };
  const reserved = cloudReserved(vcpus, memoryGib * GIBIBYTE);
  return { name, capacity, reserved, pricePerHour, idleWatts: round(vcpus * watts.idle), busyWatts: round(vcpus * watts.busy) };
}

function round(watts: number): number {
  return Math.round(watts * 100) / 100;
}

/** Kinds a scenario may name without describing them, in the order lists show them. */
export const MACHINE_KINDS: readonly MachineKind[] = [
  cloudKind('m5.large', 2, 8, 0.096, AWS_WATTS),
  cloudKind('m5.xlarge', 4, 16, 0.192, AWS_WATTS),
  cloudKind('m5.2xlarge', 8, 32, 0.384, AWS_WATTS),
  cloudKind('m5.4xlarge', 16, 64, 0.768, AWS_WATTS),
  cloudKind('m5.8xlarge', 32, 128, 1.536, AWS_WATTS),
  cloudKind('m5.24xlarge', 96, 384, 4.608, AWS_WATTS),
  cloudKind('c5.2xlarge', 8, 16, 0.34, AWS_WATTS),
  cloudKind('c5.4xlarge', 16, 32, 0.68, AWS_WATTS),
  cloudKind('c5.9xlarge', 36, 72, 1.53, AWS_WATTS),
  cloudKind('r5.xlarge', 4, 32, 0.252, AWS_WATTS),
  cloudKind('r5.4xlarge', 16, 128, 1.008, AWS_WATTS),
  cloudKind('p3.2xlarge', 8, 61, 3.06, AWS_WATTS, { 'nvidia.com/gpu': '1' }),
  cloudKind('p3.16xlarge', 64, 488, 24.48, AWS_WATTS, { 'nvidia.com/gpu': '8' }),
  cloudKind('e2-standard-4', 4, 16, 0.134, GCP_WATTS),
  cloudKind('e2-standard-8', 8, 32, 0.268, GCP_WATTS),
  cloudKind('n2-standard-4', 4, 16, 0.1942, GCP_WATTS),
  cloudKind('n2-standard-16', 16, 64, 0.7769, GCP_WATTS),
  cloudKind('n2-standard-32', 32, 128, 1.5539, GCP_WATTS),
];
