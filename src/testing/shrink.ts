/**
 * shrink: the smallest storm that still breaks the same invariant.
 *
 * Delta debugging over the parts of a storm: whole halves first, then single parts, then sizes, then times; again until
 * nothing can be left out any more, or the budget of runs is used up. Deterministic: the same storm shrinks the same way
 * everywhere.
 *
 * Source    ddmin: Zeller and Hildebrandt, IEEE TSE 28(2), 2002
 */
import { nodeNames, type Storm, type StormAction, type StormFault } from './storm.ts';
import { type WorkloadCase, type WorkloadShape, workloadCase } from './storm-workloads.ts';

export interface ShrinkOptions {
  /** Whether a storm still shows what is looked for; must be pure. A storm that is no valid scenario does not. */
  readonly fails: (storm: Storm) => boolean;
  /** Most runs to spend. Default 1000. */
  readonly maxRuns?: number;
}

export interface Shrunk {
  readonly storm: Storm;
  readonly runs: number;
  /** False when the budget ended it. */
  readonly isMinimal: boolean;
}

const MAX_RUNS = 1000;

/** Gives smaller versions of a storm, the boldest first. */
type Step = (storm: Storm) => Iterable<Storm>;

export function shrink(failing: Storm, { fails, maxRuns = MAX_RUNS }: ShrinkOptions): Shrunk {
  const shrinking = shrinkingOf(failing, maxRuns);
  let step = shrinking.next();
  while (step.done !== true) step = shrinking.next(fails(step.value));
  return step.value;
}

/** The same as a dialogue: it asks whether a storm still fails, and is told; for callers that have to wait for the answer. */
export function* shrinkingOf(failing: Storm, maxRuns = MAX_RUNS): Generator<Storm, Shrunk, boolean> {
  let storm = failing;
  let runs = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const step of STEPS) {
      // The same step is tried again from where it succeeded: what was left out before need not be tried again now.
      for (let again = true; again; ) {
        again = false;
        for (const candidate of step(storm)) {
          if (runs >= maxRuns) return { storm, runs, isMinimal: false };
          runs++;
          if (!(yield candidate)) continue;
          storm = candidate;
          isSmaller = true;
          again = true;
          break;
        }
      }
    }
  }
  return { storm, runs, isMinimal: true };
}

const STEPS: readonly Step[] = [
  (storm) => without(storm.faults).map((faults) => ({ ...storm, faults })),
  (storm) => without(storm.actions).map((actions) => ({ ...storm, actions })),
  withoutWorkload,
  (storm) => without(storm.objects).map((objects) => ({ ...storm, objects })),
  smallerControlPlane,
  fewerNodes,
  plainerWorkloads,
  (storm) => shorterFaults(storm),
  rounderTimes,
];

/** Everything gone, each half gone, each quarter gone ... each one gone. */
function without<T>(items: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let size = items.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < items.length; start += size) found.push([...items.slice(0, start), ...items.slice(start + size)]);
  }
  return found;
}

/** Leaves workloads out, with the actions on them. */
function* withoutWorkload(storm: Storm): Generator<Storm> {
  for (const workloads of without(storm.workloads)) {
    const gone = storm.workloads.filter((workload) => !workloads.includes(workload)).map(({ shape }) => shape.name);
    yield { ...storm, workloads, actions: storm.actions.filter((action) => !gone.some((name) => namesWorkload(action, name))) };
  }
}

function namesWorkload({ does }: StormAction, name: string): boolean {
  const target = does['scale'] ?? does['setImage'] ?? does['restart'] ?? does['delete'] ?? '';
  if (typeof target === 'string' && (target.endsWith(`/${name}`) || target.startsWith(`pod/${name}-`))) return true;
  return (
    Array.isArray(does['apply']) && does['apply'].some((manifest: { metadata?: { name?: string } }) => manifest.metadata?.name === name)
  );
}

