/**
 * ApiCalls: how a scheduler sends bindings and pod status patches.
 *
 * Models    kubernetes v1.34.1 pkg/scheduler/backend/api_dispatcher and framework/api_calls (SchedulerAsyncAPICalls on): calls
 *           wait in one queue, `parallelism` of them run at once, and at most one per pod waits
 * Differs   v1.32, where each call is sent when it is made: upstream's scheduling loop waits for a status patch there,
 *           ours goes on
 * Order     first come, first served by pod; a call that replaces a waiting one takes its place
 *
 * A waiting status patch takes up later ones of its pod, and a binding replaces it. That matters where the client is throttled:
 * a pod that fails over and over costs one request at a time, not one per attempt.
 */
import { RingBuffer } from '../base/ring-buffer.ts';
import type { Client } from '../client/client.ts';
import type { Op, Process, Wait } from '../engine/process.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { copyPod, copyPodStatus } from '../objects/copies.ts';
import { keyOf, type ObjectKey } from '../objects/meta.ts';
import { type Pod, type PodCondition, type PodStatus, withCondition } from '../objects/pod.ts';
import type { NominatingInfo } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

/** What a status patch says; lastTransitionTime is set when it is sent. */
export interface StatusChange {
  readonly condition: Omit<PodCondition, 'lastTransitionTime'> | undefined;
  readonly nominating: NominatingInfo;
}

/** Gets the error, or undefined when the call succeeded or something newer made it needless. */
type Done = (error: ApiStatus | undefined) => void;

export interface ApiCalls {
  /** Writes what `pod` does not say yet; nobody learns how it ended. */
  patchStatus(pod: Pod, change: StatusChange): void;
  bind(pod: PodInfo, nodeName: string, done: Done): void;
  /** A newer version of a pod has been seen: a waiting patch may have become needless. */
  sync(pod: Pod): void;
}

/** `bind` for processes. */
export function* bindAndWait(calls: ApiCalls, pod: PodInfo, nodeName: string): Op<ApiStatus | undefined> {
  return (yield new BindWait(calls, pod, nodeName)) as ApiStatus | undefined;
}

class BindWait implements Wait {
  readonly label = 'bind';
  private readonly calls: ApiCalls;
  private readonly pod: PodInfo;
  private readonly nodeName: string;
  private done: ((value: unknown) => void) | undefined;

  constructor(calls: ApiCalls, pod: PodInfo, nodeName: string) {
    this.calls = calls;
    this.pod = pod;
    this.nodeName = nodeName;
    this.done = undefined;
  }

  arm(_process: Process, done: (value: unknown) => void): void {
    this.done = done;
    this.calls.bind(this.pod, this.nodeName, (error) => this.done?.(error));
  }

  disarm(): void {
    this.done = undefined;
  }
}

/** Every call is a request of its own, sent at once. */
export class DirectCalls implements ApiCalls {
  private readonly client: Client;
  private readonly nowUs: () => number;

  constructor(client: Client, nowUs: () => number) {
    this.client = client;
    this.nowUs = nowUs;
  }

  patchStatus(pod: Pod, change: StatusChange): void {
    if (isNews(pod.status, change)) sendPatch(this.client, keyOf(pod), pod.status, change, this.nowUs(), ignore);
  }

  bind(pod: PodInfo, nodeName: string, done: Done): void {
    sendBinding(this.client, pod, nodeName, done);
  }

  sync(): void {}
}

/** The most relevant call of a pod wins: api_calls.Relevances, v1.34. */
const RELEVANCE = { patch: 1, bind: 2 } as const;

interface Patch {
  readonly type: 'patch';
  readonly uid: string;
  readonly key: ObjectKey;
  /** What the scheduler knows the pod to say. */
  known: PodStatus;
  readonly change: StatusChange;
}

interface Binding {
  readonly type: 'bind';
  readonly uid: string;
  readonly pod: PodInfo;
  readonly nodeName: string;
  readonly done: Done;
}

type Call = Patch | Binding;

export class ApiDispatcher implements ApiCalls {
  private readonly client: Client;
  private readonly nowUs: () => number;
  private readonly parallelism: number;
  /** By pod: the newest call, which waits or runs. */
  private readonly calls: Map<string, Call>;
  private readonly queue: RingBuffer<string>;
  /** Pods with a call that runs. */
  private readonly running: Set<string>;
  /** Queued pods whose call has become needless. */
  private readonly withdrawn: Map<string, number>;

  constructor(client: Client, parallelism: number, nowUs: () => number) {
    this.client = client;
    this.nowUs = nowUs;
    this.parallelism = parallelism;
    this.calls = new Map();
    this.queue = new RingBuffer();
    this.running = new Set();
    this.withdrawn = new Map();
  }

  patchStatus(pod: Pod, change: StatusChange): void {
    this.add({ type: 'patch', uid: pod.metadata.uid, key: keyOf(pod), known: pod.status, change });
  }

