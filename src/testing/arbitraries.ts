/**
 * Arbitraries: random clusters, workloads, what users do to them and what breaks, for fast-check.
 *
 * Swarm style: a storm first draws which kinds of faults may strike at all, then how often; a storm of three kinds finds
 * what one of all kinds hides. Everything shrinks towards a cluster of one node, one workload and nothing that happens.
 *
 * Source    swarm testing: Groce et al., ISSTA 2012; FoundationDB's simulation swarms
 */
import * as fc from 'fast-check';
import { type Aim, type MenuEntry, STORM_MENU } from './menu.ts';
import {
  DEFAULT_SETTING,
  type Manifest,
  nodeNames,
  type Storm,
  type StormAction,
  type StormFault,
  type StormSetting,
  zoneName,
} from './storm.ts';
import { WORKLOAD_KINDS, type WorkloadCase, type WorkloadKind, type WorkloadShape, workloadCase, workloadRef } from './storm-workloads.ts';

export interface StormOptions {
  /** Nodes over all zones. Default 8. */
  readonly maxNodes?: number;
  /** Default 3. */
  readonly maxZones?: number;
  /** Default 3; 0 for storms of one's own objects only. */
  readonly maxWorkloads?: number;
  /** Replicas, or completions, of one workload. Default 6. */
  readonly maxReplicas?: number;
  /** What users do. Default 4. */
  readonly maxActions?: number;
  /** Kinds of what users do. Default: all but `taint` and `replace`. */
  readonly actions?: readonly ActionKind[];
  /** Further actions, of any kind that scenarios know, beside those that are drawn. */
  readonly moreActions?: fc.Arbitrary<readonly StormAction[]>;
  /** Versions that images are set to. Default 2 and 3. */
  readonly versions?: readonly string[];
  /** Default 6. */
  readonly maxFaults?: number;
  /** Kinds of workloads. Default: all. */
  readonly workloadKinds?: readonly WorkloadKind[];
  /** What all workloads have in common. */
  readonly shape?: Partial<Omit<WorkloadShape, 'name' | 'kind'>>;
  /** What may break. Default: STORM_MENU. */
  readonly menu?: readonly MenuEntry[];
  /** Further objects that exist from the start: custom resources, say. Users also delete them, and create them again. */
  readonly objects?: fc.Arbitrary<readonly Manifest[]>;
  /** The storm blows for so long, in ms of simulated time. Default 3 minutes. */
  readonly stormMs?: number;
  /** Quirks, controller settings, time to settle. */
  readonly setting?: Partial<StormSetting>;
  /** Replicas of the control plane: API servers, controller managers, schedulers. Default up to 2 of each. */
  readonly maxControlPlane?: number;
  /** At least so many of each. Default 1. */
  readonly minControlPlane?: number;
}

const STORM_MS = 180_000;
/** Of images. */
const VERSIONS: readonly string[] = ['2', '3'];

/** Random storms. */
export function storms(options: StormOptions = {}): fc.Arbitrary<Storm> {
  const stormMs = options.stormMs ?? STORM_MS;
  const setting: StormSetting = { ...DEFAULT_SETTING, ...options.setting };
  const versions = options.versions ?? VERSIONS;
  const most = options.maxControlPlane ?? 2;
  const least = options.minControlPlane ?? 1;
  const replicas = fc.oneof(
    { weight: 3, arbitrary: fc.constant(least) },
    { weight: 1, arbitrary: fc.integer({ min: least, max: Math.max(least, most) }) },
  );
  return fc
    .record({
      seed: fc.nat(1_000_000),
      shuffleTies: fc.option(fc.nat(1_000_000), { nil: undefined }),
      zones: clusters(options),
      apiServers: replicas,
      controllerManagers: replicas,
      schedulers: replicas,
      workloads: workloads(options),
      objects: options.objects ?? fc.constant([]),
      actions: fc.array(actionDraws(stormMs, options.actions ?? ACTIONS), { maxLength: options.maxActions ?? 4, size: 'max' }),
      more: options.moreActions ?? fc.constant([]),
      faults: faultDraws(options.menu ?? STORM_MENU, options.maxFaults ?? 6, stormMs),
    })
    .map(({ actions, more, faults, ...rest }) => {
      const { workloads: drawn, objects } = rest;
      return {
        ...rest,
        actions: inTime([...actions.flatMap((draw) => resolveAction(draw, { drawn, objects, zones: rest.zones, versions })), ...more]),
        faults: resolveFaults(faults, rest),
        setting,
      };
    });
}

