/**
 * Scheduler decisions: the incremental evaluator beside the plain one, on clusters of the same make in one process. A round
 * decides and assumes pod after pod, without API server, queue or binding; when the cluster is as full as it should get, the
 * oldest pod leaves before the next one comes.
 */

import { ProblemList } from '../src/base/input-error.ts';
import { Rng } from '../src/engine/rng.ts';
import { newContainer, newPod, newPodSpec } from '../src/objects/builders.ts';
import type { Service } from '../src/objects/cluster.ts';
import type { BuiltInKind, KindMap } from '../src/objects/kinds.ts';
import { keyOf, newMeta, type ObjectKey, type StringMap } from '../src/objects/meta.ts';
import { LABEL_HOSTNAME, LABEL_ZONE, type Node } from '../src/objects/node.ts';
import type { Pod, PodSpec } from '../src/objects/pod.ts';
import { SchedulerCache } from '../src/scheduler/cache.ts';
import { readConfiguration } from '../src/scheduler/configuration.ts';
import { CycleState } from '../src/scheduler/cycle-state.ts';
import { EVALUATORS, type EvaluatorName } from '../src/scheduler/evaluators.ts';
import type { ClusterLister, Evaluator, NominatedPods, SchedulerContext } from '../src/scheduler/framework.ts';
import { schedulerPlugins } from '../src/scheduler/plugins/registry.ts';
import { PodInfos } from '../src/scheduler/pod-info.ts';
import { Profile } from '../src/scheduler/profile.ts';
import { behaviourOf, DEFAULT_KUBERNETES_VERSION } from '../src/scheduler/versions.ts';
import { type Bench, cpuSeconds, median, type Row, ratio } from './harness.ts';

const ZONES = 3;
const APPS = 10;
const TEMPLATES = 100;
/** Pods made ahead of being decided on. */
const BATCH_MAX = 16_384;
/** Decisions of one plain round; it is slow. */
const PLAIN_DECISIONS = 12;

interface Workload {
  readonly what: string;
  /** Decisions per second of the real scheduler (v1.32, in process, two such cores) with the same kind of pods. */
  readonly real?: number;
  /** What upstream's scheduler_perf asks for at least, API server included. */
  readonly floor?: number;
  readonly nodeCount?: number;
  /** 100 scores every node; default: the scheduler's own sampling. */
  readonly percentage?: number;
  /** Pods per node at which the oldest begin to leave. Default 10. */
  readonly podsPerNode?: number;
  readonly services?: number;
  /** Template number `index`; pod number n is of template n modulo TEMPLATES. */
  podOf(index: number): Pod;
  readonly preempts?: boolean;
  /** Nodes change, come and go. */
  readonly churns?: boolean;
  /** No two pods ask for the same. */
  readonly isUnique?: boolean;
}

export const schedulerBench: Bench = {
  name: 'scheduler',
  summary: 'decisions per second, the incremental evaluator against the plain one',
  run({ quick, say }) {
    const rows: Row[] = [];
    const seconds = quick ? 0.1 : 0.5;
    const scans = median([0, 1, 2].map(() => scansPerSecond(quick ? 1000 : 10_000)));
    rows.push({
      what: 'anchor: one scan of 5,000 nodes in arrays',
      figure: `${Math.round(scans).toLocaleString('en')}/s`,
      note: 'fit and least allocated only, best of all; 146,000/s on a quiet core',
    });
    for (const workload of workloads(quick)) {
      const nodeCount = workload.nodeCount ?? (quick ? 500 : 5000);
      say(`${workload.what}, ${nodeCount} nodes`);
      const fast = new BenchCluster(workload, nodeCount, 'incremental');
      fast.fill(nodeCount * (workload.podsPerNode ?? 10));
      // Until what is hot is compiled.
      fast.ratePerSecond(seconds);
      const rates = [0, 1, 2].map(() => fast.ratePerSecond(seconds));
      const plain = new BenchCluster(workload, nodeCount, 'plain');
      plain.fill(nodeCount * (workload.podsPerNode ?? 10));
      plain.run(plain.makePods(2));
      const pods = plain.makePods(PLAIN_DECISIONS);
      const plainRate = PLAIN_DECISIONS / cpuSeconds(() => plain.run(pods));
      rows.push({
        what: `${workload.what}, ${nodeCount.toLocaleString('en')} nodes`,
        figure: `${Math.round(median(rates)).toLocaleString('en')}/s`,
        note: noteOf(workload, median(rates) / scans, plainRate, median(rates)),
      });
    }
    return rows;
  },
};

