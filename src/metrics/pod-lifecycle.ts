/**
 * PodLifecycle: what became of the pods, and how long each stage of their life took.
 *
 *   scheduling    created -> bound                    run           bound -> first container started
 *   image-pull    pull started -> finished            ready         started -> Ready
 *   startup       created -> Ready (first time)       completion    created -> Succeeded
 *   termination   deletionTimestamp set -> object gone
 *
 * Pods that were bound when they were created (a cluster dump, a daemon) have no scheduling and no startup time.
 *
 * Cost      one sketch update per stage, overall (0.4 % error beyond 512 values) and per workload (1.6 %)
 */
import { POD, type PodRecord, type WorkloadRecord } from './cluster-records.ts';
import { LatencySketch } from './latency-sketch.ts';
import { defineMeasure } from './measure.ts';
import { countAnswer, seriesAnswers } from './measurements.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

export const STAGES = ['scheduling', 'image-pull', 'run', 'ready', 'startup', 'completion', 'termination'] as const;
export type Stage = (typeof STAGES)[number];

/** Series of the expectation language by stage. */
const SERIES_OF: Partial<Record<Stage, string>> = {
  scheduling: 'pod.scheduling',
  run: 'pod.run',
  startup: 'pod.startup',
  completion: 'pod.completion',
  termination: 'pod.termination',
};

export const POD_OUTCOMES: TableSpec = {
  name: 'pod_outcomes',
  description: 'What became of the pods, by workload; `all` is the sum. After warm-up, except for what exists at the end.',
  columns: [
    column('workload', 'string', '', 'Workload, or all.'),
    column('created', 'integer', 'pods', 'Pod objects created.'),
    column('bound', 'integer', 'pods', 'Pods that got a node.'),
    column('started', 'integer', 'pods', 'Pods of which a container started.'),
    column('ready', 'integer', 'pods', 'Pods that became Ready at least once.'),
    column('succeeded', 'integer', 'pods', 'Pods that finished with phase Succeeded before anybody deleted them.'),
    column('failed', 'integer', 'pods', 'Pods that finished with phase Failed before anybody deleted them.'),
    column('deleted', 'integer', 'pods', 'Pod objects removed.'),
    column('restarts', 'integer', 'count', 'Container restarts.'),
    column('unscheduled_end', 'integer', 'pods', 'Exist at the end, have no node.'),
    column('running_end', 'integer', 'pods', 'Exist at the end with phase Running.'),
    column('ready_end', 'integer', 'pods', 'Are Ready at the end.'),
  ],
};

export const POD_LATENCY: TableSpec = {
  name: 'pod_latency',
  description: 'How long the stages of pod life took, by workload; `all` is the whole run. Nearest-rank percentiles.',
  columns: [
    column('stage', 'string', '', 'scheduling, image-pull, run, ready, startup, completion or termination.'),
    column('workload', 'string', '', 'Workload, or all.'),
    column('count', 'integer', 'count', 'Pods that passed the stage.'),
    column('mean_us', 'number', 'us', 'Mean.'),
    column('min_us', 'integer', 'us', 'Shortest.'),
    column('p50_us', 'integer', 'us', 'Median.'),
    column('p90_us', 'integer', 'us', '90th percentile.'),
    column('p95_us', 'integer', 'us', '95th percentile.'),
    column('p99_us', 'integer', 'us', '99th percentile.'),
    column('p999_us', 'integer', 'us', '99.9th percentile.'),
    column('max_us', 'integer', 'us', 'Longest.'),
    column('is_exact', 'boolean', '', 'Whether the percentiles are exact; otherwise within 0.4 % (all) or 1.6 % (a workload).'),
  ],
};

export const POD_HISTOGRAM: TableSpec = {
  name: 'pod_latency_histogram',
  description: 'Distribution of the stages over the whole run: log-linear buckets.',
  columns: [
    column('stage', 'string', '', 'As in pod_latency.'),
    column('from_us', 'integer', 'us', 'Smallest duration of the bucket.'),
    column('to_us', 'integer', 'us', 'Largest duration of the bucket.'),
    column('count', 'integer', 'count', 'Pods.'),
  ],
};

interface Counters {
  created: number;
  bound: number;
  started: number;
  ready: number;
  succeeded: number;
  failed: number;
  deleted: number;
  restarts: number;
}

interface WorkloadStats {
  readonly counters: Counters;
  readonly sketches: (LatencySketch | undefined)[];
}

