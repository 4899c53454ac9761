/**
 * Utilization: requested, used and allocatable amounts of every resource over time: of the whole cluster, by zone, by rack
 * and by machine kind.
 *
 * Capacity is what registered nodes say they can give; `requested` what bound, unfinished pods asked for; `used` what their
 * started containers use by the usage model (their requests when there is none). Integrals are exact for step functions.
 *
 * Differs   kubelets report usage sampled over a window; here it is a step function of container starts and stops
 * Cost      four groups times a few resources per bound or finished pod, about 0.1 us
 */
import { compareCodeUnits } from '../base/compare.ts';
import { NODE, type NodeRecord, POD } from './cluster-records.ts';
import { machineOf } from './cluster-view.ts';
import { defineMeasure, type MeasureContext } from './measure.ts';
import type { TableSpec } from './result.ts';
import type { BucketSeries, SampleClock } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

export const UTILIZATION: TableSpec = {
  name: 'utilization',
  description: 'Requested, used and allocatable amounts by resource: means over the run (after warm-up), peak and end.',
  columns: [
    column('scope', 'string', '', 'cluster, zone, rack or machine.'),
    column('domain', 'string', '', 'Which one; `cluster` for the whole.'),
    column('resource', 'string', '', 'Resource name.'),
    column('unit', 'string', '', 'Unit of the amounts in this row: cores, bytes or count.'),
    column('capacity_mean', 'number', 'see unit', 'Time-weighted mean of what registered nodes can allocate.'),
    column('ready_mean', 'number', 'see unit', 'The same, counting ready nodes only.'),
    column('requested_mean', 'number', 'see unit', 'Time-weighted mean of what bound pods request.'),
    column('used_mean', 'number', 'see unit', 'Time-weighted mean of what running containers use.'),
    column('requested_share', 'number', 'share', 'Integral of requested over integral of capacity.'),
    column('used_share', 'number', 'share', 'Integral of used over integral of capacity.'),
    column('requested_peak_share', 'number', 'share', 'Largest ratio of requested to capacity at any moment.'),
    column('capacity_end', 'number', 'see unit', 'Capacity when the run ended.'),
    column('requested_end', 'number', 'see unit', 'Requested when the run ended.'),
    column('used_end', 'number', 'see unit', 'Used when the run ended.'),
  ],
};

export const UTILIZATION_SERIES: TableSpec = {
  name: 'utilization_series',
  description: 'Utilization over time: means over equally long buckets. Racks and large numbers of zones have longer buckets.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('scope', 'string', '', 'cluster, zone, rack or machine.'),
    column('domain', 'string', '', 'Which one.'),
    column('resource', 'string', '', 'Resource name.'),
    column('capacity', 'number', 'see unit', 'Allocatable amount of registered nodes.'),
    column('ready', 'number', 'see unit', 'Allocatable amount of ready nodes.'),
    column('requested', 'number', 'see unit', 'Requested by bound pods.'),
    column('used', 'number', 'see unit', 'Used by running containers.'),
  ],
};

/** Points per series by scope: bounds the table whatever the length of the run. */
const POINTS = { cluster: 960, zone: 240, machine: 240, rack: 96 } as const;
type Scope = keyof typeof POINTS;
/** Racks beyond this have totals but no series. */
const MAX_RACK_SERIES = 400;

const CAPACITY = 0;
const READY = 1;
const REQUESTED = 2;
const USED = 3;
const QUANTITIES = 4;
const WATCHED = POD.CLAIMED | POD.RELEASED | POD.USE_BEGAN | POD.USE_ENDED;

