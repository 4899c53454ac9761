/**
 * NodeServices: what all nodes of a world share: the clock, the profile, the registry, and the kinds of events they schedule.
 *
 * Every event of a node is a plain one: an integer target for the digest and the object it is about.
 */
import type { Engine, EventKind } from '../engine/engine.ts';
import type { Rng } from '../engine/rng.ts';
import type { Pod } from '../objects/pod.ts';
import type { ContainerRun } from './container-state.ts';
import { ImageRegistry, type NodeImages } from './images.ts';
import type { KubeletProfile } from './profiles.ts';

/** Anything with one timer at a time. */
export interface Timed {
  handleTimer(): void;
}

export interface NodeServicesOptions {
  readonly engine: Engine;
  /** The stream all node streams fork from. */
  readonly rng: Rng;
  readonly profile: KubeletProfile;
  /** Run time of a pod's containers when its annotations say nothing; undefined: until stopped. */
  readonly runDurationUs?: (pod: Pod) => number | undefined;
}

export class NodeServices {
  readonly engine: Engine;
  readonly rng: Rng;
  readonly profile: KubeletProfile;
  readonly registry: ImageRegistry;
  readonly runDurationUs: ((pod: Pod) => number | undefined) | undefined;
  readonly containerEndKind: EventKind<ContainerRun>;
  readonly pullKind: EventKind<NodeImages>;
  /** Steps of pod workers. */
  readonly stepKind: EventKind<Timed>;
  readonly probeKind: EventKind<Timed>;
  /** Looks at the containers of a node. */
  readonly relistKind: EventKind<Timed>;
  readonly deadlineKind: EventKind<Timed>;
  readonly retryKind: EventKind<Timed>;
  /** The same for nodes that cannot reach the API server: such retries do not keep a run alive. */
  readonly idleRetryKind: EventKind<Timed>;
  readonly nodeStatusKind: EventKind<Timed>;
  readonly heartbeatKind: EventKind<Timed>;
  readonly bootKind: EventKind<Timed>;
  private nextId: number;

  constructor(options: NodeServicesOptions) {
    const { engine } = options;
    this.engine = engine;
    this.rng = options.rng;
    this.profile = options.profile;
    this.registry = new ImageRegistry(options.profile, options.rng.fork('image-bytes'));
    this.runDurationUs = options.runDurationUs;
    const timed = (_target: number, payload: Timed): void => payload.handleTimer();
    this.containerEndKind = engine.defineKind<ContainerRun>('node.container-end', (_target, run) => run.sandbox!.machine.endRun(run));
    this.pullKind = engine.defineKind<NodeImages>('node.image-pull', (_target, images) => images.finish());
    this.stepKind = engine.defineKind('kubelet.pod-step', timed);
    this.probeKind = engine.defineKind('kubelet.probe', timed);
    this.relistKind = engine.defineKind('kubelet.relist', timed);
    this.deadlineKind = engine.defineKind('kubelet.deadline', timed);
    this.retryKind = engine.defineKind('kubelet.retry', timed);
    this.idleRetryKind = engine.defineKind('kubelet.retry~', timed, { background: true });
    this.nodeStatusKind = engine.defineKind('kubelet.node-status', timed);
    this.heartbeatKind = engine.defineKind('kubelet.heartbeat', timed, { background: true });
    this.bootKind = engine.defineKind('node.boot', timed);
    this.nextId = 0;
  }

  /** Numbers nodes, pods and sandboxes in order of creation: targets of events. */
  newId(): number {
    return this.nextId++;
  }
}
