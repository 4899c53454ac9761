/**
 * FakeCluster: writes commits and announcements as a world would, one call per step, so that measures can be tested
 * without one. Nothing happens by itself.
 */
import { Topology, type TopologySpec } from '../../src/datacenter/topology.ts';
import { Engine } from '../../src/engine/engine.ts';
import { defineTopic } from '../../src/engine/observers.ts';
import type {
  ApiRequestRecord,
  CommitListener,
  ContainerRecord,
  FaultRecord,
  KubeEventRecord,
  MachineRecord,
  MeasureDef,
  PodStageRecord,
  ScenarioActionRecord,
} from '../../src/metrics/measure.ts';
import { type MetricsOptions, MetricsRun } from '../../src/metrics/metrics-run.ts';
import type { PodDisruptionBudget } from '../../src/objects/cluster.ts';
import type { AnyObject } from '../../src/objects/kinds.ts';
import { keyOf, newMeta, type StringMap } from '../../src/objects/meta.ts';
import type { Node } from '../../src/objects/node.ts';
import type { Container, Pod, PodPhase } from '../../src/objects/pod.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../../src/objects/workloads.ts';
import type { AttemptRecord } from '../../src/scheduler/attempts.ts';

export const TOPICS = {
  fault: defineTopic<FaultRecord>('test.fault'),
  container: defineTopic<ContainerRecord>('test.container'),
  podStage: defineTopic<PodStageRecord>('test.pod-stage'),
  machine: defineTopic<MachineRecord>('test.machine'),
  attempt: defineTopic<AttemptRecord>('test.attempt'),
  apiRequest: defineTopic<ApiRequestRecord>('test.api-request'),
  kubeEvent: defineTopic<KubeEventRecord>('test.kube-event'),
  scenarioAction: defineTopic<ScenarioActionRecord>('test.scenario-action'),
};

export const THREE_ZONES: TopologySpec = {
  regions: [
    {
      name: 'east',
      zones: ['a', 'b', 'c'].map((name) => ({ name, powerFeeds: 2, rackGroups: [{ racks: 2, nodesPerRack: 2, machine: 'n2-16' }] })),
    },
  ],
};

export interface PodOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly labels?: StringMap;
  readonly owner?: ReplicaSet;
  readonly nodeName?: string;
  readonly namespace?: string;
  readonly priority?: number;
  readonly extra?: Readonly<Record<string, string>>;
}

export class FakeCluster {
  readonly engine: Engine;
  readonly topology: Topology;
  readonly objects: Map<string, AnyObject>;
  private readonly listeners: CommitListener[];
  private revision: number;
  private uids: number;
  private readonly templates: Map<string, readonly Container[]>;

  constructor(spec: TopologySpec = THREE_ZONES) {
    this.engine = new Engine({ seed: 1 });
    this.topology = Topology.build(spec);
    this.objects = new Map();
    this.listeners = [];
    this.revision = 0;
    this.uids = 0;
    this.templates = new Map();
  }

  onCommit(listener: CommitListener): void {
    this.listeners.push(listener);
  }

  measure(measures: readonly MeasureDef[], options: Partial<MetricsOptions> = {}): MetricsRun {
    return new MetricsRun({ engine: this.engine, store: this, topology: this.topology, topics: TOPICS, measures, ...options });
  }

  /** Moves the clock to `timeUs`. */
  goTo(timeUs: number): void {
    this.engine.run({ untilUs: timeUs });
  }

  get nowUs(): number {
    return this.engine.nowUs;
  }

  put(object: AnyObject): void {
    const key = `${object.kind} ${keyOf(object)}`;
    const old = this.objects.get(key);
    this.objects.set(key, object);
    this.revision++;
    for (const listener of this.listeners) listener(object.kind, old === undefined ? 'ADDED' : 'MODIFIED', old, object, this.revision);
  }

