/**
 * Workload: somebody who asks the cluster for pods, and for their end, at given times.
 *
 * The user is outside the cluster: it has no throttle, and it does not forget what it was doing when the machine it
 * works on stops. Its state therefore lives here and not in the process, which is started with `attach`; requests whose
 * answer was lost in between are sent again.
 *
 * Differs   failed creations are tried again after 1 s, then twice as long each time up to 60 s, as scripts around kubectl do;
 *           a refusal that cannot change (invalid, forbidden, no such class) is counted and given up
 * Order     one pending event: the earlier of the next arrival and the next deletion; on a tie deletions go first, in the
 *           order their pods arrived
 * Cost      O(log d) per arrival with a time of deletion (d such pods alive), O(1) otherwise; nothing is kept of pods
 *           that nobody will delete once they are created
 */

import { BinaryHeap } from '../base/binary-heap.ts';
import { doNothing } from '../base/do-nothing.ts';
import type { ComponentContext } from '../client/component-context.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import {
  ANNOTATION_EXIT_CODE,
  ANNOTATION_RUN_DURATION,
  type ArrivalCursor,
  type ArrivalTemplate,
  type PodArrival,
  runDurationText,
} from '../objects/arrival.ts';
import { newPod } from '../objects/builders.ts';
import type { Namespace } from '../objects/cluster.ts';
import { copyPodSpec } from '../objects/copies.ts';
import { newMeta, objectKey, type StringMap, withEntries } from '../objects/meta.ts';
import type { Pod, PodSpec, PodStatus } from '../objects/pod.ts';

/** On every pod of a workload, with the workload's name. */
export const WORKLOAD_LABEL = 'seatrial.dev/workload';

const FIRST_RETRY_US = SECOND_US;
const LAST_RETRY_US = MINUTE_US;

export interface WorkloadOptions {
  /** Unique in a world, a valid label value. */
  readonly name: string;
  readonly namespace: string;
  readonly schedulerName: string;
  /** On the run's clock: times from 0 up. */
  readonly arrivals: ArrivalCursor;
  /** Put before the name of every arrival, so that two workloads cannot collide. Default none. */
  readonly namePrefix?: string;
}

/** What a workload announces: each pod it asked for or deleted, once, when the answer came. */
export interface WorkloadRecord {
  readonly workload: string;
  readonly what: 'created' | 'refused' | 'deleted';
  readonly namespace: string;
  readonly pod: string;
  /** When the pod was first asked for, or its deletion was due. */
  readonly dueUs: number;
  /** The reason of a refusal; empty otherwise. */
  readonly reason: string;
}

export const workloadTopic: Topic<WorkloadRecord> = defineTopic('workload');

/** A pod with a known time of deletion. */
interface Deletion {
  readonly timeUs: number;
  readonly seq: number;
  readonly name: string;
}

/** A pod that is being asked for. */
interface WantedPod {
  readonly pod: Pod;
  readonly dueUs: number;
  readonly deleteAtUs: number;
  readonly seq: number;
}

/** What all pods of one arrival template share. */
interface PodParts {
  readonly spec: PodSpec;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly status: PodStatus;
}

export class Workload {
  readonly name: string;
  /** Pods asked for so far; pods the API server took; pods it refused for good. */
  askedCount: number;
  createdCount: number;
  refusedCount: number;

  private readonly options: WorkloadOptions;
  private readonly deletions: BinaryHeap<Deletion>;
  /** Requests without a final answer, in order of sending. */
  private readonly creating: Map<number, WantedPod>;
  private readonly deleting: Map<number, Deletion>;
  /** By template: shared parts are made once, and go away with their template. */
  private readonly parts: WeakMap<ArrivalTemplate, PodParts>;
  private upcoming: PodArrival | undefined;
  private isOpened: boolean;
  private seq: number;
  private ctx: ComponentContext | undefined;
  /** When the pending timer fires; Infinity without one. */
  private timerUs: number;
  private cancelTimer: () => void;

