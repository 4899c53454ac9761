/**
 * NodeAgent: one node of the world: a machine, the kubelet process on it, and its heartbeats.
 *
 * Heartbeats are a stream known by arithmetic (renewals on the node's own grid of 10 s plus up to 4 %); this file starts and stops it
 * when the process dies, freezes, or loses the API server, and nothing happens in between.
 *
 *   machine   up ──crash/power──> down ──boot──> up
 *   kubelet   down ──start──> running <──> frozen, ──crash──> down        (down whenever the machine is)
 *
 * Reasons to be down add up: a node that was crashed and whose zone lost power comes back when both are over.
 *
 * Models    kubernetes v1.34 pkg/kubelet (process), component-helpers lease controller
 * Differs   after a lost connection renewals go on at the node's next grid point, whatever back-off the real client was in
 * Units     microseconds
 */

import type { ApiAccess } from '../client/api-access.ts';
import { Component } from '../client/component.ts';
import { sampleUs } from '../engine/distributions.ts';
import { type EventHandle, NO_EVENT } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Node } from '../objects/node.ts';
import { NodeImages } from './images.ts';
import { Kubelet, type KubeletHome } from './kubelet.ts';
import { Machine, type RunningPod } from './machine.ts';
import type { NodeServices } from './node-services.ts';
import type { KubeletTimes } from './profiles.ts';
import { type NodeRecord, nodeTopic } from './topics.ts';

/** The heartbeat lease of one node, as the API server keeps it. */
export interface HeartbeatStream {
  readonly isRunning: boolean;
  start(firstUs: number, periodUs: number): void;
  stop(nowUs: number): void;
}

/** What a node has to do with the rest of the world. */
export interface NodeWorld {
  readonly access: ApiAccess;
  readonly services: NodeServices;
  heartbeatOf(nodeName: string): HeartbeatStream;
  /** Whether requests from this node reach an API server that works, and answers come back. */
  isConnected(nodeName: string): boolean;
  /** Whether messages between this node and the image registry get through. */
  reachesRegistry(nodeName: string): boolean;
}

export interface NodeAgentOptions {
  /** Number of the node in its world, from 0. */
  readonly index: number;
  /** What the kubelet registers: metadata, capacity, allocatable, taints. */
  readonly template: Node;
}

// kubelet v1.34: nodeLeaseDurationSeconds 40, renewed every quarter of it, jitter factor 0.04.
const LEASE_PERIOD_US = 10 * SECOND_US;
const LEASE_JITTER = 0.04;
// client-go limits of a kubelet, v1.34: kubeAPIQPS 50, kubeAPIBurst 100.
const QPS = 50;
const BURST = 100;

export class NodeAgent implements KubeletHome {
  readonly name: string;
  readonly services: NodeServices;
  readonly template: Node;
  readonly nodeId: number;
  readonly machine: Machine;
  readonly images: NodeImages;
  readonly uniform: () => number;
  isConnected: boolean;
  /** The running process; undefined while it is down. */
  kubelet: Kubelet | undefined;

  private readonly world: NodeWorld;
  private readonly rng: Rng;
  private readonly component: Component;
  private readonly heartbeat: HeartbeatStream;
  private machineOutages: number;
  private kubeletOutages: number;
  private freezes: number;
  private bootHandle: EventHandle;
  private isKnownRegistered: boolean;
  private wasKnown: boolean;
  private isRegistered: boolean;
  private leaseGridUs: number;
  private readonly leasePeriodUs: number;

  constructor(world: NodeWorld, options: NodeAgentOptions) {
    this.name = options.template.metadata.name;
    this.world = world;
    this.services = world.services;
    this.template = options.template;
    this.nodeId = options.index;
    this.rng = world.services.rng.fork(this.name);
    const uniform = (): number => this.rng.nextFloat();
    this.uniform = uniform;
    this.machine = new Machine(world.services, this.name, options.index);
    this.images = new NodeImages(
      world.services.engine,
      world.services.pullKind,
      options.index,
      world.services.registry,
      world.services.profile,
      this.rng,
      () => world.reachesRegistry(this.name),
    );
    this.isConnected = true;
    this.kubelet = undefined;
    this.heartbeat = world.heartbeatOf(this.name);
    this.machineOutages = 0;
    this.kubeletOutages = 0;
    this.freezes = 0;
    this.bootHandle = NO_EVENT;
    this.isKnownRegistered = false;
    this.wasKnown = false;
    this.isRegistered = false;
    const heartbeatRng = this.rng.fork('heartbeat');
    this.leasePeriodUs = Math.round(LEASE_PERIOD_US * (1 + LEASE_JITTER * heartbeatRng.nextFloat()));
    this.leaseGridUs = Math.floor(heartbeatRng.nextFloat() * this.leasePeriodUs);
    this.component = new Component(world.access, {
      name: `kubelet/${this.name}`,
      endpoint: `kubelet/${this.name}`,
      qps: QPS,
      burst: BURST,
      build: (ctx) => {
        this.isRegistered = false;
        this.wasKnown = this.isKnownRegistered;
        this.isKnownRegistered = false;
        this.kubelet = new Kubelet(this, ctx, this.wasKnown);
      },
    });
  }