function noteOf({ real, floor }: Workload, ofAnchor: number, plainRate: number, rate: number): string {
  const parts = [`${ratio(ofAnchor)} of the anchor, ${ratio(rate / plainRate)} of plain (${Math.round(plainRate).toLocaleString('en')}/s)`];
  if (real !== undefined) parts.push(`real ${real}/s`);
  if (floor !== undefined) parts.push(`upstream's floor ${floor}/s`);
  return parts.join('; ');
}

/** The least that a decision which looks at every node has to do. */
function scansPerSecond(count: number): number {
  const nodeCount = 5000;
  const cpuTaken = new Float64Array(nodeCount);
  const memTaken = new Float64Array(nodeCount);
  const cpuTotal = new Float64Array(nodeCount).fill(8000);
  const memTotal = new Float64Array(nodeCount).fill(32_000);
  const seconds = cpuSeconds(() => {
    for (let n = 0; n < count; n++) {
      let best = -1;
      let chosen = 0;
      for (let i = 0; i < nodeCount; i++) {
        const cpu = cpuTotal[i]! - cpuTaken[i]! - 100;
        const mem = memTotal[i]! - memTaken[i]! - 200;
        if (cpu < 0 || mem < 0) continue;
        const score = Math.trunc((Math.trunc((cpu * 100) / cpuTotal[i]!) + Math.trunc((mem * 100) / memTotal[i]!)) / 2);
        if (score > best) {
          best = score;
          chosen = i;
        }
      }
      cpuTaken[chosen] = (cpuTaken[chosen]! + 100) % 4000;
      memTaken[chosen] = (memTaken[chosen]! + 200) % 16_000;
    }
  });
  return count / seconds;
}

function workloads(quick: boolean): Workload[] {
  const plain = { podOf: (index: number) => templatePod(index, {}) };
  const sizes = quick ? [200, 1000] : [1000, 5000, 15_000, 50_000];
  return [
    ...sizes.map((nodeCount) => ({
      what: 'plain pods',
      ...plain,
      nodeCount,
      podsPerNode: nodeCount > 5000 ? 2 : 10,
      ...(nodeCount === 5000 ? { real: 902, floor: 680 } : {}),
    })),
    { what: 'plain pods, every node scored', ...plain, percentage: 100, real: 131 },
    {
      what: 'soft spreading over zones',
      real: 310,
      floor: 340,
      podOf: (index) => templatePod(index, { topologySpreadConstraints: [spread(index, LABEL_ZONE)] }),
    },
    {
      what: 'soft spreading over zones and hosts',
      real: 218,
      podOf: (index) => templatePod(index, { topologySpreadConstraints: [spread(index, LABEL_ZONE), spread(index, LABEL_HOSTNAME)] }),
    },
    {
      what: 'hard spreading over zones',
      floor: 460,
      podOf: (index) =>
        templatePod(index, { topologySpreadConstraints: [{ ...spread(index, LABEL_ZONE), whenUnsatisfiable: 'DoNotSchedule' }] }),
    },
    {
      what: 'required anti-affinity on hosts',
      real: 200,
      floor: 60,
      podsPerNode: 2,
      podOf: (index) => templatePod(index, { affinity: affinity('podAntiAffinity', 'required', index, LABEL_HOSTNAME) }),
    },
    {
      what: 'required affinity to a zone',
      floor: 35,
      podOf: (index) => templatePod(index, { affinity: affinity('podAffinity', 'required', index, LABEL_ZONE) }),
    },
    {
      what: 'preferred affinity to a zone',
      real: 551,
      floor: 90,
      podOf: (index) => templatePod(index, { affinity: affinity('podAffinity', 'preferred', index, LABEL_ZONE) }),
    },
    { what: 'node affinity, required and preferred', floor: 220, podOf: (index) => templatePod(index, { affinity: nodeAffinity }) },
    {
      what: 'extended resources',
      floor: 180,
      podOf: (index) => templatePod(index, {}, { cpu: '100m', 'example.com/gpu': '1' }),
      podsPerNode: 4,
    },
    { what: 'default spreading with Services', services: APPS, floor: 160, podOf: (index) => templatePod(index, {}) },
    { what: 'preemption', nodeCount: quick ? 100 : 500, real: 294, preempts: true, podsPerNode: 4, podOf: preempting },
    {
      what: '10 kinds mixed, 100 shapes',
      floor: 140,
      podOf: (index) => mixed(index),
    },
    { what: 'mixed, one node in ten decisions changes', floor: 710, churns: true, podOf: (index) => mixed(index) },
    { what: 'every pod of a kind of its own', isUnique: true, podOf: (index) => templatePod(index, {}) },
  ];
}

