/**
 * The summary of a run: one JSON object for programs, a few lines for people.
 *
 * The JSON object is documented in docs of `seatrial run --help`; fields are only ever added. Times are seconds, shares 0..1,
 * null where nothing was measured.
 */
import { formatDuration, SECOND_US } from '../engine/units.ts';
import type { Figure } from '../metrics/result.ts';
import type { ExpectationResult } from '../scenario/expect.ts';
import type { ScenarioSpec } from '../scenario/scenario.ts';
import { formatCount } from './progress.ts';
import type { Outcome } from './simulate.ts';

export interface RunSummary {
  readonly scenario: string;
  readonly seed: string | number;
  /** Hash over every event; equal wherever the same scenario and seed are run. */
  readonly digest: string;
  readonly simulatedSeconds: number;
  /** Whether the run was interrupted, and how it ended. */
  readonly partial: boolean;
  readonly end: string;
  readonly events: number;
  readonly wallSeconds: number;
  /** How many pods were created, and what became of them. */
  readonly pods: Readonly<
    Record<
      'created' | 'succeeded' | 'failed' | 'running' | 'pending' | 'unschedulable' | 'deleted' | 'evicted' | 'preempted',
      number | null
    >
  >;
  /** Seconds, by series: {"pod.startup": {"p50": 1.2, "p90": 1.9, "p99": 2.4}, ...}. Series without a sample are left out. */
  readonly percentiles: Readonly<Record<string, Readonly<Record<'p50' | 'p90' | 'p99', number>>>>;
  /** Share of time with at least one ready replica, by workload. */
  readonly availability: Readonly<Record<string, number>>;
  /** By fault name: how often it struck, and in seconds how long detection, eviction and recovery took at worst. */
  readonly faults: Readonly<Record<string, Readonly<Record<'count' | 'detectSeconds' | 'evictSeconds' | 'recoverSeconds', number | null>>>>;
  readonly expectations: readonly { readonly text: string; readonly status: string; readonly measured: string; readonly detail: string }[];
  /** Headline figures of the result, by name. */
  readonly figures: Readonly<Record<string, { readonly value: number | null; readonly unit: string; readonly detail: string }>>;
  readonly outputDir: string;
}

const POD_COUNTS = {
  created: ['count', 'pods.created'],
  succeeded: ['count', 'pods.succeeded'],
  failed: ['count', 'pods.failed'],
  running: ['count', 'pods.running'],
  pending: ['count', 'pods.pending'],
  unschedulable: ['unschedulable'],
  deleted: ['count', 'pods.deleted'],
  evicted: ['evictions'],
  preempted: ['preemptions'],
} as const;

const SERIES = [
  'pod.startup',
  'pod.scheduling',
  'pod.queue_wait',
  'pod.run',
  'pod.completion',
  'pod.termination',
  'scheduler.cycle',
  'api.request',
];

export function summarize(spec: ScenarioSpec, outcome: Outcome, outputDir: string): RunSummary {
  const number = (name: string, ...args: string[]): number | null => {
    const value = outcome.measurements.value(name, args);
    return typeof value === 'number' ? value : null;
  };
  const seconds = (name: string, ...args: string[]): number | null => {
    const value = number(name, ...args);
    return value === null ? null : value / SECOND_US;
  };
  const pods = Object.fromEntries(
    Object.entries(POD_COUNTS).map(([key, [name, ...args]]) => [key, number(name, ...args)]),
  ) as RunSummary['pods'];
  const percentiles: Record<string, Record<'p50' | 'p90' | 'p99', number>> = {};
  for (const series of SERIES) {
    const [p50, p90, p99] = [seconds('p50', series), seconds('p90', series), seconds('p99', series)];
    if (p50 !== null && p90 !== null && p99 !== null) percentiles[series] = { p50, p90, p99 };
  }
  const availability: Record<string, number> = {};
  for (const name of outcome.measurements.names()) {
    const workload = /^availability\(([^,]+)\)$/.exec(name)?.[1];
    const value = workload === undefined ? null : number('availability', workload);
    if (workload !== undefined && value !== null) availability[workload] = value;
  }
  const faults: Record<string, RunSummary['faults'][string]> = {};
  for (const event of spec.events) {
    if (event.action.kind !== 'fault') continue;
    const name = `fault/${event.name}`;
    faults[event.name] = {
      count: number('count', name),
      detectSeconds: seconds('time_to_detect', name),
      evictSeconds: seconds('time_to_evict', name),
      recoverSeconds: seconds('time_to_recover', name),
    };
  }
  return {
    scenario: spec.name,
    seed: spec.seed,
    digest: outcome.digest,
    simulatedSeconds: outcome.simulatedUs / SECOND_US,
    partial: outcome.isPartial,
    end: outcome.end,
    events: outcome.events,
    wallSeconds: outcome.result.wall.seconds,
    pods,
    percentiles,
    availability,
    faults,
    expectations: outcome.expectations.map(({ text, status, measured, detail }) => ({ text, status, measured, detail })),
    figures: Object.fromEntries(outcome.result.summary.map(({ name, value, unit, detail }) => [name, { value, unit, detail }])),
    outputDir,
  };
}

/** For people; the digest comes last, from the command itself. */
export function describeOutcome(spec: ScenarioSpec, outcome: Outcome, outputDir: string): string {
  const { wall } = outcome.result;
  const partial = outcome.isPartial ? ' (interrupted: partial)' : '';
  const lines = [
    `scenario ${spec.name}, seed ${spec.seed}: ${formatDuration(outcome.simulatedUs)} simulated${partial}`,
    `${formatCount(outcome.events)} events in ${wall.seconds.toFixed(1)} s (${formatCount(wall.eventsPerSecond)}/s)`,
    ...outcome.result.summary.filter((figure) => figure.value !== null).map((figure) => `  ${figure.title}: ${formatFigure(figure)}`),
    ...outcome.expectations.map(describeExpectation),
    `report: ${outputDir}/report.html`,
  ];
  return `${lines.join('\n')}\n`;
}

export function describeExpectation(
  expectation: Pick<ExpectationResult, 'text' | 'measured' | 'detail'> & { readonly status: string },
): string {
  if (expectation.status === 'met') return `  ok       ${expectation.text}  (${expectation.measured})`;
  return `  FAILED   ${expectation.text}  (${expectation.detail})`;
}

/** Figures are for a glance: shares to a hundredth of a per cent, times to a millisecond. The tables have the exact values. */
function formatFigure({ value, unit, detail }: Figure): string {
  if (value === null) return 'none';
  const suffix = detail === '' ? '' : ` (${detail})`;
  if (unit === 'us') return formatDuration(Math.round(value / 1000) * 1000) + suffix;
  if (unit === 'share') return `${trim(value * 100)}%${suffix}`;
  return `${trim(value)}${unit === '' || unit === 'count' ? '' : ` ${unit}`}${suffix}`;
}

function trim(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2).replace(/\.?0+$/, '');
}
