/**
 * PodWorker: one pod in the hands of a kubelet process, from admission to the end.
 *
 *   SYNCING ──> TERMINATING ──> TERMINATED ──> finished
 *
 * HOT       a pod that starts, gets ready and ends takes about six calls of `handleTimer`
 * Models    kubernetes v1.34 pkg/kubelet/pod_workers.go, kuberuntime SyncPod (computePodActions, startContainer)
 * Differs   a pass over the containers is one timer after the other instead of a goroutine; mounting, cgroups and sandbox are one step;
 *           ephemeral containers, in-place resize and postStart hooks do not exist; a stop under way survives a kubelet crash
 * Units     microseconds
 * Order     containers in the order of the spec, init containers first; a failed start of one does not keep the next from starting
 */

import type { EventHandle } from '../engine/engine.ts';
import { NO_EVENT } from '../engine/engine.ts';
import { TIME_LIMIT_US } from '../engine/event-queue.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Pod, PodStatus } from '../objects/pod.ts';
import type { Resources } from '../objects/pod-requests.ts';
import { behaviourOf, type PodBehaviour } from './behaviour.ts';
import { hasRegularStarted, isComplete, restartsAfter } from './completion.ts';
import { type ContainerRun, containerAt, containerCount, EXITED, initCount, isSidecar, RUNNING, type Sandbox } from './container-state.ts';
import { CrashLoop, nextLookUs } from './crash-loop.ts';
import type { Timed } from './node-services.ts';
import type { PodHost } from './pod-host.ts';
import { PodImages } from './pod-images.ts';
import { generateStatus, isSameStatus, type StatusInput } from './pod-status.ts';
import { ContainerProbes } from './probe-worker.ts';
import { planRun } from './run-plan.ts';
import { planStops, type StopInput } from './stop-plan.ts';

export const SYNCING = 0;
const TERMINATING = 1;
export const TERMINATED = 2;

/** What the pending timer is for. */
const STEP_NONE = 0;
const STEP_SANDBOX = 1;
const STEP_CONTAINER = 2;
const STEP_SYNC = 3;
const STEP_STOPPED = 4;
const STEP_CLEANED = 5;

const NO_NAMES: readonly string[] = [];

export class PodWorker implements Timed, StatusInput {
  readonly host: PodHost;
  readonly id: number;
  readonly uid: string;
  readonly key: string;
  readonly behaviour: PodBehaviour;
  readonly requests: Resources;
  readonly startUs: number;
  /** As the API server has shown it last. */
  pod: Pod;
  phase: number;
  sandbox: Sandbox | undefined;
  /** The last status made; what the API server should show. */
  status: PodStatus;

  // For the kubelet and its status writer.
  /** Whether its requests count for admission. */
  isCounted: boolean;
  /** Waits for the next look at the containers. */
  isChanged: boolean;
  isStatusDirty: boolean;
  isStatusQueued: boolean;
  /** resourceVersion of the object as the last status write left it; 0 before the first. */
  reportedVersion: number;
  /** Everything is cleaned up: the API object may go. */
  isFinished: boolean;
  /** The API object is gone. */
  isRemoved: boolean;

  // StatusInput
  waiting: string[] | typeof NO_NAMES;
  readonly ready: boolean[];
  readonly started: boolean[];
  failure: { readonly reason: string; readonly message: string } | undefined;
  isDisrupted: boolean;
  isStopped: boolean;

  /** A pass over the containers is under way. */
  private isBusy: boolean;
  private syncAgain: boolean;
  private cursor: number;
  /** When the earliest container in back-off may start; Infinity when none waits. */
  private retryReadyUs: number;
  private hasFailed: boolean;
  private isFirstPass: boolean;
  private step: number;
  private handle: EventHandle;
  private deadlineHandle: EventHandle;
  private graceUs: number;
  private images: PodImages | undefined;
  private crashLoops: (CrashLoop | undefined)[] | undefined;
  private probes: (ContainerProbes | undefined)[] | undefined;