// Pods ------------------------------------------------------------------------------------------------

/** A pod of one of APPS applications. */
function templatePod(index: number, fields: Partial<PodSpec>, requests: StringMap = { cpu: '100m', memory: '200Mi' }): Pod {
  return newPod({ name: 't', labels: { app: `app-${index % APPS}` } }, newPodSpec({ containers: [newContainer({ requests })], ...fields }));
}

function selectorOf(index: number) {
  return { matchLabels: { app: `app-${index % APPS}` }, matchExpressions: [] };
}

function spread(index: number, topologyKey: string): PodSpec['topologySpreadConstraints'][number] {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: selectorOf(index),
    minDomains: undefined,
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  };
}

function affinity(
  side: 'podAffinity' | 'podAntiAffinity',
  strength: 'required' | 'preferred',
  index: number,
  topologyKey: string,
): PodSpec['affinity'] {
  const term = {
    labelSelector: selectorOf(index),
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey,
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  const terms =
    strength === 'required' ? { required: [term], preferred: [] } : { required: [], preferred: [{ weight: 50, podAffinityTerm: term }] };
  return { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity: undefined, [side]: terms };
}

const inZones = { matchExpressions: [{ key: LABEL_ZONE, operator: 'In' as const, values: ['zone-0', 'zone-1'] }], matchFields: [] };
const nodeAffinity: PodSpec['affinity'] = {
  nodeAffinity: {
    required: { nodeSelectorTerms: [inZones] },
    preferred: [{ weight: 10, preference: { ...inZones, matchExpressions: [{ ...inZones.matchExpressions[0]!, values: ['zone-1'] }] } }],
  },
  podAffinity: undefined,
  podAntiAffinity: undefined,
};

/** The cluster is full of pods of low priority; each later pod needs the room of one. */
function preempting(index: number): Pod {
  const isLow = index < 0;
  return templatePod(0, { priority: isLow ? 0 : 10 }, { cpu: '2', memory: '1Gi' });
}

function mixed(index: number): Pod {
  const kind = Math.trunc(index / APPS) % 10;
  const requests = { cpu: `${100 + kind * 10}m`, memory: '200Mi' };
  switch (kind) {
    case 0:
      return templatePod(index, { topologySpreadConstraints: [spread(index, LABEL_ZONE)] }, requests);
    case 1:
      return templatePod(index, { affinity: affinity('podAntiAffinity', 'preferred', index, LABEL_HOSTNAME) }, requests);
    case 2:
      return templatePod(index, { affinity: nodeAffinity }, requests);
    case 3:
      return templatePod(index, {}, { ...requests, 'example.com/gpu': '1' });
    default:
      return templatePod(index, {}, requests);
  }
}

// Cluster ---------------------------------------------------------------------------------------------

function benchNode(index: number): Node {
  const name = `node-${index}`;
  const allocatable = { cpu: '8', memory: '32Gi', pods: '110', 'example.com/gpu': '8' };
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: newMeta({ name, labels: { [LABEL_HOSTNAME]: name, [LABEL_ZONE]: `zone-${index % ZONES}` } }),
    spec: { unschedulable: false, taints: [], providerID: '' },
    status: { capacity: allocatable, allocatable, conditions: [], images: [], volumesAttached: [] },
  };
}

