import { FitError, newDiagnosis } from '../../src/scheduler/diagnosis.ts';
import type { Evaluation, EvaluationRequest, Evaluator } from '../../src/scheduler/framework.ts';
import { defaultBinder } from '../../src/scheduler/plugins/default-binder.ts';
import { dynamicResources } from '../../src/scheduler/plugins/dynamic-resources.ts';
import { interPodAffinity } from '../../src/scheduler/plugins/inter-pod-affinity.ts';
import { nodeAffinity } from '../../src/scheduler/plugins/node-affinity.ts';
import { nodeResourcesFit } from '../../src/scheduler/plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../../src/scheduler/plugins/node-unschedulable.ts';
import { prioritySort } from '../../src/scheduler/plugins/priority-sort.ts';
import { schedulingGates } from '../../src/scheduler/plugins/scheduling-gates.ts';
import { taintToleration } from '../../src/scheduler/plugins/taint-toleration.ts';
import { SUCCESS, unresolvable } from '../../src/scheduler/status.ts';

export const SOME_PLUGINS = [
  schedulingGates,
  prioritySort,
  nodeUnschedulable,
  taintToleration,
  nodeAffinity,
  nodeResourcesFit,
  interPodAffinity,
  dynamicResources,
  defaultBinder,
];

export class SimpleEvaluator implements Evaluator {
  readonly name = 'simple';
  schedulePod(request: EvaluationRequest): Evaluation {
    const { profile, pod, state, snapshot } = request;
    const diagnosis = newDiagnosis();
    const base = {
      nodeName: '',
      feasible: [],
      evaluatedCount: snapshot.nodes.length,
      totals: new Float64Array(),
      scores: [],
      tieCount: 1,
      preFilterStatus: SUCCESS,
      preFilterNodes: undefined,
      diagnosis,
      fitError: undefined,
      error: undefined,
      nextStartNodeIndex: 0,
    };
    if (snapshot.nodes.length === 0) return { ...base, outcome: 'error', error: unresolvable('', 'no nodes available to schedule pods') };
    const pre = profile.runPreFilter(state, pod);
    if (pre.status.code !== 'Success') {
      diagnosis.nodeToStatus.absent = pre.status;
      diagnosis.preFilterMessage = pre.status.reasons.join(', ');
      diagnosis.unschedulablePlugins.add(pre.status.plugin);
      return { ...base, outcome: 'unschedulable', fitError: new FitError(snapshot.nodes.length, diagnosis) };
    }
    for (const node of snapshot.nodes) {
      const status = profile.runFiltersWithNominated(state, pod, node);
      if (status.code === 'Success') return { ...base, outcome: 'scheduled', nodeName: node.name, feasible: [node] };
      diagnosis.nodeToStatus.set(node.name, status);
      diagnosis.unschedulablePlugins.add(status.plugin);
    }
    return { ...base, outcome: 'unschedulable', fitError: new FitError(snapshot.nodes.length, diagnosis) };
  }
}