export const utilization = defineMeasure({
  name: 'utilization',
  description: 'Requested, used and allocatable resources over time, by zone, rack and machine kind.',
  tables: [UTILIZATION, UTILIZATION_SERIES],
  create: (ctx) => {
    const groups = new Map<string, Group>();
    const groupsOfNode: Group[][] = [];
    const nodeState: { allocatable: Float64Array; isReady: boolean }[] = [];
    const cluster = groupNamed(groups, ctx, 'cluster', 'cluster');

    function newGroups(node: NodeRecord): readonly Group[] {
      const made = [
        cluster,
        groupNamed(groups, ctx, 'zone', ctx.view.domainName(node.domains[3]!)),
        groupNamed(groups, ctx, 'rack', ctx.view.domainName(node.domains[1]!)),
        groupNamed(groups, ctx, 'machine', machineOf(node)),
      ];
      groupsOfNode[node.index] = made;
      nodeState[node.index] = { allocatable: new Float64Array(0), isReady: false };
      return made;
    }

    ctx.view.onNode((node, change, timeUs) => {
      if (!(change & (NODE.CAPACITY | NODE.READY | NODE.NOT_READY | NODE.ADDED))) return;
      const targets = groupsOfNode[node.index] ?? newGroups(node);
      const state = nodeState[node.index]!;
      for (const group of targets) {
        group.change(timeUs, CAPACITY, state.allocatable, -1);
        if (state.isReady) group.change(timeUs, READY, state.allocatable, -1);
        group.change(timeUs, CAPACITY, node.allocatable, 1);
        if (node.isReady) group.change(timeUs, READY, node.allocatable, 1);
        group.notePeak();
      }
      state.allocatable = node.allocatable;
      state.isReady = node.isReady;
    });
    ctx.view.onPod(WATCHED, (pod, change, timeUs) => {
      const targets = groupsOfNode[pod.node!.index] ?? newGroups(pod.node!);
      for (let i = 0; i < targets.length; i++) {
        const group = targets[i]!;
        if (change & POD.CLAIMED) group.change(timeUs, REQUESTED, pod.requests, 1);
        if (change & POD.RELEASED) group.change(timeUs, REQUESTED, pod.requests, -1);
        if (change & POD.USE_BEGAN) group.change(timeUs, USED, pod.usage, 1);
        if (change & POD.USE_ENDED) group.change(timeUs, USED, pod.usage, -1);
        if (change & POD.CLAIMED) group.notePeak();
      }
    });
    ctx.clock.onTick((timeUs, widthUs) => {
      for (const group of groups.values()) group.sample(timeUs, widthUs, ctx.clock);
    });

    return {
      finish: (endUs) => {
        const totals = new TableBuilder(UTILIZATION);
        const series = new TableBuilder(UTILIZATION_SERIES);
        const shown = relevantResources(cluster, ctx.view.resources);
        const spanUs = Math.max(0, endUs - ctx.settings.warmupUs);
        const times = ctx.clock.times();
        for (const group of inOrder(groups)) {
          group.noteWarmup(endUs);
          for (const resource of shown) {
            const name = ctx.view.resources[resource]!;
            const scale = name === 'cpu' ? 1000 : 1;
            const area = (quantity: number): number => group.area(endUs, quantity, resource);
            const value = (quantity: number): number => (group.values[quantity]![resource] ?? 0) / scale;
            const mean = (quantity: number): number | null => (spanUs > 0 ? area(quantity) / scale / spanUs : null);
            if (area(CAPACITY) === 0 && area(REQUESTED) === 0 && value(CAPACITY) === 0) continue;
            const share = (quantity: number): number | null => (area(CAPACITY) > 0 ? area(quantity) / area(CAPACITY) : null);
            totals.push(
              group.scope,
              group.domain,
              name,
              unitOf(name),
              mean(CAPACITY),
              mean(READY),
              mean(REQUESTED),
              mean(USED),
              share(REQUESTED),
              share(USED),
              group.peaks[resource] ?? null,
              value(CAPACITY),
              value(REQUESTED),
              value(USED),
            );
            group.writeSeries(series, name, resource, scale, times);
          }
        }
        const share = (resource: number, quantity: number): number | null => {
          const capacity = cluster.area(endUs, CAPACITY, resource);
          return capacity > 0 ? cluster.area(endUs, quantity, resource) / capacity : null;
        };
        return {
          tables: [totals.build(), series.build()],
          figures: shown
            .filter((resource) => ctx.view.resources[resource] !== 'pods')
            .flatMap((resource) => {
              const name = ctx.view.resources[resource]!;
              const used = share(resource, USED);
              return [
                {
                  name: `utilization.${name}`,
                  title: `${titleOf(name)} requested, of capacity`,
                  value: share(resource, REQUESTED),
                  unit: 'share',
                  table: UTILIZATION.name,
                  detail: used === null ? '' : `used ${Math.round(used * 1000) / 10} %`,
                },
              ];
            }),
          answers: [
            {
              name: 'utilization',
              table: UTILIZATION.name,
              value: (args) => {
                const resource = ctx.view.resources.indexOf(args[0] ?? '');
                if (resource === -1) return undefined;
                const statistic = args[1] ?? 'mean';
                if (statistic === 'mean') return share(resource, REQUESTED) ?? undefined;
                if (statistic === 'max') return cluster.peaks[resource];
                const capacity = cluster.values[CAPACITY]![resource] ?? 0;
                return statistic === 'end' && capacity > 0 ? (cluster.values[REQUESTED]![resource] ?? 0) / capacity : undefined;
              },
              known: () => shown.map((resource) => ctx.view.resources[resource]!),
            },
          ],
        };
      },
    };
  },
});

