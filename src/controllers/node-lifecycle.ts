/**
 * NodeLifecycle: finds nodes that went silent, says so in their conditions and taints, and marks their pods not ready.
 *
 * Models    kubernetes v1.34 pkg/controller/nodelifecycle/node_lifecycle_controller.go
 * Differs   a node's deprecated os and arch labels are not mirrored; the health of a node that was deleted is forgotten
 *           at the next pass; the status reports of nodes, which make upstream look at a node every 5 minutes, are not
 *           written, so a refused taint is looked at again after that time instead; NoExecute passes run only when a node can be taken, on the same 100 ms grid
 * Units     all times in simulated microseconds on the controller's own clock
 * Order     nodes in the order they were first seen, 8 side by side; zones by key
 * Cost      O(nodes that changed or are not ready) per pass; see NodeHealthTable
 *
 * What it has in common with upstream, known problems included: pods are marked not ready only when this
 * controller itself sees Ready go from True to something else (a crash in the middle leaves the rest
 * Ready, kubernetes/kubernetes#50067, unless `levelTriggered`), and whole-cluster silence stops evictions but not the marking (#77864).
 */

import { doNothing } from '../base/do-nothing.ts';
import type { Informer } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { all, type Op, sleep } from '../engine/process.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import { copyNode, copyNodeStatus, withPodConditions } from '../objects/copies.ts';
import { keyOf, type TimeUs } from '../objects/meta.ts';
import { type Node, type NodeCondition, nodeCondition, TAINT_NOT_READY, TAINT_UNREACHABLE } from '../objects/node.ts';
import { type Pod, podCondition, withCondition } from '../objects/pod.ts';
import {
  type ControllerHost,
  defineController,
  duration,
  flag,
  integer,
  type ReconcileResult,
  type RunningController,
  UNLIMITED_RETRIES,
} from './controller.ts';
import { type HealthRecord, type LeaseReader, NodeHealthTable } from './node-health-table.ts';
import { hasNoExecute, newTaint, planNoScheduleTaints, swapTaints } from './node-taints.ts';
import { indexByNode, podsOnNode } from './pod-index.ts';
import { type EvictionRates, planDisruption, type ZoneState, zoneKeyOf } from './zone-disruption.ts';
import { ZoneTaintQueue } from './zone-taint-queue.ts';

/** Time between two status reports of a node on which nothing changes (nodeStatusReportFrequency, v1.34: 5 m). */
const STATUS_REPORT_US = 5 * MINUTE_US;

export const nodeLifecycle = defineController({
  name: 'node-lifecycle',
  summary: 'finds silent nodes, taints them and marks their pods not ready',
  workers: 8, // node update workers, v1.34
  parameters: [
    duration('monitorPeriod', 5 * SECOND_US, 'time between health passes (--node-monitor-period, v1.34: 5 s)'),
    duration(
      'monitorGracePeriod',
      50 * SECOND_US,
      'silence after which a node is Unknown (--node-monitor-grace-period, v1.32 and later: 50 s)',
    ),
    duration('startupGracePeriod', 60 * SECOND_US, 'the same for a node that never was Ready (--node-startup-grace-period, v1.34: 60 s)'),
    {
      name: 'evictionRate',
      type: 'number',
      default: 0.1,
      min: 0,
      max: 1e6,
      summary: 'nodes per second and zone that get a NoExecute taint (--node-eviction-rate, v1.34: 0.1)',
    },
    {
      name: 'secondaryEvictionRate',
      type: 'number',
      default: 0.01,
      min: 0,
      max: 1e6,
      summary: 'the same in a large zone that is partly down (--secondary-node-eviction-rate, v1.34: 0.01)',
    },
    {
      name: 'unhealthyZoneThreshold',
      type: 'number',
      default: 0.55,
      min: 0,
      max: 1,
      summary: 'share of silent nodes from which a zone is partly down (--unhealthy-zone-threshold, v1.34: 0.55)',
    },
    integer('largeClusterSizeThreshold', 50, 0, 1e9, 'nodes above which a zone is large (--large-cluster-size-threshold, v1.34: 50)'),
    flag('levelTriggered', false, 'mark pods at every pass while their node is not ready, not only when it ceases to be (in no release)'),
  ],
  create: (host) => new NodeLifecycleController(host).run(),
});

