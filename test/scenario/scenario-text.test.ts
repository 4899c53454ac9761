import { describe, expect, test } from 'vitest';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { startScenario } from '../../src/scenario/scenario-run.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';

const SCENARIO = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: small } # a remark
spec:
  duration: 1m
  cluster: { zones: [{ name: a, racks: 1, nodesPerRack: 1, machine: m }], machines: { m: { cpu: 4, memory: 8Gi } } }
`;

describe('the text of a scenario', () => {
  test('goes into the result, and gives the same scenario when it is loaded again', () => {
    const first = loadScenarioText(SCENARIO);
    const run = startScenario(first);
    while (!run.advance());
    const { scenarioText: text } = run.finish().result.meta;
    expect(text).toContain('nodesPerRack: 1');
    expect(loadScenarioText(text).document).toEqual(first.document);
    expect(scenarioText(loadScenarioText(text).document)).toBe(text);
  });

  test('shows what was set from outside', () => {
    const run = startScenario(loadScenarioText(SCENARIO, { overrides: ['spec.seed=9'] }));
    while (!run.advance());
    expect(run.finish().result.meta.scenarioText).toMatch(/^ {2}seed: 9$/m);
  });

  test('is empty without a Scenario document, and for one of many pages', () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: { name: n }\nstatus: { allocatable: { cpu: "4", pods: "10" } }\n';
    expect(scenarioText(loadScenarioText(node).document)).toBe('');
    expect(scenarioText({ spec: { manifests: Array.from({ length: 10_000 }, (_, index) => `pod-${index}`) } })).toBe('');
  });
});
