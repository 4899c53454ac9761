/**
 * Storm: one test case of the kit as plain data: a small cluster, workloads, what users do to them, and what breaks.
 *
 * A storm is a value made for shrinking: everything in it can be left out or made smaller without touching the rest.
 * `stormDocument` turns it into the scenario that runs, and that is saved when something is found: there is no other
 * way to run one, so a saved file is the case itself.
 */
import { serialSeconds, type WorkloadCase } from './storm-workloads.ts';

/** Plain data of a Kubernetes object, as kubectl takes it. */
export type Manifest = Readonly<Record<string, unknown>>;

export interface Storm {
  readonly seed: number;
  /** Simultaneous events run in an order drawn from this; undefined: in the order they were planned. */
  readonly shuffleTies: number | undefined;
  /** Nodes of each zone. */
  readonly zones: readonly number[];
  /** API server replicas over one store. */
  readonly apiServers: number;
  readonly controllerManagers: number;
  readonly schedulers: number;
  readonly workloads: readonly WorkloadCase[];
  /** Further objects that exist from the start. */
  readonly objects: readonly Manifest[];
  /** In order of time. */
  readonly actions: readonly StormAction[];
  /** In order of time. */
  readonly faults: readonly StormFault[];
  /** Quirks and controller settings that the whole check is about; never shrunk away. */
  readonly setting: StormSetting;
}

export interface StormSetting {
  readonly quirks: readonly string[];
  /** Default: that of scenarios. */
  readonly kubernetesVersion?: string;
  /** `spec.controllers` of the scenario. */
  readonly controllers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `spec.scheduler` of the scenario, without `replicas`. */
  readonly scheduler: Readonly<Record<string, unknown>>;
  /** `spec.schedulers` of the scenario: several side by side, in place of the one. */
  readonly schedulers?: readonly Manifest[];
  /** At least; longer where pods that run one after the other need longer. */
  readonly withinSeconds: number;
  readonly quietSeconds: number;
  /** Names of invariants to hold whatever they assume; undefined: all whose assumptions hold. */
  readonly invariants: readonly string[] | undefined;
}

export const DEFAULT_SETTING: StormSetting = {
  quirks: [],
  controllers: {},
  scheduler: {},
  withinSeconds: 1200,
  quietSeconds: 120,
  invariants: undefined,
};

/** One line of `spec.events` that is no fault: `{ scale: 'deployment/web-0', replicas: 3 }`. */
export interface StormAction {
  readonly atMs: number;
  /** The action's keys as scenarios write them. */
  readonly does: Readonly<Record<string, unknown>>;
}

export interface StormFault {
  readonly atMs: number;
  /** How long it lasts; undefined for what happens in an instant. */
  readonly forMs: number | undefined;
  /** `fault`, `target` or `between`, and its parameters, as scenarios write them. */
  readonly breaks: Readonly<Record<string, unknown>>;
}

/** Machine of every node: 4 cores, so that a handful of pods fills it. */
export const STORM_MACHINE = { cpu: 4, memory: '16Gi', pods: 32 } as const;

/** The scenario of a storm, as the data of a scenario file. */
export function stormDocument(storm: Storm, name: string, description = ''): { scenario: Manifest; manifests: readonly Manifest[] } {
  const { setting } = storm;
  const { apiServers, controllerManagers, schedulers } = storm;
  const controlPlane = { ...(apiServers > 1 ? { apiServers } : {}), ...(controllerManagers > 1 ? { controllerManagers } : {}) };
  const scheduler = { ...setting.scheduler, ...(schedulers > 1 ? { replicas: schedulers } : {}) };
  const events = [
    ...storm.actions.map(({ atMs, does }) => [atMs, { at: `${atMs}ms`, ...does }] as const),
    ...storm.faults.map(({ atMs, forMs, breaks }) => {
      return [atMs, { at: `${atMs}ms`, ...breaks, ...(forMs === undefined ? {} : { for: `${forMs}ms` }) }] as const;
    }),
  ].sort(([a], [b]) => a - b);
  const scenario: Manifest = {
    apiVersion: 'seatrial.dev/v1alpha1',
    kind: 'Scenario',
    metadata: { name },
    spec: {
      ...(description === '' ? {} : { description }),
      seed: storm.seed,
      ...(storm.shuffleTies === undefined ? {} : { shuffleTies: storm.shuffleTies }),
      ...(setting.kubernetesVersion === undefined ? {} : { kubernetesVersion: setting.kubernetesVersion }),
      ...(setting.quirks.length === 0 ? {} : { quirks: setting.quirks }),
      cluster: {
        zones: storm.zones.map((nodes, index) => ({ name: zoneName(index), racks: 1, nodesPerRack: nodes, machine: 'small' })),
        machines: { small: STORM_MACHINE },
        ...(Object.keys(controlPlane).length === 0 ? {} : { controlPlane }),
      },
      ...(setting.schedulers !== undefined || Object.keys(scheduler).length === 0 ? {} : { scheduler }),
      ...(setting.schedulers === undefined ? {} : { schedulers: setting.schedulers }),
      ...(Object.keys(setting.controllers).length === 0 ? {} : { controllers: setting.controllers }),
      ...(events.length === 0 ? {} : { events: events.map(([, event]) => event) }),
      converge: {
        within: `${withinSeconds(storm)}s`,
        quiet: `${setting.quietSeconds}s`,
        ...(setting.invariants === undefined ? {} : { invariants: setting.invariants }),
      },
      expect: ['violations == 0'],
    },
  };
  return { scenario, manifests: [...storm.workloads.flatMap((workload) => workload.manifests), ...storm.objects] };
}

function withinSeconds({ workloads, setting }: Storm): number {
  return Math.max(
    setting.withinSeconds,
    workloads.reduce((sum, { shape }) => sum + serialSeconds(shape), 0),
  );
}

/** `a`, `b`, `c` ... */
export function zoneName(index: number): string {
  return String.fromCharCode(97 + index);
}

/** Names of all nodes: `a-1-1`, `a-1-2` ... */
export function nodeNames(zones: readonly number[]): string[] {
  return zones.flatMap((nodes, zone) => Array.from({ length: nodes }, (_, node) => `${zoneName(zone)}-1-${node + 1}`));
}
