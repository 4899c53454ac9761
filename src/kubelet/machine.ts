/**
 * Machine: one computer and what really runs on it, whoever knows about it.
 *
 * Containers start and end here. A kubelet directs it while it lives; without one, containers run on. When the machine dies, all of
 * them die at that instant and nobody is told.
 *
 * Models    a container runtime (CRI) with its containers and sandboxes
 * Differs   after a reboot the dead containers are still known, with exit code 255 and reason Unknown, as containerd reports them
 * HOT       startRun and endRun run once per container start
 * Order     `runningPods` lists pods in the order their sandboxes were made
 */
import { NO_EVENT } from '../engine/engine.ts';
import { TIME_LIMIT_US } from '../engine/event-queue.ts';
import type { Pod } from '../objects/pod.ts';
import { type ContainerRun, containerAt, EXITED, initCount, RUNNING, Sandbox } from './container-state.ts';
import type { NodeServices } from './node-services.ts';
import { terminatedState } from './pod-status.ts';
import { type ContainerRecord, containerTopic } from './topics.ts';

export interface RunningPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly runningContainers: number;
  readonly pod: Pod;
}

export class Machine {
  readonly nodeName: string;
  readonly nodeId: number;
  isUp: boolean;
  /** Sandboxes and containers take this many times as long to make. */
  slowdown: number;
  /** Stopping sandboxes and cleaning up after pods take this many times as long. */
  cleanupSlowdown: number;
  /** Added to the time for which an ended pod is still counted. */
  holdUs: number;
  private readonly services: NodeServices;
  private readonly byUid: Map<string, Sandbox>;
  private addresses: number;

  constructor(services: NodeServices, nodeName: string, nodeId: number) {
    this.nodeName = nodeName;
    this.nodeId = nodeId;
    this.isUp = true;
    this.slowdown = 1;
    this.cleanupSlowdown = 1;
    this.holdUs = 0;
    this.services = services;
    this.byUid = new Map();
    this.addresses = 0;
  }

  /** The sandbox of the pod with this uid; dead ones included. */
  sandbox(uid: string): Sandbox | undefined {
    return this.byUid.get(uid);
  }

  /** In the order they were made. */
  sandboxes(): IterableIterator<Sandbox> {
    return this.byUid.values();
  }

  /** What runs here at this instant: pods with at least one running container. */
  runningPods(): RunningPod[] {
    const found: RunningPod[] = [];
    for (const sandbox of this.byUid.values()) {
      if (sandbox.runningCount === 0) continue;
      const { name, namespace } = sandbox.pod.metadata;
      found.push({
        uid: sandbox.uid,
        namespace,
        name,
        nodeName: this.nodeName,
        runningContainers: sandbox.runningCount,
        pod: sandbox.pod,
      });
    }
    return found;
  }

  /** Makes the pod's sandbox; a dead one of the same pod hands on what is known of its containers, so that restarts keep counting. */
  createSandbox(pod: Pod): Sandbox {
    const sandbox = new Sandbox(this, pod, this.services.newId());
    const before = this.byUid.get(pod.metadata.uid);
    if (before !== undefined) {
      const inits = initCount(pod);
      for (let i = 0; i < sandbox.runs.length; i++) {
        const old = before.runs[i];
        if (old === undefined || old.starts === 0) continue;
        const run = sandbox.runs[i]!;
        run.starts = old.starts;
        run.startsBefore = old.starts;
        run.last = old.state === EXITED ? terminatedState(old) : old.last;
        // A container that succeeded stays so; everything else begins again in the new sandbox, init containers included.
        if (i < inits || old.exitCode !== 0 || pod.spec.restartPolicy === 'Always') continue;
        run.state = EXITED;
        run.startedUs = old.startedUs;
        run.finishedUs = old.finishedUs;
        run.reason = old.reason;
      }
      this.byUid.delete(sandbox.uid);
    }
    sandbox.podIP = pod.spec.hostNetwork ? this.hostIP() : this.newAddress();
    this.byUid.set(sandbox.uid, sandbox);
    return sandbox;
  }