/**
 * One zone, rack, machine kind, or the cluster: current amounts and their integrals, by quantity and resource.
 *
 * The integral of a step function up to T is value(T) × T minus the sum of (step × time of the step), so a change touches
 * only what changes and nothing has to be carried forward.
 */
class Group {
  readonly scope: Scope;
  readonly domain: string;
  readonly values: Float64Array[];
  readonly peaks: number[];
  /** Sum of step × time. */
  private readonly moments: Float64Array[];
  /** What of the integrals lies before the end of warm-up. */
  private readonly warmupAreas: Float64Array[];
  private readonly warmupUs: number;
  private isWarm: boolean;
  private width: number;
  private readonly taken: Float64Array[];
  private readonly series: BucketSeries[][];
  private readonly hasSeries: boolean;

  constructor(scope: Scope, domain: string, warmupUs: number, hasSeries: boolean) {
    this.scope = scope;
    this.domain = domain;
    this.width = 4;
    this.values = vectors(this.width);
    this.peaks = [];
    this.moments = vectors(this.width);
    this.warmupAreas = vectors(this.width);
    this.warmupUs = warmupUs;
    this.isWarm = warmupUs === 0;
    this.taken = vectors(this.width);
    this.series = Array.from({ length: QUANTITIES }, () => []);
    this.hasSeries = hasSeries;
  }

  change(timeUs: number, quantity: number, amounts: Float64Array, sign: 1 | -1): void {
    if (!this.isWarm) this.noteWarmup(timeUs);
    if (amounts.length > this.width) this.widen(amounts.length);
    const value = this.values[quantity]!;
    const moment = this.moments[quantity]!;
    for (let i = 0; i < amounts.length; i++) {
      const step = sign * amounts[i]!;
      value[i]! += step;
      moment[i]! += step * timeUs;
    }
  }

  /** The integral from the end of warm-up to `timeUs`, in amount × us. */
  area(timeUs: number, quantity: number, resource: number): number {
    if (timeUs <= this.warmupUs) return 0;
    return this.areaAt(timeUs, quantity, resource) - (this.warmupAreas[quantity]![resource] ?? 0);
  }

  /** Takes the present ratio of requested to capacity into the peaks. */
  notePeak(): void {
    if (!this.isWarm) return;
    const capacity = this.values[CAPACITY]!;
    const requested = this.values[REQUESTED]!;
    for (let i = 0; i < this.width; i++) {
      if (capacity[i]! <= 0) continue;
      const share = requested[i]! / capacity[i]!;
      if (!(share <= (this.peaks[i] ?? -1))) this.peaks[i] = share;
    }
  }

