/**
 * ApiWorld: an engine, a store, API servers and a network a test can cut, without anything else of a cluster.
 */
import { admissionSteps } from '../../src/apiserver/admission/registry.ts';
import { ApiServer, type ApiServerOptions } from '../../src/apiserver/api-server.ts';
import { constantService } from '../../src/apiserver/service-model.ts';
import { Store, type StoreOptions } from '../../src/apiserver/store.ts';
import { ApiAccess } from '../../src/client/api-access.ts';
import { Component, type ComponentContext, type ComponentOptions } from '../../src/client/component.ts';
import type { EndpointId, NetworkLink } from '../../src/client/network-link.ts';
import { Engine } from '../../src/engine/engine.ts';
import { type Op, Runtime } from '../../src/engine/process.ts';
import { newContainer, newPod, newPodSpec } from '../../src/objects/builders.ts';
import type { PodDisruptionBudget, PriorityClass } from '../../src/objects/cluster.ts';
import { newMeta, type ObjectMeta } from '../../src/objects/meta.ts';
import type { Pod, PodSpec } from '../../src/objects/pod.ts';

/** A network in which every message takes `oneWayUs` and directions can be cut by endpoint name. */
export class TestNetwork implements NetworkLink {
  latencyUs: number;
  private readonly ids = new Map<string, EndpointId>();
  private readonly cuts = new Set<string>();
  private readonly listeners: (() => void)[] = [];

  constructor(oneWayUs: number) {
    this.latencyUs = oneWayUs;
  }

  findEndpoint(name: string): EndpointId {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(name, id);
    }
    return id;
  }

  oneWayUs(from: EndpointId, to: EndpointId): number {
    return this.isConnected(from, to) ? this.latencyUs : -1;
  }

  isConnected(from: EndpointId, to: EndpointId): boolean {
    return !this.cuts.has(`${from}>${to}`);
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Cuts messages from `from` to `to`; `both` cuts the other way too. */
  cut(from: string, to: string, both = false): void {
    this.cuts.add(`${this.findEndpoint(from)}>${this.findEndpoint(to)}`);
    if (both) this.cuts.add(`${this.findEndpoint(to)}>${this.findEndpoint(from)}`);
    for (const listener of this.listeners) listener();
  }

  healAll(): void {
    this.cuts.clear();
    for (const listener of this.listeners) listener();
  }
}

export interface ApiWorldOptions {
  readonly seed?: string | number;
  readonly servers?: number;
  readonly linkUs?: number;
  readonly serviceUs?: number;
  readonly seats?: number;
  readonly keepEvents?: boolean;
  readonly store?: StoreOptions;
  readonly server?: Partial<ApiServerOptions>;
}

export const LINK_US = 1000;
export const SERVICE_US = 3000;

export class ApiWorld {
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly network: TestNetwork;
  readonly store: Store;
  readonly servers: readonly ApiServer[];
  readonly access: ApiAccess;

  constructor(options: ApiWorldOptions = {}) {
    this.engine = new Engine({ seed: options.seed ?? 1 });
    this.runtime = new Runtime(this.engine);
    this.network = new TestNetwork(options.linkUs ?? LINK_US);
    this.store = new Store(this.engine, options.store);
    this.servers = Array.from({ length: options.servers ?? 1 }, (_, index) => {
      const service = constantService(options.serviceUs ?? SERVICE_US, options.seats ?? 600);
      return new ApiServer(this.store, { name: `apiserver-${index}`, admission: admissionSteps, service, ...options.server });
    });
    this.access = new ApiAccess({
      runtime: this.runtime,
      network: this.network,
      servers: this.servers,
      keepEvents: options.keepEvents ?? false,
    });
  }

  get server(): ApiServer {
    return this.servers[0] as ApiServer;
  }

  /** A started component on an endpoint of its own name. */
  component(name: string, build: (ctx: ComponentContext) => void = () => {}, options: Partial<ComponentOptions> = {}): Component {
    const component = new Component(this.access, { name, endpoint: name, build, qps: Infinity, burst: 1, ...options });
    component.start();
    return component;
  }

  /** Runs `op` as a process of its own, outside any component, and gives a function that reads its result. */
  spawn<T>(component: Component, op: Op<T>): { readonly value: T | undefined; readonly isDone: boolean } {
    const outcome: { value: T | undefined; isDone: boolean } = { value: undefined, isDone: false };
    (component.context as ComponentContext).scope.spawn(
      'test',
      (function* () {
        outcome.value = yield* op;
        outcome.isDone = true;
      })(),
    );
    return outcome;
  }

  runFor(us: number): void {
    this.engine.run({ untilUs: this.engine.nowUs + us });
  }
}

export function testPod(name: string, fields: Partial<PodSpec> = {}, meta: Partial<ObjectMeta> = {}): Pod {
  const spec = newPodSpec({ containers: [newContainer({ requests: { cpu: '100m' } })], ...fields });
  const pod = newPod({ name }, spec);
  return { ...pod, metadata: { ...pod.metadata, ...meta } };
}

export function priorityClass(name: string, value: number, fields: Partial<PriorityClass> = {}): PriorityClass {
  return {
    kind: 'PriorityClass',
    apiVersion: 'scheduling.k8s.io/v1',
    metadata: newMeta({ name }),
    value,
    globalDefault: false,
    preemptionPolicy: 'PreemptLowerPriority',
    ...fields,
  };
}

export function budget(name: string, status: Partial<PodDisruptionBudget['status']>, app = 'web'): PodDisruptionBudget {
  return {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    metadata: newMeta({ name, namespace: 'default' }),
    spec: {
      minAvailable: 1,
      maxUnavailable: undefined,
      selector: { matchLabels: { app }, matchExpressions: [] },
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
    },
    status: {
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
      observedGeneration: 1,
      disruptedPods: {},
      conditions: [],
      ...status,
    },
  };
}
