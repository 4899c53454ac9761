/**
 * Scheduling: attempts, their latency and outcome, queue waits, throughput, and why pods stayed pending.
 *
 * Reasons are taken from the sentence users see (`0/5 nodes are available: 3 Insufficient cpu, ...`), one per node verdict.
 * A pod is pending for a reason from the failed attempt that gave it until the next attempt's verdict, its binding or its
 * deletion; pods with several reasons count under each of them.
 *
 * Cost      O(1) per attempt; sentences are taken apart once and remembered (at most MAX_MESSAGES of them)
 */
import { compareCodeUnits } from '../base/compare.ts';
import { SECOND_US } from '../engine/units.ts';
import type { AttemptRecord } from '../scheduler/attempts.ts';
import { POD } from './cluster-records.ts';
import { LatencySketch } from './latency-sketch.ts';
import { defineMeasure } from './measure.ts';
import { plainAnswer, seriesAnswers } from './measurements.ts';
import type { TableSpec } from './result.ts';
import { StepIntegral } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

const MAX_REASONS = 300;
const MAX_MESSAGES = 2000;

export const SCHEDULING: TableSpec = {
  name: 'scheduling',
  description: 'Scheduling attempts by profile, after warm-up; `all` is the sum.',
  columns: [
    column('profile', 'string', '', 'Scheduler name of the profile, or all.'),
    column('attempts', 'integer', 'count', 'Attempts.'),
    column('scheduled', 'integer', 'count', 'Attempts that found a node.'),
    column('unschedulable', 'integer', 'count', 'Attempts that found none.'),
    column('error', 'integer', 'count', 'Attempts that failed for another reason.'),
    column('nominated', 'integer', 'count', 'Attempts after which preemption chose a node.'),
    column('cycle_p50_us', 'integer', 'us', 'Median time from pop to decision.'),
    column('cycle_p99_us', 'integer', 'us', '99th percentile of it.'),
    column('queue_wait_p50_us', 'integer', 'us', 'Median time from first queueing to the pop that succeeded.'),
    column('queue_wait_p90_us', 'integer', 'us', '90th percentile of it.'),
    column('queue_wait_p99_us', 'integer', 'us', '99th percentile of it.'),
    column('queue_wait_max_us', 'integer', 'us', 'Longest.'),
    column('evaluated_mean', 'number', 'nodes', 'Nodes looked at per attempt.'),
    column('feasible_mean', 'number', 'nodes', 'Nodes found feasible per attempt.'),
  ],
};

export const SCHEDULING_SERIES: TableSpec = {
  name: 'scheduling_series',
  description: 'Scheduling over time, in equally long buckets.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('pending', 'number', 'pods', 'Pods without a node (mean).'),
    column('scheduled_per_s', 'number', '1/s', 'Successful attempts per second.'),
    column('unschedulable_per_s', 'number', '1/s', 'Failed attempts per second.'),
  ],
};

export const PENDING_REASONS: TableSpec = {
  name: 'pending_reasons',
  description: 'Why pods stayed pending: verdicts of failed attempts by reason.',
  columns: [
    column('reason', 'string', '', 'As in the FailedScheduling event.'),
    column('attempts', 'integer', 'count', 'Failed attempts that gave this reason.'),
    column('pods', 'integer', 'pods', 'Pods whose first failed attempt gave it.'),
    column('nodes_mean', 'number', 'nodes', 'Nodes it was given for, per attempt.'),
    column('pod_time_us', 'integer', 'us', 'Pod-microseconds spent pending for it.'),
    column('pods_end', 'integer', 'pods', 'Pods pending for it at the end.'),
  ],
};

export const PENDING_PLUGINS: TableSpec = {
  name: 'pending_plugins',
  description: 'Which plugins turned pods down.',
  columns: [
    column('plugin', 'string', '', 'Scheduler plugin.'),
    column('attempts', 'integer', 'count', 'Failed attempts in which it turned nodes down.'),
    column('pods', 'integer', 'pods', 'Pods whose first failed attempt it turned nodes down in.'),
  ],
};

export const PENDING_END: TableSpec = {
  name: 'pending_end',
  description: 'Pods that had no node when the run ended and whose last attempt failed; the longest waiting first.',
  columns: [
    column('pod', 'string', '', 'Namespace and name.'),
    column('workload', 'string', '', 'Workload.'),
    column('waiting_us', 'integer', 'us', 'Since creation.'),
    column('message', 'string', '', 'Verdict of the last attempt.'),
  ],
};

const MAX_PENDING_ROWS = 500;

interface ProfileStats {
  attempts: number;
  scheduled: number;
  unschedulable: number;
  error: number;
  nominated: number;
  evaluated: number;
  feasible: number;
  readonly cycle: LatencySketch;
  readonly wait: LatencySketch;
}

interface ReasonStats {
  readonly reason: string;
  attempts: number;
  pods: number;
  verdicts: number;
  readonly pending: StepIntegral;
}

