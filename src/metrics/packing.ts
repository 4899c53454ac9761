/**
 * Packing: how well the pods fill the machines.
 *
 * Typical pods are the request vectors that make up TYPICAL_SHARE of all pods created so far (at most MAX_SHAPES). At the
 * end of every bucket (every fourth in large clusters), for each resource:
 *
 *   free         what ready, uncordoned nodes have left
 *   stranded     free amounts on nodes where no typical pod that asks for the resource fits any more
 *   fragmented   expected free amount that a typical pod, drawn by its frequency among those that ask for the resource,
 *                cannot use because it does not fit on the node
 *   efficiency   the fewest nodes that could hold all requests by volume, over the nodes in use
 *
 * Models    fragmentation as in Q. Weng et al., "Beware of fragmentation" (USENIX ATC 2023), section 4
 * Differs   per resource and among pods that ask for it; that paper counts GPU only and counts pods without GPU as unable to use any
 * Cost      O(nodes × resources) per sample, and O(shapes × resources) for each node that has changed; at most 960 samples per run
 */
import { compareNumbers } from '../base/compare.ts';
import { NODE, type NodeRecord, POD, type RequestShape } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import type { BucketSeries } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';
import { unitOf } from './utilization.ts';

const TYPICAL_SHARE = 0.95;
const MAX_SHAPES = 16;
/** Large clusters are looked at every fourth bucket only. */
const LARGE_CLUSTER = 1000;

const PACKING: TableSpec = {
  name: 'packing',
  description: 'Free, stranded and fragmented capacity by resource: mean over the samples and at the end.',
  columns: [
    column('resource', 'string', '', 'Resource name.'),
    column('unit', 'string', '', 'Unit of the amounts in this row.'),
    column('free_mean', 'number', 'see unit', 'Free on ready, uncordoned nodes.'),
    column('stranded_mean', 'number', 'see unit', 'Free where no typical pod that asks for this resource fits.'),
    column('stranded_share_mean', 'number', 'share', 'Stranded, as a share of capacity.'),
    column('fragmented_share_mean', 'number', 'share', 'Share of the free amount that a random typical pod cannot use.'),
    column('free_end', 'number', 'see unit', 'Free when the run ended.'),
    column('stranded_end', 'number', 'see unit', 'Stranded when the run ended.'),
    column('stranded_share_end', 'number', 'share', 'Stranded share of capacity when the run ended.'),
    column('fragmented_share_end', 'number', 'share', 'Fragmented share of the free amount when the run ended.'),
  ],
};

const PACKING_SERIES: TableSpec = {
  name: 'packing_series',
  description: 'Packing over time, sampled.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('resource', 'string', '', 'Resource name.'),
    column('free', 'number', 'see unit', 'Free on ready, uncordoned nodes.'),
    column('stranded', 'number', 'see unit', 'Free where no typical pod fits.'),
    column('fragmented_share', 'number', 'share', 'Share of the free amount a random typical pod cannot use.'),
  ],
};

const NODES_USED: TableSpec = {
  name: 'packing_efficiency',
  description: 'Nodes in use against the fewest that could hold all requests by volume, sampled.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('nodes_used', 'number', 'nodes', 'Nodes with at least one unfinished pod.'),
    column(
      'nodes_needed',
      'number',
      'nodes',
      'Fewest nodes, largest first, whose capacity adds up to all requests, for the tightest resource.',
    ),
    column('efficiency', 'number', 'share', 'nodes_needed over nodes_used.'),
  ],
};

const TYPICAL: TableSpec = {
  name: 'typical_pods',
  description: 'Most frequent request vectors of the run, against which stranded and fragmented capacity are judged.',
  columns: [
    column('share', 'number', 'share', 'Of all pods created.'),
    column('pods', 'integer', 'pods', 'Pods created with these requests.'),
    column('requests', 'string', '', 'Resource=amount pairs, cpu in cores, memory in MiB.'),
  ],
};

