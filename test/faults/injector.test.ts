import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { constant } from '../../src/engine/distributions.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { FaultInjector, type FaultPlan, type FaultRecord, faultTopic } from '../../src/faults/injector.ts';
import { faults } from '../../src/faults/registry.ts';
import { worldControls } from '../../src/faults/world-controls.ts';
import { NodeWorld, type NodeWorldOptions, pod } from '../support/node-world.ts';
import { check } from '../support/seeded.ts';

const DAY_US = 86_400 * SECOND_US;

class Storm {
  readonly world: NodeWorld;
  readonly injector: FaultInjector;
  readonly records: [number, FaultRecord][] = [];

  constructor(options: NodeWorldOptions = {}) {
    this.world = new NodeWorld(options);
    const { engine, access, datacenter, kubelets } = this.world;
    const world = worldControls({ access, datacenter, nodes: kubelets });
    this.injector = new FaultInjector({ engine, rng: engine.rng.fork('faults'), world, faults });
    engine.observers.on(faultTopic, (record, timeUs) => this.records.push([timeUs / SECOND_US, record]));
  }

  lines(): string[] {
    return this.records.map(([time, record]) => `${time} ${record.phase} ${record.kind} ${record.target}`);
  }
}

function plan(fields: Partial<FaultPlan>): FaultPlan {
  return {
    name: fields.fault ?? 'f',
    when: { kind: 'at', atUs: 10 * SECOND_US },
    fault: 'node-crash',
    targets: [],
    between: undefined,
    duration: constant(20 * SECOND_US),
    pick: undefined,
    params: {},
    ...fields,
  };
}

function every(interval: number, times = Infinity): FaultPlan['when'] {
  return { kind: 'every', interval: { kind: 'exponential', mean: interval }, fromUs: 0, untilUs: Infinity, times };
}

describe('a schedule', () => {
  test('strikes and heals at its times', () => {
    const storm = new Storm({ nodes: 2 });
    storm.injector.schedule([
      plan({ fault: 'zone-outage', targets: ['zone/a'] }),
      plan({
        fault: 'partition',
        between: ['node/a-1-1', 'control-plane'],
        params: { direction: 'to' },
        duration: constant(5 * SECOND_US),
      }),
    ]);
    storm.world.runTo(100);
    expect(storm.lines()).toEqual([
      '10 start zone-outage zone/a',
      '10 start partition node/a-1-1 -> control-plane',
      '15 heal partition node/a-1-1 -> control-plane',
      '30 heal zone-outage zone/a',
    ]);
  });

  test('a larger domain stands for the nodes inside it', () => {
    const storm = new Storm({ nodes: 2, zones: 2 });
    storm.injector.schedule([plan({ targets: ['rack/b-*'] })]);
    storm.world.runTo(11);
    expect(storm.lines()).toEqual(['10 start node-crash node/b-1-1', '10 start node-crash node/b-1-2']);
    expect(storm.world.fleet.agents().map((agent) => agent.isMachineUp)).toEqual([true, true, false, false]);
  });

  test('picks as many targets as asked, by the seed', () => {
    const picks = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const storm = new Storm({ nodes: 5, seed });
      storm.injector.schedule([plan({ targets: ['node/*'], pick: 2 })]);
      storm.world.runTo(11);
      expect(storm.records.length).toBe(2);
      picks.add(storm.records.map(([, record]) => record.target).join());
    }
    expect(picks.size).toBeGreaterThan(4);
  });

  test('a fault without a duration lasts to the end', () => {
    const storm = new Storm();
    storm.injector.schedule([plan({ targets: ['node/a-1-1'], duration: undefined })]);
    storm.world.runTo(10_000);
    expect(storm.injector.openCount).toBe(1);
    storm.injector.healAll();
    expect(storm.injector.openCount).toBe(0);
  });

  test('overlapping faults on one node let it recover when the last is over', () => {
    const storm = new Storm();
    storm.world.create(pod('web'));
    storm.injector.schedule([
      plan({ name: 'one', targets: ['node/a-1-1'] }),
      plan({ name: 'two', fault: 'rack-outage', targets: ['rack/a-1'], when: { kind: 'at', atUs: 20 * SECOND_US } }),
    ]);
    storm.world.runTo(35);
    expect(storm.world.running()).toEqual([]);
    storm.world.runTo(41);
    expect(storm.world.running()).toEqual(['web']);
  });
});

