/**
 * Component: one process that talks to the API server and can be killed.
 */
import type { ApiAccess } from './api-access.ts';
import type { ClientLimits, ComponentContext } from './component-context.ts';

export type { ClientLimits, ComponentContext, EventRecorder, KubeEventRecord } from './component-context.ts';
export { kubeEventTopic } from './component-context.ts';

export interface ComponentOptions {
  /** `kube-scheduler`, `kubelet/b-2-7`; unique in a world. */
  readonly name: string;
  /** Name of its network endpoint. */
  readonly endpoint: string;
  /** Builds the process on every start, with empty caches. */
  build(ctx: ComponentContext): void;
  /** Limits of `ctx.client`; default 50/100 (client-go component default). */
  readonly qps?: number;
  readonly burst?: number;
  /** Which API server replica it connects to; default: any healthy one. */
  readonly apiServer?: number;
  readonly limits?: ClientLimits;
}

export declare class Component {
  readonly name: string;
  constructor(access: ApiAccess, options: ComponentOptions);
  get isRunning(): boolean;
  get isFrozen(): boolean;
  /** Starts so far. */
  get incarnation(): number;
  /** The running process; undefined while it is down. */
  get context(): ComponentContext | undefined;
  start(): void;
  /** Ends the process at once; nothing is cleaned up. */
  crash(): void;
  /** Crashes it if it runs, and starts it again after `afterUs`. */
  restart(afterUs: number): void;
  /** Stops the process in its tracks (VM stall, GC pause); `thaw` continues it with its old view. */
  freeze(): void;
  thaw(): void;
}
