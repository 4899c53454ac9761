/**
 * TopologyCounts: numbers kept per topology domain, that is per (label key, label value).
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/interpodaffinity (topologyToMatchedTermCount)
 */
import { labelOf } from '../objects/selectors.ts';
import type { NodeInfo } from './node-info.ts';

export class TopologyCounts {
  private readonly byKey: Map<string, Map<string, number>>;
  /** Domains with a count other than 0. */
  private domainCount: number;

  constructor() {
    this.byKey = new Map();
    this.domainCount = 0;
  }

  /** No domain at all, whatever its key. */
  get isEmpty(): boolean {
    return this.domainCount === 0;
  }

  /** Adds to the domain of `node`; nothing when the node has no such label. A count of 0 is forgotten. */
  add(node: NodeInfo, key: string, delta: number): void {
    const value = labelOf(node.labels, key);
    if (value === undefined) return;
    let counts = this.byKey.get(key);
    if (counts === undefined) {
      counts = new Map();
      this.byKey.set(key, counts);
    }
    const before = counts.get(value) ?? 0;
    const after = before + delta;
    if (after === 0) counts.delete(value);
    else counts.set(value, after);
    this.domainCount += (after === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
  }

  get(key: string, value: string): number {
    return this.byKey.get(key)?.get(value) ?? 0;
  }

  /** Whether any label of `node` names a domain with a count above 0. */
  hasAnyOf(node: NodeInfo): boolean {
    for (const [key, counts] of this.byKey) {
      const value = labelOf(node.labels, key);
      if (value !== undefined && (counts.get(value) ?? 0) > 0) return true;
    }
    return false;
  }

  clone(): TopologyCounts {
    const copy = new TopologyCounts();
    for (const [key, counts] of this.byKey) copy.byKey.set(key, new Map(counts));
    copy.domainCount = this.domainCount;
    return copy;
  }
}