  constructor(host: PodHost, pod: Pod, requests: Resources) {
    this.host = host;
    this.id = host.services.newId();
    this.uid = pod.metadata.uid;
    this.key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.behaviour = behaviourOf(pod.metadata.annotations, `pod ${this.key}`);
    this.requests = requests;
    this.startUs = pod.status.startTime ?? host.nowUs;
    this.pod = pod;
    this.phase = SYNCING;
    this.sandbox = undefined;
    this.status = pod.status;
    this.isCounted = false;
    this.isChanged = false;
    this.isStatusDirty = false;
    this.isStatusQueued = false;
    this.reportedVersion = 0;
    this.isFinished = false;
    this.isRemoved = false;
    this.waiting = NO_NAMES;
    const count = containerCount(pod);
    this.ready = new Array<boolean>(count).fill(false);
    this.started = new Array<boolean>(count).fill(false);
    this.failure = undefined;
    this.isDisrupted = false;
    this.isStopped = false;
    this.isBusy = false;
    this.syncAgain = false;
    this.cursor = 0;
    this.retryReadyUs = Infinity;
    this.hasFailed = false;
    this.isFirstPass = false;
    this.step = STEP_NONE;
    this.handle = NO_EVENT;
    this.deadlineHandle = NO_EVENT;
    this.graceUs = Infinity;
    this.images = undefined;
    this.crashLoops = undefined;
    this.probes = undefined;
  }

  get runs(): readonly ContainerRun[] | undefined {
    return this.sandbox?.runs;
  }

  get hasNetwork(): boolean {
    return this.sandbox?.isReady ?? false;
  }

  get podIP(): string {
    return this.sandbox?.podIP ?? '';
  }

  get isTerminating(): boolean {
    return this.phase !== SYNCING;
  }

  // From admission to running ------------------------------------------------------------------------

  /** Begins work on an admitted pod. `known` is its sandbox when an earlier kubelet process made one. */
  begin(known: Sandbox | undefined): void {
    const { host } = this;
    if (known !== undefined) {
      this.adopt(known);
      this.armProbes();
    }
    const deadline = this.pod.spec.activeDeadlineSeconds;
    if (deadline !== undefined) {
      const dueUs = Math.max(host.nowUs, this.startUs + deadline * SECOND_US);
      if (dueUs < TIME_LIMIT_US)
        this.deadlineHandle = host.engine.scheduleAt(host.services.deadlineKind, dueUs, this.id, {
          handleTimer: () => this.handleDeadline(),
        });
    }
    if (host.profile.reportsPending || known !== undefined) this.publish();
    if (known !== undefined) this.schedule(STEP_SYNC, host.sample('reaction'));
    else this.makeSandbox(host.sample('reaction'));
  }

  /** Something about the containers changed or is due: decides what to do, from what is. */
  sync(): void {
    if (this.phase !== SYNCING) return;
    if (this.isBusy) {
      this.syncAgain = true;
      return;
    }
    if (this.step === STEP_SYNC) this.cancelStep();
    if (isComplete(this.pod, this.runs)) {
      this.terminate(this.pod.spec.terminationGracePeriodSeconds);
      return;
    }
    if (this.sandbox === undefined || !this.sandbox.isReady) {
      this.makeSandbox(0);
      return;
    }
    this.startPass();
  }

  handleTimer(): void {
    if (!this.host.isAlive) return;
    if (this.host.isFrozen) {
      this.host.whenThawed(() => this.handleTimer());
      return;
    }
    this.handle = NO_EVENT;
    this.runStep();
  }

  handleContainerEnd(index: number): void {
    this.probes?.[index]?.stop();
    this.ready[index] = false;
    this.started[index] = false;
    if (!this.host.isAlive) return;
    if (this.phase === TERMINATING) {
      if (this.sandbox!.runningCount === 0 && this.step === STEP_NONE) this.scheduleStopped();
    } else {
      this.host.noteChange(this);
    }
  }