/** What one sample found, per resource index. */
interface Sample {
  readonly free: Float64Array;
  readonly stranded: Float64Array;
  /** Expected unusable amount. */
  readonly fragmented: Float64Array;
  readonly capacity: Float64Array;
}

export const packing = defineMeasure({
  name: 'packing',
  description: 'Stranded and fragmented capacity, and packing efficiency.',
  tables: [PACKING, PACKING_SERIES, NODES_USED, TYPICAL],
  create: (ctx) => {
    const sampler = new PackingSampler();
    let isDirty = true;
    let capacityOrder: Float64Array[] | undefined;
    let latest: Sample = emptySample(ctx.view.resources.length);
    let nodesUsed = 0;
    let nodesNeeded = 0;
    let ticks = 0;
    const series: { free: BucketSeries; stranded: BucketSeries; fragmented: BucketSeries }[] = [];
    const sums: { free: number; stranded: number; strandedShare: number; fragmentedShare: number; samples: number }[] = [];
    const usedSeries = ctx.clock.series();
    const neededSeries = ctx.clock.series();

    ctx.view.onPod(POD.CLAIMED | POD.RELEASED, (pod) => {
      isDirty = true;
      sampler.forget(pod.node!);
    });
    ctx.view.onNode((node, change) => {
      isDirty = true;
      sampler.forget(node);
      if (change & (NODE.CAPACITY | NODE.READY | NODE.NOT_READY)) capacityOrder = undefined;
    });

    function sample(): void {
      const typical = typicalShapes(ctx.view.shapes, ctx.view.podsCreated);
      latest = sampler.sample(ctx.view.nodes, typical, ctx.view.resources.length);
      capacityOrder ??= sortedCapacities(ctx.view.nodes, ctx.view.resources.length);
      nodesUsed = 0;
      for (const node of ctx.view.nodes) if (node.pods.length > 0) nodesUsed++;
      nodesNeeded = fewestNodes(ctx.view.nodes, capacityOrder);
      isDirty = false;
    }

    ctx.clock.onTick((timeUs) => {
      const stride = ctx.view.nodes.length > LARGE_CLUSTER ? 4 : 1;
      if (isDirty && ticks++ % stride === 0) sample();
      usedSeries.push(nodesUsed);
      neededSeries.push(nodesNeeded);
      for (let i = 0; i < ctx.view.resources.length; i++) {
        const capacity = latest.capacity[i] ?? 0;
        if (series[i] === undefined) {
          if (capacity === 0) continue;
          series[i] = { free: ctx.clock.series(), stranded: ctx.clock.series(), fragmented: ctx.clock.series() };
        }
        const free = latest.free[i] ?? 0;
        const stranded = latest.stranded[i] ?? 0;
        const fragmentedShare = free > 0 ? latest.fragmented[i]! / free : 0;
        series[i]!.free.push(free);
        series[i]!.stranded.push(stranded);
        series[i]!.fragmented.push(fragmentedShare);
        if (timeUs < ctx.settings.warmupUs) continue;
        sums[i] ??= { free: 0, stranded: 0, strandedShare: 0, fragmentedShare: 0, samples: 0 };
        const sum = sums[i]!;
        sum.free += free;
        sum.stranded += stranded;
        sum.strandedShare += capacity > 0 ? stranded / capacity : 0;
        sum.fragmentedShare += fragmentedShare;
        sum.samples++;
      }
    });

    return {
      finish: () => {
        sample();
        const table = new TableBuilder(PACKING);
        const over = new TableBuilder(PACKING_SERIES);
        const efficiency = new TableBuilder(NODES_USED);
        const typical = new TableBuilder(TYPICAL);
        const times = ctx.clock.times();
        const step = Math.max(1, Math.ceil(times.length / 240));
        ctx.view.resources.forEach((name, i) => {
          const sum = sums[i];
          if (sum === undefined || name === 'pods') return;
          const scale = name === 'cpu' ? 1000 : 1;
          const free = latest.free[i] ?? 0;
          const capacity = latest.capacity[i] ?? 0;
          table.push(
            name,
            unitOf(name),
            sum.free / sum.samples / scale,
            sum.stranded / sum.samples / scale,
            sum.strandedShare / sum.samples,
            sum.fragmentedShare / sum.samples,
            free / scale,
            (latest.stranded[i] ?? 0) / scale,
            capacity > 0 ? (latest.stranded[i] ?? 0) / capacity : null,
            free > 0 ? (latest.fragmented[i] ?? 0) / free : null,
          );
          for (let at = step - 1; at < times.length; at += step) {
            const entry = series[i]!;
            over.push(
              times[at]!,
              name,
              scaled(entry.free.values[at], scale),
              scaled(entry.stranded.values[at], scale),
              entry.fragmented.values[at] ?? null,
            );
          }
        });
        for (let at = step - 1; at < times.length; at += step) {
          const used = usedSeries.values[at] ?? 0;
          const needed = neededSeries.values[at] ?? 0;
          efficiency.push(times[at]!, used, needed, used > 0 ? needed / used : null);
        }
        for (const shape of typicalShapes(ctx.view.shapes, ctx.view.podsCreated)) {
          typical.push(shape.count / ctx.view.podsCreated, shape.count, describeRequests(shape.requests, ctx.view.resources));
        }
        return {
          tables: [table.build(), over.build(), efficiency.build(), typical.build()],
          figures: [
            {
              name: 'packing.efficiency',
              title: 'Packing efficiency at the end',
              value: nodesUsed > 0 ? nodesNeeded / nodesUsed : null,
              unit: 'share',
              table: NODES_USED.name,
              detail: nodesUsed > 0 ? `${nodesUsed} nodes in use, ${nodesNeeded} needed by volume` : '',
            },
          ],
          answers: [],
        };
      },
    };
  },
});

