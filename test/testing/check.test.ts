import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { runScenario } from '../../src/scenario/scenario-run.ts';
import {
  CaseChecker,
  checkConvergence,
  checkConvergenceAsync,
  defineAsyncController,
  defineInvariant,
  faultSchedules,
  findCounterexample,
  type Storm,
  scenarioJudge,
  shrink,
  storms,
  stormText,
  updates,
} from '../../src/testing/index.ts';

const small = { maxNodes: 3, maxWorkloads: 2, maxReplicas: 3, maxFaults: 3, stormMs: 60_000 };

/** Broken by every storm in which a pod of the workload `web-0` comes up. */
const noWebPods = defineInvariant({
  name: 'no-web-pods',
  id: '',
  summary: 'no pod of a Deployment comes up',
  create: (probe) => {
    probe.onContainer(({ phase, podName, namespace }) => {
      if (phase === 'started' && podName.startsWith('web-')) probe.report(`${podName} runs`, [`pod/${namespace}/${podName}`]);
    });
    return {};
  },
});

describe('checkConvergence', () => {
  test('our own control plane passes', () => {
    expect(checkConvergence({ world: small, cases: 25, seed: 'own' }).passed).toBe(25);
  });

  test('a case depends on its number and the seed only', () => {
    const together = new CaseChecker({ world: small, seed: 5 });
    const digests = [0, 1, 2, 3].map((index) => together.run(index).digest);
    const alone = [3, 1].map((index) => new CaseChecker({ world: small, seed: 5 }).run(index).digest);
    expect(alone).toEqual([digests[3], digests[1]]);
    expect(new Set(digests).size).toBe(4);
  });

  test('a counterexample is small, has a story, and is the same every time', () => {
    const options = { world: small, properties: [noWebPods], cases: 50, seed: 2 };
    const { counterexample } = findCounterexample(options);
    expect(counterexample!.violation.invariant).toBe('no-web-pods');
    const { storm } = counterexample!;
    expect(storm).toMatchObject({ zones: [1], actions: [], faults: [], apiServers: 1, controllerManagers: 1, schedulers: 1 });
    expect(storm.workloads.map(({ shape }) => [shape.kind, shape.replicas])).toEqual([['Deployment', 1]]);
    expect(counterexample!.story).toMatch(/kube-controller-manager\/replicaset +creates pod\/default\/web-/);
    const again = findCounterexample(options).counterexample!;
    expect(again.scenarioText).toBe(counterexample!.scenarioText);
  });

  test('a saved case replays by its file alone', () => {
    const saveTo = join(tmpdir(), `seatrial-cases-${process.pid}`);
    try {
      const { counterexample } = findCounterexample({ world: small, properties: [noWebPods], cases: 50, seed: 2, saveTo });
      const spec = loadScenarioText(readFileSync(counterexample!.file!, 'utf8'));
      const { expectations, result } = runScenario(spec, { judge: scenarioJudge([noWebPods]) });
      expect(expectations.map(({ status }) => status)).toEqual(['not-met']);
      const violations = result.tables.find(({ name }) => name === 'violations')!;
      const event = violations.columns.find(({ name }) => name === 'event')!.values[0];
      expect(event).toBe(counterexample!.violation.event);
    } finally {
      rmSync(saveTo, { recursive: true, force: true });
    }
  });

  test('controllers may be async', async () => {
    const options = { world: { ...small, objects: labels(), maxWorkloads: 0 }, controllers: [labeller], cases: 10, seed: 3 };
    expect((await checkConvergenceAsync(options)).passed).toBe(10);
    const digest = async () => (await new CaseChecker(options).runStormAsync(new CaseChecker(options).storm(4))).digest;
    expect(await digest()).toBe(await digest());
    expect(() => checkConvergence(options)).toThrow(/checkConvergenceAsync/);
  });
});