describe('a control plane in a zone', () => {
  test('dies and comes back with the zone', () => {
    const storm = new Storm({ nodes: 1, zones: 2, controlPlane: 'zone/a' });
    storm.world.addComponent('kube-scheduler');
    const scheduler = storm.world.access.component('kube-scheduler')!;
    storm.world.create(pod('web', { node: 'b-1-1' }));
    storm.injector.schedule([plan({ fault: 'zone-outage', targets: ['zone/a'] })]);
    storm.world.runTo(11);
    expect([storm.world.servers[0]!.isUp, scheduler.isRunning, storm.world.fleet.agent('b-1-1')!.isConnected]).toEqual([
      false,
      false,
      false,
    ]);
    expect(storm.world.running('b-1-1')).toEqual(['web']);
    storm.world.runTo(60);
    expect([storm.world.servers[0]!.isUp, scheduler.isRunning, storm.world.fleet.agent('b-1-1')!.isConnected]).toEqual([true, true, true]);
    expect(scheduler.incarnation).toBe(2);
  });

  test('goes on when another zone loses its power', () => {
    const storm = new Storm({ nodes: 1, zones: 2, controlPlane: 'zone/a' });
    storm.injector.schedule([plan({ fault: 'zone-outage', targets: ['zone/b'] })]);
    storm.world.runTo(11);
    expect(storm.world.servers[0]!.isUp).toBe(true);
  });
});

describe('a hazard', () => {
  test('gives each target a clock of its own, with times that depend on seed and name only', () => {
    const times = (nodes: number, other: boolean): string[] => {
      const storm = new Storm({ nodes });
      const plans = [plan({ name: 'mtbf', targets: ['node/*'], when: every(DAY_US / 4) })];
      if (other) plans.unshift(plan({ name: 'storm', fault: 'partition', between: ['zone/a', 'control-plane'], when: every(DAY_US / 10) }));
      storm.injector.schedule(plans);
      for (let i = 0; i < 5; i++) storm.world.create(pod(`p-${i}`, other ? {} : { behaviour: { 'run-duration': '1h' } }));
      storm.world.runTo(86_400);
      return storm.lines().filter((line) => line.endsWith('node/a-1-1'));
    };
    const alone = times(1, false);
    expect(alone.length).toBeGreaterThan(2);
    expect(times(3, true)).toEqual(alone);
  });

  test('has the rate it is given', () => {
    const storm = new Storm({ nodes: 50 });
    storm.injector.schedule([plan({ targets: ['node/*'], when: every(10 * DAY_US) })]);
    storm.world.runTo(20 * 86_400);
    const starts = storm.records.filter(([, record]) => record.phase === 'start').length;
    // 50 nodes over 20 days at one in 10 days: 100, give or take three standard deviations.
    expect(starts).toBeGreaterThan(70);
    expect(starts).toBeLessThan(130);
  });

  test('with pick has one clock and chooses anew each time', () => {
    const storm = new Storm({ nodes: 5 });
    storm.injector.schedule([plan({ targets: ['node/*'], pick: 1, when: every(3600 * SECOND_US, 30) })]);
    storm.world.runTo(10 * 86_400);
    const targets = storm.records.filter(([, record]) => record.phase === 'start').map(([, record]) => record.target);
    expect(targets.length).toBe(30);
    expect(new Set(targets).size).toBe(5);
  });

  test('that began before the run leaves out what came before', () => {
    const storm = new Storm();
    const when: FaultPlan['when'] = {
      kind: 'every',
      interval: constant(100 * SECOND_US),
      fromUs: -250 * SECOND_US,
      untilUs: Infinity,
      times: 3,
    };
    storm.injector.schedule([plan({ targets: ['node/*'], when, duration: constant(SECOND_US) })]);
    storm.world.runTo(1000);
    expect(storm.lines().filter((line) => line.includes('start'))).toEqual(
      [50, 150, 250].map((time) => `${time} start node-crash node/a-1-1`),
    );
  });

  test('does not keep a run alive', () => {
    const storm = new Storm();
    storm.injector.schedule([plan({ targets: ['node/*'], when: every(DAY_US) })]);
    storm.world.runUntilIdle(100);
    expect(storm.world.engine.nowUs).toBeLessThan(100 * SECOND_US);
  });

  test('costs events only when it strikes', () => {
    const storm = new Storm({ nodes: 500, zones: 4 });
    const before = storm.world.engine.eventCount;
    storm.injector.schedule([plan({ targets: ['node/*'], when: every(400 * DAY_US) })]);
    storm.world.runTo(10);
    expect(storm.world.engine.eventCount - before).toBeLessThan(2000 * 20);
    const kinds = new Map<string, number>();
    storm.world.engine.beforeEvent = (kind) => kinds.set(kind.name, (kinds.get(kind.name) ?? 0) + 1);
    storm.world.runTo(3600);
    expect((kinds.get('fault.hazard') ?? 0) + (kinds.get('fault.heal') ?? 0)).toBeLessThan(10);
  });
});

