/**
 * Topology: the physical world as a tree, region -> zone -> power feed -> rack -> node.
 *
 *   world ── region/east ─┬─ zone/a ─┬─ power/a-1 ─┬─ rack/a-1 ─┬─ node/a-1-1
 *                         │          │             │            └─ node/a-1-2
 *                         │          └─ power/a-2 ── rack/a-2 ── ...
 *                         └─ control-plane            (or below a zone)
 *
 * Whatever can fail together hangs below one vertex. A vertex is known by its id (dense, in order of
 * creation) and by its name: the kind, a slash and a label that is unique within the kind.
 *
 * Models    failure domains as in D. Ford et al., "Availability in globally distributed storage systems", OSDI 2010
 * Differs   one power feed per rack; the network follows the same tree, so a rack is also a top-of-rack switch
 * Order     `select` returns vertices by id, which is the order of creation
 */
import { compareNumbers } from '../base/compare.ts';
import { InputError, ProblemList } from '../base/input-error.ts';
import { fail } from '../base/invariant.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { StringMap } from '../objects/meta.ts';
import { LABEL_HOSTNAME, LABEL_INSTANCE_TYPE, LABEL_POWER, LABEL_RACK, LABEL_REGION, LABEL_ZONE } from '../objects/node.ts';

export type VertexId = number;

export type VertexKind = 'world' | 'region' | 'zone' | 'power' | 'rack' | 'node' | 'control-plane';

/** Kinds a selector may name, from the largest failure domain to the smallest. */
export const SELECTABLE_KINDS: readonly VertexKind[] = ['region', 'zone', 'power', 'rack', 'node'];

export interface Vertex {
  readonly id: VertexId;
  readonly kind: VertexKind;
  /** The name without its kind: `b-2`. For a node this is the Kubernetes node name. */
  readonly label: string;
  /** `rack/b-2`; the bare kind for `world` and `control-plane`. */
  readonly name: string;
  /** Labels from the region down, joined by slashes: `east/b/b-1/b-2`. */
  readonly path: string;
  /** -1 for the world. */
  readonly parentId: VertexId;
  readonly children: readonly VertexId[];
  /** Machine kind of a node; empty for every other vertex. */
  readonly machine: string;
}

/** Racks of one make. `racks` x `nodesPerRack` machines of one kind. */
export interface RackGroupSpec {
  readonly racks: number;
  readonly nodesPerRack: number;
  readonly machine: string;
}

export interface ZoneSpec {
  readonly name: string;
  /** Racks are spread over the feeds in contiguous blocks. Default 1. */
  readonly powerFeeds?: number;
  /** Numbered through in this order: the first group holds rack 1 and up. */
  readonly rackGroups: readonly RackGroupSpec[];
}

export interface RegionSpec {
  readonly name: string;
  readonly zones: readonly ZoneSpec[];
}

/** One machine at a given place; levels left out get one common vertex per parent. */
export interface NodePlace {
  readonly name: string;
  readonly region?: string;
  readonly zone?: string;
  readonly power?: string;
  readonly rack?: string;
  readonly machine?: string;
}

export interface TopologySpec {
  readonly regions?: readonly RegionSpec[];
  readonly nodes?: readonly NodePlace[];
  /** Where the control plane stands: a region or zone such as `zone/a`. Default: below the first region, outside every zone. */
  readonly controlPlane?: string;
}

export const DEFAULT_REGION = 'region-1';
const DEFAULT_ZONE = 'zone-1';

interface MutableVertex extends Vertex {
  readonly children: VertexId[];
}

export class Topology {
  private readonly vertices: MutableVertex[];
  private readonly idByName: Map<string, VertexId>;
  private readonly nodeIdsByMachine: Map<string, VertexId[]>;
  /** Enclosing region, zone, power feed and rack per vertex; -1 above that level. */
  private readonly regionIds: number[];
  private readonly zoneIds: number[];
  private readonly powerIds: number[];
  private readonly rackIds: number[];

  constructor() {
    this.vertices = [];
    this.idByName = new Map();
    this.nodeIdsByMachine = new Map();
    this.regionIds = [];
    this.zoneIds = [];
    this.powerIds = [];
    this.rackIds = [];
    this.addVertex('world', '', -1, '');
  }

