/**
 * playSequence: plays the operations of a recorded sequence on our scheduler, one after the other.
 *
 * Order     among equally good nodes, and equally good nodes to preempt on, the smallest name, as recorded
 */
import { ProblemList } from '../base/input-error.ts';
import { SECOND_US } from '../engine/units.ts';
import { isRawObject, type RawObject } from '../objects/decode-reader.ts';
import { keyOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { CaseBench } from './conformance.ts';
import type { ConformanceCase, Operation } from './conformance-case.ts';
import { decodeRaw } from './conformance-cluster.ts';
import { bestNames, describeCandidates, sorted } from './conformance-record.ts';
import { CycleState } from './cycle-state.ts';
import type { Evaluation, PreemptionCandidate } from './framework.ts';
import { planPreemption } from './preemption-plan.ts';

/** The `expect` of the sequence. */
export function playSequence(bench: CaseBench, source: ConformanceCase): RawObject {
  const recorded = source.expect['steps'];
  const hasIndex = Array.isArray(recorded) && recorded.some((step) => isRawObject(step) && step['nextStartNodeIndex'] !== undefined);
  const player = new SequencePlayer(bench, hasIndex);
  const steps = source.ops.map((operation, index) => player.step(operation, index));
  player.problems.throwIfAny();
  return { steps, finalPlacement: player.placement() };
}

interface Attempt {
  readonly evaluation: Evaluation;
  readonly state: CycleState;
}

class SequencePlayer {
  readonly problems: ProblemList;
  private readonly bench: CaseBench;
  /** Whether every scheduling step tells where the next search starts, as sampled sequences do. */
  private readonly hasIndex: boolean;
  private nextStartNodeIndex: number;

  constructor(bench: CaseBench, hasIndex: boolean) {
    this.problems = new ProblemList();
    this.bench = bench;
    this.hasIndex = hasIndex;
    this.nextStartNodeIndex = 0;
  }

  step(operation: Operation, index: number): RawObject {
    const { cluster } = this.bench;
    switch (operation.op) {
      case 'schedule': {
        const pod = decodeRaw('Pod', operation.pod, `ops[${index}].pod`, this.problems);
        if (pod === undefined) return {};
        const found = this.schedule(pod, index);
        return this.hasIndex ? { ...found, nextStartNodeIndex: this.nextStartNodeIndex } : found;
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

  placement(): RawObject {
    const placed = this.bench.cluster.list('Pod').filter((pod) => pod.spec.nodeName !== '');
    return Object.fromEntries(placed.map((pod) => [keyOf(pod), pod.spec.nodeName]));
  }

  private schedule(pod: Pod, index: number): RawObject {
    const { cluster } = this.bench;
    cluster.putIncoming(pod);
    const first = this.attempt(pod);
    const found = describeAttempt(first.evaluation);
    if (first.evaluation.outcome === 'scheduled') {
      this.place(pod, String(found['node']), index);
      return found;
    }
    const candidate = this.preempt(pod, first, found);
    if (candidate === undefined) {
      cluster.deletePod(keyOf(pod));
      return found;
    }
    for (const victim of candidate.victims) cluster.deletePod(victim.key);
    const nominated: Pod = { ...pod, status: { ...pod.status, nominatedNodeName: candidate.nodeName } };
    cluster.putPod(nominated);
    const second = this.attempt(nominated);
    const retry = describeAttempt(second.evaluation);
    if (second.evaluation.outcome === 'scheduled') this.place(nominated, String(retry['node']), index);
    else cluster.deletePod(keyOf(pod));
    return { ...found, retry };
  }

  private attempt(pod: Pod): Attempt {
    const state = new CycleState();
    const evaluation = this.bench.evaluate(this.bench.cluster.podInfos.of(pod), state, this.nextStartNodeIndex, false);
    this.nextStartNodeIndex = evaluation.nextStartNodeIndex;
    return { evaluation, state };
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
}

function describeAttempt(evaluation: Evaluation): Record<string, unknown> {
  if (evaluation.outcome === 'error') return { error: evaluation.error!.reasons.join(', ') };
  const { feasible, totals } = evaluation;
  if (evaluation.outcome === 'unschedulable') return { feasible: 0, unschedulable: true, message: evaluation.fitError!.message };
  const best = bestNames(evaluation);
  const found = { feasible: feasible.length, best, node: best[0] };
  return totals.length === 0 ? found : { ...found, total: totals.reduce((a, b) => Math.max(a, b)) };
}