/** Nodes of each zone. */
export function clusters(options: StormOptions = {}): fc.Arbitrary<readonly number[]> {
  const maxZones = options.maxZones ?? 3;
  const perZone = Math.max(1, Math.floor((options.maxNodes ?? 8) / maxZones));
  return fc.array(fc.integer({ min: 1, max: perZone }), { minLength: 1, maxLength: maxZones, size: 'max' });
}

/** Workloads with distinct names. */
export function workloads(options: StormOptions = {}): fc.Arbitrary<readonly WorkloadCase[]> {
  const maxWorkloads = options.maxWorkloads ?? 3;
  const minLength = options.objects === undefined ? 1 : 0;
  const kinds = options.workloadKinds ?? WORKLOAD_KINDS;
  const shape: fc.Arbitrary<Omit<WorkloadShape, 'name'>> = fc.record({
    kind: fc.constantFrom(...kinds),
    replicas: fc.integer({ min: 1, max: options.maxReplicas ?? 6 }),
    cpuMilli: fc.constantFrom(100, 250, 500, 1000),
    strategy: fc.oneof(
      { weight: 4, arbitrary: fc.constant('rolling' as const) },
      { weight: 1, arbitrary: fc.constant('recreate' as const) },
    ),
    maxSurge: fc.integer({ min: 0, max: 2 }),
    maxUnavailable: fc.integer({ min: 0, max: 2 }),
    minReadySeconds: fc.constantFrom(0, 0, 0, 5),
    placement: fc.constantFrom('anywhere' as const, 'anywhere', 'anywhere', 'spread-hosts', 'spread-zones', 'apart', 'together'),
    minAvailable: fc.constantFrom(0, 0, 1, 2),
    isParallel: fc.boolean(),
    workSeconds: fc.integer({ min: 1, max: 60 }),
    // With 0 pods come and go while the two taints of a lost node are taken away one after the other (kubernetes/kubernetes#112930).
    tolerationSeconds: fc.constantFrom(undefined, undefined, 2, 10, 60),
    // Without grace a pod is gone from the API while its containers still run, and what comes next is refused again and again (kubernetes/kubernetes#106884).
    graceSeconds: fc.constantFrom(30, 1, 5),
    priority: fc.constantFrom(0, 0, 0, 10, 1000),
    isIndexed: fc.boolean(),
    ttlSeconds: fc.constantFrom(undefined, undefined, 0, 30),
    historyLimit: fc.constantFrom(undefined, undefined, 0, 1),
  });
  return fc.array(shape, { minLength: Math.min(minLength, maxWorkloads), maxLength: maxWorkloads, size: 'max' }).map((shapes) =>
    shapes.map((free, index) => {
      const drawn = { ...free, ...options.shape };
      // Both zero would never roll; the API server refuses it.
      const maxSurge = drawn.maxSurge === 0 && drawn.maxUnavailable === 0 ? 1 : drawn.maxSurge;
      return workloadCase({ ...drawn, maxSurge, name: `${NAMES[drawn.kind]}-${index}` });
    }),
  );
}

/** What users do to a given cluster: scale, roll out, restart, delete and create again, cordon, drain. In order of time. */
export function updates(
  on: Pick<Storm, 'zones' | 'workloads' | 'objects'>,
  options: StormOptions = {},
): fc.Arbitrary<readonly StormAction[]> {
  const { stormMs = STORM_MS, maxActions = 4, actions = ACTIONS, versions = VERSIONS } = options;
  const actors: Actors = { drawn: on.workloads, objects: on.objects, zones: on.zones, versions };
  return fc
    .array(actionDraws(stormMs, actions), { maxLength: maxActions, size: 'max' })
    .map((draws) => inTime(draws.flatMap((draw) => resolveAction(draw, actors))));
}

/** What breaks in a given cluster, swarm style. In order of time. */
export function faultSchedules(
  on: Pick<Storm, 'zones' | 'apiServers' | 'controllerManagers' | 'schedulers'>,
  options: StormOptions = {},
): fc.Arbitrary<readonly StormFault[]> {
  const { stormMs = STORM_MS, maxFaults = 6, menu = STORM_MENU } = options;
  return faultDraws(menu, maxFaults, stormMs).map((draws) => resolveFaults(draws, on));
}

const NAMES: Record<WorkloadKind, string> = { Deployment: 'web', StatefulSet: 'db', Job: 'work', ReplicaSet: 'set' };

