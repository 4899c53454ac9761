/**
 * AbandonedPreemptors: pods that have preempted others and that nothing wakes any more, as it happens upstream.
 *
 * A preemptor is gated while its victims are being evicted. The gate opens before the last of them is deleted, so that this deletion
 * wakes it. When a victim ended by itself meanwhile, its end was announced to a closed gate, its deletion is announced to
 * nobody, and the flush of waiting pods passes gated ones by: the preemptor waits until some other pod ends. A victim that another
 * preemptor chose before may be evicted for that one: whose writes are seen cannot be told, so its end counts as one by itself.
 *
 * Source    v1.34 pkg/scheduler/framework/preemption/preemption.go (prepareCandidateAsync), pkg/scheduler/backend/queue/scheduling_queue.go
 *           (movePodsToActiveOrBackoffQueue); kubernetes/kubernetes#141694, #139162
 * Cost      O(preemptors that wait) per end of a pod and per write of a scheduler
 */
import { isTerminal, type Pod } from '../objects/pod.ts';
import { schedulingAttemptTopic } from '../scheduler/attempts.ts';
import type { Probe } from './invariants/invariant.ts';

/** Its hint takes the end of any placed pod for a reason to try again. */
const WOKEN_BY_ALL = 'NodeResourcesFit';

interface Wait {
  readonly victims: ReadonlySet<string>;
  readonly isWokenByAll: boolean;
  /** Victims that the scheduler has written to. */
  readonly written: Set<string>;
  /** Victims that an earlier attempt, of whichever pod, had chosen too. */
  readonly shared: ReadonlySet<string>;
  /** A victim ended before the scheduler came to it. */
  hasLostVictim: boolean;
  /** A pod has ended since the scheduler came to the last of them so far: the gate was open. */
  isWoken: boolean;
}

export class AbandonedPreemptors {
  /** Pods whose last attempt chose victims, by uid. */
  private readonly waits: Map<string, Wait>;
  /** Keys of pods that were chosen as victims and still count on their nodes. */
  private readonly chosen: Set<string>;

  constructor(probe: Probe) {
    this.waits = new Map();
    this.chosen = new Set();
    if (probe.isStrict) return;
    probe.on(schedulingAttemptTopic, ({ podUid, victims, unschedulablePlugins }) => {
      this.waits.delete(podUid);
      if (victims.length === 0) return;
      this.waits.set(podUid, {
        victims: new Set(victims),
        written: new Set(),
        shared: new Set(victims.filter((key) => this.chosen.has(key))),
        isWokenByAll: unschedulablePlugins.includes(WOKEN_BY_ALL),
        hasLostVictim: victims.some((key) => !isHolding(probe.store.get('Pod', key))),
        isWoken: false,
      });
      for (const key of victims) this.chosen.add(key);
    });
    probe.onCommit('Pod', (_type, old, pod) => {
      if (pod === undefined) this.waits.delete(old!.metadata.uid);
      if ((this.waits.size > 0 || this.chosen.size > 0) && isHolding(old) && !isHolding(pod))
        this.noteEnd(`${old!.metadata.namespace}/${old!.metadata.name}`);
    });
    probe.onWrite(({ component, verb, kind, key }) => {
      // A binding that was on its way is no eviction.
      if (this.waits.size === 0 || kind !== 'Pod' || verb === 'bind' || !component.includes('scheduler')) return;
      for (const wait of this.waits.values()) {
        if (!wait.victims.has(key) || wait.written.has(key)) continue;
        wait.written.add(key);
        wait.isWoken = false;
      }
    });
  }

  has(uid: string): boolean {
    const wait = this.waits.get(uid);
    return wait?.hasLostVictim === true && !wait.isWoken;
  }

  private noteEnd(key: string): void {
    this.chosen.delete(key);
    for (const wait of this.waits.values()) {
      const isVictim = wait.victims.has(key);
      if (isVictim && (!wait.written.has(key) || wait.shared.has(key))) wait.hasLostVictim = true;
      else if (wait.written.size > 0 && (isVictim || wait.isWokenByAll)) wait.isWoken = true;
    }
  }
}

/** Whether the scheduler counts the pod on its node. */
function isHolding(pod: Pod | undefined): boolean {
  return pod !== undefined && pod.spec.nodeName !== '' && !isTerminal(pod);
}