describe('what is wrong with a plan', () => {
  const problems = (plans: Partial<FaultPlan>[]): string => {
    try {
      new Storm().injector.schedule(plans.map(plan));
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return '';
  };

  test.each<[string, Partial<FaultPlan>, string]>([
    ['an unknown fault', { fault: 'node-crsh' }, 'did you mean "node-crash"?'],
    ['no target', {}, 'needs a target'],
    ['a target that is not there', { targets: ['node/a-1-9'] }, 'did you mean "node/a-1-1"?'],
    ['a target of the wrong kind', { fault: 'zone-outage', targets: ['rack/a-1'] }, 'strikes zone/<name>, not rack/a-1'],
    ['a component where a node is needed', { targets: ['component/x'] }, 'strikes node/<name>, machine/<kind>, not component/x'],
    ['a link without ends', { fault: 'partition' }, 'needs its two ends'],
    ['an end that is not there', { fault: 'partition', between: ['zone/b', 'control-plane'] }, 'no zone matches "zone/b"'],
    ['an unknown parameter', { targets: ['node/a-1-1'], params: { speed: 1 } }, 'unknown parameter'],
    ['a parameter out of bounds', { fault: 'disk-slowdown', targets: ['node/a-1-1'], params: { factor: 0.5 } }, 'must be at least 1'],
    [
      'a degradation that degrades nothing',
      { fault: 'link-degradation', between: ['zone/a', 'control-plane'] },
      'expected a latency or a loss',
    ],
    ['too many to pick', { targets: ['node/*'], pick: 3 }, 'cannot pick 3 of 1 targets'],
    ['an API server that is not there', { fault: 'api-server-restart', targets: ['api-server/1'] }, 'there are api-server/0'],
    ['a target for the cluster as such', { fault: 'image-registry-outage', targets: ['node/*'] }, 'takes no target'],
  ])('%s is explained', (_, fields, message) => {
    expect(problems([fields])).toContain(message);
  });

  test('everything wrong is said at once and nothing is planned', () => {
    const storm = new Storm();
    expect(() => storm.injector.schedule([plan({ fault: 'x' }), plan({ targets: ['node/*'] }), plan({ fault: 'y' })])).toThrow(
      /unknown fault "x"[\s\S]*unknown fault "y"/,
    );
    storm.world.runTo(20);
    expect(storm.records).toEqual([]);
  });
});

describe.each(faults.map((def) => [def.name, def] as const))('%s', (name, def) => {
  const target: Partial<FaultPlan> =
    def.place === 'between'
      ? { between: ['zone/a', 'control-plane'] }
      : def.place === 'none'
        ? {}
        : { targets: [def.targetKinds[0] === 'component' ? 'component/*' : `${def.targetKinds[0]}/*`] };
  const params = name === 'link-degradation' ? { latency: 1000 } : {};

  test('strikes, mends, and leaves a cluster that works', () => {
    const storm = new Storm({ nodes: 2, zones: 2, apiServers: 2 });
    if (def.targetKinds.includes('component')) storm.world.addComponent('kube-scheduler');
    storm.world.create(pod('web'));
    storm.injector.schedule([plan({ fault: name, ...target, params })]);
    storm.world.runTo(12);
    if (def.heals) expect(storm.injector.openCount).toBeGreaterThan(0);
    storm.world.runTo(200);
    expect(storm.injector.openCount).toBe(0);
    storm.world.create(pod('after', { node: 'b-1-2' }));
    storm.world.runTo(210);
    expect([storm.world.phase('web'), storm.world.phase('after')]).toEqual(['Running', 'Running']);
    expect(storm.world.isReady('web')).toBe(true);
  });

  test('describes itself: every parameter has a default within its bounds', () => {
    expect(def.summary.length).toBeGreaterThan(10);
    for (const parameter of def.parameters) {
      if (typeof parameter.default === 'number') {
        expect(parameter.default).toBeGreaterThanOrEqual(parameter.min ?? -Infinity);
        expect(parameter.default).toBeLessThanOrEqual(parameter.max ?? Infinity);
      }
      if (parameter.choices !== undefined) expect(parameter.choices).toContain(parameter.default);
    }
  });
});

test('names are unique and say what their file is called', () => {
  expect(new Set(faults.map((def) => def.name)).size).toBe(faults.length);
});

test('after any storm everything heals: nodes are up, connected and Ready, and pods run', () => {
  const kinds = ['node-crash', 'node-reboot', 'rack-outage', 'zone-outage', 'kubelet-crash', 'kubelet-freeze'];
  const strike = fc.record({
    fault: fc.constantFrom(...kinds, 'partition', 'link-degradation', 'api-server-restart', 'stale-api-server'),
    atS: fc.nat(60),
    forS: fc.nat(60),
    zone: fc.constantFrom('a', 'b'),
    direction: fc.constantFrom('both', 'to', 'from'),
  });
  check(
    fc.property(fc.array(strike, { maxLength: 8 }), fc.nat(1000), (strikes, seed) => {
      const storm = new Storm({ nodes: 2, zones: 2, seed });
      for (let i = 0; i < 6; i++) storm.world.create(pod(`p-${i}`, { node: ['a-1-1', 'a-1-2', 'b-1-1'][i % 3]! }));
      storm.injector.schedule(
        strikes.map(({ fault, atS, forS, zone, direction }, i) => {
          const def = faults.find((known) => known.name === fault)!;
          const pattern =
            fault.startsWith('api') || fault.startsWith('stale')
              ? 'api-server/*'
              : def.targetKinds[0] === 'zone'
                ? `zone/${zone}`
                : def.targetKinds[0] === 'rack'
                  ? `rack/${zone}-1`
                  : `node/${zone}-1-1`;
          return plan({
            name: `s${i}`,
            fault,
            when: { kind: 'at', atUs: atS * SECOND_US },
            duration: constant(forS * SECOND_US),
            ...(def.place === 'between' ? { between: [`zone/${zone}`, 'control-plane'] as const } : { targets: [pattern] }),
            params: fault === 'partition' ? { direction } : fault === 'link-degradation' ? { loss: 0.3, direction } : {},
          });
        }),
      );
      storm.world.runTo(600);
      expect(storm.injector.openCount).toBe(0);
      for (const agent of storm.world.fleet.agents()) {
        expect([agent.name, agent.isMachineUp, agent.isKubeletRunning, agent.isConnected]).toEqual([agent.name, true, true, true]);
        expect(storm.world.store.leases.of(agent.name).renewedAtUs(storm.world.engine.nowUs)).toBeGreaterThan(585 * SECOND_US);
        expect(storm.world.ready(agent.name)).toBe('True');
      }
      for (let i = 0; i < 6; i++) expect([`p-${i}`, storm.world.isReady(`p-${i}`)]).toEqual([`p-${i}`, true]);
      expect(storm.world.fleet.runningPods().length).toBe(6);
    }),
    25,
  );
});
