/**
 * Node templates: what each kubelet of a world registers, from the scenario's machines and manifests.
 *
 * What a manifest says of labels, taints, capacity and allocatable wins over the machine kind. A node without a manifest
 * gets the labels of its place; one with a manifest only `kubernetes.io/hostname`, as its kubelet would set it, because
 * zone labels that a real cluster lacks would change how its pods are spread.
 */
import { allocatableOf } from '../datacenter/machine-kinds.ts';
import type { Topology } from '../datacenter/topology.ts';
import { newMeta, withEntries } from '../objects/meta.ts';
import { LABEL_HOSTNAME, type Node } from '../objects/node.ts';
import type { MachineSpec, NodeSpec } from './scenario.ts';

/** The Node object of `spec`, without conditions: those are the kubelet's. */
export function nodeTemplate(spec: NodeSpec, machine: MachineSpec | undefined, topology: Topology): Node {
  const { manifest } = spec;
  const capacity = manifest !== undefined && hasEntries(manifest.status.capacity) ? manifest.status.capacity : (machine?.capacity ?? {});
  const allocatable =
    manifest !== undefined && hasEntries(manifest.status.allocatable)
      ? manifest.status.allocatable
      : allocatableOf(capacity, manifest === undefined ? (machine?.reserved ?? {}) : {});
  const placeLabels = manifest === undefined ? topology.nodeLabels(topology.nodeVertex(spec.name)) : { [LABEL_HOSTNAME]: spec.name };
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: newMeta({
      name: spec.name,
      labels: withEntries(placeLabels, spec.labels, manifest?.metadata.labels),
      annotations: manifest?.metadata.annotations ?? {},
    }),
    spec: {
      unschedulable: manifest?.spec.unschedulable ?? false,
      taints: [...spec.taints, ...(manifest?.spec.taints ?? [])],
      providerID: manifest?.spec.providerID ?? '',
    },
    status: {
      capacity,
      allocatable,
      conditions: [],
      images: manifest?.status.images ?? [],
      volumesAttached: manifest?.status.volumesAttached ?? [],
    },
  };
}

function hasEntries(record: Readonly<Record<string, string>>): boolean {
  return Object.keys(record).length > 0;
}
