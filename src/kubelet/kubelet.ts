/**
 * Kubelet: the node agent's process. It knows its pods from its own informer, directs the machine, and reports.
 *
 * It is built anew at every start of the process: everything it remembers is lost in a crash, while the machine and its containers go on.
 *
 * HOT       handlers run once per change of a pod of the node
 * Models    kubernetes v1.34 pkg/kubelet/kubelet.go: syncLoop, HandlePodAdditions/Updates/Removes, housekeeping, admission order
 * Differs   no node-pressure eviction, no static pods, no graceful node shutdown, no volume manager: mounting is a delay
 * Units     microseconds
 * Order     pods of the first list by creation time, then name; later ones as the watch brings them
 */

import { compareCodeUnits } from '../base/compare.ts';
import type { Client } from '../client/client.ts';
import type { ComponentContext } from '../client/component-context.ts';
import { sampleUs } from '../engine/distributions.ts';
import { type Engine, type EventHandle, NO_EVENT } from '../engine/engine.ts';
import type { Scope } from '../engine/process.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Node } from '../objects/node.ts';
import { isTerminal, type Pod } from '../objects/pod.ts';
import { podRequests, type Resources } from '../objects/pod-requests.ts';
import {
  allocatableResources,
  checkAdmission,
  findShortages,
  type HostPort,
  hostPortsOf,
  isCriticalPod,
  NodeLoad,
  planPreemption,
  type Refusal,
} from './admission.ts';
import { RUNNING } from './container-state.ts';
import type { NodeImages } from './images.ts';
import type { Machine } from './machine.ts';
import { NodeReporter, type NodeReporterHost } from './node-reporter.ts';
import type { NodeServices, Timed } from './node-services.ts';
import type { PodHost } from './pod-host.ts';
import { differsFrom } from './pod-status.ts';
import { PodWorker, SYNCING, TERMINATED } from './pod-worker.ts';
import type { KubeletProfile, KubeletTimes } from './profiles.ts';
import { StatusWriter, type StatusWriterHost } from './status-writer.ts';
import { type PodStage, type PodStageRecord, podStartTopic } from './topics.ts';

/** What a kubelet process finds on its node. */
export interface KubeletHome {
  readonly services: NodeServices;
  readonly template: Node;
  readonly nodeId: number;
  readonly machine: Machine;
  readonly images: NodeImages;
  readonly uniform: () => number;
  sample(time: keyof KubeletTimes): number;
  /** Whether requests reach an API server and answers come back. */
  readonly isConnected: boolean;
  /** The node is registered: heartbeats may begin. */
  handleRegistered(): void;
}

const HOUSEKEEPING_US = 2 * SECOND_US;
/** Containers of pods nobody knows are killed with this grace, in seconds. */
const ORPHAN_GRACE_S = 1;

export class Kubelet implements PodHost, StatusWriterHost, NodeReporterHost {
  readonly services: NodeServices;
  readonly engine: Engine;
  readonly profile: KubeletProfile;
  readonly machine: Machine;
  readonly images: NodeImages;
  readonly template: Node;
  readonly nodeId: number;
  readonly client: Client;
  readonly startedUs: number;
  readonly uniform: () => number;
  readonly reporter: NodeReporter;
  startingCount: number;

  private readonly home: KubeletHome;
  private readonly ctx: ComponentContext;
  private readonly scope: Scope;
  private readonly writer: StatusWriter;
  private readonly workers: Map<string, PodWorker>;
  private readonly load: NodeLoad;
  readonly stopsAtOnce: boolean;
  private readonly pretendsImages: boolean;
  private node: Node;
  private allocatable: Resources;
  private waitingPods: Pod[] | undefined;
  private victimWaiters: Pod[];
  private changed: PodWorker[];
  private relistHandle: EventHandle;
  private retryHandle: EventHandle;
  private readonly relistPhaseUs: number;
  private readonly relistTimer: Timed;
  private readonly retryTimer: Timed;