const LABEL_EXCLUDE_DISRUPTION = 'node.kubernetes.io/exclude-disruption';
/** Nodes looked at side by side in a pass: scheduler.UpdateWorkerSize, v1.34. */
const PASS_WORKERS = 8;
/** Pod workers: podUpdateWorkerSize, v1.34. */
const POD_WORKERS = 4;
/** NodeHealthUpdateRetry and retrySleepTime, v1.34. */
const UPDATE_TRIES = 5;
const UPDATE_PAUSE_US = 20 * MILLISECOND_US;
/** NodeEvictionPeriod, v1.34. */
const TAINT_PERIOD_US = 100 * MILLISECOND_US;
/** The conditions a silent node loses, in upstream's order. */
const LIVE_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

class NodeLifecycleController {
  private readonly host: ControllerHost;
  private readonly nodes: Informer<Node>;
  private readonly pods: Informer<Pod>;
  private readonly leases: LeaseReader;
  private readonly nodeQueue: WorkQueue;
  private readonly podQueue: WorkQueue;
  private readonly table: NodeHealthTable;
  private readonly taintQueues: Map<string, ZoneTaintQueue>;
  private readonly limits: EvictionRates;
  private readonly graceUs: number;
  private readonly startupGraceUs: number;
  private readonly isLevelTriggered: boolean;
  private zoneStates: ReadonlyMap<string, ZoneState>;
  private gridStartUs: TimeUs;
  private taintPassAtUs: TimeUs;
  private cancelTaintPass: () => void;
  private isTainting: boolean;

  constructor(host: ControllerHost) {
    const { informers, scope } = host.ctx;
    const { params } = host;
    this.host = host;
    this.nodes = informers.of('Node');
    this.pods = informers.of('Pod');
    this.leases = informers.of('Lease');
    this.nodeQueue = new WorkQueue(scope, 'node-lifecycle/nodes');
    this.podQueue = new WorkQueue(scope, 'node-lifecycle/pods');
    this.table = new NodeHealthTable();
    this.taintQueues = new Map();
    this.limits = {
      rate: params.number('evictionRate'),
      secondaryRate: params.number('secondaryEvictionRate'),
      largeZoneSize: params.number('largeClusterSizeThreshold'),
      unhealthyThreshold: params.number('unhealthyZoneThreshold'),
    };
    this.graceUs = params.number('monitorGracePeriod');
    this.startupGraceUs = params.number('startupGracePeriod');
    this.isLevelTriggered = params.boolean('levelTriggered');
    this.zoneStates = new Map();
    this.gridStartUs = 0;
    this.taintPassAtUs = Infinity;
    this.cancelTaintPass = doNothing;
    this.isTainting = false;
  }

  private get nowUs(): TimeUs {
    return this.host.ctx.engine.nowUs;
  }

  // Watched kinds

  run(): RunningController {
    indexByNode(this.pods);
    this.nodes.addHandlers({
      onAdd: (node) => this.handleNode(node),
      onUpdate: (_old, node) => this.handleNode(node),
      onDelete: (node) => this.table.markGone(node.metadata.name),
    });
    this.pods.addHandlers({
      onAdd: (pod) => this.handleBoundPod(pod),
      onUpdate: (old, pod) => {
        if (old.spec.nodeName !== pod.spec.nodeName) this.handleBoundPod(pod);
      },
    });
    const workers = this.host.params.number('workers');
    return {
      queues: [
        { queue: this.nodeQueue, workers, maxRetries: UNLIMITED_RETRIES, reconcile: (name) => this.mirrorConditions(name) },
        { queue: this.podQueue, workers: POD_WORKERS, maxRetries: UNLIMITED_RETRIES, reconcile: (key) => this.markBoundPod(key) },
      ],
      start: () => this.start(),
    };
  }

  private handleNode(node: Node): void {
    const { labels, name } = node.metadata;
    this.table.set(node, zoneKeyOf(labels), labels[LABEL_EXCLUDE_DISRUPTION] !== undefined);
    if (planNoScheduleTaints(node, 0) !== undefined) this.nodeQueue.add(name);
  }