/** Marks each Note as seen, in its status. */
const labeller = defineAsyncController({
  name: 'labeller',
  summary: 'marks notes as seen',
  kinds: ['Note'],
  create: (host) => {
    const notes = host.informer('Note');
    notes.addHandlers({
      onAdd: (note) => host.enqueue(`default/${note.metadata.name}`),
      onUpdate: (_old, note) => host.enqueue(`default/${note.metadata.name}`),
    });
    return async (key) => {
      const note = notes.get(key);
      if (note === undefined || note.status['seen'] === true) return undefined;
      await host.sleep(1000);
      return await host.client.updateStatus({ ...note, status: { seen: true } });
    };
  },
});

function labels() {
  return fc.constant([{ apiVersion: 'example.com/v1', kind: 'Note', metadata: { name: 'n' }, spec: {} }]);
}

describe('storms', () => {
  test('every storm is a valid scenario, and its file says the same', () => {
    const checker = new CaseChecker({ world: small, seed: 9 });
    for (let index = 0; index < 10; index++) {
      const storm = checker.storm(index);
      const spec = loadScenarioText(stormText(storm, 'storm'));
      const outcome = runScenario(spec, { judge: scenarioJudge() });
      expect(outcome.digest).toBe(checker.runStorm(storm).digest);
    }
  }, 30_000);

  test('show every kind of fault, action and workload', () => {
    const drawn = fc.sample(storms(), { seed: 1, numRuns: 400 });
    const faults = new Set(drawn.flatMap((storm) => storm.faults.map(({ breaks }) => breaks['fault'])));
    const actions = new Set(drawn.flatMap((storm) => storm.actions.flatMap(({ does }) => Object.keys(does))));
    const kinds = new Set(drawn.flatMap((storm) => storm.workloads.map(({ shape }) => shape.kind)));
    for (const name of ['node-crash', 'crash-at-write', 'crash-at-yield', 'stale-api-server', 'watch-drop', 'lost-reply'])
      expect(faults).toContain(name);
    for (const name of ['scale', 'setImage', 'restart', 'delete', 'apply', 'cordon', 'uncordon']) expect(actions).toContain(name);
    expect([...kinds].sort()).toEqual(['Deployment', 'Job', 'ReplicaSet', 'StatefulSet']);
  });
});

describe('arbitraries of parts', () => {
  const [storm] = fc.sample(storms(), { seed: 8, numRuns: 1 }) as [Storm];

  test('updates and fault schedules of a given cluster make valid storms, in order of time', () => {
    const checker = new CaseChecker({});
    for (const actions of fc.sample(updates(storm, { maxActions: 8 }), { seed: 1, numRuns: 10 })) {
      expect(actions.map(({ atMs }) => atMs)).toEqual(actions.map(({ atMs }) => atMs).sort((a, b) => a - b));
      expect(checker.runStorm({ ...storm, actions, faults: [] }).events).toBeGreaterThan(0);
    }
    for (const faults of fc.sample(faultSchedules(storm, { maxFaults: 3 }), { seed: 1, numRuns: 10 })) {
      expect(checker.runStorm({ ...storm, actions: [], faults }).events).toBeGreaterThan(0);
    }
  });
});

describe('shrink', () => {
  const [big] = fc.sample(
    storms({ maxNodes: 8, maxFaults: 8 }).filter(({ faults, workloads }) => faults.length > 5 && workloads.length > 1),
    { seed: 4, numRuns: 1 },
  ) as [Storm];

  test('leaves exactly what is needed', () => {
    const wanted = big.faults[2]!.breaks['fault'];
    const { storm, isMinimal } = shrink(big, { fails: ({ faults }) => faults.some(({ breaks }) => breaks['fault'] === wanted) });
    expect(isMinimal).toBe(true);
    expect(storm.faults).toHaveLength(1);
    expect(storm).toMatchObject({ workloads: [], actions: [], apiServers: 1, zones: [1] });
  });

  test('stops when its budget is used up', () => {
    const { storm, runs, isMinimal } = shrink(big, { fails: () => false, maxRuns: 7 });
    expect([storm, runs, isMinimal]).toEqual([big, 7, false]);
  });
});