function* smallerControlPlane(storm: Storm): Generator<Storm> {
  if (storm.shuffleTies !== undefined) yield { ...storm, shuffleTies: undefined };
  if (storm.apiServers > 1) {
    yield onlyServer({ ...storm, apiServers: 1 });
    if (storm.apiServers > 2) yield { ...storm, apiServers: storm.apiServers - 1 };
  }
  if (storm.controllerManagers > 1) yield renamed({ ...storm, controllerManagers: 1 }, 'kube-controller-manager');
  if (storm.schedulers > 1) yield renamed({ ...storm, schedulers: 1 }, 'kube-scheduler');
}

function onlyServer(storm: Storm): Storm {
  return withBreaks(storm, (breaks) =>
    String(breaks['target']).startsWith('api-server/') ? { ...breaks, target: 'api-server/0' } : breaks,
  );
}

/** A lone process has no number. */
function renamed(storm: Storm, process: string): Storm {
  return withBreaks(storm, (breaks) => {
    return String(breaks['target']).startsWith(`component/${process}-`) ? { ...breaks, target: `component/${process}` } : breaks;
  });
}

function withBreaks(storm: Storm, change: (breaks: StormFault['breaks']) => StormFault['breaks']): Storm {
  return { ...storm, faults: storm.faults.map((fault) => ({ ...fault, breaks: change(fault.breaks) })) };
}

/** Leaves out zones and nodes from the end; what strikes or cordons a node that is gone strikes the last one left in its place. */
function* fewerNodes(storm: Storm): Generator<Storm> {
  const { zones } = storm;
  if (zones.length > 1) yield retargeted({ ...storm, zones: zones.slice(0, 1) });
  if (zones.length > 2) yield retargeted({ ...storm, zones: zones.slice(0, -1) });
  for (const [index, nodes] of zones.entries()) {
    if (nodes > 1) yield retargeted({ ...storm, zones: zones.with(index, 1) });
    if (nodes > 2) yield retargeted({ ...storm, zones: zones.with(index, nodes - 1) });
  }
}

function retargeted(storm: Storm): Storm {
  const nodes = nodeNames(storm.zones);
  const zones = storm.zones.map((_, index) => String.fromCharCode(97 + index));
  const fix = (target: unknown): unknown => {
    if (typeof target !== 'string') return target;
    const slash = target.indexOf('/');
    const kind = target.slice(0, slash);
    const name = target.slice(slash + 1);
    if (kind === 'node') return nodes.includes(name) ? target : `node/${nodes.at(-1)}`;
    if (kind === 'rack') return zones.includes(name[0]!) ? target : `rack/${zones.at(-1)}-1`;
    if (kind === 'zone') return zones.includes(name) ? target : `zone/${zones.at(-1)}`;
    return target;
  };
  const fixed = withBreaks(storm, (breaks) => ({
    ...breaks,
    ...(breaks['target'] === undefined ? {} : { target: fix(breaks['target']) }),
    ...(Array.isArray(breaks['between']) ? { between: breaks['between'].map(fix) } : {}),
  }));
  const actions = storm.actions.map(({ atMs, does }) => {
    return { atMs, does: Object.fromEntries(Object.entries(does).map(([key, value]) => [key, isNodeAction(key) ? fix(value) : value])) };
  });
  return { ...fixed, actions };
}

function isNodeAction(key: string): boolean {
  return key === 'cordon' || key === 'uncordon' || key === 'drain';
}

/** Fewer replicas, then plainer in every respect. */
function* plainerWorkloads(storm: Storm): Generator<Storm> {
  for (const [index, workload] of storm.workloads.entries()) {
    for (const shape of plainerShapes(workload.shape)) yield withWorkload(storm, index, workloadCase(shape));
  }
}