  /** Only pods that may have to be marked are worth a turn; the worker looks again. */
  private handleBoundPod(pod: Pod): void {
    if (pod.spec.nodeName === '') return;
    const ready = this.table.find(pod.spec.nodeName)?.savedReady;
    if (ready !== undefined && ready.status !== 'True') this.podQueue.add(keyOf(pod));
  }

  // Reconcile: NoSchedule taints and pods bound late

  private *mirrorConditions(name: string): Op<ReconcileResult> {
    const node = this.nodes.get(name);
    const change = node === undefined ? undefined : planNoScheduleTaints(node, this.nowUs);
    if (change === undefined) return undefined;
    const refusal = yield* swapTaints(this.host.client, name, change);
    // A refusal is not tried again, but the next update of the node is; the latest is the kubelet's own status report.
    if (refusal !== undefined) this.nodeQueue.addAfter(name, STATUS_REPORT_US);
    return undefined;
  }

  private *markBoundPod(key: string): Op<ReconcileResult> {
    const pod = this.pods.get(key);
    if (pod === undefined) return undefined;
    const { nodeName } = pod.spec;
    const record = this.table.find(nodeName);
    if (record === undefined || !record.hasHealth) return undefined;
    if (this.nodes.get(nodeName) === undefined) return { message: `node ${nodeName} is not in the cache` };
    if (record.savedReady === undefined || record.savedReady.status === 'True') return undefined;
    return yield* this.markPodsNotReady([pod], nodeName);
  }

  // The health pass

  private start(): void {
    this.gridStartUs = this.nowUs;
    this.host.ctx.scope.spawn('node-lifecycle.monitor', this.monitor());
  }

  private *monitor(): Op<void> {
    const periodUs = this.host.params.number('monitorPeriod');
    for (;;) {
      yield* this.pass();
      yield* sleep(periodUs, { background: true });
    }
  }

  private *pass(): Op<void> {
    for (const { node } of this.table.dropGone()) {
      this.emitOnNode(node, 'RemovingNode', `Node ${node.metadata.name} event: Removing Node ${node.metadata.name} from Controller`);
    }
    const rows = this.table.sweep(this.nowUs, this.leases);
    if (rows.length > 0) {
      for (const row of rows) {
        const record = this.table.record(row);
        if (!record.isKnown) yield* this.welcome(record);
      }
      yield* this.lookAt(rows);
    }
    yield* this.judgeZones();
  }

  /** First sight of a node, also after a restart of this process: it starts without NoExecute taints. */
  private *welcome(record: HealthRecord): Op<void> {
    record.isKnown = true;
    this.emitOnNode(record.node, 'RegisteredNode', `Node ${record.name} event: Registered Node ${record.name} in Controller`);
    yield* this.markReachable(record.node, record.zone);
  }

  private *lookAt(rows: readonly number[]): Op<void> {
    // Most rows need no request; a process of its own for each worker is only worth it when several do.
    if (rows.length === 1) return yield* this.lookAtRow(rows[0]!);
    const left = rows.values();
    yield* all(Array.from({ length: Math.min(PASS_WORKERS, rows.length) }, () => this.lookAtEach(left)));
  }

  /** One of the workers that share the rows. */
  private *lookAtEach(rows: Iterator<number>): Op<void> {
    for (let next = rows.next(); next.done !== true; next = rows.next()) yield* this.lookAtRow(next.value);
  }

  private *lookAtRow(row: number): Op<void> {
    const record = this.table.record(row);
    const health = yield* this.updateHealth(row, record);
    if (health === undefined) {
      this.table.leaveOut(row);
      return;
    }
    const { node, observed, current } = health;
    const isReady = current?.status === 'True';
    if (current !== undefined) {
      yield* this.updateNoExecute(record, node, current);
      const isTransition = !isReady && observed === 'True';
      if (isTransition) this.emitOnNode(node, 'NodeNotReady', `Node ${record.name} status is now: NodeNotReady`);
      const isDue = isTransition || (this.isLevelTriggered && !isReady) || (record.mustRetryPods && observed !== 'True');
      if (isDue) {
        const error = yield* this.markPodsNotReady(podsOnNode(this.pods, record.name), record.name);
        record.mustRetryPods = error !== undefined;
      } else {
        record.mustRetryPods = false;
      }
    }
    const hasOurTaint = hasNoExecute(record.node, TAINT_UNREACHABLE) || hasNoExecute(record.node, TAINT_NOT_READY);
    // What changed while this look waited for replies must be looked at in the next pass.
    const isStale = record.node !== health.seen;
    this.table.settle(row, isReady, isStale || record.mustRetryPods || (current !== undefined && !isReady) || hasOurTaint);
  }

