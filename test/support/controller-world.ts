/**
 * The smallest world with a controller manager in it: a store, one API server, the controllers asked for,
 * and in place of scheduler and kubelets a tiny agent that binds pods, makes them ready and lets them end.
 */
import { defaultTolerationSeconds } from '../../src/apiserver/admission/default-toleration-seconds.ts';
import { ApiServer } from '../../src/apiserver/api-server.ts';
import { Store } from '../../src/apiserver/store.ts';
import { ProblemList } from '../../src/base/input-error.ts';
import { ApiAccess } from '../../src/client/api-access.ts';
import { Component, kubeEventTopic } from '../../src/client/component.ts';
import { uniformNetwork } from '../../src/client/network-link.ts';
import type { ControllerDef } from '../../src/controllers/controller.ts';
import { buildControllers, CONTROLLER_MANAGER, type ControllerSettings, planControllers } from '../../src/controllers/manager.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Runtime, type Scope } from '../../src/engine/process.ts';
import { MILLISECOND_US, SECOND_US } from '../../src/engine/units.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import type { AnyObject, Kind, ObjectOf } from '../../src/objects/kinds.ts';
import { keyOf } from '../../src/objects/meta.ts';
import type { Node } from '../../src/objects/node.ts';
import { isTerminal, type Pod, withCondition } from '../../src/objects/pod.ts';
import type { QuirkName } from '../../src/objects/quirks.ts';

export interface ControllerWorldOptions {
  readonly seed?: string;
  readonly controllers: readonly ControllerDef[];
  readonly settings?: Readonly<Record<string, ControllerSettings>>;
  readonly quirks?: readonly QuirkName[];
  /** Each way; default 1 ms. */
  readonly linkUs?: number;
  /** From creation to Running and Ready; default 1 s. Negative: never. */
  readonly startUs?: number;
  /** From the first sight of the deletion to the end of the pod; default 1 s. Negative: never. */
  readonly stopUs?: number;
  /** Names of the nodes pods are bound to, in turn; default one. */
  readonly nodeNames?: readonly string[];
}

export class ControllerWorld {
  readonly engine: Engine;
  readonly store: Store;
  readonly server: ApiServer;
  readonly access: ApiAccess;
  readonly manager: Component;
  /** `reason name: message` of every Kubernetes Event. */
  readonly events: string[] = [];
  /** Commits so far. */
  writeCount = 0;
  startUs: number;
  stopUs: number;
  /** Nodes whose agent does nothing. */
  readonly silentNodes = new Set<string>();

  private readonly scope: Scope;
  private readonly nodeNames: readonly string[];
  private boundCount = 0;

  constructor(options: ControllerWorldOptions) {
    this.engine = new Engine({ seed: options.seed ?? 'controllers' });
    const runtime = new Runtime(this.engine);
    this.scope = runtime.scope('agent');
    this.store = new Store(this.engine);
    this.server = new ApiServer(this.store, { admission: [defaultTolerationSeconds] });
    this.access = new ApiAccess({ runtime, network: uniformNetwork(options.linkUs ?? MILLISECOND_US), servers: [this.server] });
    this.engine.observers.on(kubeEventTopic, (record) => this.events.push(`${record.reason} ${record.name}: ${record.message}`));
    this.startUs = options.startUs ?? SECOND_US;
    this.stopUs = options.stopUs ?? SECOND_US;
    this.nodeNames = options.nodeNames ?? ['node-1'];
    this.store.onCommit((kind, type, old, next) => {
      this.writeCount++;
      if (kind === 'Pod' && type !== 'DELETED') this.attend(old as Pod | undefined, next as Pod);
    });
    const problems = new ProblemList();
    const planned = planControllers(options.controllers, options.settings ?? {}, 'controllers', problems);
    problems.throwIfAny();
    this.manager = new Component(this.access, {
      name: CONTROLLER_MANAGER,
      endpoint: 'control-plane',
      build: (ctx) => buildControllers(ctx, planned, new Set(options.quirks ?? [])),
    });
  }

  start(...objects: AnyObject[]): this {
    this.create(...objects);
    this.manager.start();
    return this;
  }

  create(...objects: AnyObject[]): void {
    for (const object of objects) this.must(this.server.execute({ verb: 'create', object }));
  }

