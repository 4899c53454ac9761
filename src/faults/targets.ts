/**
 * Targets: from what a scenario writes to the things a fault strikes.
 *
 *   node/b-2-7, rack/b-*, zone/b, power/*, region/*, machine/n2-16      places in the topology
 *   component/kube-scheduler, component/*                               processes of the control plane; of several replicas one
 *                                                                       (component/kube-scheduler-0), or all by the name without the number
 *   api-server/0, api-server/*                                          API servers by number
 *
 * Order     as selectors give them: by vertex id, by component order, by number
 */
import type { ProblemList } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { matchesGlob, type Topology } from '../datacenter/topology.ts';
import { afterSlash, type FaultDef, type FaultTarget, type TargetKind, type WorldControls } from './fault.ts';

const NO_ENDS: readonly [] = [];

/** The targets of one pattern. What is wrong with it goes to `problems`, and the list is empty. */
export function resolveTargets(def: FaultDef, pattern: string, world: WorldControls, path: string, problems: ProblemList): FaultTarget[] {
  const kind = pattern.slice(0, Math.max(0, pattern.indexOf('/')));
  if (kind === 'component') return resolveComponents(def, pattern, world, path, problems);
  if (kind === 'api-server') return resolveServers(def, pattern, world, path, problems);
  const vertices = world.datacenter.topology.selectInto(problems, pattern, path);
  const found = new Map<number, FaultTarget>();
  for (const vertex of vertices) {
    const expanded = expand(def, vertex, world.datacenter.topology);
    if (expanded.length === 0) {
      problems.add(path, `${def.name} strikes ${acceptedForms(def).join(', ')}, not ${world.datacenter.topology.vertex(vertex).name}`);
      return [];
    }
    for (const target of expanded) found.set(target.vertex, target);
  }
  return [...found.values()];
}

/** The targets of a link fault: one for each thing the first end matches. */
export function resolveEnds(between: readonly [string, string], world: WorldControls, path: string, problems: ProblemList): FaultTarget[] {
  const { datacenter } = world;
  const [first, second] = between;
  if (!hasParty(second, world, `${path}.between[1]`, problems)) return [];
  if (datacenter.network.findEndpoint(first) >= 0) return [linkTarget(first, second, -1)];
  const isPlace = first.includes('/') && datacenter.topology.find(first) < 0;
  if (!isPlace)
    return hasParty(first, world, `${path}.between[0]`, problems) ? [linkTarget(first, second, datacenter.topology.find(first))] : [];
  const vertices = datacenter.topology.selectInto(problems, first, `${path}.between[0]`);
  return vertices.map((vertex) => linkTarget(datacenter.topology.vertex(vertex).name, second, vertex));
}

/** The target of a fault that strikes the cluster as such. */
export const CLUSTER_TARGET: FaultTarget = Object.freeze({ name: '', vertex: -1, ends: NO_ENDS });

/** How targets of this fault are written, for help and messages. */
export function acceptedForms(def: FaultDef): string[] {
  const forms = def.targetKinds.map((kind) => `${kind}/<name>`);
  return def.targetKinds.includes('node') ? [...forms, 'machine/<kind>'] : forms;
}

function linkTarget(first: string, second: string, vertex: number): FaultTarget {
  return { name: `${first} -> ${second}`, vertex, ends: [first, second] };
}

function hasParty(name: string, world: WorldControls, path: string, problems: ProblemList): boolean {
  return world.datacenter.partyInto(problems, name, path) !== undefined;
}

/** The vertex itself when the fault accepts its kind, else everything inside of a kind it accepts. */
function expand(def: FaultDef, vertex: number, topology: Topology): FaultTarget[] {
  const { kind, name } = topology.vertex(vertex);
  if (def.targetKinds.includes(kind as TargetKind)) return [{ name, vertex, ends: NO_ENDS }];
  if (!def.targetKinds.includes('node')) return [];
  return topology.nodesBelow(vertex).map((node) => ({ name: topology.vertex(node).name, vertex: node, ends: NO_ENDS }));
}

function resolveComponents(def: FaultDef, pattern: string, world: WorldControls, path: string, problems: ProblemList): FaultTarget[] {
  if (!accepts(def, 'component', pattern, path, problems)) return [];
  const names = world.components.names();
  const wanted = afterSlash(pattern);
  const exact = names.filter((name) => matchesGlob(name, wanted));
  // Of several replicas each has a number: the name alone stands for all of them.
  const found =
    exact.length > 0 ? exact : names.filter((name) => name.startsWith(`${wanted}-`) && /^\d+$/.test(name.slice(wanted.length + 1)));
  if (found.length === 0) {
    const nearest = nearestName(wanted, [...new Set(names.map((name) => name.replace(/-\d+$/, '')).concat(names))]);
    const hint = nearest === undefined ? undefined : `did you mean "component/${nearest}"?`;
    problems.add(path, `no component matches "${pattern}", expected one of ${names.map((name) => `component/${name}`).join(', ')}`, hint);
  }
  return found.map((name) => ({ name: `component/${name}`, vertex: -1, ends: NO_ENDS }));
}

function resolveServers(def: FaultDef, pattern: string, world: WorldControls, path: string, problems: ProblemList): FaultTarget[] {
  if (!accepts(def, 'api-server', pattern, path, problems)) return [];
  const all = Array.from({ length: world.apiServers.count }, (_, index) => String(index));
  const found = all.filter((index) => matchesGlob(index, afterSlash(pattern)));
  if (found.length === 0)
    problems.add(path, `no API server matches "${pattern}", there are ${all.map((index) => `api-server/${index}`).join(', ')}`);
  return found.map((index) => ({ name: `api-server/${index}`, vertex: -1, ends: NO_ENDS }));
}

function accepts(def: FaultDef, kind: TargetKind, pattern: string, path: string, problems: ProblemList): boolean {
  if (def.targetKinds.includes(kind)) return true;
  problems.add(path, `${def.name} strikes ${acceptedForms(def).join(', ')}, not ${pattern}`);
  return false;
}