  /** Judges the node and, if it has been silent too long, writes that. Undefined when that could not be written. */
  private *updateHealth(
    row: number,
    record: HealthRecord,
  ): Op<{ seen: Node; node: Node; observed: string; current: NodeCondition | undefined } | undefined> {
    const seen = record.node;
    let node = seen;
    for (let attempt = 0; ; attempt++) {
      const { nowUs } = this;
      const observed = nodeCondition(node, 'Ready')?.status ?? 'Unknown';
      const isSilent = this.table.probe(row, node, nowUs, this.leases, this.graceUs, this.startupGraceUs);
      const silent = isSilent ? withUnknownConditions(node, nowUs) : node;
      const current = nodeCondition(silent, 'Ready');
      if (current === nodeCondition(node, 'Ready')) return { seen, node, observed, current };
      const written = yield* this.host.client.updateStatus(silent);
      if (!isApiStatus(written)) {
        this.table.noteWritten(row, current!);
        return { seen, node: silent, observed, current };
      }
      if (attempt + 1 === UPDATE_TRIES) return undefined;
      const fresh = yield* this.host.client.get('Node', record.name);
      if (isApiStatus(fresh)) return undefined;
      node = fresh;
      yield* sleep(UPDATE_PAUSE_US);
    }
  }

  private *updateNoExecute(record: HealthRecord, node: Node, ready: NodeCondition): Op<void> {
    if (ready.status === 'True') {
      yield* this.markReachable(node, record.zone);
      return;
    }
    const wanted = ready.status === 'False' ? TAINT_NOT_READY : TAINT_UNREACHABLE;
    const opposite = ready.status === 'False' ? TAINT_UNREACHABLE : TAINT_NOT_READY;
    if (hasNoExecute(node, opposite)) {
      // The node is tainted already, only for the other reason: no need to queue again.
      yield* this.swapNoExecute(record.name, wanted, opposite);
      return;
    }
    const queue = this.taintQueue(record.zone);
    if (!hasNoExecute(node, wanted)) queue.remove(record.name);
    if (queue.add(record.name)) this.scheduleTaintPass(this.nowUs);
  }

  private *markReachable(node: Node, zone: string): Op<void> {
    const remove = [TAINT_UNREACHABLE, TAINT_NOT_READY]
      .filter((key) => hasNoExecute(node, key))
      .map((key) => newTaint(key, 'NoExecute', undefined));
    if (remove.length > 0) {
      const error = yield* swapTaints(this.host.client, node.metadata.name, { add: [], remove });
      // The mark stays too: the next pass tries again.
      if (error !== undefined) return;
    }
    this.taintQueue(zone).remove(node.metadata.name);
  }

  private *swapNoExecute(name: string, add: string, remove: string): Op<boolean> {
    const error = yield* swapTaints(this.host.client, name, {
      add: [newTaint(add, 'NoExecute', this.nowUs)],
      remove: [newTaint(remove, 'NoExecute', undefined)],
    });
    return error === undefined;
  }

