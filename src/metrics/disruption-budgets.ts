/**
 * DisruptionBudgets: for each PodDisruptionBudget, when fewer pods were healthy than it wants.
 *
 * A budget binds voluntary evictions only; faults break it, and this says how often and for how long. Expected pods are the
 * wanted replicas of the workloads whose pods it selects; healthy ones are ready and not known to be down.
 *
 * Differs   counted from the moment the budget was first satisfied: a workload that starts is not a break
 * Cost      one selector match per new pod and budget of its namespace; O(1) per readiness change of a selected pod
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import { keyOf } from '../objects/meta.ts';
import { compileLabelSelector, type LabelMatcher } from '../objects/selectors.ts';
import { requiredHealthy } from './budget-rule.ts';
import { POD, type PodRecord, type WorkloadRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

export const BUDGETS: TableSpec = {
  name: 'disruption_budgets',
  description: 'PodDisruptionBudgets and how long they were broken, from the first time they were satisfied.',
  columns: [
    column('budget', 'string', '', 'Namespace and name.'),
    column('workloads', 'string', '', 'Workloads it selects.'),
    column('required_end', 'integer', 'pods', 'Healthy pods it wants at the end.'),
    column('healthy_end', 'integer', 'pods', 'Healthy pods at the end.'),
    column('times_broken', 'integer', 'count', 'How often healthy pods fell below what it wants.'),
    column('broken_us', 'integer', 'us', 'Time below, in all.'),
    column('longest_us', 'integer', 'us', 'Longest time below.'),
    column('fewest_healthy', 'integer', 'pods', 'Fewest healthy pods.'),
  ],
};

interface Watched {
  readonly key: string;
  budget: PodDisruptionBudget;
  matcher: LabelMatcher;
  readonly healthy: Set<PodRecord>;
  readonly workloads: Set<WorkloadRecord>;
  wasSatisfied: boolean;
  brokenSinceUs: number;
  timesBroken: number;
  brokenUs: number;
  longestUs: number;
  fewest: number;
}

export const disruptionBudgets = defineMeasure({
  name: 'disruption-budgets',
  description: 'How often and how long PodDisruptionBudgets were broken.',
  tables: [BUDGETS],
  create: (ctx) => {
    const byNamespace = new Map<string, Watched[]>();
    const watchedBy = new Map<WorkloadRecord, Set<Watched>>();

    function required(watched: Watched): number {
      let expected = 0;
      for (const workload of watched.workloads) expected += Math.max(0, workload.desired);
      return requiredHealthy(watched.budget, expected);
    }

    function judge(watched: Watched, timeUs: number): void {
      const healthy = watched.healthy.size;
      const needed = required(watched);
      if (healthy >= needed) {
        watched.wasSatisfied = watched.wasSatisfied || (needed > 0 && healthy > 0);
        endBreak(watched, timeUs);
      } else if (watched.wasSatisfied && timeUs >= ctx.settings.warmupUs && watched.brokenSinceUs < 0) {
        watched.brokenSinceUs = timeUs;
        watched.timesBroken++;
      }
      if (watched.wasSatisfied) watched.fewest = Math.min(watched.fewest, healthy);
    }

    function take(watched: Watched, pod: PodRecord): boolean {
      if (!watched.matcher.matches(pod.pod.metadata.labels)) return false;
      watched.workloads.add(pod.workload);
      let of = watchedBy.get(pod.workload);
      if (of === undefined) {
        of = new Set();
        watchedBy.set(pod.workload, of);
      }
      of.add(watched);
      if (pod.isServing) watched.healthy.add(pod);
      return true;
    }

    ctx.onCommit((kind, type, old, next) => {
      if (kind !== 'PodDisruptionBudget') return;
      const timeUs = ctx.nowUs();
      const budget = (next ?? old) as PodDisruptionBudget;
      const namespace = budget.metadata.namespace;
      const list = byNamespace.get(namespace) ?? [];
      byNamespace.set(namespace, list);
      const key = keyOf(budget);
      let watched = list.find((entry) => entry.key === key);
      if (type === 'DELETED') {
        if (watched !== undefined) endBreak(watched, timeUs);
        return;
      }
      if (watched?.budget.spec === budget.spec) return;
      const matcher = compileLabelSelector(budget.spec.selector);
      if (watched === undefined) {
        watched = newWatched(key, budget, matcher);
        list.push(watched);
      }
      watched.budget = budget;
      watched.matcher = matcher;
      watched.healthy.clear();
      watched.workloads.clear();
      for (const pod of ctx.view.pods.values()) if (pod.pod.metadata.namespace === namespace) take(watched, pod);
      judge(watched, timeUs);
    });
    ctx.view.onPod(SERVING, (pod, _, timeUs) => {
      if (byNamespace.size === 0) return;
      const list = byNamespace.get(pod.pod.metadata.namespace);
      if (list === undefined) return;
      for (const watched of list) {
        const counted = watched.healthy.has(pod);
        if (counted && !pod.isServing) watched.healthy.delete(pod);
        else if (counted || !take(watched, pod)) continue;
        judge(watched, timeUs);
      }
    });
    ctx.view.onWorkload((workload, timeUs) => {
      for (const watched of watchedBy.get(workload) ?? []) judge(watched, timeUs);
    });

    return {
      finish: (endUs) => {
        const table = new TableBuilder(BUDGETS);
        const present = [...byNamespace.values()].flat().sort((a, b) => compareCodeUnits(a.key, b.key));
        let broken = 0;
        for (const watched of present) {
          endBreak(watched, endUs);
          broken += watched.timesBroken;
          table.push(
            watched.key,
            [...watched.workloads].map((workload) => workload.name).join(' '),
            required(watched),
            watched.healthy.size,
            watched.timesBroken,
            watched.brokenUs,
            watched.longestUs,
            watched.wasSatisfied ? watched.fewest : null,
          );
        }
        return {
          tables: [table.build()],
          figures:
            present.length === 0
              ? []
              : [
                  {
                    name: 'budgets.broken',
                    title: 'Disruption budgets broken',
                    value: broken,
                    unit: 'count',
                    table: BUDGETS.name,
                    detail: '',
                  },
                ],
          answers: [],
        };
      },
    };
  },
});

const SERVING = POD.CREATED | POD.READY | POD.UNREADY | POD.TERMINATING | POD.FINISHED | POD.DELETED | POD.WENT_DOWN | POD.CAME_UP;

function newWatched(key: string, budget: PodDisruptionBudget, matcher: LabelMatcher): Watched {
  return {
    key,
    budget,
    matcher,
    healthy: new Set(),
    workloads: new Set(),
    wasSatisfied: false,
    brokenSinceUs: -1,
    timesBroken: 0,
    brokenUs: 0,
    longestUs: 0,
    fewest: Infinity,
  };
}

function endBreak(watched: Watched, timeUs: number): void {
  if (watched.brokenSinceUs < 0) return;
  const spanUs = timeUs - watched.brokenSinceUs;
  watched.brokenUs += spanUs;
  watched.longestUs = Math.max(watched.longestUs, spanUs);
  watched.brokenSinceUs = -1;
}
