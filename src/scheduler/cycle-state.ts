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

/** Made for every attempt, and seldom filled: its parts are made when they are first needed. */
export class CycleState {
  private entries: Map<string, CycleData> | undefined;
  private filtersSkipped: Set<string> | undefined;
  private scoresSkipped: Set<string> | undefined;
  private activated: Map<string, unknown> | undefined;
  private takingPart: readonly Plugin[] | undefined;
  /** PreFilter, when nobody has needed yet what it writes; and what it writes for all pods of the shape. */
  private preFilter: (() => void) | undefined;
  private known: CycleState | undefined;

  constructor() {
    this.entries = undefined;
    this.filtersSkipped = undefined;
    this.scoresSkipped = undefined;
    this.activated = undefined;
    this.takingPart = undefined;
    this.preFilter = undefined;
    this.known = undefined;
  }

  /** Puts PreFilter off until somebody reads what it writes and `known` does not have; the cluster must not change before. */
  deferPreFilter(known: CycleState, run: () => void): void {
    this.preFilter = run;
    this.known = known;
  }

  private settle(): void {
    const run = this.preFilter!;
    this.preFilter = undefined;
    this.known = undefined;
    run();
  }

  /** The filters that take part, in order; undefined before PreFilter. */
  get filters(): readonly Plugin[] | undefined {
    if (this.preFilter !== undefined) this.settle();
    return this.takingPart;
  }

  set filters(filters: readonly Plugin[] | undefined) {
    this.takingPart = filters;
  }

  /** Plugins that left themselves out in PreFilter. */
  get skipFilter(): Set<string> {
    if (this.preFilter !== undefined) this.settle();
    this.filtersSkipped ??= new Set();
    return this.filtersSkipped;
  }

  /** Plugins that left themselves out in PreScore. */
  get skipScore(): Set<string> {
    this.scoresSkipped ??= new Set();
    return this.scoresSkipped;
  }

  /** Pods that plugins want tried right after this attempt, by key; see the scheduler component. */
  get podsToActivate(): Map<string, unknown> {
    this.activated ??= new Map();
    return this.activated;
  }

  get hasPodsToActivate(): boolean {
    return this.activated !== undefined && this.activated.size > 0;
  }

  read<T extends CycleData>(key: string): T | undefined {
    if (this.preFilter !== undefined) {
      const data = this.known!.read<T>(key);
      if (data !== undefined) return data;
      this.settle();
    }
    return this.entries?.get(key) as T | undefined;
  }

  write(key: string, data: CycleData): void {
    this.entries ??= new Map();
    this.entries.set(key, data);
  }

  /** Shares what was left out and what is to be activated. */
  clone(): CycleState {
    if (this.preFilter !== undefined) this.settle();
    const copy = new CycleState();
    if (this.entries !== undefined) {
      copy.entries = new Map();
      for (const [key, data] of this.entries) copy.entries.set(key, data.clone());
    }
    copy.filtersSkipped = this.skipFilter;
    copy.scoresSkipped = this.skipScore;
    copy.activated = this.podsToActivate;
    copy.filters = this.filters;
    return copy;
  }
}