/** The most frequent shapes that together make up TYPICAL_SHARE of all pods; ties keep the order of first sight. */
function typicalShapes(shapes: Iterable<RequestShape>, podsCreated: number): RequestShape[] {
  const byCount = [...shapes].map((shape, index) => ({ shape, index }));
  byCount.sort((a, b) => b.shape.count - a.shape.count || a.index - b.index);
  const found: RequestShape[] = [];
  let covered = 0;
  for (const { shape } of byCount) {
    if (found.length >= MAX_SHAPES || covered >= TYPICAL_SHARE * podsCreated) break;
    found.push(shape);
    covered += shape.count;
  }
  return found;
}

function emptySample(width: number): Sample {
  return {
    free: new Float64Array(width),
    stranded: new Float64Array(width),
    fragmented: new Float64Array(width),
    capacity: new Float64Array(width),
  };
}

/**
 * Samples of the whole cluster that look again only at nodes that have changed.
 *
 * Cost      a few additions per node and resource; the fit of every typical pod for a node that has changed, or for all of them
 *           when the typical pods have
 */
export class PackingSampler {
  private typical: readonly RequestShape[];
  private counts: readonly number[];
  private width: number;
  /** Weight of the shapes that ask for each resource. */
  private asking: Float64Array;
  /** What each node adds to a sample, by node index: its capacity, then free, stranded and fragmented amounts by resource. */
  private parts: Float64Array;
  /** By node index: whether its part is up to date. */
  private readonly isKnown: boolean[];

  constructor() {
    this.typical = [];
    this.counts = [];
    this.width = 0;
    this.asking = new Float64Array(0);
    this.parts = new Float64Array(0);
    this.isKnown = [];
  }

  /** Pods of the node have come or gone, or the node itself has changed. */
  forget(node: NodeRecord): void {
    this.isKnown[node.index] = false;
  }

  sample(nodes: readonly NodeRecord[], typical: readonly RequestShape[], width: number): Sample {
    if (width !== this.width || !this.isTypical(typical)) this.begin(typical, width);
    const length = 4 * width;
    if (this.parts.length < nodes.length * length) {
      const parts = new Float64Array(2 * nodes.length * length);
      parts.set(this.parts);
      this.parts = parts;
    }
    const sums = new Float64Array(length);
    for (const node of nodes) {
      if (node.node === undefined) continue;
      const from = node.index * length;
      if (this.isKnown[node.index] !== true) this.lookAt(node, from);
      for (let i = 0; i < length; i++) sums[i]! += this.parts[from + i]!;
    }
    return {
      capacity: sums.subarray(0, width),
      free: sums.subarray(width, 2 * width),
      stranded: sums.subarray(2 * width, 3 * width),
      fragmented: sums.subarray(3 * width),
    };
  }

