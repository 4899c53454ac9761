/**
 * Random stories for a FakeCluster: any order of pods coming, being bound, starting, failing and going, of nodes and faults.
 * Steps that make no sense where they stand are skipped.
 */
import * as fc from 'fast-check';
import { keyOf } from '../../src/objects/meta.ts';
import { isPodReady, isTerminal, type Pod } from '../../src/objects/pod.ts';
import type { Deployment, ReplicaSet } from '../../src/objects/workloads.ts';
import type { FakeCluster } from './fake-cluster.ts';

export interface StoryStep {
  readonly waitUs: number;
  readonly what: string;
  readonly pick: number;
  readonly place: number;
}

const ACTIONS = [
  'create',
  'create',
  'create',
  'bind',
  'bind',
  'bind',
  'start',
  'start',
  'ready',
  'ready',
  'ready',
  'unready',
  'stop-process',
  'start-process',
  'terminate',
  'remove',
  'finish',
  'fail',
  'scale',
  'node-lost',
  'node-back',
  'remove-node',
  'add-node',
];

export const anyStory: fc.Arbitrary<StoryStep[]> = fc.array(
  fc.record({
    waitUs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000_000 })),
    what: fc.constantFrom(...ACTIONS),
    pick: fc.nat(1000),
    place: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 120, size: 'max' },
);

/** What the story knows beside the objects: which pods' processes were stopped, which deployments there are. */
export class Story {
  readonly cluster: FakeCluster;
  readonly deployments: Deployment[];
  readonly sets: ReplicaSet[];
  /** Uids of live pods whose process has stopped. */
  readonly stopped: Set<string>;
  private serial: number;

  constructor(cluster: FakeCluster) {
    this.cluster = cluster;
    this.stopped = new Set();
    this.serial = 0;
    cluster.addNodes();
    this.deployments = [cluster.deployment('web', 3), cluster.deployment('db', 1)];
    this.sets = this.deployments.map((deployment) => cluster.replicaSet(deployment, 1));
    // Stories begin with everything in order, so that most of what follows counts.
    for (const [index, node] of ['a-1-1', 'b-1-1', 'b-2-1'].entries()) cluster.run(`web-${index}`, node, { owner: this.sets[0]! });
    cluster.run('db-0', 'c-1-1', { owner: this.sets[1]! });
  }

  /** Plays all steps; `look` sees the state after each, which then holds until the time of the next. */
  play(steps: readonly StoryStep[], look: (nowUs: number) => void): void {
    look(this.cluster.nowUs);
    for (const step of steps) {
      this.cluster.goTo(this.cluster.nowUs + step.waitUs);
      this.act(step);
      look(this.cluster.nowUs);
    }
  }

  pods(): Pod[] {
    return [...this.cluster.objects.values()].filter((object) => object.kind === 'Pod') as Pod[];
  }

  /** Pods of the workload that serve: ready, up, neither finished nor being deleted. */
  serving(deployment: Deployment): Pod[] {
    return this.podsOf(deployment).filter(
      (pod) => isPodReady(pod) && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined && !this.stopped.has(pod.metadata.uid),
    );
  }

  podsOf(deployment: Deployment): Pod[] {
    const sets = this.sets.filter((set) => set.metadata.ownerReferences[0]?.uid === deployment.metadata.uid);
    return this.pods().filter((pod) => sets.some((set) => set.metadata.uid === pod.metadata.ownerReferences[0]?.uid));
  }

  private act(step: StoryStep): void {
    const { cluster } = this;
    const pods = this.pods();
    const nodes = [...cluster.objects.values()].filter((object) => object.kind === 'Node');
    const choose = (accept: (pod: Pod) => boolean): Pod | undefined => {
      const fitting = pods.filter(accept);
      return fitting[step.pick % Math.max(1, fitting.length)];
    };
    const isLive = (pod: Pod): boolean => !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
    const withPod = (pod: Pod | undefined, run: (pod: Pod) => void): void => {
      if (pod !== undefined) run(pod);
    };
    switch (step.what) {
      case 'create': {
        const owner = step.pick % 4 === 3 ? undefined : this.sets[step.pick % this.sets.length];
        const cpu = ['500m', '1', '2'][step.place % 3]!;
        const name = `p-${++this.serial}`;
        cluster.pod(name, owner === undefined ? { cpu, labels: { app: 'bare' } } : { owner, cpu });
        break;
      }
      case 'bind':
        withPod(
          choose((pod) => isLive(pod) && pod.spec.nodeName === ''),
          (pod) => {
            if (nodes.length > 0) cluster.bind(pod, nodes[step.place % nodes.length]!.metadata.name);
          },
        );
        break;
      case 'start':
        withPod(
          choose((pod) => isLive(pod) && pod.spec.nodeName !== '' && pod.status.phase === 'Pending'),
          (pod) => cluster.start(pod),
        );
        break;
      case 'ready':
        withPod(
          choose((pod) => isLive(pod) && pod.status.phase === 'Running' && !isPodReady(pod)),
          (pod) => cluster.ready(pod),
        );
        break;
      case 'unready':
        withPod(
          choose((pod) => isLive(pod) && isPodReady(pod)),
          (pod) => cluster.ready(pod, false),
        );
        break;
      case 'stop-process':
        withPod(
          choose((pod) => isLive(pod) && pod.status.phase === 'Running' && !this.stopped.has(pod.metadata.uid)),
          (pod) => {
            this.stopped.add(pod.metadata.uid);
            cluster.process(pod, 'stopped');
          },
        );
        break;
      case 'start-process':
        withPod(
          choose((pod) => this.stopped.has(pod.metadata.uid)),
          (pod) => {
            this.stopped.delete(pod.metadata.uid);
            cluster.process(pod, 'started');
          },
        );
        break;
      case 'terminate':
        withPod(choose(isLive), (pod) => cluster.terminate(pod));
        break;
      case 'remove':
        withPod(
          choose(() => true),
          (pod) => {
            this.stopped.delete(pod.metadata.uid);
            cluster.remove(cluster.current(pod));
          },
        );
        break;
      case 'finish':
      case 'fail':
        withPod(
          choose((pod) => isLive(pod) && pod.status.phase === 'Running'),
          (pod) => cluster.finish(pod, step.what === 'fail' ? 'Failed' : 'Succeeded'),
        );
        break;
      case 'scale':
        cluster.scale(this.deployments[step.pick % this.deployments.length]!, step.place % 5);
        break;
      case 'node-lost':
      case 'node-back':
        if (nodes.length > 0) cluster.setNodeReady(nodes[step.pick % nodes.length]!.metadata.name, step.what === 'node-back');
        break;
      case 'remove-node':
        if (nodes.length > 1) cluster.removeNode(keyOf(nodes[step.pick % nodes.length]!));
        break;
      case 'add-node': {
        const gone = cluster.topology
          .nodesBelow(cluster.topology.root)
          .map((id) => cluster.topology.vertex(id).label)
          .filter((name) => !cluster.objects.has(`Node ${name}`));
        if (gone.length > 0) cluster.addNode(gone[step.pick % gone.length]!);
        break;
      }
    }
  }
}
