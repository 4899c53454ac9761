/**
 * A run that never was: a small made-up world (scheduler, kubelets, eviction in a hundred lines) that drives all measures, so
 * that reports can be built and tested without the real components. Everything a report shows occurs in it.
 */
import type { TopologySpec } from '../../src/datacenter/topology.ts';
import { MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import type { MetricsOutcome } from '../../src/metrics/metrics-run.ts';
import { measures } from '../../src/metrics/registry.ts';
import { createResult, type Expectation, RESULT_EPOCH, type RunResult } from '../../src/metrics/result.ts';
import type { Node } from '../../src/objects/node.ts';
import { isTerminal, type Pod } from '../../src/objects/pod.ts';
import { quantityMilli } from '../../src/objects/quantity.ts';
import type { Deployment, ReplicaSet } from '../../src/objects/workloads.ts';
import { FakeCluster, TOPICS } from './fake-cluster.ts';

export interface SyntheticOptions {
  readonly seed?: number;
  readonly durationUs?: number;
  readonly racksPerZone?: number;
  readonly nodesPerRack?: number;
  /** Batch pods per minute. */
  readonly batchPerMinute?: number;
  readonly keepPods?: boolean;
  readonly extraDeployments?: number;
}

interface Service {
  readonly deployment: Deployment;
  set: ReplicaSet;
  readonly cpu: string;
  readonly memory: string;
  readonly replicas: number;
  readonly spreadZones: boolean;
  readonly extra: Readonly<Record<string, string>>;
}

/** The run's measures, before expectations are judged. */
export function syntheticOutcome(options: SyntheticOptions = {}): { readonly cluster: FakeCluster; readonly outcome: MetricsOutcome } {
  const durationUs = options.durationUs ?? 120 * MINUTE_US;
  const racks = options.racksPerZone ?? 4;
  const topology: TopologySpec = {
    regions: [
      {
        name: 'east',
        zones: ['a', 'b', 'c'].map((name) => ({
          name,
          powerFeeds: 2,
          rackGroups: [
            { racks: racks - 1, nodesPerRack: options.nodesPerRack ?? 6, machine: 'n2-16' },
            { racks: 1, nodesPerRack: options.nodesPerRack ?? 6, machine: 'g2-gpu' },
          ],
        })),
      },
    ],
  };
  const cluster = new FakeCluster(topology);
  const world = new SyntheticWorld(cluster, options);
  const run = cluster.measure(measures, {
    durationUs,
    settings: { keepPods: options.keepPods ?? false },
    machines: [
      { name: 'n2-16', pricePerHour: 0.78, idleWatts: 90, busyWatts: 310 },
      { name: 'g2-gpu', pricePerHour: 2.4, idleWatts: 160, busyWatts: 780 },
    ],
    usage: (pod) => ({
      cpuMilli: quantityMilli(pod.spec.containers[0]!.resources.requests['cpu'] ?? '0') * 0.55,
      memoryBytes: 700 * 1048576,
    }),
  });
  world.play(durationUs);
  return { cluster, outcome: run.finish() };
}

export function syntheticRun(options: SyntheticOptions = {}): RunResult {
  const { cluster, outcome } = syntheticOutcome(options);
  const expectation = (
    text: string,
    name: string,
    args: readonly string[],
    judge: (value: number) => boolean,
    show: (value: number) => string,
  ): Expectation => {
    const value = outcome.measurements.value(name, args);
    const isMet = typeof value === 'number' && judge(value);
    return {
      text,
      status: value === undefined ? 'unknown' : isMet ? 'met' : 'not-met',
      measured: typeof value === 'number' ? show(value) : '',
      detail: value === undefined ? 'not measured' : '',
      table: outcome.measurements.tableOf(name, args),
    };
  };
  const percent = (value: number): string => `${Math.round(value * 10000) / 100} %`;
  const seconds = (value: number): string => `${Math.round(value / 10000) / 100} s`;
  return createResult({
    meta: {
      seatrialVersion: '0.1.0',
      kubernetesVersion: 'v1.34',
      scenario: 'zone-outage',
      description: 'A shop on three zones loses one of them for 25 minutes, in the middle of a week of batch work.',
      seed: String(options.seed ?? 7),
      digest: cluster.engine.digest.toString(),
      simulatedUs: cluster.nowUs,
      epoch: RESULT_EPOCH,
      events: cluster.engine.eventCount,
      end: 'completed',
      isPartial: false,
      partialReason: '',
      replayCommand: 'seatrial run scenarios/zone-outage.yaml --seed 7',
      scenarioText: 'apiVersion: seatrial.dev/v1alpha1\nkind: Scenario\nmetadata: { name: zone-outage }\n',
    },
    summary: outcome.figures,
    tables: outcome.tables,
    expectations: [
      expectation('availability(deployment/web) >= 99.9%', 'availability', ['deployment/web'], (v) => v >= 0.999, percent),
      expectation('ready_share(deployment/web) >= 99%', 'ready_share', ['deployment/web'], (v) => v >= 0.99, percent),
      expectation('p99(pod.startup) <= 30s', 'p99', ['pod.startup'], (v) => v <= 30 * SECOND_US, seconds),
      expectation('time_to_recover(fault/zone-outage) <= 8m', 'time_to_recover', ['fault/zone-outage'], (v) => v <= 8 * MINUTE_US, seconds),
      expectation('availability(deployment/absent) >= 50%', 'availability', ['deployment/absent'], (v) => v >= 0.5, percent),
    ],
    wall: { seconds: 1.84, eventsPerSecond: 1_234_567, finishedAt: '2026-11-30T12:00:00Z', runtime: 'node v20.20.2' },
  });
}

class SyntheticWorld {
  private readonly cluster: FakeCluster;
  private readonly options: SyntheticOptions;
  private readonly services: Service[];
  private readonly down: Set<string>;
  /** Nodes the control plane has given up. */
  private readonly lost: Set<string>;
  private nodes: Node[];
  private readonly free: Map<string, { cpu: number; gpu: number }>;
  private readonly onNode: Map<string, Map<string, { pod: Pod; service: Service | undefined }>>;
  private serial: number;
  private state: number;

  constructor(cluster: FakeCluster, options: SyntheticOptions) {
    this.cluster = cluster;
    this.options = options;
    this.services = [];
    this.down = new Set();
    this.lost = new Set();
    this.nodes = [];
    this.free = new Map();
    this.onNode = new Map();
    this.serial = 0;
    this.state = (options.seed ?? 7) * 2654435761;
  }

  play(durationUs: number): void {
    const { cluster } = this;
    this.nodes = [];
    for (const id of cluster.topology.nodesBelow(cluster.topology.root)) {
      const { label, machine } = cluster.topology.vertex(id);
      const isGpu = machine === 'g2-gpu';
      this.nodes.push(cluster.addNode(label, isGpu ? '32' : '16', isGpu ? '128Gi' : '64Gi', isGpu ? { 'nvidia.com/gpu': '4' } : {}));
      this.free.set(label, { cpu: isGpu ? 32000 : 16000, gpu: isGpu ? 4 : 0 });
      this.onNode.set(label, new Map());
    }
    this.addService('web', 12, '2', '4Gi', true);
    this.addService('checkout', 6, '1', '2Gi', true);
    this.addService('search', 8, '4', '8Gi', false);
    this.addService('cache', 3, '1', '6Gi', false);
    for (let i = 0; i < (this.options.extraDeployments ?? 0); i++) this.addService(`service-${i}`, 2 + (i % 5), '500m', '1Gi', i % 2 === 0);
    this.addService('training', 5, '8', '24Gi', false, { 'nvidia.com/gpu': '4' });
    cluster.budget('web', '75%', { app: 'web' });
    cluster.budget('cache', 2, { app: 'cache' });
    const gap = MINUTE_US / (this.options.batchPerMinute ?? 24);
    for (let at = gap; at < durationUs; at += gap * (0.3 + 1.4 * this.next())) this.at(Math.floor(at), () => this.addBatch());
    this.at(40 * MINUTE_US, () => this.strike('zone/b', 25 * MINUTE_US));
    this.at(20 * MINUTE_US, () => this.rollout(this.services[0]!));
    this.at(85 * MINUTE_US, () => this.crash(this.nodes[1]!.metadata.name, 6 * MINUTE_US));
    cluster.goTo(durationUs);
  }

  private addService(
    name: string,
    replicas: number,
    cpu: string,
    memory: string,
    spreadZones: boolean,
    extra: Readonly<Record<string, string>> = {},
  ): void {
    const deployment = this.cluster.deployment(name, replicas);
    const service: Service = { deployment, set: this.cluster.replicaSet(deployment, 1), cpu, memory, replicas, spreadZones, extra };
    this.services.push(service);
    for (let i = 0; i < replicas; i++) this.addReplica(service);
  }

  private addReplica(service: Service): void {
    const { cpu, memory, extra } = service;
    const pod = this.cluster.pod(`${service.deployment.metadata.name}-${++this.serial}`, {
      owner: service.set,
      cpu,
      memory,
      extra,
      priority: 1000,
    });
    this.schedule(pod, service, 1);
  }

  private addBatch(): void {
    const cpu = ['1', '2', '4', '500m'][Math.floor(this.next() * 4)]!;
    const memory = ['1Gi', '2Gi', '6Gi'][Math.floor(this.next() * 3)]!;
    this.schedule(this.cluster.pod(`batch-${++this.serial}`, { namespace: 'batch', labels: { app: 'etl' }, cpu, memory }), undefined, 1);
  }

  private schedule(pod: Pod, service: Service | undefined, attempt: number): void {
    this.after(2000 + this.next() * 40_000 * attempt, () => {
      if (this.cluster.current(pod) === undefined) return;
      const cpu = quantityMilli(pod.spec.containers[0]!.resources.requests['cpu']!);
      const gpu = Number(pod.spec.containers[0]!.resources.requests['nvidia.com/gpu'] ?? '0');
      const ready = this.nodes.filter((node) => !this.lost.has(node.metadata.name));
      const fitting = ready.filter((node) => {
        const free = this.free.get(node.metadata.name)!;
        return free.cpu >= cpu && free.gpu >= gpu;
      });
      if (fitting.length === 0) {
        const away = this.nodes.length - ready.length;
        const gpuShort = gpu > 0 ? `, ${Math.floor(ready.length * 0.75)} Insufficient nvidia.com/gpu` : '';
        const taint = away > 0 ? `, ${away} node(s) had untolerated taint {node.kubernetes.io/unreachable: }` : '';
        const message = `0/${this.nodes.length} nodes are available: ${ready.length} Insufficient cpu${gpuShort}${taint}. preemption: 0/${this.nodes.length} nodes are available: ${this.nodes.length} No preemption victims found for incoming pod.`;
        this.cluster.attempt(pod, {
          result: 'unschedulable',
          podAttempt: attempt,
          message,
          unschedulablePlugins: ['NodeResourcesFit', ...(away > 0 ? ['TaintToleration'] : [])],
        });
        this.event(pod, 'Warning', 'FailedScheduling', message);
        this.after(Math.min(10, attempt) * SECOND_US, () => this.schedule(pod, service, attempt + 1));
        return;
      }
      const node = this.pick(fitting, service);
      this.cluster.attempt(pod, {
        result: 'scheduled',
        podAttempt: attempt,
        nodeName: node.metadata.name,
        feasibleCount: fitting.length,
        durationUs: 300 + Math.floor(this.next() * 900),
      });
      this.request('bind', 'Pod', 201);
      this.cluster.bind(pod, node.metadata.name);
      const free = this.free.get(node.metadata.name)!;
      free.cpu -= cpu;
      free.gpu -= gpu;
      this.onNode.get(node.metadata.name)!.set(pod.metadata.uid, { pod, service });
      this.event(pod, 'Normal', 'Scheduled', 'Successfully assigned');
      this.launch(pod, service, node.metadata.name);
    });
  }

  private launch(pod: Pod, service: Service | undefined, nodeName: string): void {
    const pullUs = 400_000 + this.next() * this.next() * 12 * SECOND_US;
    this.cluster.engine.observers.emit(TOPICS.podStage, { stage: 'pull-started', podUid: pod.metadata.uid }, this.cluster.nowUs);
    this.after(pullUs, () => {
      if (!this.lives(pod, nodeName)) return;
      this.cluster.engine.observers.emit(TOPICS.podStage, { stage: 'pull-finished', podUid: pod.metadata.uid }, this.cluster.nowUs);
      this.request('patch', 'Pod', 200);
      this.cluster.start(pod);
      this.after(500_000 + this.next() * 3 * SECOND_US, () => {
        if (!this.lives(pod, nodeName)) return;
        this.request('patch', 'Pod', this.next() < 0.05 ? 409 : 200);
        this.cluster.ready(pod);
      });
      if (service === undefined) {
        this.after(60 * SECOND_US + this.next() * 20 * MINUTE_US, () => {
          if (!this.lives(pod, nodeName)) return;
          this.cluster.finish(pod, this.next() < 0.03 ? 'Failed' : 'Succeeded');
          this.release(pod, nodeName);
          this.after(5 * MINUTE_US, () => this.cluster.current(pod) !== undefined && this.cluster.remove(pod));
        });
      }
    });
  }

  /** Breaks everything below `target`; the control plane finds out after 40 s and evicts after another 5 minutes. */
  private strike(target: string, forUs: number): void {
    const names = this.cluster.topology.nodesBelow(this.cluster.topology.find(target)).map((id) => this.cluster.topology.vertex(id).label);
    this.breakNodes(names, `${target}-1`, target.startsWith('zone') ? 'zone-outage' : 'node-crash', target, forUs);
  }

  private crash(name: string, forUs: number): void {
    this.breakNodes([name], `crash-${name}`, 'node-crash', `node/${name}`, forUs);
  }

  private breakNodes(names: readonly string[], id: string, kind: string, target: string, forUs: number): void {
    const { cluster } = this;
    cluster.fault(id, kind, target, 'start');
    for (const name of names) {
      this.down.add(name);
      for (const { pod } of this.onNode.get(name)!.values()) cluster.process(pod, 'stopped');
    }
    for (const name of names) {
      this.after(40 * SECOND_US + this.next() * 5 * SECOND_US, () => this.down.has(name) && this.loseNode(name));
    }
    this.after(forUs, () => {
      cluster.fault(id, kind, target, 'heal');
      for (const name of names) {
        this.down.delete(name);
        this.after(20 * SECOND_US, () => {
          this.lost.delete(name);
          cluster.setNodeReady(name, true);
        });
        for (const { pod } of this.onNode.get(name)!.values()) {
          if (cluster.current(pod) !== undefined && !isTerminal(cluster.current(pod))) {
            cluster.process(pod, 'started');
            this.after(25 * SECOND_US, () => this.lives(pod, name) && cluster.ready(pod));
          }
        }
      }
    });
  }

  private loseNode(name: string): void {
    const { cluster } = this;
    this.lost.add(name);
    cluster.setNodeReady(name, false);
    for (const entry of this.onNode.get(name)!.values())
      if (cluster.current(entry.pod)?.status.phase === 'Running') cluster.ready(entry.pod, false);
    this.after(300 * SECOND_US, () => {
      if (!this.down.has(name)) return;
      for (const entry of [...this.onNode.get(name)!.values()]) {
        if (cluster.current(entry.pod) === undefined) continue;
        cluster.disrupt(entry.pod, 'DeletionByTaintManager');
        this.event(entry.pod, 'Normal', 'TaintManagerEviction', 'Marking for deletion');
        cluster.terminate(entry.pod);
        this.release(entry.pod, name);
        if (entry.service !== undefined) this.addReplica(entry.service);
        this.after(40 * SECOND_US, () => cluster.current(entry.pod) !== undefined && cluster.remove(entry.pod));
      }
    });
  }

  private rollout(service: Service): void {
    const { cluster } = this;
    cluster.engine.observers.emit(TOPICS.scenarioAction, { name: 'apply', action: 'apply', target: 'shop-v2.yaml' }, cluster.nowUs);
    const old = [...this.onNode.values()].flatMap((pods) => [...pods.values()]).filter((entry) => entry.service === service);
    service.set = cluster.replicaSet(service.deployment, 2);
    old.forEach((entry, index) => {
      this.after((1 + index * 12) * SECOND_US, () => this.addReplica(service));
      this.after((14 + index * 12) * SECOND_US, () => {
        if (cluster.current(entry.pod) === undefined) return;
        cluster.terminate(entry.pod);
        this.release(entry.pod, cluster.current(entry.pod).spec.nodeName);
        this.after(2 * SECOND_US, () => cluster.remove(entry.pod));
      });
    });
  }

  private lives(pod: Pod, nodeName: string): boolean {
    const now = this.cluster.current(pod);
    return now !== undefined && now.metadata.deletionTimestamp === undefined && !isTerminal(now) && !this.down.has(nodeName);
  }

  private release(pod: Pod, nodeName: string): void {
    if (!this.onNode.get(nodeName)!.delete(pod.metadata.uid)) return;
    const requests = pod.spec.containers[0]!.resources.requests;
    const free = this.free.get(nodeName)!;
    free.cpu += quantityMilli(requests['cpu']!);
    free.gpu += Number(requests['nvidia.com/gpu'] ?? '0');
  }

  private pick(nodes: readonly Node[], service: Service | undefined): Node {
    if (service === undefined || !service.spreadZones) return nodes[Math.floor(this.next() * this.next() * nodes.length)]!;
    const load = (zone: string): number => {
      let count = 0;
      for (const [name, pods] of this.onNode)
        if (name.startsWith(`${zone}-`)) for (const entry of pods.values()) if (entry.service === service) count++;
      return count;
    };
    const zones = ['a', 'b', 'c'].filter((zone) => nodes.some((node) => node.metadata.name.startsWith(`${zone}-`)));
    zones.sort((a, b) => load(a) - load(b) || (a < b ? -1 : 1));
    const candidates = nodes.filter((node) => node.metadata.name.startsWith(`${zones[0]}-`));
    return candidates[Math.floor(this.next() * candidates.length)]!;
  }

  private request(verb: string, kind: string, code: number): void {
    const latencyUs = 2000 + Math.floor(this.next() * this.next() * 30_000);
    this.cluster.engine.observers.emit(
      TOPICS.apiRequest,
      { client: verb === 'bind' ? 'kube-scheduler' : 'kubelet/x', verb, kind, code, latencyUs, throttledUs: 0 },
      this.cluster.nowUs,
    );
  }

  private event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.cluster.engine.observers.emit(TOPICS.kubeEvent, { kind: pod.kind, type, reason, message }, this.cluster.nowUs);
  }

  private at(timeUs: number, run: () => void): void {
    const kind = this.cluster.engine.kindNamed<() => void>('synthetic.step', (_, step) => step());
    this.cluster.engine.scheduleAt(kind, timeUs, 0, run);
  }

  private after(delayUs: number, run: () => unknown): void {
    this.at(this.cluster.nowUs + Math.max(0, Math.floor(delayUs)), () => void run());
  }

  /** A deterministic number in 0..1. */
  private next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return (this.state >>> 0) / 4294967296;
  }
}
