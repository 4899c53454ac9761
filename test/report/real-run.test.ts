/** A real run from scenario to page: the tables agree with each other and with what the scenario is known to do. */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { diskFiles } from '../../src/cli/disk-files.ts';
import { findTable, type Row, type RunResult, rowsOf } from '../../src/metrics/result.ts';
import { parseResult, resultText } from '../../src/metrics/result-text.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { runScenario } from '../../src/scenario/scenario-run.ts';

let result: RunResult;
const rows = (name: string): Row[] => rowsOf(findTable(result, name)!);

beforeAll(() => {
  const file = fileURLToPath(new URL('../../scenarios/rolling-update.yaml', import.meta.url));
  result = runScenario(loadScenario([file], { files: diskFiles, words: builtInVocabulary() })).result;
}, 60_000);

test('counts the same pods from outcomes, writes and latencies', () => {
  const outcome = rows('pod_outcomes').find((row) => row['workload'] === 'all')!;
  const writes = rows('api_writes').find((row) => row['kind'] === 'Pod')!;
  expect(writes['added']).toBe(outcome['created']);
  expect(writes['deleted']).toBe(outcome['deleted']);
  const startup = rows('pod_latency').find((row) => row['stage'] === 'startup' && row['workload'] === 'all')!;
  expect(startup['count']).toBe(outcome['ready']);
  const scheduled = rows('scheduling').find((row) => row['profile'] === 'all')!;
  expect(scheduled['scheduled']).toBe(outcome['bound']);
});

test('tells the stages of start-up apart: together they are the whole', () => {
  const stage = (name: string): number =>
    rows('pod_latency').find((row) => row['stage'] === name && row['workload'] === 'all')!['mean_us'] as number;
  expect(stage('scheduling') + stage('run') + stage('ready')).toBeCloseTo(stage('startup'), 3);
  expect(stage('image-pull')).toBeLessThan(stage('run'));
});

test('ends the rollout with new replicas only', () => {
  expect(rows('rollouts').at(-1)).toMatchObject({ old_ready: 0, new_ready: 3, wanted: 3 });
});

test('is written, read back and drawn', () => {
  expect(parseResult(resultText(result))).toEqual(result);
  expect(renderReport(result, '')).toContain(result.meta.digest);
});