  /** Its network goes. How its containers ended stays known until the pod is forgotten: a kubelet that starts anew goes by that. */
  stopSandbox(sandbox: Sandbox): void {
    sandbox.isReady = false;
  }

  /** Removes what is left of a pod that does not run. */
  forget(uid: string): void {
    this.byUid.delete(uid);
  }

  /** Starts a container; it will end at `endUs` (Infinity: when stopped) with the given exit code. */
  startRun(run: ContainerRun, endUs: number, exitCode: number, reason: string): void {
    const nowUs = this.services.engine.nowUs;
    if (run.state === EXITED) run.last = terminatedState(run);
    run.state = RUNNING;
    run.starts++;
    run.startedUs = nowUs;
    run.sandbox!.runningCount++;
    this.announce(run, 'started');
    this.planEnd(run, endUs, exitCode, reason);
  }

  /** Changes when and how a running container ends; at or before now means at once. */
  planEnd(run: ContainerRun, endUs: number, exitCode: number, reason: string): void {
    const { engine, containerEndKind } = this.services;
    if (run.endHandle !== NO_EVENT) engine.cancel(run.endHandle);
    run.endHandle = NO_EVENT;
    run.endUs = endUs;
    run.endCode = exitCode;
    run.endReason = reason;
    if (endUs >= TIME_LIMIT_US) return;
    run.endHandle = engine.scheduleAt(containerEndKind, Math.max(endUs, engine.nowUs), run.sandbox!.id, run);
  }

  /** Called by the container's end event. */
  endRun(run: ContainerRun): void {
    const sandbox = run.sandbox!;
    this.finishRun(run, run.endCode, run.endReason);
    sandbox.owner?.handleContainerEnd(run.index);
  }

  /** Everything here dies. What ran is known as exited afterwards; nobody is told. */
  crash(): void {
    this.isUp = false;
    for (const sandbox of this.byUid.values()) {
      sandbox.isReady = false;
      sandbox.owner = undefined;
      for (const run of sandbox.runs) {
        if (run.state !== RUNNING) continue;
        this.services.engine.cancel(run.endHandle);
        this.finishRun(run, 255, 'Unknown');
      }
    }
  }

  private finishRun(run: ContainerRun, exitCode: number, reason: string): void {
    run.endHandle = NO_EVENT;
    run.state = EXITED;
    run.finishedUs = this.services.engine.nowUs;
    run.exitCode = exitCode;
    run.reason = reason;
    run.sandbox!.runningCount--;
    this.announce(run, 'stopped');
  }

  private announce(run: ContainerRun, phase: ContainerRecord['phase']): void {
    const { observers, nowUs } = this.services.engine;
    if (!observers.has(containerTopic)) return;
    const { pod, uid } = run.sandbox!;
    const isStop = phase === 'stopped';
    const record: ContainerRecord = {
      phase,
      nodeName: this.nodeName,
      podUid: uid,
      namespace: pod.metadata.namespace,
      podName: pod.metadata.name,
      container: containerAt(pod, run.index).name,
      restartCount: run.starts - 1,
      exitCode: isStop ? run.exitCode : 0,
      reason: isStop ? run.reason : '',
    };
    observers.emit(containerTopic, record, nowUs);
  }

  /** Pod addresses: 10.x.y.z, one /24 per node, used in turn. */
  private newAddress(): string {
    const slot = 2 + (this.addresses++ % 253);
    return `${10 + ((this.nodeId >> 16) & 127)}.${(this.nodeId >> 8) & 255}.${this.nodeId & 255}.${slot}`;
  }

  private hostIP(): string {
    return `172.${16 + ((this.nodeId >> 16) & 15)}.${(this.nodeId >> 8) & 255}.${this.nodeId & 255}`;
  }
}