/** A sentence taken apart. */
interface Verdict {
  readonly message: string;
  readonly reasons: readonly { readonly stats: ReasonStats; readonly nodes: number }[];
}

export const scheduling = defineMeasure({
  name: 'scheduling',
  description: 'Scheduling attempts, latency, throughput, and why pods stayed pending.',
  tables: [SCHEDULING, SCHEDULING_SERIES, PENDING_REASONS, PENDING_PLUGINS, PENDING_END],
  create: (ctx) => {
    const { warmupUs } = ctx.settings;
    const all = newProfile();
    const profiles = new Map<string, ProfileStats>();
    const reasons = new Map<string, ReasonStats>();
    const plugins = new Map<string, { attempts: number; pods: number }>();
    const verdicts = new Map<string, Verdict>();
    /** Verdict of the last failed attempt of pods that have no node, by uid. */
    const failing = new Map<string, Verdict>();
    const pending = new StepIntegral(0);
    const pendingSeries = ctx.clock.series();
    const scheduledSeries = ctx.clock.series();
    const failedSeries = ctx.clock.series();
    let scheduledInBucket = 0;
    let failedInBucket = 0;
    let peakPerSecond = 0;

    function leave(uid: string, timeUs: number): boolean {
      const verdict = failing.get(uid);
      if (verdict === undefined) return false;
      failing.delete(uid);
      for (const { stats } of verdict.reasons) stats.pending.add(timeUs, -1);
      return true;
    }

    function verdictOf(message: string): Verdict {
      const known = verdicts.get(message);
      if (known !== undefined) return known;
      const parts = parseFitError(message).flatMap(({ reason, nodes }) => {
        let stats = reasons.get(reason);
        if (stats === undefined) {
          if (reasons.size >= MAX_REASONS) return [];
          stats = { reason, attempts: 0, pods: 0, verdicts: 0, pending: new StepIntegral(warmupUs) };
          reasons.set(reason, stats);
        }
        return [{ stats, nodes }];
      });
      const verdict: Verdict = { message, reasons: parts };
      if (verdicts.size < MAX_MESSAGES) verdicts.set(message, verdict);
      return verdict;
    }

    ctx.on(ctx.topics.attempt, (record, timeUs) => {
      if (record.result === 'scheduled') scheduledInBucket++;
      else failedInBucket++;
      if (timeUs >= warmupUs) {
        count(all, record);
        let profile = profiles.get(record.schedulerName);
        if (profile === undefined) {
          profile = newProfile();
          profiles.set(record.schedulerName, profile);
        }
        count(profile, record);
      }
      if (record.result !== 'unschedulable') return;
      const pod = ctx.view.pods.get(record.podUid);
      const hadFailed = leave(record.podUid, timeUs);
      const verdict = verdictOf(record.message);
      const isFirst = !hadFailed && record.podAttempt === 1;
      for (const { stats, nodes } of verdict.reasons) {
        stats.attempts++;
        stats.verdicts += nodes;
        if (isFirst) stats.pods++;
        if (pod !== undefined && pod.node === undefined) stats.pending.add(timeUs, 1);
      }
      if (pod !== undefined && pod.node === undefined) failing.set(record.podUid, verdict);
      for (const name of record.unschedulablePlugins) {
        let plugin = plugins.get(name);
        if (plugin === undefined) {
          plugin = { attempts: 0, pods: 0 };
          plugins.set(name, plugin);
        }
        plugin.attempts++;
        if (isFirst) plugin.pods++;
      }
    });
    ctx.view.onPod(POD.CREATED | POD.BOUND | POD.DELETED | POD.FINISHED, (pod, change, timeUs) => {
      if (change & POD.CREATED && pod.node === undefined && !pod.isFinished) pending.add(timeUs, 1);
      if (change & POD.BOUND && !(change & POD.CREATED)) {
        pending.add(timeUs, -1);
        leave(pod.uid, timeUs);
      } else if (pod.node === undefined && isEnd(change, pod.finishedUs >= 0)) {
        pending.add(timeUs, -1);
        leave(pod.uid, timeUs);
      }
    });
    ctx.clock.onTick((timeUs, widthUs) => {
      const seconds = widthUs / SECOND_US;
      pendingSeries.push(pending.takeMean(timeUs, widthUs));
      scheduledSeries.push(scheduledInBucket / seconds);
      failedSeries.push(failedInBucket / seconds);
      peakPerSecond = Math.max(peakPerSecond, scheduledInBucket / seconds);
      scheduledInBucket = 0;
      failedInBucket = 0;
    });

    return {
      finish: (endUs) => {
        const table = new TableBuilder(SCHEDULING);
        pushProfile(table, 'all', all);
        for (const name of [...profiles.keys()].sort(compareCodeUnits)) pushProfile(table, name, profiles.get(name)!);
        const series = new TableBuilder(SCHEDULING_SERIES);
        ctx.clock.times().forEach((timeUs, index) => {
          series.push(timeUs, pendingSeries.values[index]!, scheduledSeries.values[index]!, failedSeries.values[index]!);
        });
        const why = new TableBuilder(PENDING_REASONS);
        const byTime = [...reasons.values()].sort(
          (a, b) => b.pending.total(endUs) - a.pending.total(endUs) || b.attempts - a.attempts || compareCodeUnits(a.reason, b.reason),
        );
        for (const entry of byTime) {
          const nodes = entry.attempts > 0 ? entry.verdicts / entry.attempts : 0;
          why.push(entry.reason, entry.attempts, entry.pods, nodes, entry.pending.total(endUs), entry.pending.value);
        }
        const who = new TableBuilder(PENDING_PLUGINS);
        const byAttempts = [...plugins].sort((a, b) => b[1].attempts - a[1].attempts || compareCodeUnits(a[0], b[0]));
        for (const [name, entry] of byAttempts) who.push(name, entry.attempts, entry.pods);
        const left = new TableBuilder(PENDING_END, MAX_PENDING_ROWS);
        for (const pod of ctx.view.pods.values()) {
          const verdict = failing.get(pod.uid);
          if (verdict !== undefined) left.push(pod.key, pod.workload.name, endUs - pod.createdUs, verdict.message);
        }
        return {
          tables: [table.build(), series.build(), why.build(), who.build(), left.build()],
          figures: [
            {
              name: 'scheduling.queue_wait.p99',
              title: 'Wait in the scheduling queue, 99th percentile',
              value: all.wait.count > 0 ? all.wait.quantile(0.99) : null,
              unit: 'us',
              table: SCHEDULING.name,
              detail: `${all.scheduled} pods`,
            },
            {
              name: 'scheduling.peak',
              title: 'Most pods scheduled per second',
              value: peakPerSecond,
              unit: '1/s',
              table: SCHEDULING_SERIES.name,
              detail: 'mean over one bucket',
            },
          ],
          answers: [
            ...seriesAnswers('pod.queue_wait', all.wait, SCHEDULING.name),
            ...seriesAnswers('scheduler.cycle', all.cycle, SCHEDULING.name),
            plainAnswer('unschedulable', PENDING_END.name, () => failing.size),
          ],
        };
      },
    };
  },
});

