/**
 * Arrival: a pod that somebody will ask for at a known time. What trace importers and generators give, and what a
 * workload turns into create requests.
 *
 * Arrivals that are alike share their template by identity, so that whatever is computed once per template (requests,
 * selectors) is computed once per shape of pod, not per pod.
 */
import type { StringMap, TimeUs } from './meta.ts';
import type { PodSpec } from './pod.ts';

/** What arrivals that are alike share. */
export interface ArrivalTemplate {
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly spec: PodSpec;
}

export interface PodArrival {
  /** When it is asked for, on the clock of its source. */
  readonly timeUs: TimeUs;
  /** Unique in its source, a valid pod name. */
  readonly name: string;
  readonly template: ArrivalTemplate;
  /** How long its containers run from their start; Infinity: until stopped. */
  readonly runDurationUs: number;
  /** How they end after that. */
  readonly exitCode: number;
  /** When its user deletes it, whatever it does then, on the clock of its source; Infinity: never. */
  readonly deleteAtUs: TimeUs;
}

/** Arrivals in order of time; arrivals at the same time in the order of their source. */
export interface ArrivalCursor {
  /** The next arrival; undefined after the last one. */
  next(): PodArrival | undefined;
}

/** Read by kubelets: how long the containers run, and their exit code then. */
export const ANNOTATION_RUN_DURATION = 'seatrial.dev/run-duration';
export const ANNOTATION_EXIT_CODE = 'seatrial.dev/exit-code';

/** A run time as annotations write it: `90s`, `1500000us`, and `never` for Infinity: until stopped. */
export function runDurationText(durationUs: number): string {
  if (durationUs === Infinity) return 'never';
  return durationUs % 1_000_000 === 0 ? `${durationUs / 1_000_000}s` : `${durationUs}us`;
}
