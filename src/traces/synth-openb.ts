/**
 * synthOpenb: a trace in the openb format that has the published statistics of the real one, in any size.
 *
 * Models    Alibaba GPU cluster 2023 as described in Q. Weng et al., USENIX ATC 2023, and in the published lists' summary
 *           statistics: machine mix, task classes, GPU shares, quality of service, outcomes, life times, delays, gaps
 * Differs   drawn from marginal distributions only (no correlation between size, life and time of day); cpu of tasks
 *           without GPU and memory per cpu are our own choice, as no figures are published
 * Units     as the format: seconds, milli-CPU, MiB
 * Order     streams `machines`, `gaps`, `tasks`: more tasks do not change the machines or the first tasks
 */
import { exp, ln } from '../engine/portable-math.ts';
import type { Rng } from '../engine/rng.ts';

export interface SynthOpenbOptions {
  readonly machines: number;
  readonly tasks: number;
  /** Mean time between two tasks, in seconds; 353 in the last 30 days of the real trace on 1,213 machines. */
  readonly meanGapS: number;
  /** Share of the GPU tasks that name GPU models; 0 in the published default list, 0.33 said of production. */
  readonly modelShare: number;
}

export interface SynthOpenb {
  readonly nodesCsv: string;
  readonly podsCsv: string;
}

interface MachineShape {
  readonly weight: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly model: string;
}

/** The larger groups of the published machine list, weighted by their counts. */
const MACHINES: readonly MachineShape[] = [
  { weight: 549, cpuMilli: 96_000, memoryMib: 393_216, gpus: 8, model: 'G2' },
  { weight: 387, cpuMilli: 104_000, memoryMib: 524_288, gpus: 2, model: 'T4' },
  { weight: 310, cpuMilli: 32_000, memoryMib: 262_144, gpus: 0, model: '' },
  { weight: 107, cpuMilli: 16_000, memoryMib: 122_880, gpus: 2, model: 'P100' },
  { weight: 39, cpuMilli: 128_000, memoryMib: 786_432, gpus: 8, model: 'G3' },
  { weight: 55, cpuMilli: 32_000, memoryMib: 131_072, gpus: 4, model: 'V100M16' },
  { weight: 30, cpuMilli: 96_000, memoryMib: 786_432, gpus: 8, model: 'V100M32' },
  { weight: 27, cpuMilli: 64_000, memoryMib: 262_144, gpus: 2, model: 'P100' },
  { weight: 17, cpuMilli: 96_000, memoryMib: 393_216, gpus: 4, model: 'T4' },
];

/** Points of a cumulative distribution: (share below, value), rising in both. */
type Quantiles = readonly (readonly [number, number])[];

// Published percentiles; the ends are our own.
const LIFE_S: Quantiles = [
  [0, 10],
  [0.05, 48],
  [0.25, 167],
  [0.5, 540],
  [0.75, 1_972],
  [0.9, 6_573],
  [0.95, 16_399],
  [0.99, 96_510],
  [1, 400_000],
];
const DELAY_S: Quantiles = [
  [0, 1],
  [0.5, 2],
  [0.75, 35],
  [0.9, 106],
  [0.95, 241],
  [0.99, 890],
  [1, 3_600],
];
/** Shares of a GPU come in few sizes, so this one is a staircase: the value of the first step not below the mark. */
const GPU_MILLI: Quantiles = [
  [0.04, 50],
  [0.1, 258],
  [0.2, 320],
  [0.3, 460],
  [0.55, 470],
  [0.62, 590],
  [0.66, 650],
  [1, 810],
];

/** Squared coefficient of variation of the gaps, last 30 days. */
const GAP_CV2 = 2.7;

export function synthOpenb(options: SynthOpenbOptions, rng: Rng): SynthOpenb {
  const machines = drawMachines(options.machines, rng.fork('machines'));
  const nodeRows = machines.map(
    (shape, index) => `openb-node-${pad(index)},${shape.cpuMilli},${shape.memoryMib},${shape.gpus},${shape.model}`,
  );
  const podRows = drawTasks(options, machines, rng.fork('gaps'), rng.fork('tasks'));
  return {
    nodesCsv: ['sn,cpu_milli,memory_mib,gpu,model', ...nodeRows, ''].join('\n'),
    podsCsv: [
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time',
      ...podRows,
      '',
    ].join('\n'),
  };
}

/** Machines in proportion to the published counts: every stretch of the list has the same mix, shuffled as a whole. */
function drawMachines(count: number, rng: Rng): MachineShape[] {
  const total = MACHINES.reduce((sum, shape) => sum + shape.weight, 0);
  const drawn = Array.from({ length: count }, (_, index) => {
    const mark = ((index + 0.5) / count) * total;
    let passed = 0;
    for (const shape of MACHINES) {
      passed += shape.weight;
      if (mark < passed) return shape;
    }
    return MACHINES[0]!;
  });
  return rng.shuffle(drawn);
}

