/**
 * NodeLedger: what pods take from one node, added up for checking against what it has.
 *
 * Kept apart from the scheduler's and the kubelet's own sums: it is there to find their mistakes.
 *
 * Units     milli-CPU and bytes
 * Cost      O(extended resources) per pod
 */
import type { ResourceList } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import { NO_RESOURCES, type Resources, reduceResourceList } from '../objects/pod-requests.ts';

export class NodeLedger {
  podCount: number;
  private milliCpu: number;
  private memoryBytes: number;
  private ephemeralBytes: number;
  private readonly scalars: Map<string, number>;
  /** What the node had when it was asked for last. */
  private allocatable: ResourceList | undefined;
  private has: Resources;

  constructor() {
    this.podCount = 0;
    this.milliCpu = 0;
    this.memoryBytes = 0;
    this.ephemeralBytes = 0;
    this.scalars = new Map();
    this.allocatable = undefined;
    this.has = NO_RESOURCES;
  }

  add(requests: Resources): void {
    this.change(requests, 1);
  }

  remove(requests: Resources): void {
    this.change(requests, -1);
  }

  /** What is more than `node` has, such as `cpu 4500m of 4000m`; only of resources that `requests` asks for. Empty when all fits. */
  excessOver(node: Node, requests: Resources): string {
    const has = this.capacityOf(node);
    const found: string[] = [];
    if (this.podCount > has.pods) found.push(`${this.podCount} pods of ${has.pods}`);
    if (requests.milliCpu > 0 && this.milliCpu > has.milliCpu) found.push(`cpu ${this.milliCpu}m of ${has.milliCpu}m`);
    if (requests.memoryBytes > 0 && this.memoryBytes > has.memoryBytes)
      found.push(`memory ${this.memoryBytes} of ${has.memoryBytes} bytes`);
    if (requests.ephemeralBytes > 0 && this.ephemeralBytes > has.ephemeralBytes)
      found.push(`ephemeral storage ${this.ephemeralBytes} of ${has.ephemeralBytes} bytes`);
    for (const [name, amount] of requests.scalars) {
      const taken = this.scalars.get(name) ?? 0;
      if (amount > 0 && taken > (has.scalars.get(name) ?? 0)) found.push(`${name} ${taken} of ${has.scalars.get(name) ?? 0}`);
    }
    return found.join(', ');
  }

  private capacityOf({ status }: Node): Resources {
    if (this.allocatable !== status.allocatable) {
      this.allocatable = status.allocatable;
      this.has = reduceResourceList(status.allocatable);
    }
    return this.has;
  }

  private change(requests: Resources, sign: 1 | -1): void {
    this.podCount += sign;
    this.milliCpu += sign * requests.milliCpu;
    this.memoryBytes += sign * requests.memoryBytes;
    this.ephemeralBytes += sign * requests.ephemeralBytes;
    for (const [name, amount] of requests.scalars) this.scalars.set(name, (this.scalars.get(name) ?? 0) + sign * amount);
  }
}
