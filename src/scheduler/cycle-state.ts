/**
 * CycleState: what the plugins remember during one attempt to place one pod.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/cycle_state.go
 */

import type { Plugin } from './framework.ts';

export interface CycleData {
  /** A copy whose changes do not show here; plugins without such changes return `this`. */
  clone(): CycleData;
}

export class CycleState {
  private readonly entries: Map<string, CycleData>;
  /** Plugins that left themselves out in PreFilter and PreScore. */
  readonly skipFilter: Set<string>;
  readonly skipScore: Set<string>;
  /** Pods that plugins want tried right after this attempt, by key; see the scheduler component. */
  readonly podsToActivate: Map<string, unknown>;
  /** The filters that take part, in order; undefined before PreFilter. */
  filters: readonly Plugin[] | undefined;

  constructor(
    entries: Map<string, CycleData> = new Map(),
    skipFilter: Set<string> = new Set(),
    skipScore: Set<string> = new Set(),
    podsToActivate: Map<string, unknown> = new Map(),
  ) {
    this.entries = entries;
    this.skipFilter = skipFilter;
    this.skipScore = skipScore;
    this.podsToActivate = podsToActivate;
    this.filters = undefined;
  }

  read<T extends CycleData>(key: string): T | undefined {
    return this.entries.get(key) as T | undefined;
  }

  write(key: string, data: CycleData): void {
    this.entries.set(key, data);
  }

  clone(): CycleState {
    const copies = new Map<string, CycleData>();
    for (const [key, data] of this.entries) copies.set(key, data.clone());
    const copy = new CycleState(copies, this.skipFilter, this.skipScore, this.podsToActivate);
    copy.filters = this.filters;
    return copy;
  }
}
