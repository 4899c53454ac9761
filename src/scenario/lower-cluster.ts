/**
 * From the written cluster (regions, zones, node groups, Node manifests, trace machines) to the flat list of machines.
 *
 * Names     racks are `<zone>-<n>`, power feeds `<zone>-<n>`, nodes `<zone>-<rack>-<n>`, all counted from 1
 */
import { InputError } from '../base/input-error.ts';
import { DEFAULT_RESERVED } from '../datacenter/machine-kinds.ts';
import { DEFAULT_REGION, Topology, type VertexId } from '../datacenter/topology.ts';
import { pathSegments } from '../objects/document-path.ts';
import type { ResourceList, StringMap } from '../objects/meta.ts';
import { LABEL_INSTANCE_TYPE, LABEL_POWER, LABEL_RACK, LABEL_REGION, LABEL_ZONE, type Node, type Taint } from '../objects/node.ts';
import { splitTraceKeys } from './lower-workload.ts';
import type { Lowering } from './lowering.ts';
import type { ClusterSpec, MachineSpec, ManifestEntry, NodeSpec, WorkloadSpec } from './scenario.ts';
import type { ClusterDocument } from './schema.ts';
import { readTraceMachines } from './trace-source.ts';
import type { DocumentPath } from './yaml-source.ts';

type ZoneDocument = NonNullable<ClusterDocument['zones']>[number];
type TaintDocument = NonNullable<ZoneDocument['taints']>[number];

interface Place {
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly power: string | undefined;
  readonly rack: string | undefined;
}

const CLUSTER_PATH: DocumentPath = ['spec', 'cluster'];
const NO_LABELS: StringMap = Object.freeze({});

/**
 * `nodeManifests` are the Node objects found in other documents and files; the machines of traces in the `workload` join, too.
 * Also gives the topology, for checking targets.
 */
export function lowerCluster(
  lowering: Lowering,
  cluster: ClusterDocument,
  nodeManifests: readonly ManifestEntry[],
  workload: readonly WorkloadSpec[],
): { spec: ClusterSpec; topology: Topology } {
  const builder = new ClusterBuilder(lowering, cluster);
  cluster.regions?.forEach((region, index) => {
    builder.addRegion(region.name, region.zones, [...CLUSTER_PATH, 'regions', index]);
  });
  if (cluster.zones !== undefined) builder.addRegion(DEFAULT_REGION, cluster.zones, CLUSTER_PATH);
  cluster.nodes?.forEach((group, index) => {
    builder.addGroup(group, [...CLUSTER_PATH, 'nodes', index]);
  });
  const entries = [...nodeManifests];
  cluster.manifests?.forEach((manifest, index) => {
    entries.push(...lowering.manifests.read(lowering, manifest, [...CLUSTER_PATH, 'manifests', index]));
  });
  for (const entry of entries) builder.addManifest(entry);
  if (cluster.trace !== undefined) {
    const path = [...CLUSTER_PATH, 'trace'];
    const { format, skipBadRows, maxNodes, ...rest } = cluster.trace;
    const info = lowering.words.traceFormats.find((known) => known.name === format)!;
    const { files, options } = splitTraceKeys(lowering, info, rest, path, info.nodesRole === undefined ? [] : [info.nodesRole]);
    if (info.nodesRole === undefined) lowering.report([...path, 'format'], `${format} traces have no machines`);
    const nodes = lowering.attempt(path, () => readTraceMachines({ format, files, options, skipBadRows }, lowering.files)) ?? [];
    for (const node of nodes.slice(0, maxNodes)) builder.addTraceNode(node, path);
  }
  for (const trace of workload) {
    // Missing files have been reported.
    if (trace.kind !== 'trace' || lowering.problems.length > 0) continue;
    const nodes = lowering.attempt(pathSegments(trace.position.path), () => readTraceMachines(trace, lowering.files)) ?? [];
    for (const node of nodes) builder.addTraceNode(node, pathSegments(trace.position.path));
  }
  return builder.finish();
}

class ClusterBuilder {
  private readonly lowering: Lowering;
  private readonly cluster: ClusterDocument;
  private readonly topology: Topology;
  private readonly nodes: NodeSpec[];
  private readonly machines: Map<string, MachineSpec>;
  private readonly zoneNames: Set<string>;

  constructor(lowering: Lowering, cluster: ClusterDocument) {
    this.lowering = lowering;
    this.cluster = cluster;
    this.topology = new Topology();
    this.nodes = [];
    this.machines = new Map();
    this.zoneNames = new Set();
  }

  addRegion(name: string, zones: readonly ZoneDocument[], path: DocumentPath): void {
    for (const [index, zone] of zones.entries()) this.addZone(name, zone, [...path, 'zones', index]);
  }