  /** Sets Ready=False on every pod of the node; gives the first error, after trying all. */
  private *markPodsNotReady(pods: readonly Pod[], nodeName: string): Op<ReconcileResult> {
    let error: ReconcileResult;
    for (const pod of pods) {
      if (pod.spec.nodeName !== nodeName) continue;
      const ready = podCondition(pod, 'Ready');
      if (ready === undefined || ready.status === 'False') continue;
      const conditions = withCondition(pod.status.conditions, { ...ready, status: 'False', lastTransitionTime: this.nowUs });
      const updated = yield* this.host.client.updateStatus(withPodConditions(pod, conditions));
      if (isApiStatus(updated)) {
        if (updated.isNotFound) continue;
        error ??= updated;
      }
      this.host.ctx.events.emit(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    }
    return error;
  }

  // Zones

  private *judgeZones(): Op<void> {
    const { nowUs } = this;
    const plan = planDisruption(this.table.countZones(), this.zoneStates, this.limits);
    this.zoneStates = plan.states;
    if (plan.fullDisruption === 'entered') {
      for (const record of [...this.table.all()]) yield* this.markReachable(record.node, record.zone);
    } else if (plan.fullDisruption === 'left') {
      this.table.resetProbes(nowUs);
    }
    if (plan.rates.size === 0) return;
    for (const [zone, rate] of plan.rates) this.taintQueue(zone).setRate(rate, this.nowUs);
    this.scheduleTaintPass(this.nowUs);
  }

  private taintQueue(zone: string): ZoneTaintQueue {
    let queue = this.taintQueues.get(zone);
    if (queue === undefined) {
      queue = new ZoneTaintQueue(this.limits.rate);
      this.taintQueues.set(zone, queue);
    }
    return queue;
  }

  // The NoExecute pass

  /** Arranges a pass for when the first node can be taken, not before `earliestUs`. */
  private scheduleTaintPass(earliestUs: TimeUs): void {
    if (this.isTainting) return;
    let dueUs = Infinity;
    for (const queue of this.taintQueues.values()) dueUs = Math.min(dueUs, queue.nextUs);
    if (dueUs === Infinity) return;
    const sinceStart = Math.max(dueUs, earliestUs) - this.gridStartUs;
    const atUs = this.gridStartUs + Math.ceil(sinceStart / TAINT_PERIOD_US) * TAINT_PERIOD_US;
    if (atUs >= this.taintPassAtUs) return;
    this.cancelTaintPass();
    this.taintPassAtUs = atUs;
    this.cancelTaintPass = this.host.ctx.scope.timer('node-lifecycle.taint', atUs - this.nowUs, () => {
      this.taintPassAtUs = Infinity;
      this.isTainting = true;
      this.host.ctx.scope.spawn('node-lifecycle.taint', this.taintPass());
    });
  }

  private *taintPass(): Op<void> {
    const zones = [...this.taintQueues.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    for (const zone of zones) {
      const queue = this.taintQueues.get(zone)!;
      for (let name = queue.tryHead(this.nowUs); name !== undefined; name = queue.tryHead(this.nowUs)) {
        queue.finish(name, yield* this.taintNode(name));
      }
    }
    this.isTainting = false;
    this.scheduleTaintPass(this.nowUs + TAINT_PERIOD_US);
  }

  /** True when the node needs no further try. */
  private *taintNode(name: string): Op<boolean> {
    const node = this.nodes.get(name);
    const status = node === undefined ? undefined : nodeCondition(node, 'Ready')?.status;
    if (status === 'False') return yield* this.swapNoExecute(name, TAINT_NOT_READY, TAINT_UNREACHABLE);
    if (status === 'Unknown') return yield* this.swapNoExecute(name, TAINT_UNREACHABLE, TAINT_NOT_READY);
    // Gone, or ready again in the meantime.
    return true;
  }

  private emitOnNode(node: Node, reason: string, message: string): void {
    this.host.ctx.events.emit(node, 'Normal', reason, message);
  }
}

/** The node with its live conditions Unknown; the same object when they are already. */
function withUnknownConditions(node: Node, nowUs: TimeUs): Node {
  let conditions = node.status.conditions;
  for (const type of LIVE_CONDITIONS) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const old = conditions[index];
    if (old === undefined) {
      const never: NodeCondition = {
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: nowUs,
      };
      conditions = [...conditions, never];
    } else if (old.status !== 'Unknown') {
      const stopped: NodeCondition = {
        ...old,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: nowUs,
      };
      conditions = conditions.with(index, stopped);
    }
  }
  if (conditions === node.status.conditions) return node;
  const next = copyNode(node);
  const status = copyNodeStatus(node.status);
  status.conditions = conditions;
  next.status = status;
  return next;
}
