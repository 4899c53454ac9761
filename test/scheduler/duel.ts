/**
 * Duel: evaluators that decide over one cache, in the midst of everything that can change a decision, and have to agree on all
 * they say and on every number they draw.
 */
import { expect } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import type { CLUSTER_LISTS } from '../../src/scheduler/conformance-case.ts';
import { ConformanceCluster } from '../../src/scheduler/conformance-cluster.ts';
import { CycleState } from '../../src/scheduler/cycle-state.ts';
import { DryRuns } from '../../src/scheduler/dry-runs.ts';
import { EVALUATORS } from '../../src/scheduler/evaluators.ts';
import type { Evaluation, Evaluator, PreemptionCandidate } from '../../src/scheduler/framework.ts';
import { IncrementalEvaluator } from '../../src/scheduler/incremental-evaluator.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import { planPreemption } from '../../src/scheduler/preemption-plan.ts';
import { Profile } from '../../src/scheduler/profile.ts';
import { messageOf } from '../../src/scheduler/status.ts';
import { behaviourOf, type KubernetesVersion } from '../../src/scheduler/versions.ts';
import { caseOf, decoded } from './decisions.ts';
import { type NodeKind, nodeOf, podOf, type Step, type Template, withoutAbsent, ZONE } from './duel-arbitraries.ts';
import { boundClaim, classes, onlyOn, rawClaim, rawVolume } from './plugins/volumes.ts';

// Settings --------------------------------------------------------------------------------------------

const PROFILES: readonly RawObject[] = [
  { schedulerName: 'usual' },
  { schedulerName: 'half', percentageOfNodesToScore: 50 },
  {
    schedulerName: 'odd',
    percentageOfNodesToScore: 100,
    plugins: { score: { disabled: [{ name: 'ImageLocality' }] }, multiPoint: { disabled: [{ name: 'NodePorts' }] } },
    pluginConfig: [
      { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } } },
      {
        name: 'PodTopologySpread',
        args: {
          defaultingType: 'List',
          defaultConstraints: [
            { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' },
            { maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' },
          ],
        },
      },
      { name: 'InterPodAffinity', args: { hardPodAffinityWeight: 10, ignorePreferredTermsOfExistingPods: true } },
    ],
  },
  { schedulerName: 'unscored', plugins: { score: { disabled: [{ name: '*' }] } } },
  {
    schedulerName: 'enforced',
    pluginConfig: [
      {
        name: 'NodeAffinity',
        args: {
          addedAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'Exists' }] }],
            },
          },
        },
      },
    ],
  },
];

export class Duel {
  private readonly cluster: ConformanceCluster;
  private readonly profiles: readonly Profile[];
  private readonly plain: Evaluator;
  /** As it is used, with trees wherever they can be, and with hardly any memory. */
  private readonly rivals: readonly IncrementalEvaluator[];
  private readonly templates: readonly Template[];
  private readonly dryRuns: Map<Profile, DryRuns>;
  private nextStartNodeIndex: number;
  private podCount: number;
  private nodeCount: number;
  readonly outcomes: Map<string, number>;

  constructor(nodes: readonly NodeKind[], templates: readonly Template[], version: KubernetesVersion) {
    const problems = new ProblemList();
    const config = readConfiguration({ profiles: PROFILES }, schedulerPlugins, version, problems);
    this.cluster = new ConformanceCluster(behaviourOf(version));
    this.nodeCount = 0;
    this.podCount = 0;
    this.profiles = config.profiles.map((profile) => new Profile(profile, schedulerPlugins, this.cluster.context));
    this.plain = EVALUATORS.plain(config, this.cluster.cache, this.cluster.context);
    const { percentageOfNodesToScore } = config;
    const forgetful = { verdictEntriesMax: 0, shapesMax: 1 };
    this.rivals = [{}, { prefersTrees: true }, { prefersTrees: true, limits: forgetful }].map(
      (options) => new IncrementalEvaluator({ percentageOfNodesToScore, ...options }, this.cluster.cache, this.cluster.context.nominated),
    );
    this.templates = templates;
    this.dryRuns = new Map();
    this.nextStartNodeIndex = 0;
    this.outcomes = new Map();
    problems.throwIfAny();
    this.load('namespaces', { metadata: { name: 'default', labels: {} } });
    for (const storageClass of classes) this.load('storageClasses', storageClass);
    this.load('persistentVolumeClaims', rawClaim('late'));
    this.load('persistentVolumeClaims', rawClaim('late-2'));
    this.load('persistentVolumeClaims', rawClaim('made', { spec: { storageClassName: 'made' } }));
    for (const [i, kind] of nodes.entries()) this.putNode(i, kind);
  }