  private addZone(region: string, zone: ZoneDocument, path: DocumentPath): void {
    if (this.zoneNames.has(zone.name)) {
      this.lowering.report([...path, 'name'], `zone "${zone.name}" exists twice, zone names must be unique over all regions`);
      return;
    }
    this.zoneNames.add(zone.name);
    const racks = this.racksOf(zone, path);
    if (zone.powerFeeds > Math.max(1, racks.length)) {
      this.lowering.report(
        [...path, 'powerFeeds'],
        `${zone.powerFeeds} power feeds for ${racks.length} racks: a feed needs at least one rack`,
      );
    }
    for (const [index, rack] of racks.entries()) {
      // Contiguous blocks of racks share a feed.
      const feed = Math.floor((index * zone.powerFeeds) / racks.length) + 1;
      const place: Place = { region, zone: zone.name, power: `${zone.name}-${feed}`, rack: `${zone.name}-${index + 1}` };
      for (let node = 1; node <= rack.nodes; node++) {
        this.add(`${zone.name}-${index + 1}-${node}`, place, rack.machine, zone.labels ?? NO_LABELS, taintsOf(zone.taints), path);
      }
    }
  }

  /** One entry per rack; problems leave racks out. */
  private racksOf(zone: ZoneDocument, path: DocumentPath): { nodes: number; machine: string }[] {
    const { racks } = zone;
    if (typeof racks === 'number') {
      if (zone.nodesPerRack === undefined) this.lowering.report(path, `zone "${zone.name}" needs "nodesPerRack"`);
      const machine = this.machineOf(zone.machine, `zone "${zone.name}"`, [...path, 'machine']);
      return Array.from({ length: racks }, () => ({ nodes: zone.nodesPerRack ?? 0, machine }));
    }
    if (zone.nodesPerRack !== undefined)
      this.lowering.report([...path, 'nodesPerRack'], 'a list of racks says itself how many nodes each has: leave "nodesPerRack" out');
    return racks.flatMap((rack, index) => {
      const at = [...path, 'racks', index];
      const machine = this.machineOf(rack.machine ?? zone.machine, `rack ${index + 1} of zone "${zone.name}"`, [...at, 'machine']);
      return Array.from({ length: rack.count }, () => ({ nodes: rack.nodes, machine }));
    });
  }

  addGroup(group: NonNullable<ClusterDocument['nodes']>[number], path: DocumentPath): void {
    const machine = this.machineOf(group.machine, `node "${group.name}"`, [...path, 'machine']);
    const place: Place = { region: group.region, zone: group.zone, power: group.power, rack: group.rack };
    const names = group.count === undefined ? [group.name] : Array.from({ length: group.count }, (_, i) => `${group.name}-${i + 1}`);
    for (const name of names) this.add(name, place, machine, group.labels ?? NO_LABELS, taintsOf(group.taints), path);
  }

  addManifest(entry: ManifestEntry): void {
    const { object, position } = entry;
    if (object.kind !== 'Node') {
      this.lowering.problems.push({
        ...position,
        path: position.path,
        message: `expected only Node objects here, found ${object.kind} "${object.metadata.name}"`,
      });
      return;
    }
    const node = object as Node;
    const { name } = node.metadata;
    if (this.topology.find(`node/${name}`) !== -1) {
      this.lowering.problems.push({ ...position, message: `node "${name}" exists twice` });
      return;
    }
    this.addObject(node, (message) => this.lowering.problems.push({ ...position, message }));
  }

  /** A Node object's capacity stands, but its instance type may be a known machine with a price and a power draw. */
  private addObject(node: Node, report: (message: string) => void): void {
    const { name, labels } = node.metadata;
    const instanceType = labels[LABEL_INSTANCE_TYPE];
    const known = instanceType === undefined ? undefined : this.knownMachine(instanceType);
    if (known !== undefined) this.machines.set(known.name, known);
    const place: Place = { region: labels[LABEL_REGION], zone: labels[LABEL_ZONE], power: labels[LABEL_POWER], rack: labels[LABEL_RACK] };
    this.place(name, place, instanceType ?? '', known?.name ?? '', NO_LABELS, [], node, report);
  }

  addTraceNode(node: Node, path: DocumentPath): void {
    const { name } = node.metadata;
    if (this.topology.find(`node/${name}`) !== -1) this.lowering.report(path, `node "${name}" exists twice`);
    else this.addObject(node, (message) => this.lowering.report(path, message));
  }

