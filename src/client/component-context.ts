/**
 * ComponentContext: everything one process of the control plane or a node agent gets to know the
 * world by. A component that uses only this can be crashed, frozen, partitioned and lied to.
 */

import type { Engine } from '../engine/engine.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import type { Runtime, Scope } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import type { AnyObject } from '../objects/kinds.ts';
import type { Client } from './client.ts';
import type { InformerFactory } from './informer.ts';

export interface ClientLimits {
  /** Requests per second in the long run; Infinity for no limit. */
  readonly qps: number;
  /** Requests at once after a pause. */
  readonly burst: number;
  /** Default 60 s (client-go); the lease client uses 10 s. */
  readonly timeoutUs?: number;
}

export interface ComponentContext {
  readonly name: string;
  /** Dies with the process: timers, processes and queues made with it are lost in a crash. */
  readonly scope: Scope;
  readonly engine: Engine;
  /** The stream `<component name>`; the same after a restart, so fork it with the incarnation when that matters. */
  readonly rng: Rng;
  readonly client: Client;
  /** A client of its own for one controller of the process: own throttle, same connection. Named `<component>/<sub>`. */
  clientNamed(sub: string, limits?: ClientLimits): Client;
  readonly informers: InformerFactory;
  readonly events: EventRecorder;
  readonly runtime: Runtime;
  /** 1 for the first start, 2 after the first restart, ... */
  readonly incarnation: number;
}

export interface EventRecorder {
  /** Announces a Kubernetes Event to observers; stores an Event object only when the run keeps them. */
  emit(object: AnyObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** What `EventRecorder.emit` announces. */
export interface KubeEventRecord {
  readonly component: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export const kubeEventTopic: Topic<KubeEventRecord> = defineTopic('kube.event');