  /** Builds the tree of `spec`. Throws an InputError that names every duplicate or impossible part; paths start at `path`. */
  static build(spec: TopologySpec, path = 'cluster'): Topology {
    const problems = new ProblemList();
    const topology = new Topology();
    for (const [index, region] of (spec.regions ?? []).entries()) topology.addRegion(region, `${path}.regions[${index}]`, problems);
    for (const [index, place] of (spec.nodes ?? []).entries()) {
      if (topology.idByName.has(`node/${place.name}`)) problems.add(`${path}.nodes[${index}].name`, `node "${place.name}" exists twice`);
      else topology.addNode(place, `${path}.nodes[${index}]`);
    }
    problems.throwIfAny();
    topology.addControlPlane(spec.controlPlane, path);
    return topology;
  }

  get root(): VertexId {
    return 0;
  }

  get controlPlane(): VertexId {
    return this.idByName.get('control-plane') ?? fail('the topology has no control plane yet');
  }

  get vertexCount(): number {
    return this.vertices.length;
  }

  vertex(id: VertexId): Vertex {
    return this.vertices[id] ?? fail(`no vertex ${id}`);
  }

  /** The vertex called `name` (`zone/b`), or -1. */
  find(name: string): VertexId {
    return this.idByName.get(name) ?? -1;
  }

  /** The vertex of the Kubernetes node `nodeName`, or -1. */
  nodeVertex(nodeName: string): VertexId {
    return this.idByName.get(`node/${nodeName}`) ?? -1;
  }

  regionOf(id: VertexId): VertexId {
    return this.regionIds[id]!;
  }

  zoneOf(id: VertexId): VertexId {
    return this.zoneIds[id]!;
  }

  powerOf(id: VertexId): VertexId {
    return this.powerIds[id]!;
  }

  rackOf(id: VertexId): VertexId {
    return this.rackIds[id]!;
  }

  parentOf(id: VertexId): VertexId {
    return this.vertices[id]!.parentId;
  }

  /** Whether `id` is `ancestor` or lies below it. */
  isInside(id: VertexId, ancestor: VertexId): boolean {
    for (let at = id; at >= 0; at = this.vertices[at]!.parentId) if (at === ancestor) return true;
    return false;
  }

