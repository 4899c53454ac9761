/**
 * SequenceRunner: plays a recorded sequence of operations and compares every step.
 *
 * Order     among equally good nodes, and equally good nodes to preempt on, the smallest name, as recorded
 */
import { ProblemList } from '../base/input-error.ts';
import { SECOND_US } from '../engine/units.ts';
import { isRawObject, type RawObject } from '../objects/decode-reader.ts';
import { keyOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { bestNames, type CaseBench, describeCandidates, sorted } from './conformance.ts';
import type { ConformanceCase, Operation } from './conformance-case.ts';
import { decodeRaw } from './conformance-cluster.ts';
import type { Comparison } from './conformance-compare.ts';
import { CycleState } from './cycle-state.ts';
import type { Evaluation, PreemptionCandidate } from './framework.ts';
import { planPreemption } from './preemption-plan.ts';

interface Attempt {
  readonly evaluation: Evaluation;
  readonly state: CycleState;
}

export class SequenceRunner {
  private readonly bench: CaseBench;
  private readonly comparison: Comparison;
  private readonly problems: ProblemList;
  private nextStartNodeIndex: number;

  constructor(bench: CaseBench, comparison: Comparison) {
    this.bench = bench;
    this.comparison = comparison;
    this.problems = new ProblemList();
    this.nextStartNodeIndex = 0;
  }

  run(source: ConformanceCase): void {
    const steps = source.expect['steps'];
    const expectedSteps = Array.isArray(steps) ? (steps as unknown[]) : [];
    this.comparison.compare('steps.length', expectedSteps.length, source.ops.length);
    for (let i = 0; i < source.ops.length; i++) {
      const expected = expectedSteps[i];
      const actual = this.step(source.ops[i]!, i, isRawObject(expected) ? expected : {});
      this.comparison.compare(`steps[${i}]`, expected, actual);
    }
    this.problems.throwIfAny();
    this.comparison.compare('finalPlacement', source.expect['finalPlacement'], this.placement());
  }

  private step(operation: Operation, index: number, expected: RawObject): RawObject {
    const { cluster } = this.bench;
    switch (operation.op) {
      case 'schedule': {
        const pod = decodeRaw('Pod', operation.pod, `ops[${index}].pod`, this.problems);
        return pod === undefined ? {} : this.schedule(pod, index, expected);
      }
      case 'deletePod':
        return { deleted: cluster.deletePod(operation.name) !== undefined };
      case 'deleteNode':
        return { deletedPods: sorted(cluster.deleteNode(operation.name)) };
      case 'addNode':
      case 'updateNode': {
        const node = decodeRaw('Node', operation.node, `ops[${index}].node`, this.problems);
        if (node !== undefined) cluster.putNode(node);
        return {};
      }
    }
  }

  private schedule(pod: Pod, index: number, expected: RawObject): RawObject {
    const { cluster } = this.bench;
    cluster.putIncoming(pod);
    const first = this.attempt(pod);
    const found = this.describe(first.evaluation);
    if (first.evaluation.outcome === 'scheduled') {
      this.place(pod, String(found['node']), index);
      return this.withIndex(found, expected);
    }
    const candidate = this.preempt(pod, first, found);
    if (candidate === undefined) {
      cluster.deletePod(keyOf(pod));
      return this.withIndex(found, expected);
    }
    for (const victim of candidate.victims) cluster.deletePod(victim.key);
    const nominated: Pod = { ...pod, status: { ...pod.status, nominatedNodeName: candidate.nodeName } };
    cluster.putPod(nominated);
    const second = this.attempt(nominated);
    const retry = this.describe(second.evaluation);
    if (second.evaluation.outcome === 'scheduled') this.place(nominated, String(retry['node']), index);
    else cluster.deletePod(keyOf(pod));
    return this.withIndex({ ...found, retry }, expected);
  }

  private attempt(pod: Pod): Attempt {
    const state = new CycleState();
    const evaluation = this.bench.evaluate(this.bench.cluster.podInfos.of(pod), state, this.nextStartNodeIndex, false);
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    return { evaluation, state };
  }

  private describe(evaluation: Evaluation): Record<string, unknown> {
    if (evaluation.outcome === 'error') return { error: evaluation.error!.reasons.join(', ') };
    const { feasible, totals } = evaluation;
    if (evaluation.outcome === 'unschedulable') return { feasible: 0, unschedulable: true, message: evaluation.fitError!.message };
    const best = bestNames(evaluation);
    const found = { feasible: feasible.length, best, node: best[0] };
    return totals.length === 0 ? found : { ...found, total: totals.reduce((a, b) => Math.max(a, b)) };
  }

  /** Runs PostFilter, completes `found` with what it said, and returns the node to free. */
  private preempt(pod: Pod, { evaluation, state }: Attempt, found: Record<string, unknown>): PreemptionCandidate | undefined {
    if (evaluation.outcome !== 'unschedulable') return undefined;
    const { cluster, profile, limits } = this.bench;
    const { diagnosis } = evaluation;
    const info = cluster.podInfos.of(pod);
    const plan = planPreemption(state.clone(), info, diagnosis, limits, cluster.handleOf(profile));
    const { status } = profile.runPostFilter(state, info, diagnosis);
    diagnosis.postFilterMessage = status.reasons.join(', ');
    found['message'] = evaluation.fitError!.message;
    const best = sorted(plan.best.map((candidate) => candidate.nodeName));
    const chosen = plan.best.find((candidate) => candidate.nodeName === best[0]);
    if (chosen === undefined || status.code !== 'Success') return undefined;
    found['preemption'] = {
      candidates: describeCandidates(plan.candidates),
      best,
      node: chosen.nodeName,
      victims: chosen.victims.map((victim) => victim.key),
    };
    return chosen;
  }

  /** Binds the pod; it runs from `index` seconds after the start of 2025 on. */
  private place(pod: Pod, nodeName: string, index: number): void {
    const startTime = index * SECOND_US;
    this.bench.cluster.putPod({
      ...pod,
      spec: { ...pod.spec, nodeName },
      status: { ...pod.status, phase: 'Running', startTime, nominatedNodeName: '' },
    });
  }

  /** Sampled sequences record the index after each step. */
  private withIndex(found: RawObject, expected: RawObject): RawObject {
    return expected['nextStartNodeIndex'] === undefined ? found : { ...found, nextStartNodeIndex: this.nextStartNodeIndex };
  }

  private placement(): RawObject {
    const placed = this.bench.cluster.list('Pod').filter((pod) => pod.spec.nodeName !== '');
    return Object.fromEntries(placed.map((pod) => [keyOf(pod), pod.spec.nodeName]));
  }
}
