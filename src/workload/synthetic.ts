/**
 * synthetic: arrivals drawn from distributions.
 *
 * Each arrival brings a batch of pods; each pod is of one shape, drawn by weight, with cpu, memory and run time drawn from
 * the shape's distributions.
 *
 * Units     durations in microseconds, cpu in milli, memory in bytes (rounded to MiB, so that drawn sizes repeat)
 * Order     the streams `gaps`, `batch`, `shape`, `size/<shape>` and `run-time/<shape>` are drawn from in order of arrival,
 *           which no policy can change: all policies meet the same pods
 * Cost      O(1) memory: arrivals are drawn as they are asked for; at most 4,096 templates are remembered
 */
import { fail } from '../base/invariant.ts';
import { type Distribution, sample, sampleUs } from '../engine/distributions.ts';
import type { Rng } from '../engine/rng.ts';
import type { ArrivalCursor, ArrivalTemplate, PodArrival } from '../objects/arrival.ts';
import { newContainer, newPodSpec } from '../objects/builders.ts';
import type { ResourceList, StringMap } from '../objects/meta.ts';
import { milliQuantity } from '../objects/quantity.ts';

export interface PodShape {
  readonly name: string;
  readonly weight: number;
  readonly cpuMilli: Distribution;
  readonly memoryBytes: Distribution;
  /** Further resources as fixed quantities. */
  readonly resources: ResourceList;
  /** undefined: runs until deleted. */
  readonly runTime: Distribution | undefined;
  readonly labels: StringMap;
  readonly nodeSelector: StringMap;
  /** Empty for none. */
  readonly priorityClassName: string;
  readonly image: string;
}

export interface SyntheticOptions {
  /** Names the pods: `<name>-0`, `<name>-1`, ... */
  readonly name: string;
  /** Time between arrivals. */
  readonly interarrival: Distribution;
  /** Pods per arrival, rounded, at least 1. */
  readonly batch: Distribution;
  /** The first gap starts here. */
  readonly startUs: number;
  /** No arrival at or after this; Infinity for no bound. */
  readonly untilUs: number;
  /** Infinity for no bound. */
  readonly maxPods: number;
  /** At least one with a weight above 0. */
  readonly shapes: readonly PodShape[];
}

const MIB = 1_048_576;
const REMEMBERED_TEMPLATES = 4096;

/** A shape with its streams. */
interface DrawnShape {
  readonly shape: PodShape;
  readonly size: Rng;
  readonly runTime: Rng;
}

export class SyntheticCursor implements ArrivalCursor {
  private readonly options: SyntheticOptions;
  private readonly gaps: Rng;
  private readonly batches: Rng;
  private readonly choice: Rng;
  private readonly shapes: readonly DrawnShape[];
  private readonly totalWeight: number;
  private readonly templates: Map<string, ArrivalTemplate>;
  private timeUs: number;
  private leftInBatch: number;
  private given: number;

  constructor(options: SyntheticOptions, rng: Rng) {
    this.options = options;
    this.gaps = rng.fork('gaps');
    this.batches = rng.fork('batch');
    this.choice = rng.fork('shape');
    this.shapes = options.shapes.map((shape) => ({
      shape,
      size: rng.fork(`size/${shape.name}`),
      runTime: rng.fork(`run-time/${shape.name}`),
    }));
    this.totalWeight = options.shapes.reduce((sum, shape) => sum + shape.weight, 0);
    if (!(this.totalWeight > 0)) fail(`workload ${options.name} has no shape with a weight above 0`);
    this.templates = new Map();
    this.timeUs = options.startUs;
    this.leftInBatch = 0;
    this.given = 0;
  }

  next(): PodArrival | undefined {
    const { options } = this;
    if (this.given >= options.maxPods) return undefined;
    if (this.leftInBatch === 0) {
      this.timeUs += sampleUs(options.interarrival, this.gaps);
      this.leftInBatch = Math.max(1, Math.round(sample(options.batch, this.batches)));
    }
    if (this.timeUs >= options.untilUs) return undefined;
    this.leftInBatch--;
    const index = this.given++;
    const drawn = this.pickShape();
    const { runTime } = drawn.shape;
    return {
      timeUs: this.timeUs,
      name: `${options.name}-${index}`,
      template: this.template(drawn),
      runDurationUs: runTime === undefined ? Infinity : sampleUs(runTime, drawn.runTime),
      exitCode: 0,
      deleteAtUs: Infinity,
    };
  }

  private pickShape(): DrawnShape {
    const { shapes } = this;
    if (shapes.length === 1) return shapes[0]!;
    let mark = this.choice.nextFloat() * this.totalWeight;
    for (const drawn of shapes) {
      mark -= drawn.shape.weight;
      if (mark < 0) return drawn;
    }
    // Rounding may leave a rest of nothing: the last shape that can be drawn at all.
    return shapes.findLast((drawn) => drawn.shape.weight > 0)!;
  }

  private template(drawn: DrawnShape): ArrivalTemplate {
    const { shape, size } = drawn;
    const cpuMilli = Math.max(0, Math.round(sample(shape.cpuMilli, size)));
    const memoryMib = Math.max(0, Math.round(sample(shape.memoryBytes, size) / MIB));
    const key = `${shape.name}/${cpuMilli}/${memoryMib}`;
    let template = this.templates.get(key);
    if (template === undefined) {
      template = makeTemplate(shape, cpuMilli, memoryMib);
      if (this.templates.size >= REMEMBERED_TEMPLATES) this.templates.clear();
      this.templates.set(key, template);
    }
    return template;
  }
}

function makeTemplate(shape: PodShape, cpuMilli: number, memoryMib: number): ArrivalTemplate {
  const requests: Record<string, string> = { ...shape.resources };
  // Nothing drawn is nothing asked for, not an explicit zero: such pods count as best effort.
  if (cpuMilli > 0) requests['cpu'] = milliQuantity(cpuMilli);
  if (memoryMib > 0) requests['memory'] = `${memoryMib}Mi`;
  const hasSelector = Object.keys(shape.nodeSelector).length > 0;
  return {
    labels: shape.labels,
    annotations: {},
    spec: newPodSpec({
      containers: [newContainer({ name: 'main', image: shape.image, requests, limits: extendedOnly(shape.resources) })],
      restartPolicy: shape.runTime === undefined ? 'Always' : 'Never',
      nodeSelector: hasSelector ? shape.nodeSelector : undefined,
      priorityClassName: shape.priorityClassName,
    }),
  };
}

/** Extended resources and huge pages cannot be overcommitted: the API wants limits equal to requests. */
function extendedOnly(resources: ResourceList): ResourceList {
  const limits: Record<string, string> = {};
  for (const name of Object.keys(resources)) if (name.includes('/') || name.startsWith('hugepages-')) limits[name] = resources[name]!;
  return limits;
}
