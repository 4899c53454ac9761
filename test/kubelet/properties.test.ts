import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { podRequests } from '../../src/objects/pod-requests.ts';
import { NodeWorld, pod } from '../support/node-world.ts';
import { check } from '../support/seeded.ts';

const anyPod = fc.record({
  cpuMilli: fc.integer({ min: 100, max: 3000 }),
  runS: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  crashS: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  stop: fc.constantFrom('1s', '10s', 'never'),
  graceS: fc.integer({ min: 0, max: 40 }),
  policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
  inits: fc.nat(2),
  sidecar: fc.boolean(),
  probe: fc.boolean(),
});

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ create: anyPod }) },
  { weight: 3, arbitrary: fc.record({ remove: fc.nat(20), graceS: fc.option(fc.nat(10), { nil: undefined }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      fault: fc.constantFrom('crash', 'kubelet', 'freeze', 'cut', 'to', 'from', 'reboot'),
      forS: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ waitS: fc.integer({ min: 1, max: 30 }) }) },
);

function manifest(name: string, p: typeof anyPod extends fc.Arbitrary<infer T> ? T : never) {
  const behaviour: Record<string, string> = { 'stop-duration': p.stop, 'init-duration': '2s' };
  if (p.runS !== undefined) behaviour['run-duration'] = `${p.runS}s`;
  if (p.crashS !== undefined) behaviour['crash-after'] = `${p.crashS}s`;
  const probe = { exec: { command: ['x'] }, periodSeconds: 3 };
  return pod(name, {
    cpu: `${p.cpuMilli}m`,
    behaviour,
    container: p.probe ? { readinessProbe: probe, livenessProbe: probe } : {},
    spec: {
      restartPolicy: p.policy,
      terminationGracePeriodSeconds: p.graceS,
      initContainers: [
        ...Array.from({ length: p.inits }, (_, i) => ({ name: `init-${i}`, image: 'i:1' })),
        ...(p.sidecar ? [{ name: 'sidecar', image: 's:1', restartPolicy: 'Always' }] : []),
      ],
    },
  });
}

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** Lets steps happen to one node and gives the world with everything healed and every pod asked to go. */
function play(world: NodeWorld, steps: readonly Step[], look: () => void): string[] {
  const names: string[] = [];
  const heals: [number, () => void][] = [];
  const advance = (seconds: number): void => {
    const untilUs = world.engine.nowUs + seconds * SECOND_US;
    while (world.engine.nowUs < untilUs) {
      world.engine.run({ untilUs, maxEvents: 1 });
      look();
      for (const heal of heals) if (heal[0] <= world.engine.nowUs) heal[1]();
    }
  };
  const { kubelets, datacenter } = world;
  for (const step of steps) {
    if ('create' in step) {
      const name = `p-${names.length}`;
      names.push(name);
      world.create(manifest(name, step.create));
    } else if ('remove' in step) {
      if (names.length > 0) world.delete(names[step.remove % names.length]!, step.graceS);
    } else if ('fault' in step) {
      const untilUs = world.engine.nowUs + step.forS * SECOND_US;
      if (step.fault === 'reboot') kubelets.reboot('a-1-1');
      else if (step.fault === 'crash') heals.push([untilUs, kubelets.crash('a-1-1')]);
      else if (step.fault === 'kubelet') heals.push([untilUs, kubelets.kubeletCrash('a-1-1')]);
      else if (step.fault === 'freeze') heals.push([untilUs, kubelets.freeze('a-1-1')]);
      else heals.push([untilUs, datacenter.cut('zone/a', 'control-plane', step.fault === 'cut' ? 'both' : (step.fault as 'to' | 'from'))]);
    } else {
      advance(step.waitS);
    }
  }
  advance(70);
  for (const [, undo] of heals) undo();
  return names;
}

describe.each(['instant', 'realistic'])('whatever happens to a node (%s)', (profile) => {
  test('what runs never needs more than the node has, as long as its kubelet lives', () => {
    check(
      fc.property(fc.array(anyStep, { minLength: 3, maxLength: 15 }), fc.nat(1000), (steps, seed) => {
        const world = new NodeWorld({ profile, seed });
        // A dead kubelet's successor may refuse or orphan what still runs; without such faults the rule is strict.
        const calm = steps.filter((step) => !('fault' in step) || !['kubelet', 'crash', 'reboot'].includes(step.fault));
        play(world, calm, () => {
          const used = world.fleet.runningPods().reduce((sum, running) => sum + podRequests(running.pod).milliCpu, 0);
          expect(used).toBeLessThanOrEqual(4000);
        });
      }),
      30,
    );
  });

  test('once everything has healed, every deleted pod goes and leaves nothing behind', () => {
    check(
      fc.property(fc.array(anyStep, { minLength: 3, maxLength: 20 }), fc.nat(1000), (steps, seed) => {
        const world = new NodeWorld({ profile, seed });
        const names = play(world, steps, () => {});
        for (const name of names) world.delete(name);
        world.runTo(world.engine.nowUs / SECOND_US + 300);
        expect(names.map((name) => world.phase(name)).filter((phase) => phase !== 'gone')).toEqual([]);
        expect(world.fleet.runningPods()).toEqual([]);
        const kubelet = world.fleet.agent('a-1-1')!.kubelet!;
        expect([...kubelet.pods()].map((worker) => worker.key)).toEqual([]);
        const { podCount, milliCpu, memoryBytes } = kubelet.takenLoad;
        expect([podCount, milliCpu, memoryBytes]).toEqual([0, 0, 0]);
        expect(kubelet.startingCount).toBe(0);
      }),
      30,
    );
  });

  test('once everything has healed, the API server shows what runs', () => {
    check(
      fc.property(fc.array(anyStep, { minLength: 3, maxLength: 20 }), fc.nat(1000), (steps, seed) => {
        const world = new NodeWorld({ profile, seed });
        const names = play(world, steps, () => {});
        // Half a second off, so that no crash falls on the moment of the look.
        world.runTo(world.engine.nowUs / SECOND_US + 120.5);
        const running = new Set(world.running());
        for (const name of names) {
          const phase = world.phase(name);
          // Pods that are over or gone run nothing; pods that are shown ready run.
          if (phase === 'Succeeded' || phase === 'Failed' || phase === 'gone') expect([name, running.has(name)]).toEqual([name, false]);
          if (world.isReady(name)) expect([name, running.has(name)]).toEqual([name, true]);
        }
        expect([...running].filter((name) => !names.includes(name))).toEqual([]);
      }),
      30,
    );
  });

  test('the same seed gives the same run', () => {
    check(
      fc.property(fc.array(anyStep, { minLength: 3, maxLength: 10 }), fc.nat(1000), (steps, seed) => {
        const digests = [0, 1].map(() => {
          const world = new NodeWorld({ profile, seed });
          play(world, steps, () => {});
          return `${world.engine.digest}`;
        });
        expect(digests[0]).toBe(digests[1]);
      }),
      8,
    );
  });
});