  /** A look at the containers found this pod changed. */
  observe(): void {
    this.isChanged = false;
    if (this.phase !== SYNCING) return;
    // A pod that is over and takes no time to clean up is reported once, with its last phase.
    const endsNow = !this.isBusy && this.sandbox?.runningCount === 0 && this.host.stopsAtOnce && isComplete(this.pod, this.runs);
    if (!endsNow) this.publish();
    this.armProbes();
    this.sync();
  }

  private runStep(): void {
    const { step } = this;
    this.step = STEP_NONE;
    switch (step) {
      case STEP_SANDBOX:
        this.adopt(this.host.machine.createSandbox(this.pod));
        this.host.announce(this.pod, 'sandbox-ready', '');
        this.isBusy = false;
        this.startPass();
        break;
      case STEP_CONTAINER:
        this.startContainer(this.cursor);
        // The pass goes on at the same place: an init container that now runs holds up the rest.
        this.continuePass();
        break;
      case STEP_SYNC:
        this.publish();
        this.sync();
        break;
      case STEP_STOPPED:
        this.handleStopped();
        break;
      case STEP_CLEANED:
        this.handleCleaned();
        break;
      default:
        break;
    }
  }

  private schedule(step: number, delayUs: number): void {
    this.step = step;
    // No time passes and no kubelet can die in between: not worth an event.
    if (delayUs === 0 && !this.host.isFrozen) {
      this.runStep();
      return;
    }
    const { engine, services } = this.host;
    this.handle = engine.schedule(services.stepKind, delayUs, this.id, this);
  }

  private cancelStep(): void {
    if (this.handle !== NO_EVENT) this.host.engine.cancel(this.handle);
    this.handle = NO_EVENT;
    this.step = STEP_NONE;
  }

  /** Directs the containers of this sandbox from now on; an earlier kubelet process may have started them. */
  adopt(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    sandbox.owner = this;
    for (let i = 0; i < sandbox.runs.length; i++) {
      if (sandbox.runs[i]!.state === RUNNING) this.noteStarted(i, true);
    }
  }

  private makeSandbox(reactionUs: number): void {
    const { host } = this;
    this.isBusy = true;
    this.isFirstPass = true;
    let delayUs = reactionUs;
    if (this.pod.spec.volumes.length > 0) delayUs += host.sample('volumeWait');
    const makeUs = host.sample('sandboxCreate') + host.startingCount * host.sample('sandboxContention');
    host.startingCount++;
    this.schedule(STEP_SANDBOX, delayUs + Math.round(makeUs * host.machine.slowdown));
  }

  // A pass over the containers -----------------------------------------------------------------------

  private startPass(): void {
    this.isBusy = true;
    this.cursor = 0;
    this.retryReadyUs = Infinity;
    this.hasFailed = false;
    this.continuePass();
  }

  private continuePass(): void {
    const { pod } = this;
    const runs = this.sandbox!.runs;
    const inits = initCount(pod);
    const anyRegularStarted = hasRegularStarted(pod, runs);
    for (; this.cursor < runs.length; this.cursor++) {
      const i = this.cursor;
      const run = runs[i]!;
      const container = containerAt(pod, i);
      const isInit = i < inits;
      const sidecar = isInit && isSidecar(container);
      if (run.state === RUNNING) {
        // A running init container, or a sidecar that has not passed its startup probe, holds up everything behind it.
        if (isInit && !anyRegularStarted && (!sidecar || !this.started[i])) break;
        continue;
      }
      if (isInit && !sidecar) {
        if (anyRegularStarted || (run.state === EXITED && run.exitCode === 0)) continue;
      } else if (!isInit && run.state === EXITED && !restartsAfter(pod, run)) {
        continue;
      }
      if (run.state === EXITED && !this.mayRestart(run)) {
        this.setWaiting(i, 'CrashLoopBackOff');
        if (isInit && !sidecar) break;
        continue;
      }
      this.images ??= new PodImages(this);
      const image = this.images.check(i);
      if (image === 'present') {
        this.scheduleStart();
        return;
      }
      if (image === 'pulling') return;
      if (isInit && !sidecar) break;
    }
    this.endPass();
  }

