/**
 * UnseenCreations: ReplicaSets and Jobs that wait for pods their controller will never see alive.
 *
 * A controller that has created pods does nothing before it has seen them, or 5 min have passed. A pod that was on its way out
 * before the manager's cache had it counts as seen by nobody, and when the 5 min are over nothing looks at its owner again
 * until something of the owner changes.
 *
 * Source    v1.34 pkg/controller/controller_utils.go (SatisfiedExpectations, ExpectationsTimeout), the addPod handlers of
 *           pkg/controller/job and pkg/controller/replicaset; kubernetes/kubernetes#131917
 * Cost      nothing while no watch of the manager can be lost; then one look into its cache per pod that begins to go
 */

import { EXPECTATIONS_TIMEOUT_US } from '../client/expectations.ts';
import type { FaultRecord } from '../faults/injector.ts';
import { faultTopic } from '../faults/injector.ts';
import { controllerOf, isDeleting } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { blinding, blindnessUs, FaultWindow } from './fault-window.ts';
import type { Probe } from './invariants/invariant.ts';

const MANAGER = /controller-manager/;
const OWNERS: ReadonlySet<string> = new Set(['ReplicaSet', 'Job']);

export class UnseenCreations {
  private readonly probe: Probe;
  private readonly window: FaultWindow;
  /** By uid of the owner: when its last unseen pod was created. */
  private readonly sinceUs: Map<string, number>;

  constructor(probe: Probe) {
    this.probe = probe;
    this.window = new FaultWindow(probe, { opens: blinding(probe, MANAGER), graceUs: blindnessUs });
    this.sinceUs = new Map();
    if (probe.isStrict) return;
    probe.onCommit('Pod', (_type, old, pod) => this.notePod(old, pod));
    for (const kind of ['ReplicaSet', 'Job'] as const) {
      probe.onCommit(kind, (_type, old, next) => this.noteLook((next ?? old)!.metadata.uid));
    }
    probe.on(faultTopic, (fault) => {
      if (isCrash(fault)) this.sinceUs.clear();
    });
  }

  /** Whether the controller waits in vain for pods of this owner. */
  has(uid: string): boolean {
    return this.sinceUs.has(uid);
  }

  private notePod(old: Pod | undefined, pod: Pod | undefined): void {
    const owner = controllerOf((pod ?? old)!);
    if (owner === undefined || !OWNERS.has(owner.kind)) return;
    this.noteLook(owner.uid);
    const isGoing = old !== undefined && !isDeleting(old) && (pod === undefined || isDeleting(pod));
    if (isGoing && this.window.isOpen && !this.isSeen(old)) this.sinceUs.set(owner.uid, old.metadata.creationTimestamp);
  }

  /** The controller looks at the owner again, and waits no longer when its time is over. */
  private noteLook(uid: string): void {
    const sinceUs = this.sinceUs.get(uid);
    if (sinceUs !== undefined && this.probe.nowUs() - sinceUs > EXPECTATIONS_TIMEOUT_US) this.sinceUs.delete(uid);
  }

  private isSeen({ metadata }: Pod): boolean {
    return this.probe
      .caches()
      .filter(({ component, kind }) => kind === 'Pod' && MANAGER.test(component))
      .every(({ objects }) => objects.some((object) => object.metadata.uid === metadata.uid));
  }
}

/** A manager that starts anew expects nothing. */
function isCrash({ kind, target, phase }: FaultRecord): boolean {
  return phase === 'heal' && /^(component-crash|crash-at-)/.test(kind) && MANAGER.test(target);
}
