/**
 * Availability: how many of the wanted replicas of each workload were ready, over time.
 *
 * Counted from the moment a workload first had all its replicas ready (start-up is not an outage) to its deletion or the end
 * of the run; a workload that never got there has no availability. A replica is ready when the API server says so and its
 * machine has not taken it down: what a client would find, not what the control plane believes.
 *
 * Time is added up per (ready, wanted) pair, so that any threshold can be asked for afterwards.
 *
 * Differs   the real `Available` condition trusts the node's last report; ours drops at the moment the machine dies
 * Cost      one Map update per readiness change
 */
import { compareNumbers } from '../base/compare.ts';
import { POD, type WorkloadRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import { type BucketSeries, StepIntegral } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

export const AVAILABILITY: TableSpec = {
  name: 'availability',
  description: 'Ready against wanted replicas, by workload, from the first time all replicas were ready.',
  columns: [
    column('workload', 'string', '', 'Workload.'),
    column('wanted_end', 'integer', 'pods', 'Wanted replicas at the end.'),
    column('ready_end', 'integer', 'pods', 'Ready replicas at the end.'),
    column('first_full_us', 'integer', 'us', 'When all wanted replicas were ready for the first time; empty when they never were.'),
    column('measured_us', 'integer', 'us', 'Time counted.'),
    column('any_ready_share', 'number', 'share', 'Share of the time with at least one ready replica.'),
    column('all_ready_share', 'number', 'share', 'Share of the time with all wanted replicas ready.'),
    column('ready_share', 'number', 'share', 'Time average of ready over wanted replicas, at most 1 at any moment.'),
    column('lost_replica_us', 'integer', 'us', 'Integral of missing replicas over time (replica-microseconds).'),
    column('min_ready', 'integer', 'pods', 'Fewest ready replicas.'),
    column('longest_outage_us', 'integer', 'us', 'Longest time without any ready replica.'),
    column('longest_degraded_us', 'integer', 'us', 'Longest time with fewer ready replicas than wanted.'),
  ],
};

export const AVAILABILITY_LEVELS: TableSpec = {
  name: 'availability_levels',
  description: 'Time spent with so many ready of so many wanted replicas.',
  columns: [
    column('workload', 'string', '', 'Workload.'),
    column('ready', 'integer', 'pods', 'Ready replicas.'),
    column('wanted', 'integer', 'pods', 'Wanted replicas.'),
    column('time_us', 'integer', 'us', 'Time spent.'),
  ],
};

export const AVAILABILITY_SERIES: TableSpec = {
  name: 'availability_series',
  description: 'Ready and wanted replicas over time (bucket means), for the workloads with the lowest ready share.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('workload', 'string', '', 'Workload.'),
    column('ready', 'number', 'pods', 'Ready replicas.'),
    column('wanted', 'number', 'pods', 'Wanted replicas.'),
  ],
};

/** Workloads with a series; the first ones that appear. */
const MAX_SERIES = 200;
const SHOWN_SERIES = 24;
const SERIES_POINTS = 240;
/** Packs (ready, wanted) into one number; replicas beyond it would need a larger base. */
const BASE = 1_048_576;
/** Pairs kept per workload; an autoscaled workload of thousands falls back to the shares it has already seen. */
const MAX_LEVELS = 20_000;

class Track {
  readonly workload: WorkloadRecord;
  readonly times: Map<number, number>;
  readonly readySeries: BucketSeries | undefined;
  readonly wantedSeries: BucketSeries | undefined;
  readonly ready: StepIntegral;
  readonly wanted: StepIntegral;
  firstFullUs: number;
  lostUs: number;
  readyRatioUs: number;
  minReady: number;
  longestOutageUs: number;
  longestDegradedUs: number;
  private sinceUs: number;
  private outageSinceUs: number;
  private degradedSinceUs: number;

  constructor(workload: WorkloadRecord, readySeries: BucketSeries | undefined, wantedSeries: BucketSeries | undefined) {
    this.workload = workload;
    this.times = new Map();
    this.readySeries = readySeries;
    this.wantedSeries = wantedSeries;
    this.ready = new StepIntegral(0);
    this.wanted = new StepIntegral(0);
    this.firstFullUs = -1;
    this.lostUs = 0;
    this.readyRatioUs = 0;
    this.minReady = Infinity;
    this.longestOutageUs = 0;
    this.longestDegradedUs = 0;
    this.sinceUs = 0;
    this.outageSinceUs = -1;
    this.degradedSinceUs = -1;
  }