  constructor(home: KubeletHome, ctx: ComponentContext, isRegistered: boolean) {
    this.home = home;
    this.ctx = ctx;
    this.scope = ctx.scope;
    this.services = home.services;
    this.engine = ctx.engine;
    this.profile = home.services.profile;
    this.machine = home.machine;
    this.images = home.images;
    this.template = home.template;
    this.nodeId = home.nodeId;
    this.client = ctx.client;
    this.startedUs = ctx.engine.nowUs;
    this.uniform = home.uniform;
    this.startingCount = 0;
    this.writer = new StatusWriter(this);
    this.reporter = new NodeReporter(this);
    this.workers = new Map();
    this.load = new NodeLoad();
    const { imageBytes, registryLatency } = this.profile;
    this.pretendsImages = imageBytes === 0 && isZero(registryLatency);
    this.stopsAtOnce = isZero(this.profile.sandboxStop);
    this.node = home.template;
    this.allocatable = allocatableResources(home.template);
    this.waitingPods = [];
    this.victimWaiters = [];
    this.changed = [];
    this.relistHandle = NO_EVENT;
    this.retryHandle = NO_EVENT;
    this.relistPhaseUs = this.profile.plegPeriodUs === 0 ? 0 : Math.floor(home.uniform() * this.profile.plegPeriodUs);
    this.relistTimer = { handleTimer: () => this.whenThawed(() => this.relist()) };
    this.retryTimer = { handleTimer: () => this.whenThawed(() => this.retry()) };
    this.start(isRegistered);
  }

  // The process ---------------------------------------------------------------------------------------

  get nowUs(): number {
    return this.engine.nowUs;
  }

  get isAlive(): boolean {
    return this.scope.isAlive;
  }

  get isFrozen(): boolean {
    return this.scope.isFrozen;
  }

  get isConnected(): boolean {
    return this.home.isConnected;
  }

  whenThawed(run: () => void): void {
    if (!this.scope.isFrozen) {
      if (this.scope.isAlive) run();
    } else {
      this.scope.whenThawed(run);
    }
  }

  sample(time: keyof KubeletTimes): number {
    const distribution = this.profile[time];
    return distribution.kind === 'constant' ? sampleUs(distribution, this.services.rng) : this.home.sample(time);
  }

  handleRegistered(): void {
    this.home.handleRegistered();
  }

  /** The pods the process knows, in the order it met them. */
  pods(): IterableIterator<PodWorker> {
    return this.workers.values();
  }

  /** What the process counts as taken. */
  get takenLoad(): NodeLoad {
    return this.load;
  }

  /** The connection to the API server changed. */
  handleConnection(): void {
    if (!this.home.isConnected) return;
    if (!this.writer.isIdle) this.scheduleRetry();
    this.reporter.handleConnection();
  }

  private start(isRegistered: boolean): void {
    const { informers } = this.ctx;
    const nodeName = this.template.metadata.name;
    const pods = informers.of('Pod', { nodeName });
    const nodes = informers.of('Node', { nodeName });
    nodes.addHandlers({
      onAdd: (node) => this.handleNode(node),
      onUpdate: (_old, node) => this.handleNode(node),
    });
    pods.addHandlers({
      onAdd: (pod) => {
        if (this.waitingPods !== undefined) this.waitingPods.push(pod);
        else this.handleAdd(pod);
      },
      onUpdate: (old, next) => this.handleUpdate(old, next),
      onDelete: (pod) => this.handleRemove(pod),
    });
    if (isRegistered) this.reporter.assumeRegistered();
    else this.reporter.register();
    // Runtime and network are up when the process is: their start is part of the profile's kubeletStart.
    this.reporter.becomeReady();
    informers.whenSynced(() => this.handleSynced());
  }

  /** The first lists are there: old pods are admitted again, and what runs without a pod is killed. */
  private handleSynced(): void {
    const pods = this.waitingPods ?? [];
    this.waitingPods = undefined;
    pods.sort(
      (a, b) =>
        a.metadata.creationTimestamp - b.metadata.creationTimestamp ||
        compareCodeUnits(a.metadata.name, b.metadata.name) ||
        compareCodeUnits(a.metadata.uid, b.metadata.uid),
    );
    for (const pod of pods) this.handleAdd(pod);
    this.scope.timer('kubelet.housekeeping', HOUSEKEEPING_US, () => this.killOrphans(), { background: !this.hasOrphans() });
  }

  private handleNode(node: Node): void {
    if (node.status.allocatable !== this.node.status.allocatable) this.allocatable = allocatableResources(node);
    this.node = node;
    this.reporter.handleNode(node);
  }

  private *orphans() {
    for (const sandbox of this.machine.sandboxes()) if (sandbox.owner === undefined && sandbox.runningCount > 0) yield sandbox;
  }

  private hasOrphans(): boolean {
    return this.orphans().next().done !== true;
  }

  /** Containers of pods that no worker knows, such as those refused or deleted while the process was down. */
  private killOrphans(): void {
    const endUs = this.nowUs + ORPHAN_GRACE_S * SECOND_US;
    for (const sandbox of this.orphans()) {
      for (const run of sandbox.runs) if (run.state === RUNNING) this.machine.planEnd(run, Math.min(run.endUs, endUs), 137, 'Error');
    }
    // Exited containers of pods that went while the process was down.
    for (const { uid, runningCount } of this.machine.sandboxes())
      if (runningCount === 0 && !this.workers.has(uid)) this.machine.forget(uid);
  }