export const podLifecycle = defineMeasure({
  name: 'pod-lifecycle',
  description: 'Outcomes of pods, and latency of every stage of their life.',
  tables: [POD_OUTCOMES, POD_LATENCY, POD_HISTOGRAM],
  create: (ctx) => {
    const all: WorkloadStats = { counters: noCounters(), sketches: STAGES.map(() => new LatencySketch(7)) };
    const byWorkload: WorkloadStats[] = [];
    /** Start of the pull of pods that are pulling, by uid. */
    const pulling = new Map<string, number>();
    const { warmupUs } = ctx.settings;

    function statsOf(workload: WorkloadRecord): WorkloadStats {
      let stats = byWorkload[workload.index];
      if (stats === undefined) {
        stats = { counters: noCounters(), sketches: [] };
        byWorkload[workload.index] = stats;
      }
      return stats;
    }

    function record(stats: WorkloadStats, stage: number, durationUs: number): void {
      all.sketches[stage]!.add(durationUs);
      let sketch = stats.sketches[stage];
      if (sketch === undefined) {
        sketch = new LatencySketch(5);
        stats.sketches[stage] = sketch;
      }
      sketch.add(durationUs);
    }

    ctx.view.onPod(INTERESTING, (pod, change, timeUs) => {
      if (timeUs < warmupUs) return;
      const stats = statsOf(pod.workload);
      const own = stats.counters;
      const total = all.counters;
      const cameBound = pod.boundUs === pod.createdUs;
      if (change & POD.CREATED) {
        own.created++;
        total.created++;
      }
      if (change & POD.BOUND) {
        own.bound++;
        total.bound++;
        if (!(change & POD.CREATED)) record(stats, SCHEDULING, timeUs - pod.createdUs);
      }
      if (change & POD.STARTED) {
        own.started++;
        total.started++;
        if (!(change & POD.BOUND)) record(stats, RUN, pod.startedUs - pod.boundUs);
      }
      if (change & POD.FIRST_READY) {
        own.ready++;
        total.ready++;
        if (!(change & POD.STARTED && change & POD.BOUND)) {
          record(stats, BECOME_READY, timeUs - pod.startedUs);
          if (!cameBound) record(stats, STARTUP, timeUs - pod.createdUs);
        }
      }
      if (change & POD.RESTARTED) {
        own.restarts += pod.newRestarts;
        total.restarts += pod.newRestarts;
      }
      // The containers of a pod that is being deleted end too, but that is no outcome of its own.
      if (change & POD.FINISHED && !pod.isTerminating) {
        const isSuccess = pod.pod.status.phase === 'Succeeded';
        if (isSuccess) {
          own.succeeded++;
          total.succeeded++;
          if (!(change & POD.CREATED)) record(stats, COMPLETION, timeUs - pod.createdUs);
        } else {
          own.failed++;
          total.failed++;
        }
      }
      if (change & POD.DELETED) {
        own.deleted++;
        total.deleted++;
        if (pod.terminatingUs >= 0) record(stats, TERMINATION, timeUs - pod.terminatingUs);
      }
    });
    ctx.on(ctx.topics.podStage, (stage, timeUs) => {
      if (stage.stage === 'pull-started') {
        pulling.set(stage.podUid, timeUs);
      } else if (stage.stage === 'pull-finished' || stage.stage === 'pull-failed' || stage.stage === 'stopped') {
        const startedUs = pulling.get(stage.podUid);
        if (startedUs === undefined) return;
        pulling.delete(stage.podUid);
        const pod = ctx.view.pods.get(stage.podUid);
        if (stage.stage === 'pull-finished' && pod !== undefined && timeUs >= warmupUs)
          record(statsOf(pod.workload), IMAGE_PULL, timeUs - startedUs);
      }
    });

    return {
      finish: () => {
        const outcomes = new TableBuilder(POD_OUTCOMES);
        const latency = new TableBuilder(POD_LATENCY);
        const histogram = new TableBuilder(POD_HISTOGRAM);
        const end = countPods(ctx.view.pods.values());
        pushOutcome(outcomes, 'all', all.counters, end.all);
        pushLatencies(latency, 'all', all);
        for (const workload of ctx.view.workloads) {
          const stats = byWorkload[workload.index];
          if (stats === undefined) continue;
          pushOutcome(outcomes, workload.name, stats.counters, end.byWorkload[workload.index] ?? NOTHING);
          pushLatencies(latency, workload.name, stats);
        }
        STAGES.forEach((stage, index) => {
          for (const bucket of coarse(all.sketches[index]!)) histogram.push(stage, bucket.lowest, bucket.highest, bucket.count);
        });
        const total = all.counters;
        const startup = all.sketches[STARTUP]!;
        return {
          tables: [outcomes.build(), latency.build(), histogram.build()],
          figures: [
            { name: 'pods.created', title: 'Pods created', value: total.created, unit: 'pods', table: POD_OUTCOMES.name, detail: '' },
            {
              name: 'pods.unscheduled',
              title: 'Pods without a node at the end',
              value: end.all.unscheduled,
              unit: 'pods',
              table: POD_OUTCOMES.name,
              detail: '',
            },
            {
              name: 'pod.startup.p99',
              title: 'Pod start-up, 99th percentile',
              value: startup.count > 0 ? startup.quantile(0.99) : null,
              unit: 'us',
              table: POD_LATENCY.name,
              detail: `${startup.count} pods`,
            },
          ],
          answers: [
            ...STAGES.flatMap((stage, index) => {
              const series = SERIES_OF[stage];
              return series === undefined ? [] : seriesAnswers(series, all.sketches[index]!, POD_LATENCY.name);
            }),
            countAnswer('pods.created', POD_OUTCOMES.name, () => total.created),
            countAnswer('pods.succeeded', POD_OUTCOMES.name, () => total.succeeded),
            countAnswer('pods.failed', POD_OUTCOMES.name, () => total.failed),
            countAnswer('pods.deleted', POD_OUTCOMES.name, () => total.deleted),
            countAnswer('containers.restarts', POD_OUTCOMES.name, () => total.restarts),
            countAnswer('pods.unscheduled', POD_OUTCOMES.name, () => end.all.unscheduled),
            countAnswer('pods.pending', POD_OUTCOMES.name, () => end.all.pending),
            countAnswer('pods.running', POD_OUTCOMES.name, () => end.all.running),
            countAnswer('pods.ready', POD_OUTCOMES.name, () => end.all.ready),
            countAnswer('pods.terminating', POD_OUTCOMES.name, () => end.all.terminating),
          ],
        };
      },
    };
  },
});

