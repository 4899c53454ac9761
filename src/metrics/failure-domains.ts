/**
 * FailureDomains: what is lost if a node, rack, power feed, zone or region dies, for each workload and for the cluster.
 *
 * A replica stands somewhere while it is bound, unfinished and not being deleted. For each workload and level:
 *
 *   worst share          the largest part of its replicas in one domain: at the end, over time (largest and mean)
 *   survivable losses    how many domains can be lost at once, the fullest first, with one replica left / a majority of
 *                        the wanted replicas left / as many left as its PodDisruptionBudget wants
 *   refit share          part of the pods of that worst domain that would fit elsewhere (refit.ts)
 *
 * Only times at which the workload has all its replicas count for the development over time: the first replica of ten is
 * always alone somewhere.
 *
 * Cost      five Map updates per bound or finished replica of a workload with a wanted number; the rest at the end
 */
import { compareCodeUnits } from '../base/compare.ts';
import { requiredByBudget } from './budget-rule.ts';
import { LEVELS, type NodeRecord, POD, type PodRecord, type WorkloadRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import { inOrderOfPlacement, Refit } from './refit.ts';
import type { TableSpec } from './result.ts';
import { StepIntegral } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

export const FAILURE_DOMAINS: TableSpec = {
  name: 'failure_domains',
  description: 'What each workload loses if its worst domain of a level dies.',
  columns: [
    column('workload', 'string', '', 'Workload.'),
    column('level', 'string', '', 'node, rack, power, zone or region.'),
    column('pods', 'integer', 'pods', 'Replicas that stand at the end.'),
    column('wanted', 'integer', 'pods', 'Wanted replicas; empty for bare pods.'),
    column('domains_used', 'integer', 'count', 'Domains that hold a replica.'),
    column('domains_total', 'integer', 'count', 'Domains with a registered node.'),
    column('worst_domain', 'string', '', 'Domain with most replicas, the first by name on ties.'),
    column('worst_share', 'number', 'share', 'Share of the replicas it holds at the end.'),
    column('worst_share_ever', 'number', 'share', 'Largest such share at any time with all replicas placed; empty for bare pods.'),
    column('mean_share', 'number', 'share', 'Time average of it; empty for bare pods.'),
    column('survives_any', 'integer', 'count', 'Domains that can be lost at once with a replica left.'),
    column('survives_majority', 'integer', 'count', 'The same with more than half of the wanted replicas left.'),
    column('survives_budget', 'integer', 'count', 'The same with what the disruption budget wants left; empty without a budget.'),
    column('refit_share', 'number', 'share', 'Share of its replicas in the worst domain that would fit on the rest of the cluster.'),
  ],
};

export const DOMAIN_LOSS: TableSpec = {
  name: 'domain_loss',
  description: 'What the cluster loses if one domain dies at the end of the run. Of the nodes, those with most pods.',
  columns: [
    column('level', 'string', '', 'node, rack, power, zone or region.'),
    column('domain', 'string', '', 'Which one.'),
    column('nodes', 'integer', 'nodes', 'Registered nodes in it.'),
    column('pods', 'integer', 'pods', 'Pods that stand on them.'),
    column('pod_share', 'number', 'share', 'Of all pods that stand anywhere.'),
    column('workloads_hit', 'integer', 'count', 'Workloads with a replica there.'),
    column('workloads_down', 'integer', 'count', 'Workloads with a wanted number that lose every replica.'),
    column('budgets_broken', 'integer', 'count', 'Workloads that fall below what their disruption budget wants.'),
    column('refit_pods', 'integer', 'pods', 'Pods that would fit on the rest of the cluster.'),
    column('refit_share', 'number', 'share', 'The same as a share of its pods.'),
  ],
};

/** Workloads in the table: all with a wanted number up to this, then the largest groups of bare pods. */
const MAX_WORKLOADS_SHOWN = 500;
const MAX_BARE_SHOWN = 20;
const MAX_NODES_SHOWN = 200;

/** Where the replicas of one workload stand at one level; keeps the largest count at hand. */
class Spread {
  readonly counts: Map<number, number>;
  /** How many domains hold exactly n replicas. */
  private readonly domainsWith: number[];
  largest: number;

  constructor() {
    this.counts = new Map();
    this.domainsWith = [];
    this.largest = 0;
  }

  move(domain: number, delta: 1 | -1): void {
    const before = this.counts.get(domain) ?? 0;
    const after = before + delta;
    if (after === 0) this.counts.delete(domain);
    else this.counts.set(domain, after);
    if (before > 0) this.domainsWith[before]!--;
    if (after > 0) this.domainsWith[after] = (this.domainsWith[after] ?? 0) + 1;
    if (after > this.largest) this.largest = after;
    else if (before === this.largest && (this.domainsWith[before] ?? 0) === 0) this.largest = after;
  }
}

interface Track {
  readonly workload: WorkloadRecord;
  total: number;
  readonly spreads: readonly Spread[];
  /** Largest share, integrated while complete; by level. */
  readonly shares: readonly StepIntegral[];
  readonly worst: number[];
  /** 1 while all replicas stand. */
  readonly complete: StepIntegral;
}

export const failureDomains = defineMeasure({
  name: 'failure-domains',
  description: 'Share lost if the worst domain dies, survivable losses, and whether the rest still fits elsewhere.',
  tables: [FAILURE_DOMAINS, DOMAIN_LOSS],
  create: (ctx) => {
    const tracks: (Track | undefined)[] = [];
    const { warmupUs } = ctx.settings;

    /** Made from the replicas that stand now, later kept up to date. */
    function newTrack(workload: WorkloadRecord): Track {
      const track: Track = {
        workload,
        total: 0,
        spreads: LEVELS.map(() => new Spread()),
        shares: LEVELS.map(() => new StepIntegral(warmupUs)),
        worst: LEVELS.map(() => 0),
        complete: new StepIntegral(warmupUs),
      };
      tracks[workload.index] = track;
      for (const pod of ctx.view.pods.values()) if (pod.workload === workload && pod.isStanding) move(track, pod, 1);
      return track;
    }

    function move(track: Track, pod: PodRecord, delta: 1 | -1): void {
      track.total += delta;
      for (let level = 0; level < LEVELS.length; level++) track.spreads[level]!.move(pod.node!.domains[level]!, delta);
    }

    function judge(track: Track, timeUs: number): void {
      const isComplete = track.total > 0 && track.total >= track.workload.desired && track.workload.desired > 0;
      track.complete.set(timeUs, isComplete ? 1 : 0);
      for (let level = 0; level < LEVELS.length; level++) {
        const share = isComplete ? track.spreads[level]!.largest / track.total : 0;
        track.shares[level]!.set(timeUs, share);
        if (timeUs >= warmupUs && share > track.worst[level]!) track.worst[level] = share;
      }
    }

    ctx.view.onWorkload((workload, timeUs) => judge(tracks[workload.index] ?? newTrack(workload), timeUs));
    ctx.view.onPod(POD.STOOD_UP | POD.FELL, (pod, change, timeUs) => {
      if (pod.workload.desired < 0) return;
      const known = tracks[pod.workload.index];
      if (known !== undefined) move(known, pod, change & POD.STOOD_UP ? 1 : -1);
      judge(known ?? newTrack(pod.workload), timeUs);
    });

    return {
      finish: (endUs) => {
        const analysis = new Analysis(ctx.view.nodes, (id) => ctx.view.domainName(id));
        const required = new Map(
          ctx.view.workloads.map((workload) => [workload, requiredByBudget(workload, analysis.podsOf(workload)[0], ctx.view.budgets)]),
        );
        const requiredOf = (workload: WorkloadRecord): number | undefined => required.get(workload);
        const table = new TableBuilder(FAILURE_DOMAINS);
        for (const workload of shownWorkloads(ctx.view.workloads, analysis)) {
          const track = tracks[workload.index];
          LEVELS.forEach((level, index) => {
            const spread = analysis.spreadOf(workload, index);
            if (spread.total === 0) return;
            const completeUs = track?.complete.total(endUs) ?? 0;
            const wanted = workload.desired < 0 ? null : workload.desired;
            table.push(
              workload.name,
              level,
              spread.total,
              wanted,
              spread.counts.length,
              analysis.domainsAt(index),
              spread.worstDomain,
              spread.counts[0]! / spread.total,
              completeUs > 0 ? track!.worst[index]! : null,
              completeUs > 0 ? track!.shares[index]!.total(endUs) / completeUs : null,
              survivable(spread.counts, 1),
              survivable(spread.counts, Math.floor((wanted ?? spread.total) / 2) + 1),
              requiredOf(workload) === undefined ? null : survivable(spread.counts, requiredOf(workload)!),
              analysis.refitShare(workload, index, spread.worstId),
            );
          });
        }
        const losses = new TableBuilder(DOMAIN_LOSS);
        LEVELS.forEach((level, index) => {
          for (const loss of analysis.lossesAt(index, (workload) =>
            requiredByBudget(workload, analysis.podsOf(workload)[0], ctx.view.budgets),
          )) {
            losses.push(level, ...loss);
          }
        });
        return {
          tables: [table.build(), losses.build()],
          figures: worstZoneFigure(ctx.view.workloads, analysis),
          answers: [
            {
              name: 'max_share_lost',
              table: FAILURE_DOMAINS.name,
              value: (args) => {
                const workload = args[0] === undefined ? undefined : ctx.view.findWorkload(args[0]);
                const level = LEVELS.indexOf(args[1] as (typeof LEVELS)[number]);
                if (workload === undefined || level === -1) return undefined;
                const spread = analysis.runningSpreadOf(workload, level);
                return spread.total === 0 ? undefined : spread.counts[0]! / spread.total;
              },
              known: () =>
                ctx.view.workloads
                  .filter((workload) => workload.desired >= 0 && analysis.spreadOf(workload, 0).total > 0)
                  .flatMap((workload) => LEVELS.map((level) => `${workload.name}, ${level}`)),
            },
          ],
        };
      },
    };
  },
});

interface SpreadAtEnd {
  readonly total: number;
  /** Replicas per domain, largest first. */
  readonly counts: readonly number[];
  readonly worstId: number;
  readonly worstDomain: string;
}

/** The end state, looked at from every side; nothing here is kept up to date. */
class Analysis {
  private readonly nodes: readonly NodeRecord[];
  private readonly nameOf: (id: number) => string;
  private readonly standing: Map<WorkloadRecord, PodRecord[]>;
  private readonly total: number;
  private readonly refit: Refit;
  private readonly refitCache: Map<number, Set<PodRecord>>;
  private readonly ordered: readonly PodRecord[];
  private readonly byDomain: (Map<number, PodRecord[]> | undefined)[];
  private readonly domainCounts: readonly number[];

  constructor(nodes: readonly NodeRecord[], nameOf: (id: number) => string) {
    this.nodes = nodes;
    this.nameOf = nameOf;
    this.standing = new Map();
    const all: PodRecord[] = [];
    for (const node of nodes) {
      for (const pod of node.pods) {
        if (!pod.isStanding) continue;
        all.push(pod);
        const list = this.standing.get(pod.workload);
        if (list === undefined) this.standing.set(pod.workload, [pod]);
        else list.push(pod);
      }
    }
    this.total = all.length;
    this.ordered = inOrderOfPlacement(all);
    this.byDomain = [];
    const present = nodes.filter((node) => node.node !== undefined);
    this.domainCounts = LEVELS.map((_, level) => new Set(present.map((node) => node.domains[level])).size);
    this.refit = new Refit(nodes);
    this.refitCache = new Map();
  }

  podsOf(workload: WorkloadRecord): readonly PodRecord[] {
    return this.standing.get(workload) ?? [];
  }

  spreadOf(workload: WorkloadRecord, level: number): SpreadAtEnd {
    return this.spread(this.podsOf(workload), level);
  }

  /** Counting replicas of phase Running only. */
  runningSpreadOf(workload: WorkloadRecord, level: number): SpreadAtEnd {
    return this.spread(
      this.podsOf(workload).filter((pod) => pod.pod.status.phase === 'Running'),
      level,
    );
  }

  domainsAt(level: number): number {
    return this.domainCounts[level]!;
  }

  refitShare(workload: WorkloadRecord, level: number, domain: number): number {
    const lost = this.podsOf(workload).filter((pod) => pod.node!.domains[level] === domain);
    const placed = this.refitOf(level, domain);
    return lost.filter((pod) => placed.has(pod)).length / lost.length;
  }

  /** Rows of DOMAIN_LOSS after the level. */
  lossesAt(level: number, requiredOf: (workload: WorkloadRecord) => number | undefined): (string | number | null)[][] {
    const nodesOf = new Map<number, number>();
    for (const node of this.nodes) {
      const domain = node.domains[level]!;
      nodesOf.set(domain, (nodesOf.get(domain) ?? 0) + (node.node === undefined ? 0 : 1));
    }
    const podsOf = this.podsByDomain(level);
    const order = [...nodesOf].map(([domain, nodes]) => ({ domain, name: this.nameOf(domain), nodes, pods: podsOf.get(domain) ?? [] }));
    order.sort((a, b) => b.pods.length - a.pods.length || compareCodeUnits(a.name, b.name));
    const shown = LEVELS[level] === 'node' ? order.slice(0, MAX_NODES_SHOWN) : order;
    return shown.map(({ domain, name, nodes, pods }) => {
      const lostOf = new Map<WorkloadRecord, number>();
      for (const pod of pods) lostOf.set(pod.workload, (lostOf.get(pod.workload) ?? 0) + 1);
      let down = 0;
      let broken = 0;
      for (const [workload, lost] of lostOf) {
        const left = this.podsOf(workload).length - lost;
        if (left === 0 && workload.desired > 0) down++;
        const required = requiredOf(workload);
        if (required !== undefined && left < required) broken++;
      }
      const refit = pods.length === 0 ? 0 : this.refitOf(level, domain).size;
      return [
        name,
        nodes,
        pods.length,
        this.total > 0 ? pods.length / this.total : null,
        lostOf.size,
        down,
        broken,
        refit,
        pods.length > 0 ? refit / pods.length : null,
      ];
    });
  }

  private refitOf(level: number, domain: number): Set<PodRecord> {
    // A domain has the same id at one level only, except for nodes outside the topology (-1).
    const key = domain * LEVELS.length + level;
    let placed = this.refitCache.get(key);
    if (placed === undefined) {
      placed = this.refit.place(this.podsByDomain(level).get(domain) ?? [], (node) => node.domains[level] !== domain);
      this.refitCache.set(key, placed);
    }
    return placed;
  }

  /** The pods that stand in each domain of a level, in the order they would be placed. */
  private podsByDomain(level: number): Map<number, PodRecord[]> {
    let known = this.byDomain[level];
    if (known === undefined) {
      known = new Map();
      for (const pod of this.ordered) {
        const domain = pod.node!.domains[level]!;
        const list = known.get(domain);
        if (list === undefined) known.set(domain, [pod]);
        else list.push(pod);
      }
      this.byDomain[level] = known;
    }
    return known;
  }

  private spread(pods: readonly PodRecord[], level: number): SpreadAtEnd {
    const counts = new Map<number, number>();
    for (const pod of pods) {
      const domain = pod.node!.domains[level]!;
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
    }
    const order = [...counts].map(([id, count]) => ({ id, count, name: this.nameOf(id) }));
    order.sort((a, b) => b.count - a.count || compareCodeUnits(a.name, b.name));
    return {
      total: pods.length,
      counts: order.map((entry) => entry.count),
      worstId: order[0]?.id ?? -1,
      worstDomain: order[0]?.name ?? '',
    };
  }
}

/** How many of the domains, the fullest first, can be lost with at least `needed` replicas left; -1 when there are too few already. */
export function survivable(counts: readonly number[], needed: number): number {
  let left = counts.reduce((sum, count) => sum + count, 0);
  if (left < needed) return -1;
  for (let lost = 0; lost < counts.length; lost++) {
    left -= counts[lost]!;
    if (left < needed) return lost;
  }
  return counts.length;
}

function shownWorkloads(workloads: readonly WorkloadRecord[], analysis: Analysis): WorkloadRecord[] {
  const withNumber = workloads.filter((workload) => workload.desired >= 0).slice(0, MAX_WORKLOADS_SHOWN);
  const bare = workloads.filter((workload) => workload.desired < 0 && analysis.podsOf(workload).length > 0);
  bare.sort((a, b) => analysis.podsOf(b).length - analysis.podsOf(a).length || a.index - b.index);
  return [...withNumber, ...bare.slice(0, MAX_BARE_SHOWN)];
}

/** The workload with two or more wanted replicas that would lose most with one zone. */
function worstZoneFigure(
  workloads: readonly WorkloadRecord[],
  analysis: Analysis,
): { name: string; title: string; value: number; unit: string; table: string; detail: string }[] {
  const zone = LEVELS.indexOf('zone');
  let worst: { share: number; name: string } | undefined;
  for (const workload of workloads) {
    if (workload.desired < 2) continue;
    const spread = analysis.spreadOf(workload, zone);
    if (spread.total === 0) continue;
    const share = spread.counts[0]! / spread.total;
    if (worst === undefined || share > worst.share) worst = { share, name: `${workload.name}, ${spread.worstDomain}` };
  }
  if (worst === undefined) return [];
  return [
    {
      name: 'failure_domains.worst_zone',
      title: 'Largest share of a workload in one zone',
      value: worst.share,
      unit: 'share',
      table: FAILURE_DOMAINS.name,
      detail: worst.name,
    },
  ];
}