  /** Books the time up to `timeUs` with the values that held, then takes the new ones from the record. */
  update(timeUs: number, warmupUs: number): void {
    this.book(timeUs, warmupUs);
    const { ready, desired } = this.workload;
    this.ready.set(timeUs, ready);
    this.wanted.set(timeUs, Math.max(0, desired));
    if (this.firstFullUs < 0 && desired > 0 && ready >= desired) {
      this.firstFullUs = timeUs;
      this.sinceUs = timeUs;
    }
    if (this.firstFullUs < 0 || timeUs < warmupUs) return;
    this.noteSpans(timeUs);
    if (desired > 0) this.minReady = Math.min(this.minReady, ready);
  }

  close(timeUs: number, warmupUs: number): void {
    this.book(timeUs, warmupUs);
    if (this.outageSinceUs >= 0) this.longestOutageUs = Math.max(this.longestOutageUs, timeUs - this.outageSinceUs);
    if (this.degradedSinceUs >= 0) this.longestDegradedUs = Math.max(this.longestDegradedUs, timeUs - this.degradedSinceUs);
  }

  private book(timeUs: number, warmupUs: number): void {
    if (this.firstFullUs < 0) return;
    const fromUs = Math.max(this.sinceUs, warmupUs);
    if (timeUs > this.sinceUs) this.sinceUs = timeUs;
    const spanUs = timeUs - fromUs;
    const ready = this.ready.value;
    const wanted = this.wanted.value;
    if (spanUs <= 0 || wanted === 0) return;
    this.minReady = Math.min(this.minReady, ready);
    const missing = Math.max(0, wanted - ready);
    this.lostUs += missing * spanUs;
    this.readyRatioUs += (Math.min(ready, wanted) / wanted) * spanUs;
    const level = ready * BASE + wanted;
    const known = this.times.get(level);
    if (known !== undefined) this.times.set(level, known + spanUs);
    else if (this.times.size < MAX_LEVELS) this.times.set(level, spanUs);
  }

  private noteSpans(timeUs: number): void {
    const { ready, desired } = this.workload;
    if (desired > 0 && ready === 0) {
      if (this.outageSinceUs < 0) this.outageSinceUs = timeUs;
    } else if (this.outageSinceUs >= 0) {
      this.longestOutageUs = Math.max(this.longestOutageUs, timeUs - this.outageSinceUs);
      this.outageSinceUs = -1;
    }
    if (ready < desired) {
      if (this.degradedSinceUs < 0) this.degradedSinceUs = timeUs;
    } else if (this.degradedSinceUs >= 0) {
      this.longestDegradedUs = Math.max(this.longestDegradedUs, timeUs - this.degradedSinceUs);
      this.degradedSinceUs = -1;
    }
  }

  get measuredUs(): number {
    let total = 0;
    for (const spanUs of this.times.values()) total += spanUs;
    return total;
  }

  /** Share of the time with at least `threshold` ready replicas; undefined when nothing was measured. */
  shareWith(threshold: (wanted: number) => number): number | undefined {
    let total = 0;
    let good = 0;
    for (const [level, spanUs] of this.times) {
      const wanted = level % BASE;
      const ready = (level - wanted) / BASE;
      total += spanUs;
      if (ready >= threshold(wanted)) good += spanUs;
    }
    return total > 0 ? good / total : undefined;
  }

  get readyShare(): number | undefined {
    const total = this.measuredUs;
    return total > 0 ? this.readyRatioUs / total : undefined;
  }
}