  private endPass(): void {
    const { host } = this;
    this.isBusy = false;
    if (this.isFirstPass) {
      this.isFirstPass = false;
      host.startingCount--;
    }
    if (this.hasFailed && this.step === STEP_NONE) {
      const nowUs = host.nowUs;
      // The first look after a failure reports the reason; looks in between that would find the same are skipped.
      const isReported = this.status.containerStatuses.some((s) => s.current.state === 'waiting' && s.current.reason.endsWith('BackOff'));
      const dueUs = nextLookUs(nowUs, isReported ? this.retryReadyUs : nowUs, host.profile.retryPeriodUs, host.uniform);
      this.schedule(STEP_SYNC, dueUs - nowUs);
    }
    if (this.syncAgain) {
      this.syncAgain = false;
      this.publish();
      this.armProbes();
      this.sync();
    }
  }

  private scheduleStart(): void {
    const { host } = this;
    const makeUs = host.sample('containerCreate') + host.sample('containerStart');
    this.schedule(STEP_CONTAINER, Math.round(makeUs * host.machine.slowdown));
  }

  private startContainer(i: number): void {
    const { host, pod } = this;
    const run = this.sandbox!.runs[i]!;
    const nowUs = host.nowUs;
    if (run.state === EXITED) {
      this.crashLoops ??= [];
      this.crashLoops[i] ??= new CrashLoop();
      this.crashLoops[i].noteStart(run.finishedUs, nowUs);
    }
    if (this.waiting.length > 0) this.setWaiting(i, '');
    const { lifeUs, exitCode } = planRun(pod, i, run.starts, this.behaviour, host);
    host.machine.startRun(run, nowUs + lifeUs, exitCode, exitCode === 0 ? 'Completed' : 'Error');
    this.noteStarted(i, false);
    host.noteChange(this);
  }

  private noteStarted(i: number, isAdopted: boolean): void {
    const container = containerAt(this.pod, i);
    this.started[i] = container.startupProbe === undefined;
    this.ready[i] = container.startupProbe === undefined && container.readinessProbe === undefined;
    if (container.startupProbe !== undefined || container.readinessProbe !== undefined || container.livenessProbe !== undefined) {
      this.probes ??= [];
      this.probes[i] ??= new ContainerProbes(this, i, container);
      if (isAdopted) this.started[i] = true;
    }
  }

  /** Starts the probes of containers that were found running. */
  private armProbes(): void {
    if (this.probes === undefined || this.sandbox === undefined) return;
    for (const probe of this.probes) probe?.arm(this.sandbox.runs[probe.index]!);
  }

  /** Whether an exited container may start now; otherwise the pass has failed and is tried again. */
  private mayRestart(run: ContainerRun): boolean {
    const loop = this.crashLoops?.[run.index];
    if (loop === undefined) return true;
    // A container killed for a failed probe restarts in the same sync: its wait counts from the exit before.
    const base = run.endReason === 'ProbeFailed' ? lastFinish(run) : run.finishedUs;
    const readyUs = loop.readyUs(base);
    if (this.host.nowUs >= readyUs) return true;
    if (this.waiting[run.index] !== 'CrashLoopBackOff') {
      this.host.emitEvent(this.pod, 'Warning', 'BackOff', 'Back-off restarting failed container');
    }
    this.failUntil(readyUs);
    return false;
  }