const NO_NOMINATIONS: NominatedPods = { isEmpty: true, onNode: () => [], nodeNames: () => [] };

/** Templates that are the same in everything are one object. */
function templatesOf(workload: Workload): Pod[] {
  const byText = new Map<string, Pod>();
  return Array.from({ length: TEMPLATES }, (_, i) => {
    const pod = workload.podOf(i);
    const text = JSON.stringify(pod);
    const known = byText.get(text) ?? pod;
    byText.set(text, known);
    return known;
  });
}

class BenchCluster implements ClusterLister {
  private readonly workload: Workload;
  private readonly podInfos: PodInfos;
  private readonly cache: SchedulerCache;
  private readonly profile: Profile;
  private readonly evaluator: Evaluator;
  private readonly rng: Rng;
  private readonly services: readonly Service[];
  /** By shape: pods of one template share their parts. */
  private readonly templates: readonly Pod[];
  private readonly pending: Map<ObjectKey, Pod>;
  /** Placed pods, oldest first, from `oldest` on. */
  private placed: Pod[];
  private oldest: number;
  private most: number;
  private podCount: number;
  private churnCount: number;
  private nextStartNodeIndex: number;

  constructor(workload: Workload, nodeCount: number, evaluator: EvaluatorName) {
    const behaviour = behaviourOf(DEFAULT_KUBERNETES_VERSION);
    const problems = new ProblemList();
    const config = readConfiguration({ percentageOfNodesToScore: workload.percentage ?? 0 }, schedulerPlugins, behaviour.version, problems);
    problems.throwIfAny();
    this.workload = workload;
    this.podInfos = new PodInfos(behaviour);
    this.cache = new SchedulerCache(this.podInfos);
    this.services = Array.from({ length: workload.services ?? 0 }, (_, i) => benchService(i));
    this.templates = templatesOf(workload);
    this.pending = new Map();
    this.rng = Rng.root(1);
    const context: SchedulerContext = {
      behaviour,
      lister: this,
      snapshot: this.cache.snapshot,
      podInfos: this.podInfos,
      nominated: NO_NOMINATIONS,
      writer: undefined,
      nowUs: () => 0,
      isPreempting: () => false,
      preemptionOffset: (count) => this.rng.nextInt(count),
    };
    this.profile = new Profile(config.profiles[0]!, schedulerPlugins, context);
    for (let i = 0; i < nodeCount; i++) this.cache.addNode(benchNode(i));
    this.evaluator = EVALUATORS[evaluator](config, this.cache, context);
    this.placed = [];
    this.oldest = 0;
    this.most = 0;
    this.podCount = 0;
    this.churnCount = 0;
    this.nextStartNodeIndex = 0;
  }

  /** Places pods round and round without asking anybody, and from then on keeps their number. */
  fill(count: number): void {
    const nodes = this.cache.refresh().nodes;
    const low = this.workload.preempts === true ? this.workload.podOf(-1) : undefined;
    for (let i = 0; i < count; i++) {
      const template = low ?? this.templates[i % TEMPLATES]!;
      this.place(this.named(template), nodes[(i * 7 + Math.trunc(i / nodes.length)) % nodes.length]!.name);
    }
    this.most = count;
  }

  /** Makes `count` pods, which is not part of a decision. */
  makePods(count: number): Pod[] {
    return Array.from({ length: count }, () => this.named(this.templates[this.podCount % TEMPLATES]!));
  }

  /** Decides and assumes pods. */
  run(pods: readonly Pod[]): void {
    for (const pod of pods) this.decide(pod);
  }

  ratePerSecond(seconds: number): number {
    let count = 0;
    let spent = 0;
    for (let batch = 64; spent < seconds; batch = Math.min(batch * 2, BATCH_MAX)) {
      const pods = this.makePods(batch);
      spent += cpuSeconds(() => this.run(pods));
      count += batch;
    }
    return count / spent;
  }