  change<K extends Kind>(kind: K, key: string, mutate: (current: ObjectOf<K>) => ObjectOf<K>, subresource?: 'status'): void {
    this.must(this.server.execute({ verb: 'patch', kind, key, mutate, ...(subresource === undefined ? {} : { subresource }) } as never));
  }

  remove(
    kind: Kind,
    key: string,
    options: { propagation?: 'Background' | 'Foreground' | 'Orphan'; gracePeriodSeconds?: number } = {},
  ): void {
    this.must(this.server.execute({ verb: 'delete', kind, key, ...options }));
  }

  get<K extends Kind>(kind: K, name: string): ObjectOf<K> | undefined {
    return this.store.get(kind, `default/${name}`);
  }

  pods(): Pod[] {
    return this.store.list('Pod');
  }

  livePods(): Pod[] {
    return this.pods().filter((pod) => pod.metadata.deletionTimestamp === undefined && !isTerminal(pod));
  }

  /** Names of the live objects of `kind`, sorted. */
  names(kind: Kind): string[] {
    return this.store
      .list(kind)
      .map((object) => object.metadata.name)
      .sort((a, b) => (a < b ? -1 : 1));
  }

  /** Runs for `us` from now. */
  run(us: number): void {
    this.engine.run({ untilUs: this.engine.nowUs + us });
  }

  runUntil(timeUs: number): void {
    this.engine.run({ untilUs: timeUs });
  }

  /** Calls `action` at `timeUs` of simulated time. */
  at(timeUs: number, action: () => void): void {
    this.scope.timer('test.action', timeUs - this.engine.nowUs, action);
  }

  /** Renews the node's lease every 10 s from now on. */
  beat(node: Node | string): void {
    this.store.leases.of(typeof node === 'string' ? node : node.metadata.name).start(this.engine.nowUs, 10 * SECOND_US);
  }

  /** The last renewal of the node's lease was now or before. */
  silence(name: string): void {
    this.store.leases.of(name).stop(this.engine.nowUs);
  }

  /** Marks a pod as finished in `phase`. */
  finish(key: string, phase: 'Succeeded' | 'Failed'): void {
    this.change(
      'Pod',
      key,
      (pod) => ({ ...pod, status: { ...pod.status, phase, conditions: withReady(pod, 'False', this.engine.nowUs) } }),
      'status',
    );
  }

  private must(result: unknown): void {
    if (isApiStatus(result)) throw new Error(result.message);
  }

  private attend(old: Pod | undefined, pod: Pod): void {
    const key = keyOf(pod);
    const { uid } = pod.metadata;
    const isStillThere = (): boolean => this.store.get('Pod', key)?.metadata.uid === uid;
    if (old === undefined && this.startUs >= 0) {
      this.scope.timer('agent.start', this.startUs, () => {
        const now = this.store.get('Pod', key);
        if (now?.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined) return;
        if (now.spec.nodeName === '') {
          const nodeName = this.nodeNames[this.boundCount++ % this.nodeNames.length]!;
          this.must(this.server.execute({ verb: 'bind', key, nodeName }));
        }
        if (!this.silentNodes.has(this.store.get('Pod', key)!.spec.nodeName)) this.makeReady(key);
      });
    }
    const startsEnding = pod.metadata.deletionTimestamp !== undefined && old?.metadata.deletionTimestamp === undefined;
    if (startsEnding && this.stopUs >= 0 && !this.silentNodes.has(pod.spec.nodeName)) {
      this.scope.timer('agent.stop', this.stopUs, () => {
        if (isStillThere()) this.must(this.server.execute({ verb: 'delete', kind: 'Pod', key, gracePeriodSeconds: 0, uid }));
      });
    }
  }

  makeReady(key: string): void {
    const nowUs = this.engine.nowUs;
    this.change(
      'Pod',
      key,
      (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running', conditions: withReady(pod, 'True', nowUs) } }),
      'status',
    );
  }
}

function withReady(pod: Pod, status: 'True' | 'False', nowUs: number) {
  return withCondition(pod.status.conditions, { type: 'Ready', status, reason: '', message: '', lastTransitionTime: nowUs });
}