// Actions ------------------------------------------------------------------------------------------------------------

interface ActionDraw {
  readonly atMs: number;
  readonly forMs: number;
  readonly what: ActionKind;
  /** Chooses among what there is, modulo its number. */
  readonly choice: number;
  readonly amount: number;
}

const ACTIONS = ['scale', 'image', 'restart', 'delete', 'recreate', 'cordon', 'drain', 'delete-pod'] as const;
/**
 * `taint` gives a node a NoExecute taint `maintenance` for a while; `replace` deletes something, objects by force, and makes it again
 * within a second: what invariants have to make allowances for.
 */
export type ActionKind = (typeof ACTIONS)[number] | 'taint' | 'replace';

/** What actions can be about. */
interface Actors {
  readonly drawn: readonly WorkloadCase[];
  readonly objects: readonly Manifest[];
  readonly zones: readonly number[];
  readonly versions: readonly string[];
}

function actionDraws(stormMs: number, kinds: readonly ActionKind[]): fc.Arbitrary<ActionDraw> {
  return fc.record({
    atMs: fc.integer({ min: 0, max: stormMs }),
    forMs: fc.integer({ min: 10, max: 60_000 }),
    what: fc.constantFrom(...kinds),
    choice: fc.nat(11),
    amount: fc.integer({ min: 0, max: 8 }),
  });
}

function resolveAction({ atMs, forMs, what, choice, amount }: ActionDraw, { drawn, objects, zones, versions }: Actors): StormAction[] {
  if (what === 'cordon' || what === 'drain') {
    const names = nodeNames(zones);
    const node = `node/${names[choice % names.length]!}`;
    return [
      { atMs, does: what === 'drain' ? { drain: node, timeout: '60s' } : { cordon: node } },
      { atMs: atMs + forMs, does: { uncordon: node } },
    ];
  }
  if (what === 'taint') {
    const names = nodeNames(zones);
    const name = names[choice % names.length]!;
    return [
      { atMs, does: { apply: taintedNode(name, [{ key: 'maintenance', effect: 'NoExecute' }]) } },
      { atMs: atMs + forMs, does: { apply: taintedNode(name, []) } },
    ];
  }
  if (drawn.length === 0 || (objects.length > 0 && choice % 2 === 1)) {
    const object = objects[choice % Math.max(1, objects.length)];
    return object === undefined ? [] : resolveObjectAction(atMs, forMs, what, object);
  }
  const { shape, manifests } = drawn[choice % drawn.length]!;
  const ref = workloadRef(shape);
  const isJob = shape.kind === 'Job';
  switch (what) {
    case 'scale':
      return isJob ? [] : [{ atMs, does: { scale: ref, replicas: amount } }];
    case 'image':
      return isJob || shape.kind === 'ReplicaSet'
        ? []
        : [{ atMs, does: { setImage: ref, image: `${shape.name}:${versions[amount % versions.length]}` } }];
    case 'restart':
      return isJob || shape.kind === 'ReplicaSet' ? [] : [{ atMs, does: { restart: ref } }];
    case 'delete':
      return [{ atMs, does: { delete: ref } }];
    case 'delete-pod':
      return shape.kind === 'StatefulSet' ? [{ atMs, does: { delete: `pod/${shape.name}-${amount % shape.replicas}` } }] : [];
    default:
      // What a Job's first life still expects holds up its second one for ever when its deletion was not seen by itself:
      // expectations go by name, as they once did for ReplicaSets (kubernetes/kubernetes#69376).
      if (isJob && what === 'recreate') return [];
      return [
        { atMs, does: { delete: ref } },
        { atMs: atMs + (what === 'replace' ? shortly(forMs) : forMs), does: { apply: manifests } },
      ];
  }
}

/** Up to a second. */
function shortly(forMs: number): number {
  return Math.ceil(forMs / 60);
}

function taintedNode(name: string, taints: readonly Manifest[]): Manifest {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { taints } };
}

