/** The smallest world with a scheduler in it: a store, one API server, one scheduler; no kubelets, no controllers. */
import { ApiServer } from '../../src/apiserver/api-server.ts';
import { constantService } from '../../src/apiserver/service-model.ts';
import { Store } from '../../src/apiserver/store.ts';
import { ProblemList } from '../../src/base/input-error.ts';
import { ApiAccess } from '../../src/client/api-access.ts';
import { Component, kubeEventTopic } from '../../src/client/component.ts';
import { uniformNetwork } from '../../src/client/network-link.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Runtime } from '../../src/engine/process.ts';
import { MILLISECOND_US } from '../../src/engine/units.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../../src/objects/kinds.ts';
import { keyOf } from '../../src/objects/meta.ts';
import type { Node } from '../../src/objects/node.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { type AttemptRecord, schedulingAttemptTopic } from '../../src/scheduler/attempts.ts';
import { readConfiguration } from '../../src/scheduler/configuration.ts';
import { type CreateSchedulerOptions, createScheduler } from '../../src/scheduler/create-scheduler.ts';
import { NO_CYCLE_COST } from '../../src/scheduler/cycle-cost.ts';
import type { PluginDef } from '../../src/scheduler/framework.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';

export interface WorldOptions extends Partial<Omit<CreateSchedulerOptions, 'config' | 'plugins'>> {
  /** A KubeSchedulerConfiguration as a user would write it. */
  readonly config?: unknown;
  /** Beside the default plugins. */
  readonly plugins?: readonly PluginDef[];
  readonly seed?: string;
  /** Of every request on the server; default 1 ms. */
  readonly serviceUs?: number;
  /** Each way; default 0. */
  readonly linkUs?: number;
  /** Default: no limit. */
  readonly qps?: number;
  readonly name?: string;
  /** Only the holder of this lease schedules. */
  readonly lease?: string;
}

export class SmallWorld {
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly server: ApiServer;
  readonly access: ApiAccess;
  readonly component: Component;
  readonly attempts: AttemptRecord[] = [];
  /** `reason name message`. */
  readonly events: string[] = [];
  /** Of the current life of the process. */
  scheduler!: Scheduler;

  constructor(options: WorldOptions = {}) {
    this.engine = new Engine({ seed: options.seed ?? 'small-world' });
    this.runtime = new Runtime(this.engine);
    this.store = new Store(this.engine);
    this.server = new ApiServer(this.store, { admission: [], service: constantService(options.serviceUs ?? MILLISECOND_US) });
    this.access = new ApiAccess({ runtime: this.runtime, network: uniformNetwork(options.linkUs ?? 0), servers: [this.server] });
    this.engine.observers.on(schedulingAttemptTopic, (record) => this.attempts.push(record));
    this.engine.observers.on(kubeEventTopic, (record) => this.events.push(`${record.reason} ${record.name} ${record.message}`));
    this.component = this.addScheduler(options.name ?? 'kube-scheduler', options, (scheduler) => {
      this.scheduler = scheduler;
    });
  }

  addScheduler(name: string, options: WorldOptions, onBuild: (scheduler: Scheduler) => void = () => {}): Component {
    return new Component(this.access, {
      name,
      endpoint: 'control-plane',
      qps: options.qps ?? Infinity,
      burst: Infinity,
      ...(options.lease === undefined ? {} : { leaderElection: { lease: options.lease } }),
      build: (ctx) => {
        const problems = new ProblemList();
        const plugins = [...schedulerPlugins, ...(options.plugins ?? [])];
        const config = readConfiguration(options.config, plugins, options.kubernetesVersion ?? '1.34', problems);
        problems.throwIfAny();
        onBuild(createScheduler(ctx, { cycleCost: NO_CYCLE_COST, tieBreak: 'first', ...options, plugins, config }));
      },
    });
  }

  create<T extends AnyObject>(...objects: T[]): void {
    for (const object of objects) {
      const result = this.server.execute({
        verb: 'create',
        object: { ...object, metadata: { ...object.metadata, uid: '', resourceVersion: 0 } },
      });
      if (isApiStatus(result)) throw new Error(result.message);
    }
  }

  change<K extends Kind>(kind: K, key: string, mutate: (current: ObjectOf<K>) => ObjectOf<K>, subresource?: 'status'): void {
    const result = this.server.execute({
      verb: 'patch',
      kind,
      key,
      mutate,
      ...(subresource === undefined ? {} : { subresource }),
    } as never);
    if (isApiStatus(result)) throw new Error(result.message);
  }

  /** Removes the object at once, grace period or not. */
  remove(kind: Kind, key: string): void {
    const result = this.server.execute({ verb: 'delete', kind, key, gracePeriodSeconds: 0 });
    if (isApiStatus(result)) throw new Error(result.message);
  }

  pod(name: string): Pod | undefined {
    return this.store.get('Pod', `default/${name}`);
  }

  nodeOf(name: string): string | undefined {
    return this.pod(name)?.spec.nodeName;
  }

  /** Runs for `us` from now. */
  run(us: number): void {
    this.engine.run({ untilUs: this.engine.nowUs + us });
  }

  start(...objects: (Pod | Node | AnyObject)[]): this {
    this.create(...objects);
    this.component.start();
    return this;
  }

  /** Placements of all pods that have one, by name. */
  placements(): Record<string, string> {
    const result: Record<string, string> = {};
    for (const pod of this.store.list('Pod')) if (pod.spec.nodeName !== '') result[pod.metadata.name] = pod.spec.nodeName;
    return result;
  }
}

export { keyOf };