  // Pods from the API server ---------------------------------------------------------------------------

  private handleAdd(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (this.workers.has(uid)) return;
    const sandbox = this.machine.sandbox(uid);
    if (isTerminal(pod)) {
      if (deletionTimestamp === undefined) return;
      const worker = this.newWorker(pod);
      worker.resumeFinished();
      this.writer.enqueue(worker);
      return;
    }
    this.announce(pod, 'seen', '');
    if (deletionTimestamp !== undefined) {
      const worker = this.newWorker(pod);
      if (sandbox !== undefined) worker.adopt(sandbox);
      this.take(worker);
      worker.terminate(pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds);
      return;
    }
    this.admit(pod);
  }

  private handleUpdate(old: Pod, next: Pod): void {
    if (this.waitingPods !== undefined) {
      this.waitingPods = this.waitingPods.map((pod) => (pod.metadata.uid === old.metadata.uid ? next : pod));
      return;
    }
    if (old.metadata.uid !== next.metadata.uid) {
      // Deleted and created again between two looks at the API server.
      this.handleRemove(old);
      this.handleAdd(next);
      return;
    }
    const worker = this.workers.get(next.metadata.uid);
    if (worker === undefined) {
      this.handleAdd(next);
      return;
    }
    worker.pod = next;
    if (next.metadata.deletionTimestamp !== undefined) {
      if (worker.isFinished) this.writer.enqueue(worker);
      else worker.terminate(next.metadata.deletionGracePeriodSeconds ?? next.spec.terminationGracePeriodSeconds);
    } else if (isTerminal(next)) {
      if (worker.phase === SYNCING) worker.terminate(next.spec.terminationGracePeriodSeconds);
      else this.handleReported(worker);
    }
    this.reconcileStatus(worker);
  }

  /** Somebody else wrote the status since it was last reported: it is written back at the next round. */
  private reconcileStatus(worker: PodWorker): void {
    const { pod } = worker;
    if (worker.isStatusDirty || pod.metadata.resourceVersion < worker.reportedVersion) return;
    if (!differsFrom(pod.status, worker.status)) return;
    worker.isStatusDirty = true;
    this.writer.keep(worker);
  }

  private handleRemove(pod: Pod): void {
    if (this.waitingPods !== undefined) {
      this.waitingPods = this.waitingPods.filter((waiting) => waiting.metadata.uid !== pod.metadata.uid);
      return;
    }
    const worker = this.workers.get(pod.metadata.uid);
    if (worker === undefined) return;
    worker.isRemoved = true;
    if (worker.isFinished) this.forget(worker);
    else worker.terminate(worker.pod.spec.terminationGracePeriodSeconds);
  }

  /** The API server knows how the pod ended, or has it no more: neither do its exited containers have to be kept. */
  private forget(worker: PodWorker): void {
    this.workers.delete(worker.uid);
    this.machine.forget(worker.uid);
  }

  private newWorker(pod: Pod): PodWorker {
    const worker = new PodWorker(this, pod, podRequests(pod));
    this.workers.set(worker.uid, worker);
    return worker;
  }

  private take(worker: PodWorker): void {
    worker.isCounted = true;
    this.load.add(worker.requests);
  }

  private admit(pod: Pod): void {
    const requests = podRequests(pod);
    const refusal = checkAdmission(pod, requests, this.node, this.allocatable, this.load, () => this.portsInUse());
    if (refusal !== undefined) {
      if (this.preemptFor(pod, refusal)) return;
      const worker = this.newWorker(pod);
      this.emitEvent(pod, 'Warning', refusal.reason, refusal.message);
      this.announce(pod, 'refused', refusal.reason);
      worker.refuse(refusal.reason, refusal.message);
      return;
    }
    const worker = this.newWorker(pod);
    this.take(worker);
    worker.begin(this.machine.sandbox(pod.metadata.uid));
  }

  private portsInUse(): HostPort[] {
    const found: HostPort[] = [];
    for (const worker of this.workers.values()) if (worker.isCounted) found.push(...hostPortsOf(worker.pod));
    return found;
  }

  /** Whether a critical pod waits for others that were pushed off to make room. */
  private preemptFor(pod: Pod, refusal: Refusal): boolean {
    if (refusal.shortages.length === 0 || !isCriticalPod(pod)) return false;
    const candidates = [...this.workers.values()].filter((worker) => worker.isCounted && worker.phase === SYNCING);
    const victims = planPreemption(
      pod,
      refusal.shortages,
      candidates.map((worker) => worker.pod),
    );
    if (victims === undefined) return false;
    this.victimWaiters.push(pod);
    for (const victim of victims) {
      const worker = this.workers.get(victim.metadata.uid)!;
      this.emitEvent(victim, 'Warning', 'Preempting', 'Preempted in order to admit critical pod');
      worker.fail('Preempting', 'Preempted in order to admit critical pod', victim.spec.terminationGracePeriodSeconds, true);
    }
    return true;
  }