  bind(pod: PodInfo, nodeName: string, done: Done): void {
    this.add({ type: 'bind', uid: pod.uid, pod, nodeName, done });
  }

  sync(pod: Pod): void {
    const { uid } = pod.metadata;
    const call = this.calls.get(uid);
    if (call?.type !== 'patch' || this.running.has(uid)) return;
    call.known = pod.status;
    if (!isNews(call.known, call.change)) this.withdraw(uid);
  }

  private add(asked: Call): void {
    const { uid } = asked;
    const old = this.calls.get(uid);
    const isRunning = this.running.has(uid);
    let call = asked;
    if (old !== undefined) {
      if (RELEVANCE[asked.type] < RELEVANCE[old.type]) return;
      if (old.type === 'bind') old.done(undefined);
      else if (asked.type === 'patch') call = { ...asked, change: merge(old.change, asked.change) };
    }
    if (call.type === 'patch' && !isRunning && !isNews(call.known, call.change)) {
      if (old !== undefined) this.withdraw(uid);
      return;
    }
    this.calls.set(uid, call);
    if (old !== undefined) return;
    this.queue.push(uid);
    this.pump();
  }

  /** Takes a waiting call back; its place in the queue goes with it. */
  private withdraw(uid: string): void {
    this.calls.delete(uid);
    this.withdrawn.set(uid, (this.withdrawn.get(uid) ?? 0) + 1);
  }

  private pump(): void {
    while (this.running.size < this.parallelism) {
      const uid = this.queue.shift();
      if (uid === undefined) return;
      const skips = this.withdrawn.get(uid);
      if (skips === undefined) this.run(uid, this.calls.get(uid)!);
      else if (skips === 1) this.withdrawn.delete(uid);
      else this.withdrawn.set(uid, skips - 1);
    }
  }

  private run(uid: string, call: Call): void {
    this.running.add(uid);
    if (call.type === 'bind') {
      sendBinding(this.client, call.pod, call.nodeName, (error) => {
        // One that was replaced has been answered.
        const isLatest = this.calls.get(uid) === call;
        this.finish(call);
        if (isLatest) call.done(error);
        this.pump();
      });
      return;
    }
    if (isNews(call.known, call.change)) {
      sendPatch(this.client, call.key, call.known, call.change, this.nowUs(), () => {
        this.finish(call);
        this.pump();
      });
    } else {
      this.finish(call);
    }
  }

  /** A call that came while this one ran goes to the end of the queue. */
  private finish(call: Call): void {
    const { uid } = call;
    this.running.delete(uid);
    if (this.calls.get(uid) === call) this.calls.delete(uid);
    else this.queue.push(uid);
  }
}

/** The newer change; what it leaves open is taken from the older one. */
function merge(old: StatusChange, next: StatusChange): StatusChange {
  return {
    condition: next.condition ?? old.condition,
    nominating: next.nominating.mode === 'noop' ? old.nominating : next.nominating,
  };
}

function isNews(known: PodStatus, change: StatusChange): boolean {
  return isNewNomination(known, change) || isNewCondition(known, change);
}

function isNewNomination(known: PodStatus, { nominating }: StatusChange): boolean {
  return nominating.mode === 'override' && known.nominatedNodeName !== nominating.nodeName;
}

function isNewCondition(known: PodStatus, { condition }: StatusChange): boolean {
  if (condition === undefined) return false;
  for (const old of known.conditions) {
    if (old.type === condition.type) {
      return old.status !== condition.status || old.reason !== condition.reason || old.message !== condition.message;
    }
  }
  return true;
}

/** Only what differs from the known status is in the patch. A lost one is not repeated: the next failed attempt writes again. */
function sendPatch(client: Client, key: ObjectKey, known: PodStatus, change: StatusChange, nowUs: number, done: () => void): void {
  const { nominating } = change;
  const condition: PodCondition | undefined =
    isNewCondition(known, change) && change.condition !== undefined ? { ...change.condition, lastTransitionTime: nowUs } : undefined;
  const nominatedNodeName = isNewNomination(known, change) && nominating.mode === 'override' ? nominating.nodeName : undefined;
  client.send(
    {
      verb: 'patch',
      kind: 'Pod',
      key,
      subresource: 'status',
      mutate: (current: Pod) => {
        const next = copyPod(current);
        const status = copyPodStatus(current.status);
        if (condition !== undefined) status.conditions = withCondition(status.conditions, condition);
        if (nominatedNodeName !== undefined) status.nominatedNodeName = nominatedNodeName;
        next.status = status;
        return next;
      },
    },
    done,
  );
}

function sendBinding(client: Client, pod: PodInfo, nodeName: string, done: Done): void {
  client.send({ verb: 'bind', key: pod.key, nodeName, uid: pod.uid }, (result) => done(isApiStatus(result) ? result : undefined));
}

function ignore(): void {}
