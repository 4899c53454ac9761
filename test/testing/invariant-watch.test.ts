import { expect, test } from 'vitest';
import { QUIRKS } from '../../src/objects/quirks.ts';
import { EventDriver } from '../../src/scenario/event-driver.ts';
import type { ScenarioSpec } from '../../src/scenario/scenario.ts';
import { World } from '../../src/scenario/world.ts';
import { storms } from '../../src/testing/arbitraries.ts';
import { stormOf } from '../../src/testing/cases.ts';
import type { Violation } from '../../src/testing/invariant-watch.ts';
import { defineInvariant, type InvariantDef } from '../../src/testing/invariants/invariant.ts';
import { invariants } from '../../src/testing/invariants/registry.ts';
import { ConvergenceJudge } from '../../src/testing/judge.ts';
import { StormLoader } from '../../src/testing/run-storm.ts';

const SEED = 5;
const CASES = 25;
const LOOK_US = 7_000_000;

interface Judged {
  readonly found: readonly Violation[];
  readonly convergedAfterUs: number | undefined;
  /** Everything an invariant can be told, with the clock and the store as they are for it. */
  readonly heard: readonly string[];
}

/** Breaks never, and writes down what it is told. */
function listener(heard: string[]): InvariantDef {
  return defineInvariant({
    name: 'listener',
    id: '',
    summary: 'everything is heard',
    create: (probe) => {
      const say = (what: string): void => {
        const running = [...probe.runningContainers()].length;
        heard.push(`${probe.nowUs()} ${what}; revision ${probe.store.revision}, ${running} run`);
      };
      const look = (): void => {
        say(`look at ${probe.store.list('Pod').map(({ metadata }) => metadata.resourceVersion)}`);
        probe.at(probe.nowUs() + LOOK_US, look);
      };
      probe.onAnyCommit((kind, type, _old, next) => say(`${type} ${kind} ${next?.metadata.name}`));
      probe.onWrite(({ client, verb, key, isDone }) =>
        say(`${client} ${verb} ${key} ${isDone} of ${probe.store.get('Pod', key)?.metadata.uid}`),
      );
      probe.onContainer(({ phase, podUid }) => say(`${phase} ${podUid}`));
      probe.onMachine(({ nodeName, state }) => say(`${nodeName} ${state}`));
      probe.at(LOOK_US, look);
      return {};
    },
  });
}

function judged(spec: ScenarioSpec, notesAtOnce: number): Judged {
  const heard: string[] = [];
  const world = new World(spec);
  const judge = new ConvergenceJudge(world, { invariants: [...invariants, listener(heard)], notesAtOnce });
  const driver = new EventDriver(world);
  world.start();
  driver.start();
  world.engine.run({ untilUs: spec.durationUs as number });
  judge.finish();
  return { found: judge.violations, convergedAfterUs: judge.convergedAfterUs, heard };
}

test('told late, the invariants hear and find what they do when told at once', () => {
  const loader = new StormLoader();
  // With every known bug and many faults, and without the allowances that unnamed invariants make, something breaks now and then.
  const names = [...invariants.map(({ name }) => name), 'listener'];
  const wild = storms({ maxFaults: 15, setting: { quirks: QUIRKS.map(({ name }) => name), invariants: names } });
  let foundCount = 0;
  for (let index = 0; index < CASES; index++) {
    const spec = loader.load(stormOf(wild, SEED, index));
    const atOnce = judged(spec, 1);
    foundCount += atOnce.found.length;
    expect(atOnce.heard.length).toBeGreaterThan(50);
    for (const notesAtOnce of [7, 128]) {
      const late = judged(spec, notesAtOnce);
      expect(late, `storm ${index} of seed ${SEED}, ${notesAtOnce} notes at once`).toEqual(atOnce);
    }
  }
  expect(foundCount).toBeGreaterThan(0);
});
