/**
 * QueuedPod: one pending pod as the scheduling queue knows it, with its history of attempts.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (QueuedPodInfo)
 * Differs   every (re)set of the queue time also takes a sequence number, which breaks ties that
 *           upstream's nanosecond clock never shows
 * Units     times in simulated microseconds
 *
 * All fields are always present and set in one place, because a record is made for every pod that is
 * ever created.
 */
import type { ObjectKey } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { ClusterEvent } from './cluster-event.ts';
import type { QueueItem } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

/** Where a record is. A record in no queue is either in flight or forgotten. */
export const PLACE = { NONE: 0, ACTIVE: 1, BACKOFF: 2, ERROR_BACKOFF: 3, UNSCHEDULABLE: 4 } as const;
export type Place = (typeof PLACE)[keyof typeof PLACE];

/** No backoff expiration has been computed for the present queue time. */
export const NOT_COMPUTED = -1;

const NO_PLUGINS: readonly string[] = Object.freeze([]);
const NO_EVENTS: readonly ClusterEvent[] = Object.freeze([]);

export class QueuedPod implements QueueItem {
  /** The newest known version. */
  info: PodInfo;
  readonly key: ObjectKey;
  readonly uid: string;
  priority: number;
  /** Queue time: when the pod was added, or when its last failed attempt was reported. Moves between queues keep it. */
  timestampUs: number;
  /** Grows with every (re)set of `timestampUs`, over all pods. */
  sequence: number;
  /** When the pod was first added. */
  readonly addedUs: number;
  /** When the pod was last popped; -1 before. */
  poppedUs: number;
  /** Number of pops. */
  attempts: number;
  /** Attempts that ended in a rejection. */
  unschedulableCount: number;
  /** Attempts that ended without a rejecting plugin since the last rejection. */
  consecutiveErrorsCount: number;
  /** NOT_COMPUTED, or the time the backoff ends. */
  backoffExpirationUs: number;
  /** Plugins that rejected the pod in its last attempt, or at PreEnqueue. */
  unschedulablePlugins: readonly string[];
  /** Plugins that said Pending: an event for them ends the wait without backoff. */
  pendingPlugins: readonly string[];
  /** The PreEnqueue plugin that keeps the pod out of the queues; empty when none does. */
  gatingPlugin: string;
  /** Events the gating plugin asked for; those alone can lift the gate. */
  gatingEvents: readonly ClusterEvent[];
  place: Place;
  /** Position in the heap that holds the record; -1 outside heaps. */
  heapIndex: number;
  /** Order of entry into the unschedulable pool. */
  poolSequence: number;

  constructor(info: PodInfo, nowUs: number, sequence: number) {
    this.info = info;
    this.key = info.key;
    this.uid = info.uid;
    this.priority = info.priority;
    this.timestampUs = nowUs;
    this.sequence = sequence;
    this.addedUs = nowUs;
    this.poppedUs = -1;
    this.attempts = 0;
    this.unschedulableCount = 0;
    this.consecutiveErrorsCount = 0;
    this.backoffExpirationUs = NOT_COMPUTED;
    this.unschedulablePlugins = NO_PLUGINS;
    this.pendingPlugins = NO_PLUGINS;
    this.gatingPlugin = '';
    this.gatingEvents = NO_EVENTS;
    this.place = PLACE.NONE;
    this.heapIndex = -1;
    this.poolSequence = 0;
  }

  get pod(): Pod {
    return this.info.pod;
  }

  get isGated(): boolean {
    return this.gatingPlugin !== '';
  }

  /** Whether any plugin is known to have rejected the pod. */
  get hasRejectors(): boolean {
    return this.unschedulablePlugins.length > 0 || this.pendingPlugins.length > 0;
  }

  isRejectedBy(plugin: string): boolean {
    return this.unschedulablePlugins.includes(plugin) || this.pendingPlugins.includes(plugin);
  }

  /** Takes the newer version of the same pod; a heap that holds the record has to be told. */
  refresh(info: PodInfo): void {
    this.info = info;
    this.priority = info.priority;
  }

  /** Forgets the outcome of the previous attempt; called when a new one begins. */
  clearOutcome(): void {
    this.unschedulablePlugins = NO_PLUGINS;
    this.pendingPlugins = NO_PLUGINS;
    this.gatingPlugin = '';
    this.gatingEvents = NO_EVENTS;
  }

  addUnschedulablePlugin(plugin: string): void {
    if (!this.unschedulablePlugins.includes(plugin)) this.unschedulablePlugins = [...this.unschedulablePlugins, plugin];
  }
}