  private isTypical(typical: readonly RequestShape[]): boolean {
    if (typical.length !== this.typical.length) return false;
    for (let i = 0; i < typical.length; i++) {
      if (typical[i] !== this.typical[i] || typical[i]!.count !== this.counts[i]) return false;
    }
    return true;
  }

  private begin(typical: readonly RequestShape[], width: number): void {
    this.typical = typical;
    this.counts = typical.map((shape) => shape.count);
    this.width = width;
    this.asking = new Float64Array(width);
    for (const { requests, count } of typical) for (let i = 0; i < requests.length; i++) if (requests[i]! > 0) this.asking[i]! += count;
    this.parts = new Float64Array(0);
    this.isKnown.length = 0;
  }

  private lookAt(node: NodeRecord, from: number): void {
    const { asking, parts, width } = this;
    this.isKnown[node.index] = true;
    parts.fill(0, from, from + 4 * width);
    parts.set(node.allocatable, from);
    if (!node.isReady || !node.isSchedulable) return;
    const unusable = new Float64Array(width);
    for (const { requests, count } of this.typical) {
      if (fits(node, requests)) continue;
      for (let i = 0; i < requests.length; i++) if (requests[i]! > 0) unusable[i]! += count;
    }
    for (let i = 0; i < node.allocatable.length; i++) {
      const free = Math.max(0, node.allocatable[i]! - (node.requested[i] ?? 0));
      parts[from + width + i] = free;
      if (asking[i] === 0) continue;
      if (unusable[i] === asking[i]) parts[from + 2 * width + i] = free;
      parts[from + 3 * width + i] = (free * unusable[i]!) / asking[i]!;
    }
  }
}

function fits(node: NodeRecord, requests: Float64Array): boolean {
  for (let i = 0; i < requests.length; i++) {
    const request = requests[i]!;
    if (request > 0 && request > (node.allocatable[i] ?? 0) - (node.requested[i] ?? 0)) return false;
  }
  return true;
}

/** Per resource, the allocatable amounts of existing nodes, largest first. */
function sortedCapacities(nodes: readonly NodeRecord[], width: number): Float64Array[] {
  const present = nodes.filter((node) => node.node !== undefined);
  return Array.from({ length: width }, (_, resource) =>
    Float64Array.from(present, (node) => node.allocatable[resource] ?? 0).sort((a, b) => compareNumbers(b, a)),
  );
}

function fewestNodes(nodes: readonly NodeRecord[], capacities: readonly Float64Array[]): number {
  let worst = 0;
  for (let resource = 0; resource < capacities.length; resource++) {
    let wanted = 0;
    for (const node of nodes) wanted += node.requested[resource] ?? 0;
    let count = 0;
    for (let at = 0; at < capacities[resource]!.length && wanted > 0; at++) {
      wanted -= capacities[resource]![at]!;
      count++;
    }
    worst = Math.max(worst, count);
  }
  return worst;
}

function scaled(value: number | null | undefined, scale: number): number | null {
  return value === null || value === undefined ? null : value / scale;
}

function describeRequests(requests: Float64Array, names: readonly string[]): string {
  const parts: string[] = [];
  requests.forEach((amount, index) => {
    const name = names[index]!;
    if (amount === 0 || name === 'pods') return;
    if (name === 'cpu') parts.push(`cpu=${amount / 1000}`);
    else if (unitOf(name) === 'bytes') parts.push(`${name}=${Math.round((amount / 1_048_576) * 10) / 10}Mi`);
    else parts.push(`${name}=${amount}`);
  });
  return parts.length === 0 ? 'nothing' : parts.join(' ');
}
