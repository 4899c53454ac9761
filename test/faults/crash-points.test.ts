import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { type CrashPoints, crashPlans, observeCrashPoints } from '../../src/faults/crash-points.ts';
import type { FaultPlan } from '../../src/faults/injector.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { ScenarioRun } from '../../src/scenario/scenario-run.ts';
import { FaultWorld } from '../support/fault-world.ts';

describe('points of one process', () => {
  test('are its writes with sender, verb, kind and key, and its waits by process', () => {
    const faulty = new FaultWorld();
    faulty.writer();
    faulty.writer('other');
    const observer = observeCrashPoints(faulty.world.access, ['writer']);
    faulty.runTo(1.5);
    const [points, ...others] = observer.points();
    expect(others).toEqual([]);
    expect(points!.component).toBe('writer');
    expect(points!.writes.map(({ n, client, verb, kind, key }) => [n, client, verb, kind, key])).toEqual(
      ['a-1-0', 'b-1-0', 'a-1-1', 'b-1-1'].map((name, i) => [i + 1, 'writer/pairs', 'create', 'Pod', `default/${name}`]),
    );
    expect(points!.yields).toEqual([{ process: 'pairs/main', count: 6 }]);
  });

  test('cost nothing and change nothing once the observer is gone', () => {
    const plain = new FaultWorld();
    plain.writer();
    plain.runTo(30);
    const faulty = new FaultWorld();
    faulty.writer();
    const observer = observeCrashPoints(faulty.world.access);
    faulty.runTo(10);
    const seen = observer.points();
    observer.stop();
    expect([faulty.world.access.beforeWrite.length, faulty.world.access.runtime.isYieldWatched]).toEqual([0, false]);
    faulty.runTo(30);
    expect(observer.points()).toEqual(seen);
    expect(faulty.world.engine.digest.toString()).toBe(plain.world.engine.digest.toString());
  });

  test('make one plan each: before and after every write, at every wait', () => {
    const points: CrashPoints[] = [
      {
        component: 'c',
        writes: [{ n: 1, atUs: 0, client: 'c/x', verb: 'create', kind: 'Pod', key: 'default/a' }],
        yields: [{ process: 'x/0', count: 5 }],
      },
    ];
    const names = (at: 'writes' | 'yields' | 'both', yieldStride = 1) =>
      [...crashPlans(points, { restartAfterUs: 1, at, yieldStride })].map((plan) => plan.name);
    expect(names('writes')).toEqual(['crash c before write 1', 'crash c after write 1']);
    expect(names('yields', 2)).toEqual([1, 3, 5].map((n) => `crash c at yield ${n} of x/0`));
    expect(names('both').length).toBe(7);
  });
});

const ROLLOUT = `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: rollout }
spec:
  duration: 1m
  cluster:
    zones: [ { name: a, racks: 1, nodesPerRack: 2, machine: box } ]
    machines: { box: { cpu: 4, memory: 8Gi } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: "web:1", resources: { requests: { cpu: 500m, memory: 512Mi } } } ] }
`;

class Rollout {
  readonly run: ScenarioRun;

  constructor() {
    this.run = new ScenarioRun(loadScenarioText(ROLLOUT, { files: memoryFiles({}) }), {});
  }

  readyPods(): number {
    const pods = this.run.world.store.table('Pod').list(undefined, undefined, undefined);
    return pods.filter((pod) => (pod as { status: { phase: string } }).status.phase === 'Running').length;
  }

  finish(): this {
    while (!this.run.advance());
    return this;
  }
}

/** The reference run's points, and what happens at one of them. */
function reference(): CrashPoints[] {
  const rollout = new Rollout();
  const observer = observeCrashPoints(rollout.run.world.access);
  rollout.finish();
  expect(rollout.readyPods()).toBe(2);
  return observer.points();
}

function crashed(plan: FaultPlan): { readonly restarts: number; readonly downAtUs: number; readonly pods: number } {
  const rollout = new Rollout();
  const { world, injector } = rollout.run;
  injector.schedule([plan]);
  const component = world.access.component(plan.targets[0]!.slice('component/'.length))!;
  let downAtUs = -1;
  component.onStateChange(() => {
    if (!component.isRunning) downAtUs = world.engine.nowUs;
  });
  rollout.finish();
  return { restarts: component.incarnation - 1, downAtUs, pods: rollout.readyPods() };
}

describe('points of a whole control plane', () => {
  const points = reference();

  test('are those of the scheduler and the controllers', () => {
    expect(points.map(({ component }) => component)).toEqual(['kube-controller-manager', 'kube-scheduler']);
    const [manager, scheduler] = points;
    expect(manager!.writes.map(({ client, verb, kind }) => `${client.split('/')[1]} ${verb} ${kind}`)).toContain('replicaset create Pod');
    expect(scheduler!.writes.filter(({ verb }) => verb === 'bind').length).toBe(2);
    expect(manager!.yields.map(({ process }) => process)).toContain('deployment/0');
  });

  test('a crash at each write strikes just there, once, and the rollout ends as it should', () => {
    for (const plan of crashPlans(points, { restartAfterUs: 5 * SECOND_US })) {
      const { restarts, downAtUs, pods } = crashed(plan);
      const { writes } = points.find(({ component }) => plan.targets[0] === `component/${component}`)!;
      const { atUs } = writes[Number(plan.params['nth']) - 1]!;
      expect([plan.name, restarts, pods]).toEqual([plan.name, 1, 2]);
      if (plan.params['when'] === 'before') expect([plan.name, downAtUs]).toEqual([plan.name, atUs]);
      else expect(downAtUs).toBeGreaterThanOrEqual(atUs);
    }
  });

  test('so does a crash at every 61st wait', () => {
    for (const plan of crashPlans(points, { restartAfterUs: 5 * SECOND_US, at: 'yields', yieldStride: 61 })) {
      const { restarts, pods } = crashed(plan);
      expect([plan.name, restarts, pods]).toEqual([plan.name, 1, 2]);
    }
  });
});