  private admitWaiters(): void {
    const waiters = this.victimWaiters;
    this.victimWaiters = [];
    for (const pod of waiters) {
      const isStillShort = findShortages(podRequests(pod), this.allocatable, this.load).length > 0;
      const hasVictims = [...this.workers.values()].some((worker) => worker.isCounted && worker.failure?.reason === 'Preempting');
      if (isStillShort && hasVictims) this.victimWaiters.push(pod);
      else this.admit(pod);
    }
  }

  // PodHost -------------------------------------------------------------------------------------------

  hasImage(image: string): boolean {
    return this.pretendsImages || this.images.has(image);
  }

  noteImage(): void {
    this.reporter.noteImages();
  }

  noteChange(worker: PodWorker): void {
    if (worker.isChanged) return;
    worker.isChanged = true;
    const { plegPeriodUs } = this.profile;
    this.changed.push(worker);
    if (this.relistHandle !== NO_EVENT) return;
    const nowUs = this.nowUs;
    const delayUs = plegPeriodUs === 0 ? 0 : plegPeriodUs - ((nowUs - this.relistPhaseUs + plegPeriodUs) % plegPeriodUs);
    this.relistHandle = this.engine.schedule(this.services.relistKind, delayUs, this.nodeId, this.relistTimer);
  }

  private relist(): void {
    this.relistHandle = NO_EVENT;
    const workers = this.changed;
    this.changed = [];
    for (const worker of workers) worker.observe();
  }

  enqueueStatus(worker: PodWorker): void {
    if (!worker.isRemoved) this.writer.enqueue(worker);
  }

  release(worker: PodWorker): void {
    if (!worker.isCounted) return;
    const delayUs = this.sample('release') + this.machine.holdUs;
    if (delayUs > 0) this.scope.timer('kubelet.release', delayUs, () => this.free(worker));
    else this.free(worker);
  }

  private free(worker: PodWorker): void {
    if (!worker.isCounted) return;
    worker.isCounted = false;
    this.load.remove(worker.requests);
    if (this.victimWaiters.length > 0) this.admitWaiters();
  }

  handleFinished(worker: PodWorker): void {
    if (worker.isRemoved) this.forget(worker);
    else if (worker.pod.metadata.deletionTimestamp !== undefined) this.writer.enqueue(worker);
    else this.handleReported(worker);
  }

  announce(pod: Pod, stage: PodStage, detail: string): void {
    const { observers } = this.engine;
    if (!observers.has(podStartTopic)) return;
    const { name, namespace, uid } = pod.metadata;
    const record: PodStageRecord = { stage, nodeName: this.template.metadata.name, podUid: uid, namespace, podName: name, detail };
    observers.emit(podStartTopic, record, this.nowUs);
  }

  emitEvent(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.ctx.events.emit(pod, type, reason, message);
  }

  // StatusWriterHost ------------------------------------------------------------------------------------

  scheduleRetry(): void {
    if (this.retryHandle !== NO_EVENT) this.engine.cancel(this.retryHandle);
    const { retryKind, idleRetryKind } = this.services;
    const periodUs = this.profile.statusPeriodUs;
    const delayUs = periodUs - ((this.nowUs - this.startedUs) % periodUs);
    const kind = this.home.isConnected ? retryKind : idleRetryKind;
    this.retryHandle = this.engine.schedule(kind, delayUs, this.nodeId, this.retryTimer);
  }

  handleGone(worker: PodWorker): void {
    // The watch will say so too; until then the pod is treated as there.
    if (worker.phase === TERMINATED && worker.isFinished) worker.isRemoved = true;
  }

  handleReported(worker: PodWorker): void {
    // Nothing is left to do for a finished pod but to remove it when its object is deleted; that needs no memory of it. An older state may
    // still be on its way from the watch, and must not be taken for a new pod: the own view has to show the end too.
    if (worker.isFinished && !worker.isStatusDirty && isTerminal(worker.pod)) this.forget(worker);
    // The answer may have come later than news of what was written after it.
    else this.reconcileStatus(worker);
  }

  private retry(): void {
    this.retryHandle = NO_EVENT;
    this.writer.retry();
  }
}

function isZero(distribution: { readonly kind: string; readonly value?: number }): boolean {
  return distribution.kind === 'constant' && distribution.value === 0;
}
