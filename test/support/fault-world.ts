/**
 * FaultWorld: a NodeWorld with a fault injector, and processes that write and watch, for tests of single faults.
 */
import { Component, type ComponentContext } from '../../src/client/component.ts';
import { constant } from '../../src/engine/distributions.ts';
import { type Op, sleep } from '../../src/engine/process.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Undo } from '../../src/faults/fault.ts';
import { FaultInjector, type FaultPlan } from '../../src/faults/injector.ts';
import { faults } from '../../src/faults/registry.ts';
import { worldControls } from '../../src/faults/world-controls.ts';
import { isApiStatus } from '../../src/objects/api-status.ts';
import { NodeWorld, type NodeWorldOptions, pod } from './node-world.ts';

export class FaultWorld {
  readonly world: NodeWorld;
  readonly injector: FaultInjector;
  /** What processes saw and did: `seconds what`, to a tenth of a second. */
  readonly log: string[] = [];

  constructor(options: NodeWorldOptions = {}) {
    this.world = new NodeWorld({ apiServers: 2, ...options });
    const { engine, access, datacenter, kubelets } = this.world;
    const world = worldControls({ access, datacenter, nodes: kubelets });
    this.injector = new FaultInjector({ engine, rng: engine.rng.fork('faults'), world, faults });
  }

  get nowS(): number {
    return this.world.engine.nowUs / SECOND_US;
  }

  say(what: string): void {
    this.log.push(`${Math.round(this.nowS * 10) / 10} ${what}`);
  }

  component(name: string, build: (ctx: ComponentContext) => void): Component {
    const component = new Component(this.world.access, { name, endpoint: 'control-plane', qps: Infinity, burst: 1, build });
    component.start();
    return component;
  }

  /** Creates pods `a-<n>` and then `b-<n>`, both in every second, as client `<name>/pairs`; logs what is answered. */
  writer(name = 'writer'): Component {
    const say = (what: string): void => this.say(what);
    return this.component(name, (ctx) => {
      const client = ctx.clientNamed('pairs');
      function* pairs(): Op<void> {
        for (let n = 0; ; n++) {
          for (const prefix of ['a', 'b']) {
            const podName = `${prefix}-${ctx.incarnation}-${n}`;
            const made = yield* client.create(pod(podName, { node: '' }));
            say(isApiStatus(made) ? `${podName} ${made.code} ${made.reason}` : podName);
          }
          yield* sleep(SECOND_US);
        }
      }
      ctx.scope.spawn('pairs/main', pairs());
    });
  }

  /** Logs what it sees of pods. */
  watcher(name = 'watcher'): Component {
    return this.component(name, (ctx) => {
      ctx.informers.of('Pod').addHandlers({
        onAdd: (object) => this.say(`+${object.metadata.name}`),
        onUpdate: (old, next) => this.say(`${old.metadata.uid === next.metadata.uid ? '~' : '*'}${next.metadata.name}`),
        onDelete: (object) => this.say(`-${object.metadata.name}`),
      });
    });
  }

  /** Names of all pods in the store, sorted. */
  pods(): string[] {
    return this.world.store
      .table('Pod')
      .list(undefined, undefined, undefined)
      .map((object) => object.metadata.name);
  }

  plan(fault: string, target: string, params: Readonly<Record<string, unknown>> = {}, forS = 10, atS = 0): void {
    const plan: FaultPlan = {
      name: fault,
      when: { kind: 'at', atUs: atS * SECOND_US },
      fault,
      targets: target === '' ? [] : [target],
      between: undefined,
      duration: constant(forS * SECOND_US),
      pick: undefined,
      params,
    };
    this.injector.schedule([plan]);
  }

  strike(fault: string, target: string, params: Readonly<Record<string, unknown>> = {}): Undo {
    return this.injector.strikeNow(fault, target, params);
  }

  runTo(seconds: number): void {
    this.world.runTo(seconds);
  }

  /** The log since the last call. */
  taken(): string[] {
    return this.log.splice(0);
  }
}