  remove(object: AnyObject): void {
    const key = `${object.kind} ${keyOf(object)}`;
    const old = this.objects.get(key);
    if (old === undefined) return;
    this.objects.delete(key);
    this.revision++;
    for (const listener of this.listeners) listener(object.kind, 'DELETED', old, undefined, this.revision);
  }

  current<T extends AnyObject>(object: T): T {
    return this.objects.get(`${object.kind} ${keyOf(object)}`) as T;
  }

  // Nodes

  /** Registers every node of the topology, ready. */
  addNodes(cpu = '16', memory = '64Gi', extra: Readonly<Record<string, string>> = {}): Node[] {
    return this.topology.nodesBelow(this.topology.root).map((id) => this.addNode(this.topology.vertex(id).label, cpu, memory, extra));
  }

  addNode(name: string, cpu = '16', memory = '64Gi', extra: Readonly<Record<string, string>> = {}): Node {
    const vertex = this.topology.nodeVertex(name);
    const labels = vertex < 0 ? {} : this.topology.nodeLabels(vertex);
    const capacity = { cpu, memory, pods: '110', ...extra };
    const node: Node = {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { ...newMeta({ name, labels }), uid: this.newUid(), creationTimestamp: this.nowUs },
      spec: { unschedulable: false, taints: [], providerID: '' },
      status: { capacity, allocatable: capacity, conditions: [readyCondition(true, this.nowUs)], images: [], volumesAttached: [] },
    };
    this.put(node);
    return node;
  }

  setNodeReady(name: string, isReady: boolean): void {
    const node = this.objects.get(`Node ${name}`) as Node;
    this.put({ ...node, status: { ...node.status, conditions: [readyCondition(isReady, this.nowUs)] } });
  }

  cordon(name: string, unschedulable = true): void {
    const node = this.objects.get(`Node ${name}`) as Node;
    this.put({ ...node, spec: { ...node.spec, unschedulable } });
  }

  removeNode(name: string): void {
    this.remove(this.objects.get(`Node ${name}`)!);
  }

  // Workloads

  deployment(name: string, replicas: number, labels: StringMap = { app: name }, namespace = 'default'): Deployment {
    const template: PodTemplate = {
      metadata: { labels, annotations: {}, finalizers: [] },
      spec: podSpec(this.containers('500m', '1Gi', {})),
    };
    const object: Deployment = {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { ...newMeta({ name, namespace, labels }), uid: this.newUid(), creationTimestamp: this.nowUs },
      spec: {
        replicas,
        selector: { matchLabels: labels, matchExpressions: [] },
        template,
        strategy: { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '25%' },
        minReadySeconds: 0,
        revisionHistoryLimit: 10,
        paused: false,
        progressDeadlineSeconds: 600,
      },
      status: {
        observedGeneration: 1,
        replicas: 0,
        updatedReplicas: 0,
        readyReplicas: 0,
        availableReplicas: 0,
        unavailableReplicas: 0,
        collisionCount: undefined,
        conditions: [],
      },
    };
    this.put(object);
    return object;
  }

  scale(deployment: Deployment, replicas: number): void {
    const now = this.current(deployment);
    this.put({ ...now, spec: { ...now.spec, replicas } });
  }

  replicaSet(deployment: Deployment, revision: number): ReplicaSet {
    const { name, namespace, labels } = deployment.metadata;
    const object: ReplicaSet = {
      kind: 'ReplicaSet',
      apiVersion: 'apps/v1',
      metadata: {
        ...newMeta({
          name: `${name}-${revision}`,
          namespace,
          labels,
          annotations: { 'deployment.kubernetes.io/revision': String(revision) },
          ownerReferences: [ownerOf(deployment)],
        }),
        uid: this.newUid(),
        creationTimestamp: this.nowUs,
      },
      spec: {
        replicas: deployment.spec.replicas,
        minReadySeconds: 0,
        selector: deployment.spec.selector,
        template: deployment.spec.template,
      },
      status: { replicas: 0, fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0, observedGeneration: 1, conditions: [] },
    };
    this.put(object);
    return object;
  }

