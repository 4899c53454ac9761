/** A scheduling queue with a clock that tests set, two profiles and a handful of made-up plugins. */
import { SECOND_US } from '../../src/engine/units.ts';
import { keyOf } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { NO_QUIRKS } from '../../src/objects/quirks.ts';
import { ACTION, clusterEvent, EVENT } from '../../src/scheduler/cluster-event.ts';
import type { QueueItem } from '../../src/scheduler/framework.ts';
import { HintMap } from '../../src/scheduler/hint-map.ts';
import { Nominator } from '../../src/scheduler/nominator.ts';
import { type PodInfo, PodInfos } from '../../src/scheduler/pod-info.ts';
import type { HintEntry } from '../../src/scheduler/profile.ts';
import type { QueuedPod } from '../../src/scheduler/queued-pod.ts';
import { SchedulingQueue } from '../../src/scheduler/scheduling-queue.ts';
import { type Status, SUCCESS, unresolvable } from '../../src/scheduler/status.ts';
import { behaviourOf, type KubernetesVersion } from '../../src/scheduler/versions.ts';

export function byPriority(a: QueueItem, b: QueueItem): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.timestampUs !== b.timestampUs) return a.timestampUs < b.timestampUs;
  return a.sequence < b.sequence;
}

/** Fit wakes on node additions and pod deletions; Spread only when the pod of the event is called `helper`. */
export const TEST_HINTS: readonly HintEntry[] = [
  { plugin: 'SchedulingGates', event: clusterEvent('Pod', ACTION.UPDATE_POD_SCHEDULING_GATES_ELIMINATED), hint: undefined },
  { plugin: 'Door', event: clusterEvent('Pod', ACTION.DELETE), hint: () => false },
  { plugin: 'Fit', event: clusterEvent('Node', ACTION.ADD), hint: undefined },
  { plugin: 'Fit', event: clusterEvent('Pod', ACTION.DELETE), hint: undefined },
  {
    plugin: 'Spread',
    event: clusterEvent('Pod', ACTION.ADD | ACTION.DELETE | ACTION.UPDATE_POD_LABEL),
    hint: (_pod, before, after) => ((before ?? after) as Pod).metadata.name === 'helper',
  },
];

export interface QueueFixture {
  readonly infos: PodInfos;
  readonly queue: SchedulingQueue;
  readonly world: { nowUs: number; readyCount: number; readonly closedFor: Set<string>; readonly pods: Map<string, Pod> };
  /** Pops and fails the pod with these rejectors. */
  fail(...rejectors: string[]): QueuedPod;
}

export function queueFixture(options: { version?: KubernetesVersion; hints?: readonly HintEntry[] } = {}): QueueFixture {
  const behaviour = behaviourOf(options.version ?? '1.34');
  const infos = new PodInfos(behaviour);
  const world = { nowUs: 0, readyCount: 0, closedFor: new Set<string>(), pods: new Map<string, Pod>() };
  const preEnqueue = (info: PodInfo): Status => {
    if (info.pod.spec.schedulingGates.length > 0) return unresolvable('SchedulingGates', 'gated');
    return world.closedFor.has(info.pod.metadata.name) ? unresolvable('Door', 'closed') : SUCCESS;
  };
  const nominator: Nominator = new Nominator(
    (key) => world.pods.get(key),
    (key) => queue.get(key)?.info,
    (pod) => infos.of(pod),
  );
  const queue: SchedulingQueue = new SchedulingQueue({
    nowUs: () => world.nowUs,
    behaviour,
    backoff: { initialUs: SECOND_US, maxUs: 10 * SECOND_US },
    maxUnschedulableUs: 300 * SECOND_US,
    less: byPriority,
    hints: new HintMap(new Map([['default-scheduler', options.hints ?? TEST_HINTS]])),
    preEnqueue,
    infoOf: (pod) => infos.of(pod),
    nominator,
    quirks: NO_QUIRKS,
    onReady: () => {
      world.readyCount++;
    },
  });
  return {
    infos,
    queue,
    world,
    fail: (...rejectors) => {
      const record = queue.pop();
      if (record === undefined) throw new Error('nothing to pop');
      record.unschedulablePlugins = rejectors;
      queue.addUnschedulableIfNotPresent(record);
      return record;
    },
  };
}

export function setPod(fixture: QueueFixture, pod: Pod): Pod {
  fixture.world.pods.set(keyOf(pod), pod);
  return pod;
}

export { EVENT };