export const availability = defineMeasure({
  name: 'availability',
  description: 'Ready against wanted replicas of every workload over time.',
  tables: [AVAILABILITY, AVAILABILITY_LEVELS, AVAILABILITY_SERIES],
  create: (ctx) => {
    const tracks: (Track | undefined)[] = [];
    const { warmupUs } = ctx.settings;
    let withSeries = 0;

    function trackOf(workload: WorkloadRecord): Track {
      let track = tracks[workload.index];
      if (track === undefined) {
        const hasSeries = withSeries++ < MAX_SERIES;
        track = new Track(workload, hasSeries ? ctx.clock.series() : undefined, hasSeries ? ctx.clock.series() : undefined);
        tracks[workload.index] = track;
      }
      return track;
    }

    ctx.view.onWorkload((workload, timeUs) => trackOf(workload).update(timeUs, warmupUs));
    ctx.view.onPod(SERVING, (pod, _, timeUs) => {
      // Bare pods have no wanted number; a workload's first pods may come before its own record.
      if (pod.workload.desired >= 0) trackOf(pod.workload).update(timeUs, warmupUs);
    });
    ctx.clock.onTick((timeUs, widthUs) => {
      for (const track of tracks) {
        if (track?.readySeries === undefined) continue;
        track.readySeries.push(track.ready.takeMean(timeUs, widthUs));
        track.wantedSeries!.push(track.wanted.takeMean(timeUs, widthUs));
      }
    });

    return {
      finish: (endUs) => {
        const table = new TableBuilder(AVAILABILITY);
        const levels = new TableBuilder(AVAILABILITY_LEVELS);
        const present = tracks.filter((track) => track !== undefined);
        for (const track of present) {
          track.close(endUs, warmupUs);
          pushTrack(table, track);
          for (const level of [...track.times.keys()].sort(compareNumbers)) {
            const wanted = level % BASE;
            levels.push(track.workload.name, (level - wanted) / BASE, wanted, track.times.get(level)!);
          }
        }
        const worst = worstOf(present);
        const find = (name: string | undefined): Track | undefined => {
          const workload = name === undefined ? undefined : ctx.view.findWorkload(name);
          return workload === undefined ? undefined : tracks[workload.index];
        };
        const measured = (): string[] => present.filter((track) => track.measuredUs > 0).map((track) => track.workload.name);
        return {
          tables: [table.build(), levels.build(), seriesTable(present, ctx.clock.times())],
          figures:
            worst === undefined
              ? []
              : [
                  {
                    name: 'availability.worst',
                    title: 'Lowest share of ready replicas',
                    value: worst.readyShare ?? null,
                    unit: 'share',
                    table: AVAILABILITY.name,
                    detail: worst.workload.name,
                  },
                ],
          answers: [
            {
              name: 'availability',
              table: AVAILABILITY_LEVELS.name,
              value: (args) => {
                const threshold = parseThreshold(args[1] ?? '1');
                return threshold === undefined ? undefined : find(args[0])?.shareWith(threshold);
              },
              known: measured,
            },
            { name: 'ready_share', table: AVAILABILITY.name, value: (args) => find(args[0])?.readyShare, known: measured },
            {
              name: 'lost_replica_time',
              table: AVAILABILITY.name,
              value: (args) => {
                const track = find(args[0]);
                return track === undefined || track.measuredUs === 0 ? undefined : track.lostUs;
              },
              known: measured,
            },
          ],
        };
      },
    };
  },
});

const SERVING = POD.READY | POD.UNREADY | POD.TERMINATING | POD.FINISHED | POD.DELETED | POD.WENT_DOWN | POD.CAME_UP;

/** `2` replicas, or `50%` or `0.5` of the wanted ones; undefined when it is neither. */
export function parseThreshold(text: string): ((wanted: number) => number) | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (match === null) return undefined;
  const number = Number(match[1]);
  if (match[2] === '%') return (wanted) => (wanted * number) / 100;
  return Number.isInteger(number) ? () => number : (wanted) => wanted * number;
}

function pushTrack(table: TableBuilder, track: Track): void {
  const { workload } = track;
  const hasTime = track.measuredUs > 0;
  table.push(
    workload.name,
    Math.max(0, workload.desired),
    workload.ready,
    track.firstFullUs < 0 ? null : track.firstFullUs,
    track.measuredUs,
    track.shareWith(() => 1) ?? null,
    track.shareWith((wanted) => wanted) ?? null,
    track.readyShare ?? null,
    hasTime ? track.lostUs : null,
    hasTime ? track.minReady : null,
    hasTime ? track.longestOutageUs : null,
    hasTime ? track.longestDegradedUs : null,
  );
}

/** The track with the lowest ready share; the first one on ties. */
function worstOf(tracks: readonly Track[]): Track | undefined {
  let worst: Track | undefined;
  for (const track of tracks) {
    const share = track.readyShare;
    if (share !== undefined && (worst === undefined || share < worst.readyShare!)) worst = track;
  }
  return worst;
}

function seriesTable(tracks: readonly Track[], times: readonly number[]): ReturnType<TableBuilder['build']> {
  const table = new TableBuilder(AVAILABILITY_SERIES);
  const shown = tracks
    .filter((track) => track.readySeries !== undefined)
    .sort((a, b) => (a.readyShare ?? 2) - (b.readyShare ?? 2) || a.workload.index - b.workload.index)
    .slice(0, SHOWN_SERIES);
  const step = Math.max(1, Math.ceil(times.length / SERIES_POINTS));
  for (const track of shown) {
    for (let from = 0; from < times.length; from += step) {
      const to = Math.min(times.length, from + step);
      table.push(times[to - 1]!, track.workload.name, meanOf(track.readySeries!, from, to), meanOf(track.wantedSeries!, from, to));
    }
  }
  return table.build();
}

function meanOf(series: BucketSeries, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += series.values[i] ?? 0;
  return sum / (to - from);
}