  /** All nodes at or below `id`, by id. */
  nodesBelow(id: VertexId): VertexId[] {
    const found: VertexId[] = [];
    const open = [id];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const vertex = this.vertices[at]!;
      if (vertex.kind === 'node') found.push(at);
      for (const child of vertex.children) open.push(child);
    }
    return found.sort(compareNumbers);
  }

  /**
   * The vertices a selector means, by id: `zone/b`, `rack/b-*`, `node/*`, `machine/n2-16` (its nodes), `world`, `control-plane`.
   * A `*` stands for any run of characters. Throws an InputError with the nearest valid name when nothing matches.
   */
  select(pattern: string, path = 'target'): VertexId[] {
    const problems = new ProblemList();
    const found = this.selectInto(problems, pattern, path);
    problems.throwIfAny();
    return found;
  }

  /** The same for readers that collect problems: nothing matches, one problem more, an empty list. */
  selectInto(problems: ProblemList, pattern: string, path: string): VertexId[] {
    const exact = this.idByName.get(pattern);
    if (exact !== undefined) return [exact];
    const slash = pattern.indexOf('/');
    const kind = slash === -1 ? pattern : pattern.slice(0, slash);
    const label = slash === -1 ? '' : pattern.slice(slash + 1);
    const found = kind === 'machine' ? this.selectMachine(label) : this.selectKind(kind, label);
    if (found.length === 0) {
      const { message, hint } = this.explainMiss(pattern, kind, path);
      problems.add(path, message, hint);
    }
    return found;
  }

  /**
   * Adds one machine, and the region, zone, feed and rack it names when they are new. Its name must be new. Levels it
   * does not name are the first of their kind below the level above, made when there is none. Throws an InputError when a
   * named level already stands elsewhere.
   */
  addNode(place: NodePlace, path = `node/${place.name}`): VertexId {
    const region = this.ensureIn('region', place.region ?? this.firstBelow(this.root, 'region') ?? DEFAULT_REGION, this.root, path);
    const zone = this.ensureIn('zone', place.zone ?? this.firstBelow(region, 'zone') ?? this.newZoneLabel(region), region, path);
    const zoneLabel = this.vertices[zone]!.label;
    const power = this.ensureIn(
      'power',
      place.power ?? this.powerOfRack(place.rack) ?? this.firstBelow(zone, 'power') ?? `${zoneLabel}-1`,
      zone,
      path,
    );
    const powerLabel = this.vertices[power]!.label;
    const rack = this.ensureIn('rack', place.rack ?? this.firstBelow(power, 'rack') ?? `${powerLabel}-1`, power, path);
    return this.addVertex('node', place.name, rack, place.machine ?? '');
  }

  /** Adds the node of a Kubernetes Node object: zone, region, rack, power feed and machine kind come from its labels when present. */
  addLabelledNode(name: string, labels: StringMap, path = `node/${name}`): VertexId {
    const place: { -readonly [K in keyof NodePlace]: NodePlace[K] } = { name };
    const region = labels[LABEL_REGION];
    const zone = labels[LABEL_ZONE];
    const power = labels[LABEL_POWER];
    const rack = labels[LABEL_RACK];
    const machine = labels[LABEL_INSTANCE_TYPE];
    if (region !== undefined) place.region = region;
    if (zone !== undefined) place.zone = zone;
    if (power !== undefined) place.power = power;
    if (rack !== undefined) place.rack = rack;
    if (machine !== undefined) place.machine = machine;
    return this.addNode(place, path);
  }

  /** The labels a node gets from where it stands. */
  nodeLabels(id: VertexId): Record<string, string> {
    const vertex = this.vertex(id);
    const labels: Record<string, string> = {
      'kubernetes.io/arch': 'amd64',
      [LABEL_HOSTNAME]: vertex.label,
      'kubernetes.io/os': 'linux',
    };
    if (vertex.machine !== '') labels[LABEL_INSTANCE_TYPE] = vertex.machine;
    labels[LABEL_POWER] = this.labelOf(this.powerIds[id]!);
    labels[LABEL_RACK] = this.labelOf(this.rackIds[id]!);
    labels[LABEL_REGION] = this.labelOf(this.regionIds[id]!);
    labels[LABEL_ZONE] = this.labelOf(this.zoneIds[id]!);
    return labels;
  }

  private labelOf(id: VertexId): string {
    return id < 0 ? '' : this.vertices[id]!.label;
  }

  private addRegion(spec: RegionSpec, path: string, problems: ProblemList): void {
    if (this.idByName.has(`region/${spec.name}`)) problems.add(`${path}.name`, `region "${spec.name}" exists twice`);
    const region = this.ensure('region', spec.name, this.root);
    for (const [index, zone] of spec.zones.entries()) this.addZone(zone, region, `${path}.zones[${index}]`, problems);
  }

  private addZone(spec: ZoneSpec, region: VertexId, path: string, problems: ProblemList): void {
    if (this.idByName.has(`zone/${spec.name}`)) {
      problems.add(`${path}.name`, `zone "${spec.name}" exists twice, zone names must be unique over all regions`);
      return;
    }
    const zone = this.addVertex('zone', spec.name, region, '');
    const rackCount = spec.rackGroups.reduce((sum, group) => sum + group.racks, 0);
    const feedCount = spec.powerFeeds ?? 1;
    if (!(Number.isInteger(feedCount) && feedCount >= 1))
      problems.add(`${path}.powerFeeds`, `expected a whole number of at least 1, found ${feedCount}`);
    let rackNumber = 0;
    for (const group of spec.rackGroups) {
      for (let i = 0; i < group.racks; i++) {
        rackNumber++;
        const feedNumber = Math.floor(((rackNumber - 1) * feedCount) / rackCount) + 1;
        const power = this.ensure('power', `${spec.name}-${feedNumber}`, zone);
        const rack = this.addVertex('rack', `${spec.name}-${rackNumber}`, power, '');
        for (let node = 1; node <= group.nodesPerRack; node++) {
          this.addVertex('node', `${spec.name}-${rackNumber}-${node}`, rack, group.machine);
        }
      }
    }
  }

  private addControlPlane(where: string | undefined, path: string): void {
    const region = this.firstBelow(this.root, 'region') ?? DEFAULT_REGION;
    let parent = this.ensure('region', region, this.root);
    if (where !== undefined) parent = this.select(where, `${path}.controlPlane`)[0]!;
    this.addVertex('control-plane', '', parent, '');
  }

  /** Label of the first child of that kind, or undefined. */
  private firstBelow(parent: VertexId, kind: VertexKind): string | undefined {
    for (const child of this.vertices[parent]!.children) {
      const vertex = this.vertices[child]!;
      if (vertex.kind === kind) return vertex.label;
    }
    return undefined;
  }

  private newZoneLabel(region: VertexId): string {
    return this.idByName.has(`zone/${DEFAULT_ZONE}`) ? `${this.vertices[region]!.label}-${DEFAULT_ZONE}` : DEFAULT_ZONE;
  }

  private powerOfRack(rack: string | undefined): string | undefined {
    const known = rack === undefined ? undefined : this.idByName.get(`rack/${rack}`);
    return known === undefined ? undefined : this.vertices[this.vertices[known]!.parentId]!.label;
  }

  /** The vertex of that kind and label, made below `parent` when it is new. */
  private ensure(kind: VertexKind, label: string, parent: VertexId): VertexId {
    return this.idByName.get(`${kind}/${label}`) ?? this.addVertex(kind, label, parent, '');
  }

  private ensureIn(kind: VertexKind, label: string, parent: VertexId, path: string): VertexId {
    const id = this.ensure(kind, label, parent);
    const actual = this.vertices[id]!.parentId;
    if (actual !== parent) {
      const message = `${kind} "${label}" stands in ${this.vertices[actual]!.name}, not in ${this.vertices[parent]!.name}`;
      throw new InputError([{ path, message }]);
    }
    return id;
  }

  private addVertex(kind: VertexKind, label: string, parentId: VertexId, machine: string): VertexId {
    const id = this.vertices.length;
    const name = label === '' ? kind : `${kind}/${label}`;
    if (this.idByName.has(name)) fail(`vertex ${name} exists twice`);
    const parent = parentId < 0 ? undefined : this.vertices[parentId]!;
    const path = parent === undefined || parent.path === '' ? label : `${parent.path}/${label === '' ? kind : label}`;
    this.vertices.push({ id, kind, label, name, path, parentId, children: [], machine });
    this.idByName.set(name, id);
    parent?.children.push(id);
    this.regionIds.push(kind === 'region' ? id : parent === undefined ? -1 : this.regionIds[parentId]!);
    this.zoneIds.push(kind === 'zone' ? id : parent === undefined ? -1 : this.zoneIds[parentId]!);
    this.powerIds.push(kind === 'power' ? id : parent === undefined ? -1 : this.powerIds[parentId]!);
    this.rackIds.push(kind === 'rack' ? id : parent === undefined ? -1 : this.rackIds[parentId]!);
    if (kind === 'node' && machine !== '') {
      const list = this.nodeIdsByMachine.get(machine);
      if (list === undefined) this.nodeIdsByMachine.set(machine, [id]);
      else list.push(id);
    }
    return id;
  }

  private selectKind(kind: string, label: string): VertexId[] {
    const found: VertexId[] = [];
    for (const vertex of this.vertices) {
      if (vertex.kind === kind && vertex.label !== '' && matchesGlob(vertex.label, label)) found.push(vertex.id);
    }
    return found;
  }

  private selectMachine(label: string): VertexId[] {
    const found: VertexId[] = [];
    for (const [machine, ids] of this.nodeIdsByMachine) if (matchesGlob(machine, label)) found.push(...ids);
    return found.sort(compareNumbers);
  }

  private explainMiss(pattern: string, kind: string, path: string): { path: string; message: string; hint?: string } {
    const kinds = [...SELECTABLE_KINDS, 'machine', 'world', 'control-plane'];
    if (!kinds.includes(kind)) {
      const nearestKind = nearestName(kind, kinds);
      const message = `unknown target "${pattern}", expected one of ${kinds.map((name) => (name === 'world' || name === 'control-plane' ? name : `${name}/<name>`)).join(', ')}`;
      return nearestKind === undefined ? { path, message } : { path, message, hint: `did you mean "${nearestKind}"?` };
    }
    const names =
      kind === 'machine'
        ? [...this.nodeIdsByMachine.keys()].map((name) => `machine/${name}`)
        : this.vertices.filter((vertex) => vertex.kind === kind).map((vertex) => vertex.name);
    const nearest = nearestName(pattern, names);
    const list = names.length > 0 && names.length <= 12 ? `, expected one of ${names.join(', ')}` : '';
    const message = `no ${kind} matches "${pattern}"${list}`;
    return nearest === undefined ? { path, message } : { path, message, hint: `did you mean "${nearest}"?` };
  }
}

/** Whether `text` matches `pattern`, in which `*` stands for any run of characters and everything else for itself. */
export function matchesGlob(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return text === pattern;
  const first = parts[0]!;
  const last = parts[parts.length - 1]!;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const at = text.indexOf(parts[i]!, from);
    if (at === -1 || at + parts[i]!.length > end) return false;
    from = at + parts[i]!.length;
  }
  return true;
}
