/**
 * Workloads of storms: Deployments, StatefulSets, Jobs and bare ReplicaSets, with the features that give controllers and
 * scheduler something to think about.
 */
import type { Manifest } from './storm.ts';

export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'Job', 'ReplicaSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

const OVERHEAD_S = 30;

/** A workload as the kit draws it. */
export interface WorkloadShape {
  readonly kind: WorkloadKind;
  /** Unique in the storm: `web-0`. */
  readonly name: string;
  /** Replicas, or the completions of a Job. */
  readonly replicas: number;
  readonly cpuMilli: number;
  /** Rolling update with these bounds; `Recreate` for Deployments only. */
  readonly strategy: 'rolling' | 'recreate';
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly minReadySeconds: number;
  readonly placement: 'anywhere' | 'spread-hosts' | 'spread-zones' | 'apart' | 'together';
  /** Budget of the workload: at least so many pods; 0 for none. */
  readonly minAvailable: number;
  /** StatefulSets only. */
  readonly isParallel: boolean;
  /** How long a pod of a Job works, in seconds. */
  readonly workSeconds: number;
  /** How long pods stay on a node that is not reachable; undefined: the default of 5 minutes. */
  readonly tolerationSeconds: number | undefined;
  readonly graceSeconds: number;
  /** Above 0: its pods preempt those of less important workloads. */
  readonly priority?: number;
  /** Jobs only: pods have numbers. */
  readonly isIndexed?: boolean;
  /** Jobs only: so long after its end the Job is deleted; undefined: never. */
  readonly ttlSeconds?: number | undefined;
  /** Deployments and StatefulSets: old revisions kept; undefined: the default of 10. */
  readonly historyLimit?: number | undefined;
}

/** A workload with the objects that make it, so that storms of other people's objects are shrunk alike. */
export interface WorkloadCase {
  readonly shape: WorkloadShape;
  readonly manifests: readonly Manifest[];
}

export function workloadCase(shape: WorkloadShape): WorkloadCase {
  const { priority = 0, minAvailable } = shape;
  return {
    shape,
    manifests: [
      ...(priority > 0 ? [priorityManifest(shape.name, priority)] : []),
      workloadManifest(shape),
      ...(minAvailable > 0 ? [budgetManifest(shape)] : []),
    ],
  };
}

/**
 * How long a workload takes at most whose pods can only run one after the other, because there is one node for them or their order says
 * so. A pod takes half a minute besides its work to be placed, started (images of up to 20 s) and counted.
 */
export function serialSeconds({ kind, replicas, workSeconds, minReadySeconds, graceSeconds, isParallel }: WorkloadShape): number {
  if (kind === 'Job') return replicas * (workSeconds + OVERHEAD_S);
  return kind === 'StatefulSet' && !isParallel ? replicas * (minReadySeconds + graceSeconds + OVERHEAD_S) : 0;
}

/** `deployment/web-0`, as events name it. */
export function workloadRef({ kind, name }: WorkloadShape): string {
  return `${kind.toLowerCase()}/${name}`;
}

function workloadManifest(shape: WorkloadShape): Manifest {
  const { kind, name, replicas } = shape;
  const labels = { app: name };
  const template = { metadata: { labels, ...(kind === 'Job' ? jobAnnotations(shape) : {}) }, spec: podSpec(shape) };
  if (kind === 'Job') {
    const parallelism = Math.max(1, Math.ceil(replicas / 2));
    const { ttlSeconds, isIndexed } = shape;
    const spec = {
      completions: replicas,
      parallelism,
      backoffLimit: 20,
      ...(isIndexed ? { completionMode: 'Indexed' } : {}),
      ...(ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
      template,
    };
    return { apiVersion: 'batch/v1', kind, metadata: { name }, spec };
  }
  const spec: Record<string, unknown> = { replicas, selector: { matchLabels: labels }, template };
  if (shape.historyLimit !== undefined && kind !== 'ReplicaSet') spec['revisionHistoryLimit'] = shape.historyLimit;
  if (shape.minReadySeconds > 0) spec['minReadySeconds'] = shape.minReadySeconds;
  if (kind === 'Deployment') {
    spec['strategy'] =
      shape.strategy === 'recreate'
        ? { type: 'Recreate' }
        : { type: 'RollingUpdate', rollingUpdate: { maxSurge: shape.maxSurge, maxUnavailable: shape.maxUnavailable } };
  }
  if (kind === 'StatefulSet') {
    spec['serviceName'] = name;
    if (shape.isParallel) spec['podManagementPolicy'] = 'Parallel';
  }
  return { apiVersion: 'apps/v1', kind, metadata: { name }, spec };
}

function jobAnnotations({ workSeconds }: WorkloadShape): Manifest {
  return { annotations: { 'seatrial.dev/run-duration': `${workSeconds}s` } };
}

function podSpec(shape: WorkloadShape): Manifest {
  const { name, cpuMilli, placement, tolerationSeconds, graceSeconds } = shape;
  const selector = { matchLabels: { app: name } };
  const near = (topologyKey: string): Manifest[] => [{ topologyKey, labelSelector: selector }];
  const spread = (topologyKey: string): Manifest => ({
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector }],
  });
  const placements: Record<WorkloadShape['placement'], Manifest> = {
    anywhere: {},
    'spread-hosts': spread('kubernetes.io/hostname'),
    'spread-zones': spread('topology.kubernetes.io/zone'),
    apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near('kubernetes.io/hostname') } } },
    together: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near('topology.kubernetes.io/zone') } } },
  };
  const tolerate = (key: string): Manifest => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds });
  return {
    ...(shape.kind === 'Job' ? { restartPolicy: 'Never' } : {}),
    terminationGracePeriodSeconds: graceSeconds,
    ...((shape.priority ?? 0) > 0 ? { priorityClassName: priorityClassOf(name) } : {}),
    containers: [{ name: 'main', image: `${name}:1`, resources: { requests: { cpu: `${cpuMilli}m`, memory: '64Mi' } } }],
    ...(tolerationSeconds === undefined
      ? {}
      : { tolerations: [tolerate('node.kubernetes.io/not-ready'), tolerate('node.kubernetes.io/unreachable')] }),
    ...placements[placement],
  };
}

/** A class of its own, so that workloads can be left out one by one. */
function priorityManifest(name: string, value: number): Manifest {
  return { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: priorityClassOf(name) }, value };
}

function priorityClassOf(name: string): string {
  return `${name}-priority`;
}

function budgetManifest({ name, minAvailable }: WorkloadShape): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { minAvailable, selector: { matchLabels: { app: name } } },
  };
}