function isEnd(change: number, isFinished: boolean): boolean {
  // A pod that finished before its deletion has left already.
  return (change & POD.FINISHED) !== 0 ? (change & POD.CREATED) === 0 : (change & POD.DELETED) !== 0 && !isFinished;
}

function newProfile(): ProfileStats {
  return {
    attempts: 0,
    scheduled: 0,
    unschedulable: 0,
    error: 0,
    nominated: 0,
    evaluated: 0,
    feasible: 0,
    cycle: new LatencySketch(7),
    wait: new LatencySketch(7),
  };
}

function count(stats: ProfileStats, record: AttemptRecord): void {
  stats.attempts++;
  stats[record.result]++;
  if (record.nominatedNodeName !== '') stats.nominated++;
  stats.evaluated += record.evaluatedCount;
  stats.feasible += record.feasibleCount;
  stats.cycle.add(record.durationUs);
  if (record.result === 'scheduled') stats.wait.add(record.sinceAddedUs);
}

function pushProfile(table: TableBuilder, name: string, stats: ProfileStats): void {
  const { attempts, cycle, wait } = stats;
  table.push(
    name,
    attempts,
    stats.scheduled,
    stats.unschedulable,
    stats.error,
    stats.nominated,
    cycle.quantile(0.5),
    cycle.quantile(0.99),
    wait.quantile(0.5),
    wait.quantile(0.9),
    wait.quantile(0.99),
    wait.max,
    attempts > 0 ? stats.evaluated / attempts : null,
    attempts > 0 ? stats.feasible / attempts : null,
  );
}

/**
 * The reasons in `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {a: b}. preemption: ...`.
 * A sentence without counts is one reason given for all nodes; any other text is one reason for no node.
 */
export function parseFitError(message: string): { reason: string; nodes: number }[] {
  const head = /^0\/(\d+) nodes are available:? ?/.exec(message);
  if (head === null) return message === '' ? [] : [{ reason: message, nodes: 0 }];
  let rest = message.slice(head[0].length);
  const after = rest.search(/\.? preemption: |\. (?:no new claims|Preemption)/);
  if (after !== -1) rest = rest.slice(0, after);
  rest = rest.replace(/\.$/, '');
  const found: { reason: string; nodes: number }[] = [];
  // A new part begins at a comma that is followed by a count.
  for (const part of rest.split(/, (?=\d+ )/)) {
    const counted = /^(\d+) (.+)$/.exec(part);
    if (counted !== null) found.push({ reason: counted[2]!, nodes: Number(counted[1]) });
    else if (part !== '') found.push({ reason: part, nodes: Number(head[1]) });
  }
  return found;
}
