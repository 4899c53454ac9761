import { expect, test } from 'vitest';
import { STARTER_SCENARIO } from '../src/cli/starter-scenario.ts';
import { findTable, InputError, loadScenarioText, memoryFiles, rowsOf, runScenario, startScenario } from '../src/index.ts';

test('the starter scenario proves its claims through the library', () => {
  const scenario = loadScenarioText(STARTER_SCENARIO);
  const outcome = runScenario(scenario);
  expect(outcome.expectations.filter((expectation) => expectation.status !== 'met')).toEqual([]);
  expect(rowsOf(findTable(outcome.result, 'availability')!)).toMatchObject([{ workload: 'deployment/web', wanted_end: 3, ready_end: 3 }]);
});

test('a run is the same however it is sliced', () => {
  const scenario = loadScenarioText(STARTER_SCENARIO, { overrides: ['spec.duration=5m'] });
  const whole = runScenario(scenario);
  const run = startScenario(structuredClone(scenario), { sliceEvents: 7 });
  while (!run.advance());
  const sliced = run.finish();
  expect(sliced.digest).toBe(whole.digest);
  expect(sliced.result.tables).toEqual(whole.result.tables);
});

test('files of a scenario come from memory', () => {
  const [head, manifest] = STARTER_SCENARIO.split('---\n') as [string, string];
  const scenario = loadScenarioText(`${head}  manifests: [ web.yaml ]\n`, {
    name: 'dir/s.yaml',
    files: memoryFiles({ 'dir/web.yaml': manifest }),
  });
  expect(scenario.manifests.map((entry) => entry.position.file)).toEqual(['dir/web.yaml']);
  expect(() => loadScenarioText(`${head}  manifests: [ web.yaml ]\n`)).toThrow(InputError);
});
