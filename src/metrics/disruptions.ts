/**
 * Disruptions: pods that were pushed out: preempted, evicted by taint, by the eviction API or by their node, or collected
 * after their node was lost; and replicas replaced after they had been ready, for whatever reason.
 *
 * The cause is the reason of the pod's DisruptionTarget condition. Where a component deletes without setting it, the pod
 * counts as replaced only.
 *
 * Models    kubernetes v1.34 pod failure reasons of the DisruptionTarget condition
 * Cost      O(1) per disrupted, deleted or failed pod
 */
import { compareCodeUnits } from '../base/compare.ts';
import { POD, type PodRecord, type WorkloadRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import { plainAnswer } from './measurements.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

const MAX_ROWS = 5000;

/** Reason of the condition to what people call it. */
const CAUSES: Readonly<Record<string, string>> = {
  PreemptionByScheduler: 'preemption',
  DeletionByTaintManager: 'taint eviction',
  EvictionByEvictionAPI: 'eviction API',
  TerminationByKubelet: 'node pressure or shutdown',
  DeletionByPodGC: 'node gone',
};
const EVICTIONS: readonly string[] = ['DeletionByTaintManager', 'EvictionByEvictionAPI', 'TerminationByKubelet'];

export const DISRUPTIONS: TableSpec = {
  name: 'disruptions',
  description: 'Disrupted pods by workload and cause, after warm-up.',
  columns: [
    column('workload', 'string', '', 'Workload.'),
    column('cause', 'string', '', 'preemption, taint eviction, eviction API, node pressure or shutdown, node gone.'),
    column('reason', 'string', '', 'Reason of the DisruptionTarget condition.'),
    column('pods', 'integer', 'pods', 'Pods disrupted.'),
    column('ready_pods', 'integer', 'pods', 'Of these, pods that were ready at that moment.'),
  ],
};

const DISRUPTION_LOG: TableSpec = {
  name: 'disruption_log',
  description: 'Disrupted pods in order of time; the first of a long run.',
  columns: [
    column('time_us', 'integer', 'us', 'When the condition was set.'),
    column('pod', 'string', '', 'Namespace and name.'),
    column('workload', 'string', '', 'Workload.'),
    column('node', 'string', '', 'Node it was on.'),
    column('cause', 'string', '', 'As in disruptions.'),
    column('priority', 'integer', '', 'Priority of the pod.'),
  ],
};

const REPLACED: TableSpec = {
  name: 'replaced_pods',
  description: 'Pods that were deleted or failed after they had been ready, by workload; rollouts and scaling down included.',
  columns: [column('workload', 'string', '', 'Workload.'), column('pods', 'integer', 'pods', 'Pods replaced.')],
};

export const disruptions = defineMeasure({
  name: 'disruptions',
  description: 'Preempted, evicted and otherwise disrupted pods by cause.',
  tables: [DISRUPTIONS, DISRUPTION_LOG, REPLACED],
  create: (ctx) => {
    const counts = new Map<string, { workload: WorkloadRecord; reason: string; pods: number; readyPods: number }>();
    const log = new TableBuilder(DISRUPTION_LOG, MAX_ROWS);
    const replaced: number[] = [];

    ctx.view.onPod(POD.DISRUPTED | POD.FINISHED | POD.TERMINATING | POD.DELETED, (pod, change, timeUs) => {
      if (timeUs < ctx.settings.warmupUs) return;
      if (change & POD.DISRUPTED) {
        const key = `${pod.workload.index} ${pod.disruption}`;
        let entry = counts.get(key);
        if (entry === undefined) {
          entry = { workload: pod.workload, reason: pod.disruption, pods: 0, readyPods: 0 };
          counts.set(key, entry);
        }
        entry.pods++;
        if (pod.isReady || change & POD.UNREADY) entry.readyPods++;
        log.push(timeUs, pod.key, pod.workload.name, pod.node?.name ?? '', causeOf(pod.disruption), pod.pod.spec.priority ?? 0);
      }
      if (endedAfterReady(pod, change)) replaced[pod.workload.index] = (replaced[pod.workload.index] ?? 0) + 1;
    });

    const countOf = (reasons: readonly string[], workload: WorkloadRecord | undefined): number => {
      let sum = 0;
      for (const entry of counts.values()) {
        if (reasons.includes(entry.reason) && (workload === undefined || entry.workload === workload)) sum += entry.pods;
      }
      return sum;
    };

    return {
      finish: () => {
        const table = new TableBuilder(DISRUPTIONS);
        const entries = [...counts.values()].sort((a, b) => a.workload.index - b.workload.index || compareCodeUnits(a.reason, b.reason));
        for (const entry of entries) table.push(entry.workload.name, causeOf(entry.reason), entry.reason, entry.pods, entry.readyPods);
        const replacedTable = new TableBuilder(REPLACED);
        for (const workload of ctx.view.workloads) {
          const pods = replaced[workload.index] ?? 0;
          if (pods > 0) replacedTable.push(workload.name, pods);
        }
        const evictions = countOf(EVICTIONS, undefined);
        const preemptions = countOf(['PreemptionByScheduler'], undefined);
        return {
          tables: [table.build(), log.build(), replacedTable.build()],
          figures: [
            { name: 'evictions', title: 'Evictions', value: evictions, unit: 'pods', table: DISRUPTIONS.name, detail: '' },
            { name: 'preemptions', title: 'Preemptions', value: preemptions, unit: 'pods', table: DISRUPTIONS.name, detail: '' },
          ],
          answers: [
            plainAnswer('preemptions', DISRUPTIONS.name, () => preemptions),
            {
              name: 'evictions',
              table: DISRUPTIONS.name,
              value: (args) => {
                if (args.length === 0) return evictions;
                const workload = ctx.view.findWorkload(args[0]!);
                return workload === undefined ? undefined : countOf(EVICTIONS, workload);
              },
              known: () => ['', ...ctx.view.workloads.filter((workload) => workload.desired >= 0).map((workload) => workload.name)],
            },
            {
              name: 'replaced',
              table: REPLACED.name,
              value: (args) => {
                const workload = args[0] === undefined ? undefined : ctx.view.findWorkload(args[0]);
                return workload === undefined ? undefined : (replaced[workload.index] ?? 0);
              },
              known: () => ctx.view.workloads.filter((workload) => workload.desired >= 0).map((workload) => workload.name),
            },
          ],
        };
      },
    };
  },
});

/** Counted once: when it fails by itself, or when its deletion begins before it has finished. */
function endedAfterReady(pod: PodRecord, change: number): boolean {
  if (pod.readyUs < 0) return false;
  if (change & POD.TERMINATING) return !pod.isFinished || (change & POD.FINISHED) !== 0;
  if (pod.isTerminating) return false;
  if (change & POD.FINISHED) return pod.pod.status.phase === 'Failed';
  return (change & POD.DELETED) !== 0 && !pod.isFinished;
}

function causeOf(reason: string): string {
  return CAUSES[reason] ?? reason;
}
