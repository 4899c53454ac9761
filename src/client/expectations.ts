/**
 * Expectations: what a controller has asked for and not yet seen in its informer.
 *
 * Without them a controller whose cache lags would create the same pods twice.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_utils.go ControllerExpectations and
 *           UIDTrackingControllerExpectations
 * Units     times in simulated microseconds
 */
import type { Engine } from '../engine/engine.ts';
import { MINUTE_US } from '../engine/units.ts';

/** ExpectationsTimeout: 5 min, pkg/controller/controller_utils.go. */
export const EXPECTATIONS_TIMEOUT_US = 5 * MINUTE_US;

interface Expectation {
  creations: number;
  deletions: number;
  /** Keys of the pods whose deletion is expected; each counts once. */
  deleting: Set<string>;
  setAtUs: number;
}

export class Expectations {
  private readonly engine: Engine;
  private readonly timeoutUs: number;
  private readonly records: Map<string, Expectation>;

  constructor(engine: Engine, timeoutUs: number = EXPECTATIONS_TIMEOUT_US) {
    this.engine = engine;
    this.timeoutUs = timeoutUs;
    this.records = new Map();
  }

  /** Overwrites the record of `controller`: `count` creations are on their way. */
  expectCreations(controller: string, count: number): void {
    this.records.set(controller, { creations: count, deletions: 0, deleting: new Set(), setAtUs: this.engine.nowUs });
  }

  /** Overwrites the record of `controller`: these pods are on their way out. */
  expectDeletions(controller: string, podKeys: readonly string[]): void {
    this.records.set(controller, { creations: 0, deletions: podKeys.length, deleting: new Set(podKeys), setAtUs: this.engine.nowUs });
  }

  /** A created pod was seen, or its creation failed. */
  creationObserved(controller: string): void {
    const record = this.records.get(controller);
    if (record !== undefined) record.creations--;
  }

  /** A pod was seen deleting or gone, or its deletion failed. Counts only the first time, and only an expected one. */
  deletionObserved(controller: string, podKey: string): void {
    const record = this.records.get(controller);
    if (record?.deleting.delete(podKey)) record.deletions--;
  }

  /** Adds to the open record without touching its time; for controllers that raise expectations one by one. */
  raise(controller: string, creations: number, deletions: number): void {
    const record = this.records.get(controller);
    if (record === undefined) return;
    record.creations += creations;
    record.deletions += deletions;
  }

  /** Lowers creations that were planned and then skipped (slow start stopped early). */
  lowerCreations(controller: string, count: number): void {
    const record = this.records.get(controller);
    if (record !== undefined) record.creations -= count;
  }

  /** True when nothing is outstanding, there is no record, or the record is older than the time-out. */
  isSatisfied(controller: string): boolean {
    const record = this.records.get(controller);
    if (record === undefined) return true;
    if (record.creations <= 0 && record.deletions <= 0) return true;
    return this.engine.nowUs - record.setAtUs > this.timeoutUs;
  }

  /** Outstanding creations and deletions; zeros without a record. */
  pending(controller: string): { readonly creations: number; readonly deletions: number } {
    const record = this.records.get(controller);
    return { creations: record?.creations ?? 0, deletions: record?.deletions ?? 0 };
  }

  /** Forgets the record; call it when the controller object is gone. */
  forget(controller: string): void {
    this.records.delete(controller);
  }
}
