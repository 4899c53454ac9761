/**
 * NodeTree: the order in which the scheduler lists nodes, taking turns among zones.
 *
 * Models    kubernetes v1.34 pkg/scheduler/backend/cache/node_tree.go
 * Order     zones in order of first appearance (one that vanished comes back last), nodes of a zone in order of
 *           arrival; the list takes the first node of each zone, then the second of each, and so on
 */
import type { Node } from '../objects/node.ts';
import { LABEL_REGION, LABEL_ZONE } from '../objects/node.ts';
import { labelOf } from '../objects/selectors.ts';

const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';

export class NodeTree {
  /** In zone order: a Map keeps the order of first insertion, and a deleted key comes back last, which is the rule. */
  private readonly zones: Map<string, string[]>;
  private nodeCount: number;

  constructor() {
    this.zones = new Map();
    this.nodeCount = 0;
  }

  get size(): number {
    return this.nodeCount;
  }

  /** The node must not be in the tree. */
  add(node: Node): void {
    const zone = zoneKeyOf(node);
    const names = this.zones.get(zone);
    if (names === undefined) this.zones.set(zone, [node.metadata.name]);
    else names.push(node.metadata.name);
    this.nodeCount++;
  }

  remove(node: Node): void {
    const zone = zoneKeyOf(node);
    const names = this.zones.get(zone);
    const index = names?.indexOf(node.metadata.name) ?? -1;
    if (names === undefined || index === -1) return;
    names.splice(index, 1);
    if (names.length === 0) this.zones.delete(zone);
    this.nodeCount--;
  }

  /** A change of zone moves the node to the end of its new zone; any other change moves nothing. */
  update(before: Node, after: Node): void {
    if (zoneKeyOf(before) === zoneKeyOf(after)) return;
    this.remove(before);
    this.add(after);
  }

  list(): string[] {
    const names: string[] = [];
    const zones = [...this.zones.values()];
    for (let round = 0; names.length < this.nodeCount; round++) {
      for (const zone of zones) if (round < zone.length) names.push(zone[round]!);
    }
    return names;
  }
}

/** Region and zone of a node, from the beta labels where present; empty when it has neither. */
export function zoneKeyOf(node: Node): string {
  const { labels } = node.metadata;
  const zone = labelOf(labels, BETA_ZONE) ?? labelOf(labels, LABEL_ZONE) ?? '';
  const region = labelOf(labels, BETA_REGION) ?? labelOf(labels, LABEL_REGION) ?? '';
  return zone === '' && region === '' ? '' : `${region}:\u0000:${zone}`;
}