const SCHEDULING = STAGES.indexOf('scheduling');
const IMAGE_PULL = STAGES.indexOf('image-pull');
const RUN = STAGES.indexOf('run');
const BECOME_READY = STAGES.indexOf('ready');
const STARTUP = STAGES.indexOf('startup');
const COMPLETION = STAGES.indexOf('completion');
const TERMINATION = STAGES.indexOf('termination');
const INTERESTING = POD.CREATED | POD.BOUND | POD.STARTED | POD.FIRST_READY | POD.RESTARTED | POD.FINISHED | POD.DELETED;

function noCounters(): Counters {
  return { created: 0, bound: 0, started: 0, ready: 0, succeeded: 0, failed: 0, deleted: 0, restarts: 0 };
}

interface EndCounts {
  unscheduled: number;
  pending: number;
  running: number;
  ready: number;
  terminating: number;
}

const NOTHING: EndCounts = { unscheduled: 0, pending: 0, running: 0, ready: 0, terminating: 0 };

function countPods(pods: Iterable<PodRecord>): { all: EndCounts; byWorkload: (EndCounts | undefined)[] } {
  const all = { ...NOTHING };
  const byWorkload: (EndCounts | undefined)[] = [];
  for (const pod of pods) {
    let own = byWorkload[pod.workload.index];
    if (own === undefined) {
      own = { ...NOTHING };
      byWorkload[pod.workload.index] = own;
    }
    for (const counts of [all, own]) {
      if (pod.node === undefined && !pod.isFinished) counts.unscheduled++;
      if (pod.pod.status.phase === 'Pending') counts.pending++;
      if (pod.pod.status.phase === 'Running') counts.running++;
      if (pod.isReady) counts.ready++;
      if (pod.isTerminating) counts.terminating++;
    }
  }
  return { all, byWorkload };
}

function pushOutcome(table: TableBuilder, name: string, counters: Counters, end: EndCounts): void {
  table.push(
    name,
    counters.created,
    counters.bound,
    counters.started,
    counters.ready,
    counters.succeeded,
    counters.failed,
    counters.deleted,
    counters.restarts,
    end.unscheduled,
    end.running,
    end.ready,
  );
}

function pushLatencies(table: TableBuilder, name: string, stats: WorkloadStats): void {
  STAGES.forEach((stage, index) => {
    const sketch = stats.sketches[index];
    if (sketch === undefined || sketch.count === 0) return;
    const at = (share: number): number => sketch.quantile(share);
    table.push(
      stage,
      name,
      sketch.count,
      sketch.mean,
      sketch.min,
      at(0.5),
      at(0.9),
      at(0.95),
      at(0.99),
      at(0.999),
      sketch.max,
      sketch.isExact,
    );
  });
}

/** The buckets of a sketch, neighbours joined until at most 200 are left. */
function coarse(sketch: LatencySketch): { lowest: number; highest: number; count: number }[] {
  let buckets = sketch.histogram().map((bucket) => ({ ...bucket }));
  while (buckets.length > 200) {
    const joined: typeof buckets = [];
    for (let i = 0; i < buckets.length; i += 2) {
      const next = buckets[i + 1];
      const first = buckets[i]!;
      joined.push(next === undefined ? first : { lowest: first.lowest, highest: next.highest, count: first.count + next.count });
    }
    buckets = joined;
  }
  return buckets;
}