function* plainerShapes(shape: WorkloadShape): Generator<WorkloadShape> {
  if (shape.replicas > 1) {
    yield { ...shape, replicas: 1 };
    yield { ...shape, replicas: Math.ceil(shape.replicas / 2) };
    yield { ...shape, replicas: shape.replicas - 1 };
  }
  if (shape.placement !== 'anywhere') yield { ...shape, placement: 'anywhere' };
  if (shape.minAvailable > 0) yield { ...shape, minAvailable: 0 };
  if (shape.minReadySeconds > 0) yield { ...shape, minReadySeconds: 0 };
  if (shape.tolerationSeconds !== undefined) yield { ...shape, tolerationSeconds: undefined };
  if (shape.isParallel && shape.kind === 'StatefulSet') yield { ...shape, isParallel: false };
  if (shape.strategy === 'recreate') yield { ...shape, strategy: 'rolling' };
  if (shape.maxSurge !== 1) yield { ...shape, maxSurge: 1 };
  if (shape.maxUnavailable !== 0 && shape.maxSurge > 0) yield { ...shape, maxUnavailable: 0 };
  if (shape.priority !== undefined && shape.priority > 0) yield { ...shape, priority: 0 };
  if (shape.isIndexed && shape.kind === 'Job') yield { ...shape, isIndexed: false };
  if (shape.ttlSeconds !== undefined && shape.kind === 'Job') yield { ...shape, ttlSeconds: undefined };
  if (shape.historyLimit !== undefined) yield { ...shape, historyLimit: undefined };
  if (shape.graceSeconds !== 30) yield { ...shape, graceSeconds: 30 };
  if (shape.cpuMilli > 100) yield { ...shape, cpuMilli: 100 };
  if (shape.workSeconds > 5) yield { ...shape, workSeconds: 5 };
}

/** Replaces a workload where it exists and wherever it is applied again. */
function withWorkload(storm: Storm, index: number, workload: WorkloadCase): Storm {
  const before = storm.workloads[index]!;
  const actions = storm.actions.map((action) => {
    return action.does['apply'] === before.manifests ? { ...action, does: { apply: workload.manifests } } : action;
  });
  return { ...storm, workloads: storm.workloads.with(index, workload), actions };
}

function* shorterFaults(storm: Storm): Generator<Storm> {
  for (const [index, fault] of storm.faults.entries()) {
    const { forMs } = fault;
    if (forMs === undefined) continue;
    for (const shorter of [1000, Math.floor(forMs / 2)]) {
      if (shorter >= 10 && shorter < forMs) yield { ...storm, faults: storm.faults.with(index, { ...fault, forMs: shorter }) };
    }
  }
}

/** Whole minutes, tens of seconds and seconds are easier to read than milliseconds. */
function* rounderTimes(storm: Storm): Generator<Storm> {
  for (const unitMs of [60_000, 10_000, 1000]) {
    for (const [index, fault] of storm.faults.entries()) {
      const atMs = rounded(fault.atMs, unitMs);
      if (atMs !== fault.atMs) yield { ...storm, faults: storm.faults.with(index, { ...fault, atMs }) };
      const forMs = fault.forMs === undefined ? undefined : Math.max(unitMs, rounded(fault.forMs, unitMs));
      if (forMs !== fault.forMs && forMs !== undefined && fault.forMs! > unitMs)
        yield { ...storm, faults: storm.faults.with(index, { ...fault, forMs }) };
    }
    for (const [index, action] of storm.actions.entries()) {
      const atMs = rounded(action.atMs, unitMs);
      if (atMs !== action.atMs) yield { ...storm, actions: storm.actions.with(index, { ...action, atMs }) };
    }
  }
}

/** Times that are whole in a larger unit stay: otherwise rounding would go round in circles. */
function rounded(timeMs: number, unitMs: number): number {
  return timeMs % unitMs === 0 || isRound(timeMs, unitMs) ? timeMs : Math.floor(timeMs / unitMs) * unitMs;
}

function isRound(timeMs: number, unitMs: number): boolean {
  return [60_000, 10_000, 1000].some((larger) => larger > unitMs && timeMs % larger === 0);
}
