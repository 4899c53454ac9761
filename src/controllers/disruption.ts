/**
 * Disruption: keeps the status of PodDisruptionBudgets, which the eviction API charges.
 *
 * Models    kubernetes v1.34 pkg/controller/disruption/disruption.go
 * Differs   custom resources scale by their spec.replicas in place of the scale subresource
 * Order     of several budgets that select a pod, the first in cache order is looked at, as upstream
 *
 * The budget is as stale as this controller: while it is down, evictions go on against the last count.
 */

import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import type { Op } from '../engine/process.ts';
import { MINUTE_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { PodDisruptionBudget } from '../objects/cluster.ts';
import { withPodConditions } from '../objects/copies.ts';
import { controllerOf, isDeleting, keyOf, type OwnerReference, objectKey, type TimeUs } from '../objects/meta.ts';
import { isTerminal, type Pod, podCondition, withCondition } from '../objects/pod.ts';
import type { Deployment, ReplicaSet, ReplicationController, StatefulSet } from '../objects/workloads.ts';
import {
  type ControllerHost,
  defineController,
  duration,
  type ReconcileError,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import {
  type BudgetStatus,
  computeBudgetStatus,
  failedBudgetStatus,
  isSameBudgetStatus,
  needsScale,
  stillDisrupted,
} from './disruption-plan.ts';
import { resolveController } from './ownership.ts';
import { SelectorCache } from './selector-cache.ts';

export const disruption = defineController({
  name: 'disruption',
  summary: 'keeps the status of PodDisruptionBudgets',
  workers: 1,
  parameters: [
    duration('staleConditionTimeout', 2 * MINUTE_US, 'when DisruptionTarget of a pod that is not deleted becomes False (v1.34: 2 min)'),
  ],
  create: (host) => new DisruptionController(host).run(),
});

interface Scale {
  readonly uid: string;
  readonly replicas: number;
}

class DisruptionController {
  private readonly host: ControllerHost;
  private readonly budgets: Informer<PodDisruptionBudget>;
  private readonly pods: Informer<Pod>;
  private readonly sets: Informer<ReplicaSet>;
  private readonly deployments: Informer<Deployment>;
  private readonly statefulSets: Informer<StatefulSet>;
  private readonly replicationControllers: Informer<ReplicationController>;
  private readonly queue: WorkQueue;
  private readonly selectors: SelectorCache;
  private readonly stalePods: WorkQueue;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    this.host = host;
    this.budgets = informers.of('PodDisruptionBudget');
    this.pods = informers.of('Pod');
    this.sets = informers.of('ReplicaSet');
    this.deployments = informers.of('Deployment');
    this.statefulSets = informers.of('StatefulSet');
    this.replicationControllers = informers.of('ReplicationController');
    this.queue = new WorkQueue(scope, 'disruption');
    this.selectors = new SelectorCache();
    this.stalePods = new WorkQueue(scope, 'disruption/stale-pods');
  }

  private get nowUs(): TimeUs {
    return this.host.ctx.engine.nowUs;
  }

  // Watched kinds

  run(): RunningController {
    this.budgets.addHandlers({
      onAdd: (budget) => this.queue.add(keyOf(budget)),
      onUpdate: (_old, budget) => this.queue.add(keyOf(budget)),
    });
    this.pods.addHandlers({
      onAdd: (pod) => this.handlePod(pod),
      onUpdate: (_old, pod) => this.handlePod(pod),
      onDelete: (pod) => this.enqueueBudgetOf(pod),
    });
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.queue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.reconcile(key) },
        { queue: this.stalePods, workers: 1, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.clearStaleCondition(key) },
      ],
    };
  }

  private handlePod(pod: Pod): void {
    this.enqueueBudgetOf(pod);
    const waitUs = this.staleInUs(pod);
    if (waitUs !== undefined) this.stalePods.addAfter(keyOf(pod), waitUs);
  }

  private enqueueBudgetOf(pod: Pod): void {
    if (this.budgets.size === 0) return;
    let first: PodDisruptionBudget | undefined;
    for (const budget of this.budgets.inNamespace(pod.metadata.namespace)) {
      if (!this.selectors.of(budget.spec.selector).matches(pod.metadata.labels)) continue;
      if (first === undefined) {
        first = budget;
        continue;
      }
      const message = `Pod "${pod.metadata.namespace}"/"${pod.metadata.name}" matches multiple PodDisruptionBudgets.  Chose "${first.metadata.name}" arbitrarily.`;
      this.host.ctx.events.emit(pod, 'Warning', 'MultiplePodDisruptionBudgets', message);
      break;
    }
    if (first !== undefined) this.queue.add(keyOf(first));
  }

  // Reconcile

  private *reconcile(key: string): Op<ReconcileResult> {
    const budget = this.budgets.get(key);
    if (budget === undefined) return undefined;
    const { events } = this.host.ctx;

    // 1. The pods, and how many there should be.
    const selector = this.selectors.of(budget.spec.selector);
    const pods = this.pods.inNamespace(budget.metadata.namespace).filter((pod) => selector.matches(pod.metadata.labels));
    if (pods.length === 0) events.emit(budget, 'Normal', 'NoPods', 'No matching pods found');
    const expected = needsScale(budget.spec) ? yield* this.expectedScale(budget, pods) : pods.length;
    if (typeof expected !== 'number') {
      const message = `Failed to calculate the number of expected pods: ${expected.message}`;
      events.emit(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      return yield* this.write(budget, failedBudgetStatus(budget, expected.message, this.nowUs));
    }

    // 2. The count, and whether it has to be written.
    const { nowUs } = this;
    const disrupted = stillDisrupted(budget, pods, nowUs);
    for (const pod of disrupted.overdue) {
      events.emit(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${key} to be deleted but it wasn't`);
    }
    const status = computeBudgetStatus(budget, pods, expected, disrupted, nowUs);
    if (!isSameBudgetStatus(budget.status, status)) {
      const error = yield* this.write(budget, status);
      if (error !== undefined) return error;
    }
    // One past the due time: an entry that is due to the microsecond is not yet overdue.
    if (disrupted.recheckAtUs !== undefined) this.queue.addAfter(key, disrupted.recheckAtUs - nowUs + 1);
    return undefined;
  }

  private *write(budget: PodDisruptionBudget, status: BudgetStatus): Op<ReconcileResult> {
    const updated = yield* this.host.client.updateStatus({ ...budget, status });
    if (!isApiStatus(updated)) return undefined;
    if (!updated.isConflict || !this.host.quirks.has('disruption-stale-status-retry')) return updated;
    // Legacy: what evictions have charged meanwhile is overwritten.
    const fresh = yield* this.host.client.get('PodDisruptionBudget', keyOf(budget));
    if (isApiStatus(fresh)) return fresh;
    const again = yield* this.host.client.updateStatus({ ...fresh, status });
    return isApiStatus(again) ? again : undefined;
  }

  /** Sum of the wanted replicas of all controllers of the pods; pods without one do not count. */
  private *expectedScale(budget: PodDisruptionBudget, pods: readonly Pod[]): Op<number | ReconcileError> {
    const scales = new Map<string, number>();
    const known = new Set<string>();
    const unmanaged: string[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) {
        unmanaged.push(pod.metadata.name);
        continue;
      }
      if (known.has(reference.uid)) continue;
      known.add(reference.uid);
      const scale = yield* this.scaleOf(reference, pod.metadata.namespace);
      if (scale === undefined) return { message: `found no controllers for pod "${pod.metadata.name}"` };
      scales.set(scale.uid, scale.replicas);
    }
    if (unmanaged.length > 0) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      this.host.ctx.events.emit(budget, 'Warning', 'UnmanagedPods', message);
    }
    let sum = 0;
    for (const replicas of scales.values()) sum += replicas;
    return sum;
  }

  /** The controller that says how many pods there should be: a ReplicaSet's Deployment speaks for it. */
  private *scaleOf(reference: OwnerReference, namespace: string): Op<Scale | undefined> {
    switch (reference.kind) {
      case 'ReplicaSet': {
        const set = resolveController(this.sets, 'ReplicaSet', namespace, reference);
        const owner = set && controllerOf(set);
        if (owner?.kind !== 'Deployment') return set && scaleFrom(set);
        const deployment = resolveController(this.deployments, 'Deployment', namespace, owner);
        return deployment && scaleFrom(deployment);
      }
      case 'StatefulSet': {
        const set = resolveController(this.statefulSets, 'StatefulSet', namespace, reference);
        return set && scaleFrom(set);
      }
      case 'ReplicationController': {
        const controller = resolveController(this.replicationControllers, 'ReplicationController', namespace, reference);
        return controller && scaleFrom(controller);
      }
      default: {
        const owner = yield* this.host.client.get(reference.kind, objectKey(namespace, reference.name));
        if (isApiStatus(owner) || owner.metadata.uid !== reference.uid || !('spec' in owner)) return undefined;
        const replicas = (owner.spec as Readonly<Record<string, unknown>>)['replicas'];
        return typeof replicas === 'number' ? { uid: owner.metadata.uid, replicas } : undefined;
      }
    }
  }

  // Stale conditions

  /** In how long the pod's DisruptionTarget is stale; undefined when it has none that can be. */
  private staleInUs(pod: Pod): number | undefined {
    if (isDeleting(pod) || isTerminal(pod)) return undefined;
    const condition = podCondition(pod, 'DisruptionTarget');
    // The kubelet may take as long as it likes to end a pod it has condemned.
    if (condition === undefined || condition.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
    return Math.max(0, condition.lastTransitionTime + this.host.params.number('staleConditionTimeout') - this.nowUs);
  }

  private *clearStaleCondition(key: string): Op<ReconcileResult> {
    const pod = this.pods.get(key);
    const waitUs = pod && this.staleInUs(pod);
    if (pod === undefined || waitUs === undefined) return undefined;
    if (waitUs > 0) {
      this.stalePods.addAfter(key, waitUs);
      return undefined;
    }
    const { nowUs } = this;
    const patched = yield* this.host.client.patchStatus('Pod', key, (current) => withoutTarget(current, nowUs), { uid: pod.metadata.uid });
    return isApiStatus(patched) && !patched.isNotFound ? patched : undefined;
  }
}

function scaleFrom(owner: { readonly metadata: { readonly uid: string }; readonly spec: { readonly replicas: number } }): Scale {
  return { uid: owner.metadata.uid, replicas: owner.spec.replicas };
}

function withoutTarget(pod: Pod, nowUs: TimeUs): Pod {
  const condition = podCondition(pod, 'DisruptionTarget');
  if (condition === undefined || condition.status === 'False') return pod;
  const conditions = withCondition(pod.status.conditions, { ...condition, status: 'False', lastTransitionTime: nowUs });
  return withPodConditions(pod, conditions);
}