  step(step: Step): void {
    switch (step.do) {
      case 'schedule':
        this.schedule(step);
        break;
      case 'place':
        this.putPod(
          podOf(`p${this.podCount++}`, this.template(step.template), {
            on: this.nodeName(step.node),
            ...(step.hasStarted ? { startTime: `2024-12-31T00:00:${String(10 + (step.node % 50))}Z` } : {}),
          }),
        );
        break;
      case 'nominate':
        this.putPod(
          podOf(`p${this.podCount++}`, { ...this.template(step.template), priority: 5 }, { nominated: this.nodeName(step.node) }),
        );
        break;
      case 'remove':
      case 'terminate':
      case 'relabel': {
        const pods = this.cluster.list('Pod');
        if (pods.length === 0) break;
        const pod = pods[step.pod % pods.length]!;
        if (step.do === 'remove') this.cluster.deletePod(`${pod.metadata.namespace}/${pod.metadata.name}`);
        else if (step.do === 'terminate') this.cluster.putPod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 1 } });
        else this.cluster.putPod({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, app: step.app } } });
        break;
      }
      case 'node':
        this.putNode(step.node % (this.nodeCount + 1), step.kind);
        break;
      case 'no-node': {
        const name = this.nodeName(step.node);
        // Half of the time its pods stay behind.
        if (step.node % 2 === 0) this.cluster.deleteNode(name);
        else this.cluster.cache.removeNode(name);
        break;
      }
      case 'service':
        this.load('services', { metadata: { name: `svc-${step.app}`, namespace: step.namespace }, spec: { selector: { app: step.app } } });
        break;
      case 'owner':
        this.load('replicaSets', {
          metadata: { name: 'set', namespace: 'default' },
          spec: { selector: { matchLabels: { app: step.app } }, template: { metadata: { labels: { app: step.app } }, spec: {} } },
        });
        break;
      case 'budget':
        this.load('podDisruptionBudgets', {
          metadata: { name: `budget-${step.app}`, namespace: 'default' },
          spec: { selector: { matchLabels: { app: step.app } } },
          status: { disruptionsAllowed: step.allowed },
        });
        break;
      case 'volume': {
        const name = `v-${step.node % 3}`;
        this.load('persistentVolumes', rawVolume(name, { spec: onlyOn(this.nodeName(step.node), this.nodeName(step.node + 1)) }));
        if (step.isBound) this.load('persistentVolumeClaims', boundClaim('bound', name));
        break;
      }
      case 'namespace':
        this.load('namespaces', { metadata: { name: 'other', labels: withoutAbsent({ team: step.team }) } });
        break;
    }
  }

  private schedule(step: Step & { readonly do: 'schedule' }): void {
    const name = `p${this.podCount++}`;
    const template = this.template(step.template);
    const nominated = this.nodeName(step.profile);
    const pod = decoded('Pod', podOf(name, template, step.isNominated ? { nominated } : {}));
    const profile = this.profiles[(step.profile % 7) % this.profiles.length]!;
    this.cluster.putIncoming(pod);
    const info = this.cluster.podInfos.of(pod);
    const [expected, ...found] = [this.plain, ...this.rivals].map((evaluator) => {
      const draws: number[] = [];
      const state = new CycleState();
      const evaluation = evaluator.schedulePod({
        profile,
        pod: info,
        state,
        snapshot: this.cluster.cache.refresh(),
        nextStartNodeIndex: this.nextStartNodeIndex,
        tieBreak: (count) => {
          draws.push(count);
          return (this.podCount * 7919) % count;
        },
        isDetailed: false,
      });
      const found = describe(evaluation);
      const rescue = this.rescueOf(evaluation, evaluator === this.plain, profile, state, info);
      return { evaluation, description: { ...found, draws, rescue } };
    });
    for (const { description } of found) expect(description).toEqual(expected!.description);
    const { evaluation } = expected!;
    this.outcomes.set(evaluation.outcome, (this.outcomes.get(evaluation.outcome) ?? 0) + 1);
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    if (evaluation.outcome === 'scheduled' && step.keeps) this.putPod(podOf(name, template, { on: evaluation.nodeName }));
    else this.cluster.deletePod(info.key);
  }

  /** Adds to `counts` how often attempts went which way. */
  countPaths(counts: Map<string, number>): void {
    for (const { paths } of this.rivals) {
      for (const [path, count] of Object.entries(paths)) counts.set(path, (counts.get(path) ?? 0) + (count as number));
    }
    for (const { recalledCount } of this.dryRuns.values())
      counts.set('recalled dry run', (counts.get('recalled dry run') ?? 0) + recalledCount);
  }

  /** What preemption finds in the state that the attempt left behind: with what earlier ones have found, or without. */
  private rescueOf(
    evaluation: Evaluation,
    isPlain: boolean,
    profile: Profile,
    state: CycleState,
    pod: Parameters<Profile['runPostFilter']>[1],
  ): unknown {
    if (evaluation.outcome !== 'unschedulable') return undefined;
    const { diagnosis } = evaluation;
    const limits = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 3 };
    const dryRuns = isPlain ? new DryRuns() : this.dryRunsOf(profile);
    const plan = planPreemption(state.clone(), pod, diagnosis, limits, this.cluster.handleOf(profile), dryRuns);
    const { status, nominating, candidate } = profile.runPostFilter(state, pod, diagnosis);
    return {
      ineligible: plan.ineligibleReason,
      potential: plan.potentialNodes.map((node) => node.name),
      candidates: plan.candidates.map(describeCandidate),
      best: plan.best.map(describeCandidate),
      statuses: [...plan.statuses.entries()].map(([name, { code, plugin }]) => [name, code, plugin]).sort(),
      errors: plan.errors.length,
      status: [status.code, status.plugin, messageOf(status)],
      nominating,
      candidate: candidate === undefined ? undefined : describeCandidate(candidate),
    };
  }

  private dryRunsOf(profile: Profile): DryRuns {
    let dryRuns = this.dryRuns.get(profile);
    if (dryRuns === undefined) {
      dryRuns = new DryRuns();
      this.dryRuns.set(profile, dryRuns);
    }
    return dryRuns;
  }

  private template(index: number): Template {
    return this.templates[index % this.templates.length]!;
  }

  private nodeName(index: number): string {
    return `n${index % this.nodeCount}`;
  }

  private putNode(index: number, kind: NodeKind): void {
    this.nodeCount = Math.max(this.nodeCount, index + 1);
    this.cluster.putNode(decoded('Node', nodeOf(index, kind)));
  }

  private putPod(raw: RawObject): void {
    this.cluster.putPod(decoded('Pod', raw));
  }

  private load(list: keyof typeof CLUSTER_LISTS, object: RawObject): void {
    const problems = new ProblemList();
    this.cluster.load({ ...caseOf({}), cluster: { [list]: [object] } }, problems);
    problems.throwIfAny();
  }
}

function describe(evaluation: Evaluation): Record<string, unknown> {
  const { outcome, nodeName, feasible, evaluatedCount, totals, tieCount, nextStartNodeIndex, preFilterStatus, diagnosis } = evaluation;
  const common = {
    outcome,
    nodeName,
    feasible: feasible.map((node) => node.name),
    evaluatedCount,
    totals: [...totals],
    tieCount,
    nextStartNodeIndex,
    preFilterStatus: [preFilterStatus.code, preFilterStatus.plugin, messageOf(preFilterStatus)],
    preFilterNodes: evaluation.preFilterNodes === undefined ? undefined : [...evaluation.preFilterNodes],
    error: evaluation.error,
    message: evaluation.fitError?.message,
  };
  if (outcome !== 'unschedulable') return common;
  return {
    ...common,
    nodeToStatus: [...diagnosis.nodeToStatus.entries()].map(([name, status]) => [name, status.code, status.plugin, messageOf(status)]),
    plugins: [...diagnosis.unschedulablePlugins],
    pending: [...diagnosis.pendingPlugins],
  };
}

function describeCandidate({ nodeName, victims, pdbViolationCount }: PreemptionCandidate): unknown {
  return [nodeName, victims.map((victim) => victim.key), pdbViolationCount];
}