  constructor(options: WorkloadOptions) {
    this.name = options.name;
    this.askedCount = 0;
    this.createdCount = 0;
    this.refusedCount = 0;
    this.options = options;
    this.deletions = new BinaryHeap((a, b) => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.seq < b.seq));
    this.creating = new Map();
    this.deleting = new Map();
    this.parts = new WeakMap();
    this.upcoming = undefined;
    this.isOpened = false;
    this.seq = 0;
    this.ctx = undefined;
    this.timerUs = Infinity;
    this.cancelTimer = doNothing;
  }

  /** Whether every arrival was asked for, every deletion is done, and every request is answered. */
  get isDone(): boolean {
    const isWaiting = this.deletions.size > 0 || this.creating.size > 0 || this.deleting.size > 0;
    return this.isOpened && this.upcoming === undefined && !isWaiting;
  }

  /** The `build` of its component: starts, or goes on after a restart. */
  attach(ctx: ComponentContext): void {
    this.ctx = ctx;
    if (!this.isOpened) {
      this.isOpened = true;
      this.upcoming = this.options.arrivals.next();
    }
    const { namespace } = this.options;
    if (namespace === 'default' || namespace.startsWith('kube-')) this.resume();
    else this.makeNamespace(namespace, FIRST_RETRY_US);
  }

  /** Takes up what a stopped process left open, and goes on. */
  private resume(): void {
    for (const wanted of [...this.creating.values()]) this.create(wanted, FIRST_RETRY_US, true);
    for (const due of [...this.deleting.values()]) this.delete(due, FIRST_RETRY_US);
    this.waitForNext();
  }

  /** Pods of a namespace that does not exist are refused, so it comes first. */
  private makeNamespace(namespace: string, retryUs: number): void {
    const ctx = this.ctx!;
    ctx.client.send({ verb: 'create', object: newNamespace(namespace) }, (result) => {
      if (!isApiStatus(result) || result.isAlreadyExists) this.resume();
      else ctx.scope.timer('workload.retry', retryUs, () => this.makeNamespace(namespace, Math.min(2 * retryUs, LAST_RETRY_US)));
    });
  }

  private waitForNext(): void {
    const ctx = this.ctx!;
    const nextUs = Math.min(this.upcoming?.timeUs ?? Infinity, this.deletions.peek()?.timeUs ?? Infinity);
    this.cancelTimer();
    this.timerUs = nextUs;
    if (nextUs === Infinity) return;
    this.cancelTimer = ctx.scope.timer('workload.next', Math.max(0, nextUs - ctx.scope.nowUs), () => this.act());
  }

  /** Everything that is due now, and then a timer for what comes next. */
  private act(): void {
    const nowUs = this.ctx!.scope.nowUs;
    for (let due = this.deletions.peek(); due !== undefined && due.timeUs <= nowUs; due = this.deletions.peek()) {
      this.deletions.pop();
      this.deleting.set(due.seq, due);
      this.delete(due, FIRST_RETRY_US);
    }
    while (this.upcoming !== undefined && this.upcoming.timeUs <= nowUs) {
      const arrival = this.upcoming;
      this.upcoming = this.options.arrivals.next();
      this.ask(arrival);
    }
    this.waitForNext();
  }

  private ask(arrival: PodArrival): void {
    this.askedCount++;
    const wanted = { pod: this.podOf(arrival), dueUs: arrival.timeUs, deleteAtUs: arrival.deleteAtUs, seq: this.seq++ };
    this.creating.set(wanted.seq, wanted);
    this.create(wanted, FIRST_RETRY_US, false);
  }

  private create(wanted: WantedPod, retryUs: number, mayExist: boolean): void {
    const { client, scope } = this.ctx!;
    client.send({ verb: 'create', object: wanted.pod }, (result) => {
      if (!isApiStatus(result) || (mayExist && result.isAlreadyExists)) this.created(wanted);
      // No second try when nobody would want the pod any more by then.
      else if (isLasting(result) || scope.nowUs + retryUs >= wanted.deleteAtUs) this.refused(wanted, result.reason);
      else {
        const nextUs = Math.min(2 * retryUs, LAST_RETRY_US);
        const isUnsure = mayExist || result.isAmbiguous;
        scope.timer('workload.retry', retryUs, () => this.create(wanted, nextUs, isUnsure));
      }
    });
  }

  private created({ pod, dueUs, deleteAtUs, seq }: WantedPod): void {
    this.creating.delete(seq);
    this.createdCount++;
    this.announce('created', pod.metadata.name, dueUs, '');
    if (deleteAtUs === Infinity) return;
    // Only now: a delete that overtakes its create would find nothing, and the pod would stay for ever.
    this.deletions.push({ timeUs: deleteAtUs, seq, name: pod.metadata.name });
    if (deleteAtUs < this.timerUs) this.waitForNext();
  }

  private refused({ pod, dueUs, seq }: WantedPod, reason: string): void {
    this.creating.delete(seq);
    this.refusedCount++;
    this.announce('refused', pod.metadata.name, dueUs, reason);
  }

  private delete(due: Deletion, retryUs: number): void {
    const { client, scope } = this.ctx!;
    const key = objectKey(this.options.namespace, due.name);
    client.send({ verb: 'delete', kind: 'Pod', key }, (result) => {
      if (isApiStatus(result) && !result.isNotFound && !isLasting(result)) {
        const nextUs = Math.min(2 * retryUs, LAST_RETRY_US);
        scope.timer('workload.retry', retryUs, () => this.delete(due, nextUs));
        return;
      }
      this.deleting.delete(due.seq);
      // A pod that is gone already was not deleted by its user.
      if (!isApiStatus(result)) this.announce('deleted', due.name, due.timeUs, '');
    });
  }

  private podOf(arrival: PodArrival): Pod {
    const parts = this.partsOf(arrival.template);
    const name = (this.options.namePrefix ?? '') + arrival.name;
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: newMeta({ name, namespace: this.options.namespace, labels: parts.labels, annotations: annotationsOf(arrival, parts) }),
      spec: parts.spec,
      status: parts.status,
    };
  }

  private partsOf(template: ArrivalTemplate): PodParts {
    let parts = this.parts.get(template);
    if (parts === undefined) {
      const { schedulerName } = this.options;
      const spec = copyPodSpec(template.spec);
      spec.schedulerName = schedulerName;
      parts = {
        spec,
        labels: withEntries(template.labels, { [WORKLOAD_LABEL]: this.name }),
        annotations: template.annotations,
        status: newPod({}, spec).status,
      };
      this.parts.set(template, parts);
    }
    return parts;
  }

  private announce(what: WorkloadRecord['what'], pod: string, dueUs: number, reason: string): void {
    const { engine } = this.ctx!;
    const { namespace } = this.options;
    engine.observers.emit(workloadTopic, { workload: this.name, what, namespace, pod, dueUs, reason }, engine.nowUs);
  }
}

/** How long the containers run, for the kubelet. A pod that is always restarted runs until stopped without being told. */
function annotationsOf({ runDurationUs, exitCode }: PodArrival, { annotations, spec }: PodParts): StringMap {
  if (runDurationUs === Infinity && spec.restartPolicy === 'Always') return annotations;
  const result = withEntries(annotations, { [ANNOTATION_RUN_DURATION]: runDurationText(runDurationUs) });
  if (exitCode !== 0) result[ANNOTATION_EXIT_CODE] = String(exitCode);
  return result;
}

/** Whether asking again cannot help: the request itself is wrong. */
function isLasting(status: ApiStatus): boolean {
  return status.isInvalid || status.isForbidden || status.isAlreadyExists || (status.code >= 400 && status.code < 408);
}

function newNamespace(name: string): Namespace {
  return { kind: 'Namespace', apiVersion: 'v1', metadata: newMeta({ name }), status: { phase: 'Active' } };
}