function drawTasks(options: SynthOpenbOptions, machines: readonly MachineShape[], gaps: Rng, rng: Rng): string[] {
  const rows: string[] = [];
  let timeS = 0;
  for (let index = 0; index < options.tasks; index++) {
    if (index > 0) timeS += drawGap(options.meanGapS, gaps);
    const createdS = Math.round(timeS);
    const request = drawRequest(rng);
    const wanted = request.gpus > 0 && rng.nextFloat() < options.modelShare ? drawModels(request, machines, rng) : '';
    const qos = pick(rng, ['LS', 57], ['BE', 41.7], ['Burstable', 1.3]);
    const phase = pick(rng, ['Running', 63.7], ['Failed', 22.9], ['Pending', 11], ['Succeeded', 2.4]);
    const lifeS = Math.round(quantile(LIFE_S, rng.nextFloat()));
    const delayS = Math.round(quantile(DELAY_S, rng.nextFloat()));
    const scheduledS = phase === 'Pending' ? '' : String(createdS + delayS);
    const deletedS = createdS + lifeS + (phase === 'Pending' ? 0 : delayS);
    rows.push(
      [
        `openb-pod-${pad(index)}`,
        request.cpuMilli,
        request.memoryMib,
        request.gpus,
        request.gpuMilli,
        wanted,
        qos,
        phase,
        createdS,
        deletedS,
        scheduledS,
      ].join(','),
    );
  }
  return rows;
}

interface TaskRequest {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly gpuMilli: number;
}

/** No GPU 13.3 %, part of one 37.8 %, one 48.0 %, several 0.9 % (2, 4, 8 as 16 to 15 to 44). */
function drawRequest(rng: Rng): TaskRequest {
  const kind = pick(rng, ['cpu', 13.3], ['part', 37.8], ['one', 48], ['several', 0.9]);
  switch (kind) {
    case 'cpu':
      return withMemory(pick(rng, [12_500, 35], [32_000, 25], [8_000, 20], [4_000, 20]), 0, 0, rng);
    case 'part': {
      const gpuMilli = GPU_MILLI[stepOf(GPU_MILLI, rng.nextFloat())]![1];
      return withMemory(gpuMilli === 810 ? 3_152 : pick(rng, [11_908, 45], [8_000, 35], [4_000, 20]), 1, gpuMilli, rng);
    }
    case 'one':
      return withMemory(pick(rng, [11_300, 22], [11_400, 15], [3_152, 12], [12_000, 20], [8_000, 16], [16_000, 15]), 1, 1000, rng);
    default:
      return withMemory(pick(rng, [32_000, 50], [64_000, 50]), pick(rng, [2, 16], [4, 15], [8, 44]), 1000, rng);
  }
}

function withMemory(cpuMilli: number, gpus: number, gpuMilli: number, rng: Rng): TaskRequest {
  const mibPerCpu = pick(rng, [1_024, 15], [1_774, 35], [2_048, 25], [3_815, 25]);
  return { cpuMilli, memoryMib: Math.round((cpuMilli / 1000) * mibPerCpu), gpus, gpuMilli };
}

/** One or two models of machines that could hold the task when empty; none when there is no such machine. */
function drawModels(request: TaskRequest, machines: readonly MachineShape[], rng: Rng): string {
  const fitting = machines.filter(
    (shape) => shape.gpus >= request.gpus && shape.cpuMilli >= request.cpuMilli && shape.memoryMib >= request.memoryMib,
  );
  const models = [...new Set(fitting.map((shape) => shape.model))];
  if (models.length === 0) return '';
  const first = rng.pick(models);
  const second = rng.pick(models);
  return first === second ? first : `${first}|${second}`;
}

/** Hyper-exponential with balanced means: bursts and pauses, with the published mean and variation. */
function drawGap(meanS: number, rng: Rng): number {
  const short = (1 + Math.sqrt((GAP_CV2 - 1) / (GAP_CV2 + 1))) / 2;
  const share = rng.nextFloat() < short ? short : 1 - short;
  return (-ln(1 - rng.nextFloat()) * meanS) / (2 * share);
}

/** The value at `mark` of a distribution, logarithmic between its points. */
function quantile(points: Quantiles, mark: number): number {
  const index = Math.max(1, stepOf(points, mark));
  const [below, low] = points[index - 1]!;
  const [above, high] = points[index]!;
  return low * exp((ln(high / low) * (mark - below)) / (above - below));
}

/** Index of the first point whose share is not below `mark`. */
function stepOf(points: Quantiles, mark: number): number {
  const index = points.findIndex(([share]) => share >= mark);
  return index === -1 ? points.length - 1 : index;
}

/** One of the values, drawn by weight. */
function pick<T>(rng: Rng, ...choices: readonly (readonly [T, number])[]): T {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
  let mark = rng.nextFloat() * total;
  for (const [value, weight] of choices) {
    mark -= weight;
    if (mark < 0) return value;
  }
  return choices[choices.length - 1]![0];
}

function pad(index: number): string {
  return String(index).padStart(4, '0');
}

/** The sample that comes with the project: `traces/openb-sample`. */
export const OPENB_SAMPLE: SynthOpenbOptions = { machines: 32, tasks: 400, meanGapS: 60, modelShare: 0.1 };