/** Objects of one's own are deleted, or deleted and created again under the same name. */
function resolveObjectAction(atMs: number, forMs: number, what: ActionDraw['what'], object: Manifest): StormAction[] {
  const metadata = object['metadata'] as { readonly name: string; readonly namespace?: string };
  const ref = [String(object['kind']), ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join('/');
  if (what === 'delete') return [{ atMs, does: { delete: ref } }];
  const force = what === 'replace' ? { gracePeriod: '0s' } : {};
  return [
    { atMs, does: { delete: ref, ...force } },
    { atMs: atMs + (what === 'replace' ? shortly(forMs) : forMs), does: { apply: object } },
  ];
}

// Faults -------------------------------------------------------------------------------------------------------------

interface FaultDraw {
  readonly atMs: number;
  readonly forMs: number;
  readonly entry: MenuEntry;
  readonly choice: number;
  readonly params: Readonly<Record<string, unknown>>;
}

function faultDraws(menu: readonly MenuEntry[], maxFaults: number, stormMs: number): fc.Arbitrary<readonly FaultDraw[]> {
  if (menu.length === 0 || maxFaults === 0) return fc.constant([]);
  const draws = (entries: readonly MenuEntry[]): fc.Arbitrary<readonly FaultDraw[]> => {
    const one = fc.oneof(...entries.map((entry) => ({ weight: entry.weight, arbitrary: faultDraw(entry, stormMs) })));
    return fc.array(one, { maxLength: maxFaults, size: 'max' });
  };
  // The swarm: one to four kinds, or everything.
  const few = fc.subarray([...menu], { minLength: 1, maxLength: Math.min(4, menu.length) }).chain(draws);
  return fc.oneof({ weight: 3, arbitrary: few }, { weight: 1, arbitrary: draws(menu) });
}

function faultDraw(entry: MenuEntry, stormMs: number): fc.Arbitrary<FaultDraw> {
  return fc.record({
    atMs: fc.integer({ min: 0, max: stormMs }),
    // Short ones are as telling as long ones: half of them last less than 4 s.
    forMs: fc.oneof(
      fc.integer({ min: 10, max: Math.min(4000, entry.longestMs ?? 4000) }),
      fc.integer({ min: 10, max: entry.longestMs ?? 120_000 }),
    ),
    entry: fc.constant(entry),
    choice: fc.nat(23),
    params: entry.params,
  });
}

type Aimed = Pick<Storm, 'zones' | 'apiServers' | 'controllerManagers' | 'schedulers'>;

/** In order of time. */
function resolveFaults(draws: readonly FaultDraw[], storm: Aimed): StormFault[] {
  const kept: StormFault[] = [];
  for (const fault of inTime(draws.flatMap((draw) => resolveFault(draw, storm)))) {
    // Slowdowns of one thing multiply, and what began under five of them lasts for hours after they have ended.
    const isSlow = fault.breaks['factor'] !== undefined;
    if (!isSlow || !kept.some((earlier) => isSameSlowdown(earlier, fault))) kept.push(fault);
  }
  return kept;
}

function isSameSlowdown(earlier: StormFault, { atMs, breaks }: StormFault): boolean {
  const { fault, target } = earlier.breaks;
  return fault === breaks['fault'] && target === breaks['target'] && atMs < earlier.atMs + (earlier.forMs ?? 0);
}

function resolveFault({ atMs, forMs, entry, choice, params }: FaultDraw, storm: Aimed): StormFault[] {
  const where = aimAt(entry.aim, choice, storm);
  if (where === undefined) return [];
  return [{ atMs, forMs: entry.lasts ? forMs : undefined, breaks: { fault: entry.fault, ...where, ...params } }];
}

/** `target` or `between` of a fault; undefined when the cluster has nothing like it. */
function aimAt(aim: Aim, choice: number, storm: Aimed): Readonly<Record<string, unknown>> | undefined {
  const nodes = nodeNames(storm.zones);
  const node = nodes[choice % nodes.length]!;
  const zone = zoneName(choice % storm.zones.length);
  switch (aim) {
    case 'node':
      return { target: `node/${node}` };
    case 'rack':
      return { target: `rack/${zone}-1` };
    case 'zone':
      return { target: `zone/${zone}` };
    case 'api-server':
      return { target: `api-server/${choice % storm.apiServers}` };
    case 'component':
      return { target: componentAt(choice, storm) };
    case 'link':
      return { between: [choice % 3 === 0 ? `rack/${zone}-1` : `node/${node}`, 'control-plane'] };
    default:
      return {};
  }
}

function componentAt(choice: number, storm: Aimed): string {
  const names = [...processNames('kube-controller-manager', storm.controllerManagers), ...processNames('kube-scheduler', storm.schedulers)];
  return `component/${names[choice % names.length]!}`;
}

function processNames(name: string, count: number): string[] {
  return count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`);
}

function inTime<T extends { readonly atMs: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => a.atMs - b.atMs);
}