  /** Before any change at or after the end of warm-up, and at the end of the run. */
  noteWarmup(timeUs: number): void {
    if (this.isWarm || timeUs < this.warmupUs) return;
    this.isWarm = true;
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const areas = this.warmupAreas[quantity]!;
      for (let i = 0; i < areas.length; i++) areas[i] = this.areaAt(this.warmupUs, quantity, i);
    }
    this.notePeak();
  }

  sample(timeUs: number, widthUs: number, clock: SampleClock): void {
    if (!this.hasSeries) return;
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      for (let resource = 0; resource < this.width; resource++) {
        const area = this.areaAt(timeUs, quantity, resource);
        let series = this.series[quantity]![resource];
        if (series === undefined) {
          // Most machines offer few of the resources the cluster knows.
          if (area === 0) continue;
          series = clock.series();
          this.series[quantity]![resource] = series;
        }
        series.push((area - this.taken[quantity]![resource]!) / widthUs);
        this.taken[quantity]![resource] = area;
      }
    }
  }

  writeSeries(table: TableBuilder, name: string, resource: number, scale: number, times: readonly number[]): void {
    if (!this.hasSeries) return;
    const step = Math.max(1, Math.ceil(times.length / POINTS[this.scope]));
    for (let from = 0; from < times.length; from += step) {
      const to = Math.min(times.length, from + step);
      const mean = (quantity: number): number => meanOf(this.series[quantity]?.[resource], from, to) / scale;
      table.push(times[to - 1]!, this.scope, this.domain, name, mean(CAPACITY), mean(READY), mean(REQUESTED), mean(USED));
    }
  }

  /** The integral from the start to `timeUs`, at or after the last change. */
  private areaAt(timeUs: number, quantity: number, resource: number): number {
    return (this.values[quantity]![resource] ?? 0) * timeUs - (this.moments[quantity]![resource] ?? 0);
  }

  private widen(width: number): void {
    for (const list of [this.values, this.moments, this.warmupAreas, this.taken]) {
      for (let i = 0; i < QUANTITIES; i++) {
        const wider = new Float64Array(width);
        wider.set(list[i]!);
        list[i] = wider;
      }
    }
    this.width = width;
  }
}

function vectors(width: number): Float64Array[] {
  return Array.from({ length: QUANTITIES }, () => new Float64Array(width));
}

/** Mean over the buckets [from, to); a series that had not begun counts as 0. */
function meanOf(series: BucketSeries | undefined, from: number, to: number): number {
  if (series === undefined) return 0;
  let sum = 0;
  for (let i = from; i < to; i++) sum += series.values[i] ?? 0;
  return sum / (to - from);
}

function groupNamed(groups: Map<string, Group>, ctx: MeasureContext, scope: Scope, domain: string): Group {
  const key = `${scope} ${domain}`;
  let group = groups.get(key);
  if (group === undefined) {
    const hasSeries = scope !== 'rack' || groups.size < MAX_RACK_SERIES;
    group = new Group(scope, domain, ctx.settings.warmupUs, hasSeries);
    groups.set(key, group);
  }
  return group;
}

const SCOPE_ORDER: readonly Scope[] = ['cluster', 'zone', 'machine', 'rack'];

function inOrder(groups: ReadonlyMap<string, Group>): Group[] {
  return [...groups.values()].sort(
    (a, b) => SCOPE_ORDER.indexOf(a.scope) - SCOPE_ORDER.indexOf(b.scope) || compareCodeUnits(a.domain, b.domain),
  );
}

/** Resources some node offers or some pod asked for. */
function relevantResources(cluster: Group, names: readonly string[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < names.length; i++) {
    const seen = cluster.peaks[i] !== undefined || (cluster.values[CAPACITY]![i] ?? 0) > 0 || (cluster.values[REQUESTED]![i] ?? 0) > 0;
    // Ephemeral storage is offered by most nodes and asked for by few.
    if (seen && (i !== 3 || (cluster.peaks[i] ?? 0) > 0)) found.push(i);
  }
  return found;
}

export function unitOf(resource: string): string {
  if (resource === 'cpu') return 'cores';
  return resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-') ? 'bytes' : 'count';
}

function titleOf(resource: string): string {
  return resource === 'cpu' ? 'CPU' : resource === 'memory' ? 'Memory' : resource;
}