  /**
   * Starts the kubelet. With `isRegistered` the world has put the Node object (see `readyNode`) into the store: the node has been running
   * before the simulation began.
   */
  start(isRegistered = false): void {
    this.isKnownRegistered = isRegistered;
    this.isConnected = this.world.isConnected(this.name);
    if (this.machineOutages === 0 && this.kubeletOutages === 0) this.startKubelet();
  }

  get isMachineUp(): boolean {
    return this.machine.isUp;
  }

  get isKubeletRunning(): boolean {
    return this.component.isRunning;
  }

  /** What really runs here, whether or not the API server knows. */
  runningPods(): RunningPod[] {
    return this.machine.runningPods();
  }

  sample(time: keyof KubeletTimes): number {
    return sampleUs(this.services.profile[time], this.rng);
  }

  // Faults: each of these returns what ends it -----------------------------------------------------------

  /** The machine dies: containers and kubelet are gone, nothing is reported. Afterwards it boots. */
  crashMachine(): () => void {
    this.machineOutages++;
    if (this.machineOutages === 1) {
      this.images.reset();
      this.cancelBoot();
      this.stopKubelet();
      this.machine.crash();
      this.announce('machine-down');
    }
    return once(() => {
      this.machineOutages--;
      if (this.machineOutages === 0) this.boot();
    });
  }

  /** The machine dies and boots at once. */
  reboot(): void {
    this.crashMachine()();
  }

  /** The kubelet process dies; containers run on. Afterwards it starts with empty memory. */
  crashKubelet(): () => void {
    this.kubeletOutages++;
    if (this.kubeletOutages === 1 && this.component.isRunning) {
      this.images.reset();
      this.stopKubelet();
    }
    return once(() => {
      this.kubeletOutages--;
      if (this.kubeletOutages === 0 && this.machine.isUp) this.startKubelet();
    });
  }

  /** The kubelet process stands still: nothing is sent, received or decided; containers run on. Afterwards it continues with its old view. */
  freezeKubelet(): () => void {
    this.freezes++;
    if (this.freezes === 1) {
      this.component.freeze();
      this.updateHeartbeat();
      this.announce('kubelet-frozen');
    }
    return once(() => {
      this.freezes--;
      if (this.freezes > 0) return;
      this.component.thaw();
      this.updateHeartbeat();
      this.announce('kubelet-thawed');
    });
  }

  /** Looks again whether the API server can be reached. */
  refreshConnection(): void {
    const isConnected = this.world.isConnected(this.name);
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.updateHeartbeat();
    this.kubelet?.handleConnection();
    this.announce(isConnected ? 'connected' : 'disconnected');
  }

  handleRegistered(): void {
    this.isRegistered = true;
    // A process that has just started renews at once and counts from there.
    if (!this.wasKnown) this.leaseGridUs = this.services.engine.nowUs;
    this.updateHeartbeat();
  }

  // Machine and process ------------------------------------------------------------------------------------

  /** Called by the boot event: the machine is up, or the process has come up on it. */
  handleTimer(): void {
    this.bootHandle = NO_EVENT;
    if (!this.machine.isUp) {
      this.machine.isUp = true;
      this.announce('machine-up');
    }
    if (this.kubeletOutages === 0) this.startKubelet();
  }

  private boot(): void {
    this.cancelBoot();
    const delayUs = this.sample('nodeBoot') + this.sample('kubeletStart');
    this.bootHandle = this.services.engine.schedule(this.services.bootKind, delayUs, this.nodeId, this);
  }

  private cancelBoot(): void {
    if (this.bootHandle !== NO_EVENT) this.services.engine.cancel(this.bootHandle);
    this.bootHandle = NO_EVENT;
  }

  private startKubelet(): void {
    if (this.component.isRunning) return;
    this.component.start();
    if (this.freezes > 0) this.component.freeze();
    this.announce('kubelet-up');
  }

  private stopKubelet(): void {
    if (!this.component.isRunning) return;
    this.component.crash();
    this.kubelet = undefined;
    this.isRegistered = false;
    for (const sandbox of this.machine.sandboxes()) sandbox.owner = undefined;
    this.updateHeartbeat();
    this.announce('kubelet-down');
  }

  private updateHeartbeat(): void {
    const { nowUs } = this.services.engine;
    const shouldRun = this.isRegistered && this.isConnected && this.freezes === 0;
    if (shouldRun === this.heartbeat.isRunning) return;
    if (!shouldRun) {
      this.heartbeat.stop(nowUs);
      return;
    }
    const steps = Math.ceil((nowUs - this.leaseGridUs) / this.leasePeriodUs);
    this.heartbeat.start(this.leaseGridUs + Math.max(0, steps) * this.leasePeriodUs, this.leasePeriodUs);
  }

  private announce(state: NodeRecord['state']): void {
    const { observers, nowUs } = this.services.engine;
    if (observers.has(nodeTopic)) observers.emit(nodeTopic, { nodeName: this.name, state }, nowUs);
  }
}

/** `run`, the first time only. */
function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