  budget(name: string, minAvailable: number | string, labels: StringMap, namespace = 'default'): PodDisruptionBudget {
    const object: PodDisruptionBudget = {
      kind: 'PodDisruptionBudget',
      apiVersion: 'policy/v1',
      metadata: { ...newMeta({ name, namespace }), uid: this.newUid(), creationTimestamp: this.nowUs },
      spec: {
        minAvailable,
        maxUnavailable: undefined,
        selector: { matchLabels: labels, matchExpressions: [] },
        unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      },
      status: {
        disruptionsAllowed: 0,
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 0,
        observedGeneration: 1,
        disruptedPods: {},
        conditions: [],
      },
    };
    this.put(object);
    return object;
  }

  // Pods

  pod(name: string, options: PodOptions = {}): Pod {
    const labels = options.labels ?? options.owner?.metadata.labels ?? {};
    const namespace = options.namespace ?? options.owner?.metadata.namespace ?? 'default';
    const containers = this.containers(options.cpu ?? '500m', options.memory ?? '1Gi', options.extra ?? {});
    const pod: Pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        ...newMeta({ name, namespace, labels, ownerReferences: options.owner === undefined ? [] : [ownerOf(options.owner)] }),
        uid: this.newUid(),
        creationTimestamp: this.nowUs,
      },
      spec: { ...podSpec(containers), nodeName: options.nodeName ?? '', priority: options.priority ?? 0 },
      status: {
        phase: 'Pending',
        conditions: [],
        reason: '',
        message: '',
        startTime: undefined,
        nominatedNodeName: '',
        podIP: '',
        qosClass: 'Burstable',
        containerStatuses: [],
        initContainerStatuses: [],
        observedGeneration: 0,
      },
    };
    this.put(pod);
    return pod;
  }

  bind(pod: Pod, nodeName: string): void {
    const now = this.current(pod);
    this.put({ ...now, spec: { ...now.spec, nodeName } });
  }

  start(pod: Pod, restartCount = 0): void {
    this.setStatus(pod, 'Running', false, restartCount);
  }

  ready(pod: Pod, isReady = true): void {
    const now = this.current(pod);
    this.setStatus(
      pod,
      now.status.phase === 'Pending' ? 'Running' : now.status.phase,
      isReady,
      now.status.containerStatuses[0]?.restartCount ?? 0,
    );
  }

  /** Creates, binds, starts and makes ready, all now. */
  run(name: string, nodeName: string, options: PodOptions = {}): Pod {
    const pod = this.pod(name, options);
    this.bind(pod, nodeName);
    this.start(pod);
    this.ready(pod);
    return pod;
  }

  finish(pod: Pod, phase: 'Succeeded' | 'Failed' = 'Succeeded'): void {
    this.setStatus(pod, phase, false, 0);
  }

  disrupt(pod: Pod, reason: string): void {
    const now = this.current(pod);
    const condition = { type: 'DisruptionTarget', status: 'True' as const, reason, message: '', lastTransitionTime: this.nowUs };
    this.put({ ...now, status: { ...now.status, conditions: [...now.status.conditions, condition] } });
  }

  terminate(pod: Pod): void {
    const now = this.current(pod);
    this.put({ ...now, metadata: { ...now.metadata, deletionTimestamp: this.nowUs, deletionGracePeriodSeconds: 30 } });
  }

  /** Announces that the pod's process stopped or started on its machine. */
  process(pod: Pod, phase: 'started' | 'stopped'): void {
    this.engine.observers.emit(TOPICS.container, { phase, podUid: pod.metadata.uid, container: 'main' }, this.nowUs);
  }

  fault(id: string, kind: string, target: string, phase: 'start' | 'heal', name = kind): void {
    this.engine.observers.emit(TOPICS.fault, { id, kind, target, phase, name }, this.nowUs);
  }

  attempt(pod: Pod, record: Partial<AttemptRecord>): void {
    const full: AttemptRecord = {
      component: 'kube-scheduler',
      schedulerName: 'default-scheduler',
      attempt: 1,
      podAttempt: 1,
      podKey: keyOf(pod),
      podUid: pod.metadata.uid,
      priority: 0,
      timeUs: this.nowUs,
      durationUs: 500,
      queueWaitUs: this.nowUs - pod.metadata.creationTimestamp,
      sinceAddedUs: this.nowUs - pod.metadata.creationTimestamp,
      result: 'scheduled',
      nodeName: '',
      nodeCount: 12,
      evaluatedCount: 12,
      feasibleCount: 6,
      tieCount: 1,
      message: '',
      unschedulablePlugins: [],
      nominatedNodeName: '',
      victims: [],
      ...record,
    };
    this.engine.observers.emit(TOPICS.attempt, full, this.nowUs);
  }

  private setStatus(pod: Pod, phase: PodPhase, isReady: boolean, restartCount: number): void {
    const now = this.current(pod);
    const isFinal = phase === 'Succeeded' || phase === 'Failed';
    const startedAt =
      now.status.containerStatuses[0]?.current.state === 'running' ? now.status.containerStatuses[0].current.startedAt : this.nowUs;
    this.put({
      ...now,
      status: {
        ...now.status,
        phase,
        startTime: now.status.startTime ?? this.nowUs,
        conditions: [
          ...now.status.conditions.filter((condition) => condition.type !== 'Ready'),
          { type: 'Ready', status: isReady ? 'True' : 'False', reason: '', message: '', lastTransitionTime: this.nowUs },
        ],
        containerStatuses: [
          {
            name: 'main',
            ready: isReady,
            started: true,
            restartCount,
            image: 'app:1',
            current: isFinal
              ? { state: 'terminated', exitCode: phase === 'Failed' ? 1 : 0, reason: 'Completed', startedAt, finishedAt: this.nowUs }
              : { state: 'running', startedAt },
            last: undefined,
            resources: undefined,
            allocatedResources: undefined,
          },
        ],
      },
    });
  }

  /** One list per distinct template, as pods of one template share theirs. */
  private containers(cpu: string, memory: string, extra: Readonly<Record<string, string>>): readonly Container[] {
    const key = JSON.stringify([cpu, memory, extra]);
    let known = this.templates.get(key);
    if (known === undefined) {
      known = [
        {
          name: 'main',
          image: 'app:1',
          imagePullPolicy: 'IfNotPresent',
          resources: { requests: { cpu, memory, ...extra }, limits: {} },
          ports: [],
          restartPolicy: undefined,
          readinessProbe: undefined,
          livenessProbe: undefined,
          startupProbe: undefined,
          preStopSleepSeconds: undefined,
        },
      ];
      this.templates.set(key, known);
    }
    return known;
  }

  private newUid(): string {
    return `uid-${++this.uids}`;
  }
}

function readyCondition(isReady: boolean, nowUs: number): Node['status']['conditions'][number] {
  return {
    type: 'Ready',
    status: isReady ? 'True' : 'Unknown',
    reason: isReady ? 'KubeletReady' : 'NodeStatusUnknown',
    message: '',
    lastHeartbeatTime: nowUs,
    lastTransitionTime: nowUs,
  };
}

function ownerOf(object: {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly uid: string };
}): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
} {
  const { kind, apiVersion, metadata } = object;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

function podSpec(containers: readonly Container[]): Pod['spec'] {
  return {
    nodeName: '',
    schedulerName: 'default-scheduler',
    containers,
    initContainers: [],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    activeDeadlineSeconds: undefined,
    nodeSelector: undefined,
    affinity: undefined,
    tolerations: [],
    topologySpreadConstraints: [],
    priorityClassName: '',
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    overhead: NO_OVERHEAD,
    resources: undefined,
    schedulingGates: [],
    volumes: [],
    hostNetwork: false,
    serviceAccountName: '',
    hostname: '',
    subdomain: '',
    readinessGates: [],
    resourceClaims: [],
  };
}

const NO_OVERHEAD = Object.freeze({});
