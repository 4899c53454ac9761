/** What evaluators and the scheduler remember stays within bounds, however many kinds of pods come by. */
import { expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import { ConformanceCluster } from '../../src/scheduler/conformance-cluster.ts';
import { CycleState } from '../../src/scheduler/cycle-state.ts';
import { DryRuns } from '../../src/scheduler/dry-runs.ts';
import { IncrementalEvaluator } from '../../src/scheduler/incremental-evaluator.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { planPreemption } from '../../src/scheduler/preemption-plan.ts';
import { Profile } from '../../src/scheduler/profile.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { decoded, rawNode, rawPod } from './decisions.ts';

const limits = { verdictEntriesMax: 200, shapesMax: 16 };
const behaviour = behaviourOf('1.34');

function newScheduler(nodeCount: number) {
  const problems = new ProblemList();
  const config = readConfiguration({}, schedulerPlugins, '1.34', problems);
  problems.throwIfAny();
  const cluster = new ConformanceCluster(behaviour);
  for (let i = 0; i < nodeCount; i++)
    cluster.putNode(decoded('Node', rawNode(`n${i}`, { labels: { 'topology.kubernetes.io/zone': `z${i % 3}` } })));
  const profile = new Profile(config.profiles[0]!, schedulerPlugins, cluster.context);
  const evaluator = new IncrementalEvaluator({ percentageOfNodesToScore: 0, limits }, cluster.cache, cluster.context.nominated);
  const evaluate = (raw: ReturnType<typeof rawPod>) => {
    const pod = cluster.podInfos.of(decoded('Pod', raw));
    const state = new CycleState();
    const evaluation = evaluator.schedulePod({
      profile,
      pod,
      state,
      snapshot: cluster.cache.refresh(),
      nextStartNodeIndex: 0,
      tieBreak: () => 0,
      isDetailed: false,
    });
    return { pod, state, evaluation };
  };
  return { cluster, profile, evaluator, evaluate };
}

/** Every pod with requests, labels and affinity of its own. */
function onlyChild(index: number, cpu = `${100 + index}m`) {
  const labels = { app: `app-${index}` };
  const term = { labelSelector: { matchLabels: labels }, topologyKey: 'topology.kubernetes.io/zone' };
  return rawPod(`p${index}`, {
    labels,
    requests: { cpu },
    spec: {
      affinity: {
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] },
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: term.labelSelector },
      ],
    },
  });
}

test('tables of shapes, verdicts and domains stop growing', () => {
  const { evaluator, evaluate } = newScheduler(10);
  for (let i = 0; i < 1500; i++) expect(evaluate(onlyChild(i)).evaluation.outcome).toBe('scheduled');
  expect(evaluator.tables.verdictCount).toBe(evaluator.tables.verdictsMax);
  expect(evaluator.tables.verdictsMax).toBe(20);
  expect(evaluator.tables.shapeCount).toBeLessThanOrEqual(2 * limits.shapesMax);
  expect(evaluator.domains.tableCount).toBe(evaluator.domains.tablesMax);
  expect(evaluator.domains.tablesMax).toBe(1024);
});

test('pods that differ in labels share what is remembered of nodes', () => {
  const { evaluator, evaluate } = newScheduler(10);
  for (let i = 0; i < 100; i++) evaluate(onlyChild(i, '100m'));
  expect(evaluator.tables.verdictCount).toBe(1);
});

test('shapes of pods that are gone are forgotten', () => {
  const infos = new PodInfos(behaviour);
  const pod = decoded('Pod', rawPod('p'));
  for (let i = 0; i < 10_000; i++) {
    const metadata = { ...pod.metadata, uid: `uid-${i}`, labels: { app: `${i}` } };
    infos.of({ ...pod, metadata, spec: { ...pod.spec, containers: pod.spec.containers.slice() } });
  }
  expect(infos.shapeIdCount).toBe(10_000);
  expect(infos.keptShapeCount).toBeLessThanOrEqual(8192);
  expect(infos.keptShapeCount).toBeGreaterThanOrEqual(4096);
});

test('dry runs are kept for a few kinds of preemptors', () => {
  const { cluster, profile, evaluate } = newScheduler(5);
  for (let i = 0; i < 5; i++) cluster.putPod(decoded('Pod', rawPod(`low-${i}`, { on: `n${i}`, requests: { cpu: '3500m' }, priority: -1 })));
  const dryRuns = new DryRuns();
  for (let i = 0; i < 100; i++) {
    const { pod, state, evaluation } = evaluate(rawPod(`p${i}`, { requests: { cpu: `${1000 + i}m` } }));
    const limitsOfPlan = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 };
    const plan = planPreemption(state, pod, evaluation.diagnosis, limitsOfPlan, cluster.handleOf(profile), dryRuns);
    expect(plan.candidates.length).toBe(5);
  }
  expect(dryRuns.triedCount).toBe(500);
  expect(dryRuns.size).toBeLessThanOrEqual(16);
});