  private add(name: string, place: Place, machine: string, labels: StringMap, taints: readonly Taint[], path: DocumentPath): void {
    if (this.topology.find(`node/${name}`) !== -1) this.lowering.report(path, `node "${name}" exists twice`);
    else this.place(name, place, machine, machine, labels, taints, undefined, (message) => this.lowering.report(path, message));
  }

  /** Puts a machine into the tree, or reports why it cannot stand there. */
  private place(
    name: string,
    place: Place,
    kind: string,
    machine: string,
    labels: StringMap,
    taints: readonly Taint[],
    manifest: Node | undefined,
    report: (message: string) => void,
  ): void {
    const written = Object.fromEntries(Object.entries(this.complete(place)).filter(([, value]) => value !== undefined));
    try {
      const vertex = this.topology.addNode({ name, machine: kind, ...written });
      this.finishNode(name, vertex, machine, labels, taints, manifest);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) report(`node "${name}": ${problem.message}`);
    }
  }

  /** A known rack, feed or zone says where it stands, so that the levels above it need not be written. */
  private complete(place: Place): Place {
    let { region, zone, power } = place;
    const known = (kind: string, label: string | undefined): VertexId =>
      label === undefined ? -1 : this.topology.find(`${kind}/${label}`);
    const label = (id: VertexId): string => this.topology.vertex(id).label;
    const rackId = known('rack', place.rack);
    if (rackId !== -1) power ??= label(this.topology.powerOf(rackId));
    const powerId = known('power', power);
    if (powerId !== -1) zone ??= label(this.topology.zoneOf(powerId));
    const zoneId = known('zone', zone);
    if (zoneId !== -1) region ??= label(this.topology.regionOf(zoneId));
    return { region, zone, power, rack: place.rack };
  }

  private finishNode(
    name: string,
    vertex: VertexId,
    machine: string,
    labels: StringMap,
    taints: readonly Taint[],
    manifest: Node | undefined,
  ): NodeSpec {
    const label = (id: VertexId): string => this.topology.vertex(id).label;
    const node: NodeSpec = {
      name,
      region: label(this.topology.regionOf(vertex)),
      zone: label(this.topology.zoneOf(vertex)),
      power: label(this.topology.powerOf(vertex)),
      rack: label(this.topology.rackOf(vertex)),
      machine,
      labels,
      taints,
      manifest,
    };
    this.nodes.push(node);
    return node;
  }

  private machineOf(name: string | undefined, owner: string, path: DocumentPath): string {
    if (name === undefined) {
      this.lowering.report(path, `${owner} needs a "machine"`);
      return '';
    }
    const known = this.knownMachine(name);
    if (known === undefined) {
      const names = [...Object.keys(this.cluster.machines), ...this.lowering.words.machines.map((machine) => machine.name)];
      this.lowering.reportUnknown(path, 'machine', name, names);
      return '';
    }
    this.machines.set(name, known);
    return name;
  }

  private knownMachine(name: string): MachineSpec | undefined {
    const own = this.cluster.machines[name];
    if (own === undefined) return this.lowering.words.machines.find((machine) => machine.name === name);
    const capacity: ResourceList = { cpu: own.cpu, memory: own.memory, pods: String(own.pods), ...own.resources };
    const reserved = own.reserved ?? DEFAULT_RESERVED;
    return { name, capacity, reserved, pricePerHour: own.price, idleWatts: own.idleWatts, busyWatts: own.busyWatts };
  }

  finish(): { spec: ClusterSpec; topology: Topology } {
    const { lowering, cluster } = this;
    if (this.nodes.length === 0 && lowering.problems.length === 0) {
      lowering.report(CLUSTER_PATH, 'the cluster has no nodes', 'add zones: or nodes: to spec.cluster, or Node manifests');
    }
    const { at } = cluster.controlPlane;
    const spec = at === undefined ? { nodes: this.nodes } : { nodes: this.nodes, controlPlane: at };
    // Built once more with the control plane in its place, exactly as the world will, so that targets are checked against the same tree.
    const topology = lowering.attempt([...CLUSTER_PATH, 'controlPlane', 'at'], () => Topology.build(spec)) ?? this.topology;
    const machines = Object.fromEntries([...this.machines].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    const latency = Object.fromEntries(Object.entries(cluster.network.latency).filter(([, value]) => value !== undefined));
    const network = { profile: cluster.network.profile, latency: latency as ClusterSpec['network']['latency'] };
    return { spec: { nodes: this.nodes, machines, network }, topology };
  }
}

function taintsOf(taints: readonly TaintDocument[] | undefined): Taint[] {
  return (taints ?? []).map((taint) => ({ key: taint.key, value: taint.value, effect: taint.effect, timeAdded: undefined }));
}