  /** A container could not start; the pass is tried again when the earliest may. */
  failUntil(readyUs: number): void {
    this.hasFailed = true;
    this.retryReadyUs = Math.min(this.retryReadyUs, readyUs);
  }

  setWaiting(i: number, reason: string): void {
    if (this.waiting === NO_NAMES) this.waiting = new Array<string>(containerCount(this.pod)).fill('');
    (this.waiting as string[])[i] = reason;
  }

  // Images -------------------------------------------------------------------------------------------

  /** A pull that the container at `cursor` waited for is over. */
  handlePull(index: number, outcome: 'pulled' | 'failed'): void {
    if (outcome === 'pulled') {
      this.scheduleStart();
      return;
    }
    this.host.noteChange(this);
    if (index < initCount(this.pod) && !isSidecar(containerAt(this.pod, index))) {
      this.endPass();
      return;
    }
    this.cursor++;
    this.continuePass();
  }

  // Probes and faults ----------------------------------------------------------------------------------

  /** A readiness or startup result changed. */
  handleProbeResult(): void {
    if (this.phase !== SYNCING) return;
    this.publish();
    this.sync();
  }

  /** Ends one running container with its grace, as a failed liveness or startup probe does; the restart policy decides what follows. */
  stopContainer(index: number, graceSeconds: number): void {
    const run = this.sandbox!.runs[index]!;
    if (run.state !== RUNNING) return;
    const { engine, machine } = this.host;
    const outcome = planStops([this.stopInput(run)], graceSeconds * SECOND_US, engine.nowUs, this.behaviour.stopExitCode)[0]!;
    if (outcome.exitCode < 0) return;
    machine.planEnd(run, outcome.endUs, outcome.exitCode, 'ProbeFailed');
  }

  /** Kills one running container at once, as the kernel would. */
  killContainer(index: number, exitCode: number, reason: string): void {
    const run = this.sandbox?.runs[index];
    if (run === undefined || run.state !== RUNNING) return;
    this.host.machine.planEnd(run, this.host.nowUs, exitCode, reason);
  }

  /** Makes probes of this pod's containers fail from now on, until `untilUs`. */
  failProbes(kinds: 'readiness' | 'all', untilUs: number): void {
    if (this.probes === undefined) return;
    for (const probe of this.probes) probe?.addFailure(kinds, this.host.nowUs, untilUs);
  }

  private handleDeadline(): void {
    if (!this.host.isAlive || this.phase !== SYNCING) return;
    if (this.host.isFrozen) {
      this.host.whenThawed(() => this.handleDeadline());
      return;
    }
    this.fail(
      'DeadlineExceeded',
      'Pod was active on the node longer than the specified deadline',
      this.pod.spec.terminationGracePeriodSeconds,
      false,
    );
  }

  // The end --------------------------------------------------------------------------------------------

  /** The kubelet ends the pod: it becomes Failed with this reason. */
  fail(reason: string, message: string, graceSeconds: number, isDisruption: boolean): void {
    if (this.phase === SYNCING) {
      this.failure = { reason, message };
      this.isDisrupted = isDisruption;
    }
    this.terminate(graceSeconds);
  }