  private decide(pod: Pod): void {
    while (this.workload.preempts !== true && this.placed.length - this.oldest >= this.most) this.removeOldest();
    if (this.workload.churns === true) this.churn();
    const info = this.podInfos.of(pod);
    const state = new CycleState();
    const evaluation = this.evaluator.schedulePod({
      profile: this.profile,
      pod: info,
      state,
      snapshot: this.cache.refresh(),
      nextStartNodeIndex: this.nextStartNodeIndex,
      tieBreak: (count) => this.rng.nextInt(count),
      isDetailed: false,
    });
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    if (evaluation.outcome === 'scheduled') {
      this.place(pod, evaluation.nodeName);
      return;
    }
    // Preemption: the victims go at once, and the pod takes their place; then it gives way to one like them.
    if (evaluation.fitError === undefined) throw new Error('a bench decision failed');
    this.pending.set(keyOf(pod), pod);
    const { candidate } = this.profile.runPostFilter(state, info, evaluation.fitError.diagnosis);
    this.pending.delete(keyOf(pod));
    if (candidate === undefined) {
      if (this.workload.preempts === true) throw new Error('a bench preemption found nobody');
      // The cluster is full for this kind of pod: one more has to leave.
      this.removeOldest();
      return;
    }
    for (const victim of candidate.victims) this.cache.removePod(victim.pod);
    for (const victim of candidate.victims) this.place(this.named(victim.pod), candidate.nodeName);
  }

  /** Every tenth time a node is cordoned or not, every hundredth gets a label, every five hundredth goes and comes back. */
  private churn(): void {
    const turn = this.churnCount++;
    if (turn % 10 !== 0) return;
    const nodes = this.cache.snapshot.nodes;
    const { node, name } = nodes[(turn * 7) % nodes.length]!;
    if (turn % 500 === 0) {
      this.cache.removeNode(name);
      this.cache.refresh();
      this.cache.addNode(node);
    } else if (turn % 100 === 0) {
      const labels = { ...node.metadata.labels, turn: `${turn}` };
      this.cache.updateNode({ ...node, metadata: { ...node.metadata, labels } });
    } else {
      this.cache.updateNode({ ...node, spec: { ...node.spec, unschedulable: !node.spec.unschedulable && turn % 20 === 0 } });
    }
  }

  private removeOldest(): void {
    this.cache.removePod(this.placed[this.oldest++]!);
    if (this.oldest > 100_000) {
      this.placed = this.placed.slice(this.oldest);
      this.oldest = 0;
    }
  }

  private named(template: Pod): Pod {
    const number = this.podCount++;
    const name = `pod-${number}`;
    if (this.workload.isUnique === true) {
      const containers = [newContainer({ requests: { cpu: `${100 + (number % 900)}m`, memory: `${100 + number}Ki` } })];
      return { ...template, metadata: { ...template.metadata, name, uid: name }, spec: { ...template.spec, containers } };
    }
    return {
      ...template,
      metadata: { ...template.metadata, name, uid: name },
      spec: template.spec.nodeName === '' ? template.spec : { ...template.spec, nodeName: '' },
    };
  }

  private place(pod: Pod, nodeName: string): void {
    const assumed = { ...pod, spec: { ...pod.spec, nodeName } };
    this.cache.assumePod(assumed, this.podInfos.of(assumed));
    this.placed.push(assumed);
  }

  // ClusterLister -------------------------------------------------------------------------------------

  get<K extends BuiltInKind>(kind: K, key: ObjectKey): KindMap[K] | undefined {
    return kind === 'Pod' ? (this.pending.get(key) as KindMap[K] | undefined) : undefined;
  }

  list<K extends BuiltInKind>(kind: K): readonly KindMap[K][] {
    return (kind === 'Service' ? this.services : []) as unknown as readonly KindMap[K][];
  }

  inNamespace<K extends BuiltInKind>(kind: K, _namespace: string): readonly KindMap[K][] {
    return this.list(kind);
  }
}

function benchService(index: number): Service {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: newMeta({ name: `app-${index}`, namespace: 'default' }),
    spec: { type: 'ClusterIP', selector: { app: `app-${index}` }, ports: [] },
  };
}