  /** Stops all containers with at most this grace; a later call can only shorten it. */
  terminate(graceSeconds: number): void {
    if (this.phase === TERMINATED) return;
    const graceUs = Math.max(1, graceSeconds) * SECOND_US;
    if (this.phase === TERMINATING) {
      if (graceUs < this.graceUs) this.shorten(graceUs);
      return;
    }
    const { host } = this;
    this.phase = TERMINATING;
    this.graceUs = graceUs;
    this.cancelStep();
    this.images?.abandon();
    this.isBusy = false;
    this.syncAgain = false;
    if (this.isFirstPass) {
      this.isFirstPass = false;
      host.startingCount--;
    }
    if (this.deadlineHandle !== NO_EVENT) host.engine.cancel(this.deadlineHandle);
    if (this.probes !== undefined) for (const probe of this.probes) probe?.stop();
    host.announce(this.pod, 'terminating', '');
    if (this.sandbox === undefined || this.sandbox.runningCount === 0) {
      this.scheduleStopped();
      return;
    }
    host.emitEvent(this.pod, 'Normal', 'Killing', 'Stopping the containers of the pod');
    const running = this.sandbox.runs.filter((run) => run.state === RUNNING);
    const outcomes = planStops(
      running.map((run) => this.stopInput(run)),
      graceUs,
      host.nowUs,
      this.behaviour.stopExitCode,
    );
    for (let i = 0; i < running.length; i++) {
      const outcome = outcomes[i]!;
      if (outcome.exitCode >= 0)
        host.machine.planEnd(running[i]!, outcome.endUs, outcome.exitCode, outcome.exitCode === 0 ? 'Completed' : 'Error');
    }
  }

  private stopInput(run: ContainerRun): StopInput {
    const container = containerAt(this.pod, run.index);
    const { behaviour } = this;
    return {
      isSidecar: run.index < initCount(this.pod) && isSidecar(container),
      preStopUs: (container.preStopSleepSeconds ?? 0) * SECOND_US,
      stopUs: behaviour.stopUs >= 0 ? behaviour.stopUs : this.host.sample('stop'),
      ownEndUs: run.endUs,
    };
  }

  private shorten(graceUs: number): void {
    const { host } = this;
    this.graceUs = graceUs;
    if (this.sandbox === undefined) return;
    const limitUs = host.nowUs + Math.max(graceUs, 2 * SECOND_US);
    for (const run of this.sandbox.runs) {
      if (run.state === RUNNING && run.endUs > limitUs) host.machine.planEnd(run, limitUs, 137, 'Error');
    }
  }

  private scheduleStopped(): void {
    const { host } = this;
    this.schedule(STEP_STOPPED, this.sandbox === undefined ? 0 : Math.round(host.sample('sandboxStop') * host.machine.cleanupSlowdown));
  }

  private handleStopped(): void {
    const { host } = this;
    this.phase = TERMINATED;
    this.isStopped = true;
    if (this.sandbox !== undefined) host.machine.stopSandbox(this.sandbox);
    host.announce(this.pod, 'stopped', '');
    host.release(this);
    this.publish();
    // Frees what only a living pod needs; the status has what is still told of it.
    this.probes = undefined;
    this.crashLoops = undefined;
    this.images = undefined;
    this.schedule(STEP_CLEANED, Math.round(host.sample('cleanup') * host.machine.cleanupSlowdown));
  }

  private handleCleaned(): void {
    this.isFinished = true;
    this.sandbox = undefined;
    this.host.handleFinished(this);
  }

  /** Ends the pod before anything of it ran: the node refused it. */
  refuse(reason: string, message: string): void {
    this.failure = { reason, message };
    this.phase = TERMINATED;
    this.isStopped = true;
    this.isFinished = true;
    this.publish();
  }

  /** Takes over a pod that ended under an earlier kubelet process. */
  resumeFinished(): void {
    this.phase = TERMINATED;
    this.isStopped = true;
    this.isFinished = true;
  }

  /** Makes the status anew and hands it to the status writer if it says something new. */
  publish(): void {
    const next = generateStatus(this, this.status, this.host.nowUs);
    if (isSameStatus(next, this.status)) return;
    const wasReady = isReady(this.status);
    this.status = next;
    this.isStatusDirty = true;
    if (!wasReady && isReady(next)) this.host.announce(this.pod, 'ready', '');
    this.host.enqueueStatus(this);
  }
}

function lastFinish(run: ContainerRun): number {
  return run.last?.state === 'terminated' ? run.last.finishedAt : 0;
}

function isReady(status: PodStatus): boolean {
  for (const condition of status.conditions) if (condition.type === 'Ready') return condition.status === 'True';
  return false;
}
